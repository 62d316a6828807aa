import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import type { Forecast } from '../../workflow/change.ts';
import { madeBy, refOf } from '../changes.ts';
import { hostMarks } from '../marks.ts';
import type { Operation } from '../operation.ts';
import { onlyFor, type Right, toPatch, toWatch } from '../rights.ts';
import type { Work } from '../work.ts';
import { absent, type ClusterSecrets, join, release, toRelease } from './cluster-object.ts';

const resource = kubesphere.clusters;
type Blocked = Extract<Forecast<never>, { effect: 'blocked' }>;

/** What every import needs, and wherein they differ. */
export interface Importing {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly provider?: string;
  readonly connection: 'direct' | 'proxy';
  /** What to do about a Cluster of that name that is there. */
  readonly remedy: (found: Cluster) => string;
  /** Whatever else stands against it. */
  readonly hindrance: (signal: AbortSignal) => Promise<Blocked | undefined>;
  /** Asked right before the Cluster is made; what it holds in secret is never journalled. */
  readonly secrets: (work: Work) => Promise<ClusterSecrets>;
  /** Asked last before the join, and not once it has joined, for it has copies of the host by then; throws where that must not be. */
  readonly mayJoin?: (signal: AbortSignal) => Promise<void>;
  readonly verify: (work: Work) => Promise<void>;
  /** What `verify` needs besides the Cluster. */
  readonly needs: readonly Right[];
}

/** Makes the Cluster object of a member. Its way back deletes the one that this run made, and waits until the host has let go. */
export function importObject(host: KubeSphereCluster, importing: Importing): Operation<null, void> {
  const { name, labels = {}, provider, connection, remedy, hindrance, secrets, verify, needs } = importing;
  const hasJoined = async ({ signal, runId }: Work): Promise<boolean> => {
    const found = await host.connection.find(resource, { name }, { signal });
    return found?.spec.joinFederation === true && madeBy(runId, found);
  };
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found !== undefined && !madeBy(runId, found))
        return { effect: 'blocked', why: `${host.name} has a cluster "${name}" already.`, remedy: remedy(found) };
      return (
        (await hindrance(signal)) ?? {
          effect: 'change',
          changes: [{ verb: 'create', resource: refOf(host.name, resource, { name }), before: null, after: {} }],
        }
      );
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      const hidden = await secrets(work);
      if (importing.mayJoin !== undefined && !(await hasJoined(work))) await importing.mayJoin(work.signal);
      const spec = {
        joinFederation: true,
        enable: true,
        ...(provider === undefined ? {} : { provider }),
        connection: { type: connection },
      };
      await join(work, host, name, { labels, annotations: {}, spec }, hidden);
    },
    needs: {
      verify: [...onlyFor(name, toPatch(host, resource)), ...toWatch(host, resource), ...needs],
      compensate: toRelease(host),
    },
    verify,
    async compensate(work) {
      const cluster = await host.connection.find(resource, { name }, { signal: work.signal });
      if (cluster !== undefined && !madeBy(work.runId, cluster)) return;
      if (cluster !== undefined) await release(work, host, name, cluster.metadata.uid);
      else await absent(work, host, name);
    },
  };
}

/** Two hosts on one member destroy what both have: one that bears a host's marks is refused. */
export async function marked(
  member: KubeSphereCluster,
  name: string,
  remedy: string,
  signal: AbortSignal,
): Promise<Blocked | undefined> {
  const marks = await hostMarks(member, signal);
  if (marks.length === 0) return undefined;
  const why = `${name} bears the marks of a host (${marks.join('; ')}): two hosts on one member destroy what both have.`;
  return { effect: 'blocked', why, remedy };
}
