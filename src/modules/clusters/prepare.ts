import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation, readJwtSecret } from '../../kubesphere/installation.ts';
import { kubefedNamespace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { some } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { prepareMember, type TrustBefore } from '../operations/trust.ts';
import { ownMembers } from './checks/controllers.ts';

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

/**
 * {@link prepareMember}, refused for a cluster that has members of its own: as a member it would go on managing them, and lose namespaces by
 * it (H17, kubesphere#4210).
 *
 * @param jwtSecret - reads the host's, afresh
 */
export function prepareNoHost(
  member: KubeSphereCluster,
  jwtSecret: (signal: AbortSignal) => Promise<string>,
): Operation<TrustBefore, void> {
  let former: string | undefined;
  const preparing = prepareMember(member, { jwtSecret, formerSecret: async () => former });
  return {
    ...preparing,
    async forecast(work) {
      const { signal } = work;
      const forecast = await preparing.forecast(work);
      if (forecast.effect !== 'change') return forecast;
      const { role } = await readInstallation(member.connection, { signal });
      if (role === 'member') return forecast;
      const own = role === 'host' ? 1 : 0;
      const joined = await joinedOf(member, signal);
      const [found] = await ownMembers(member, own, signal);
      if (found === undefined && joined.length <= own) return forecast;
      return {
        effect: 'blocked',
        why: found?.what ?? `${member.name} was a host: its kubefed is joined to ${some(joined)}.`,
        remedy: found?.remedy ?? 'Unbind these first: a host that becomes a member goes on managing them (H17).',
      };
    },
    async capture(work) {
      former = await readJwtSecret(member.connection, { signal: work.signal });
      return preparing.capture(work);
    },
  };
}
