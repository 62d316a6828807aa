import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubefedNamespace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Operation } from '../operation.ts';
import { toWatch, within } from '../rights.ts';
import { assertReleased, type JoinLimits, toSeeHeld, waitJoined } from './cluster-object.ts';
import { importObject, marked } from './import-object.ts';
import { adopted } from './workspace-template.ts';

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
  /** Asked last before the host joins it; throws where that must not be. */
  readonly mayJoin?: (signal: AbortSignal) => Promise<void>;
}

/** Imports a member into a host, and waits until something from the host has arrived there: Ready alone proves nothing (8.3). */
export function importCluster(host: KubeSphereCluster, settings: ImportSettings): Operation<null, void> {
  const { name, member, kubeconfig, proof, unlessHeldBy, unlessMarked = false } = settings;
  return importObject(host, {
    ...settings,
    connection: 'direct',
    remedy: ({ status }) =>
      status?.uid === member.uid
        ? 'This member is imported there already.'
        : status?.uid === undefined
          ? 'It was never reached. Where it is this one, unbind it and import it again; else give the member another name.'
          : 'It is another cluster: unbind it, or give the member another name.',
    hindrance: async (signal) =>
      unlessMarked
        ? marked(
            member,
            member.name,
            'Move it with memberMigration. If no host has it any more, say formerHostGone: true.',
            signal,
          )
        : undefined,
    async secrets(work) {
      await assertReleased(work, unlessHeldBy, host, name);
      return { kubeconfig: await kubeconfig(work.signal) };
    },
    async verify(work) {
      await waitJoined(work, host, name, member.uid, settings);
      for (const workspace of proof) await adopted(work, member, workspace);
    },
    needs: [
      ...toSeeHeld(unlessHeldBy, name),
      ...within(kubefedNamespace, toWatch(host, kubesphere.kubeFedClusters)),
      ...(proof.length > 0 ? toWatch(member, kubesphere.workspaces) : []),
    ],
  });
}
