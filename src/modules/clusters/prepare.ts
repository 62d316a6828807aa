import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation, readJwtSecret } from '../../kubesphere/installation.ts';
import { kubefedNamespace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { some } from '../closure.ts';
import { hostMarks } from '../marks.ts';
import type { Operation, WriteOptions } from '../operation.ts';
import { prepareMember, type TrustBefore } from '../operations/trust.ts';
import { type FieldsOf, writeOptions } from '../options.ts';
import { ownMembers } from './checks/controllers.ts';
import { rotationUnderWay, sharedSecret, unfinished } from './shared-secret.ts';

/** Options of `Clusters.prepareMember`. */
export interface PrepareOptions extends WriteOptions {
  /** The cluster bears the marks of a host that has let go of it, or is gone for good. Without this such a cluster is refused. */
  readonly formerHostGone?: true;
}

/** All of {@link PrepareOptions}. */
export const prepareOptions: FieldsOf<PrepareOptions> = { ...writeOptions, formerHostGone: true };

/** Clusters that kubefed on this one is joined to, besides itself: it goes on managing them whatever its role is (H17). */
async function joinedOf({ connection }: KubeSphereCluster, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const select = { namespace: kubefedNamespace, signal };
    const joined = await connection.listMetadata(kubesphere.kubeFedClusters, select).toArray();
    return joined.map(({ metadata }) => metadata.name);
  } catch (error) {
    // Never a host: it does not even have the kind.
    if (FederationError.is(error, 'NOT_FOUND')) return [];
    throw error;
  }
}

/** Marks of a host on a member that this host does not have: its tokens would be refused there once the secret is another. */
async function foreignMarks(host: KubeSphereCluster, member: KubeSphereCluster, signal: AbortSignal) {
  const ours = await host.connection.list(kubesphere.clusters, { signal }).toArray();
  return ours.some(({ status }) => status?.uid === member.uid) ? [] : hostMarks(member, signal);
}

/** Whose member a cluster is to be. */
export interface Preparation {
  readonly host: KubeSphereCluster;
  /** Marks of another host are left from one that has let go of it. */
  readonly formerHostGone?: boolean;
}

/**
 * {@link prepareMember}, refused for a cluster that has members of its own: as a member it would go on managing them, and lose namespaces by
 * it (H17, kubesphere#4210); and for one that another host has.
 */
export function prepareNoHost(
  member: KubeSphereCluster,
  { host, formerHostGone = false }: Preparation,
): Operation<TrustBefore, void> {
  const jwtSecret = (signal: AbortSignal) => sharedSecret(host, signal);
  let former: string | undefined;
  const preparing = prepareMember(member, { jwtSecret, formerSecret: async () => former });
  return {
    ...preparing,
    async forecast(work) {
      const { signal } = work;
      const forecast = await preparing.forecast(work);
      if (forecast.effect !== 'change') return forecast;
      const rotating = await rotationUnderWay(host, signal);
      if (rotating !== undefined) return { effect: 'blocked', ...unfinished(host.name, rotating) };
      const { role } = await readInstallation(member.connection, { signal });
      // What was a host bears marks of its own.
      const marks = formerHostGone || role !== 'member' ? [] : await foreignMarks(host, member, signal);
      if (marks.length > 0)
        return {
          effect: 'blocked',
          why: `${member.name} bears the marks of another host (${marks.join('; ')}), whose tokens it would no longer take.`,
          remedy:
            'Move it with memberMigration, or unbind it there. If no host has it any more, say formerHostGone: true.',
        };
      if (role === 'member') return forecast;
      const own = role === 'host' ? 1 : 0;
      const joined = await joinedOf(member, signal);
      const [found] = await ownMembers(member, own, signal);
      if (found === undefined && joined.length <= own) return forecast;
      return {
        effect: 'blocked',
        why: found?.what ?? `${member.name} was a host: its kubefed is joined to ${some(joined)}.`,
        remedy: found?.remedy ?? 'Unbind these first: a host that becomes a member goes on managing them.',
      };
    },
    async capture(work) {
      former = await readJwtSecret(member.connection, { signal: work.signal });
      return preparing.capture(work);
    },
  };
}
