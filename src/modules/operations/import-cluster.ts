import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { madeBy, refOf } from '../changes.ts';
import { hostMarks } from '../marks.ts';
import type { Operation } from '../operation.ts';
import { toWatch } from '../rights.ts';
import { absent, assertReleased, type JoinLimits, join, release, toRelease, waitJoined } from './cluster-object.ts';
import { adopted } from './workspace-template.ts';

const resource = kubesphere.clusters;

/** What {@link importCluster} needs. */
export interface ImportSettings extends JoinLimits {
  readonly name: string;
  readonly member: KubeSphereCluster;
  /** Kubeconfig under which the host reaches the member; read when needed, never journalled. */
  readonly kubeconfig: (signal: AbortSignal) => Promise<string>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly provider?: string;
  /** Workspaces whose arrival on the member proves that the host is at work there. */
  readonly proof: readonly string[];
  /** A host that must have let go of the member: two hosts on one member lose everything within 40 s (8.2). */
  readonly unlessHeldBy?: KubeSphereCluster;
  /** Refuse a member that bears a host's marks. */
  readonly unlessMarked?: boolean;
}

/** Imports a member into a host, and waits until something from the host has arrived there: Ready alone proves nothing (8.3). */
export function importCluster(host: KubeSphereCluster, settings: ImportSettings): Operation<null, void> {
  const { name, member, kubeconfig, labels = {}, provider, proof, unlessHeldBy, unlessMarked = false } = settings;
  return {
    async forecast({ signal, runId }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found !== undefined && !madeBy(runId, found))
        return {
          effect: 'blocked',
          why: `${host.name} has a cluster "${name}" already.`,
          remedy:
            found.status?.uid === member.uid
              ? 'This member is imported there already.'
              : found.status?.uid === undefined
                ? 'It was never reached. Where it is this one, unbind it and import it again; else give the member another name.'
                : 'It is another cluster: unbind it, or give the member another name.',
        };
      const marks = unlessMarked ? await hostMarks(member, signal) : [];
      if (marks.length > 0)
        return {
          effect: 'blocked',
          why: `${member.name} bears the marks of a host (${marks.join('; ')}): two hosts on one member destroy what both have.`,
          remedy: 'Move it with memberMigration. If no host has it any more, say formerHostGone: true.',
        };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(host.name, resource, { name }), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      host.dialect;
      await assertReleased(work, unlessHeldBy, host, name);
      const spec = {
        joinFederation: true,
        enable: true,
        ...(provider === undefined ? {} : { provider }),
        connection: { type: 'direct' as const },
      };
      await join(work, host, name, { labels, annotations: {}, spec }, { kubeconfig: await kubeconfig(work.signal) });
    },
    reads: {
      verify: [
        ...toWatch(host, resource, kubesphere.kubeFedClusters),
        ...(proof.length > 0 ? toWatch(member, kubesphere.workspaces) : []),
      ],
      compensate: toRelease(host),
    },
    async verify(work) {
      await waitJoined(work, host, name, member.uid, settings);
      for (const workspace of proof) await adopted(work, member, workspace);
    },
    async compensate(work) {
      const cluster = await host.connection.find(resource, { name }, { signal: work.signal });
      if (cluster !== undefined && !madeBy(work.runId, cluster)) return;
      if (cluster !== undefined) await release(work, host, name, cluster.metadata.uid);
      else await absent(work, host, name);
    },
  };
}
