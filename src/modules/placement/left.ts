import { core } from '../../kube/resources.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { FederationEnv } from '../env.ts';
import { syncLimitMs } from '../operations/workspace-template.ts';
import { type Right, toWatch, within } from '../rights.ts';
import { type Work, waitFor, waitGone } from '../work.ts';
import type { Subject } from './subject.ts';
import type { Leaving, LeavingProjects } from './survey.ts';

/** How it is seen that clusters were left. */
export interface SeeingLeft {
  readonly wait: (work: Pick<Work, 'signal'>) => Promise<void>;
  /** What `wait` takes. */
  readonly needs: (work: Pick<Work, 'signal'>) => Promise<readonly Right[]>;
}

/** Waits until what had to go on the clusters that left is gone; `needs` tells what that takes. */
export function seeLeft(
  env: FederationEnv,
  subject: Subject,
  found: LeavingProjects,
  fate: 'keep' | 'delete',
): SeeingLeft {
  return {
    wait: (work) => untilLeft(env, subject, found, fate, work),
    async needs({ signal }) {
      const members = await Promise.all(
        found.clusters.map(async ({ cluster, workspace }) => {
          const member = await env.member(cluster, { signal });
          const kinds = [
            ...(workspace === null ? [] : [kubesphere.workspaces]),
            ...(fate === 'delete' ? [core.namespaces] : []),
          ];
          return toWatch(member, ...kinds);
        }),
      );
      const forgets = subject.kind === 'project' && fate === 'keep';
      return [
        ...members.flat(),
        ...(forgets ? within(subject.name, toWatch(env.host, kubesphere.federatedNamespaces)) : []),
      ];
    },
  };
}

async function untilLeft(
  env: FederationEnv,
  subject: Subject,
  { clusters }: LeavingProjects,
  fate: 'keep' | 'delete',
  { signal }: Pick<Work, 'signal'>,
): Promise<void> {
  for (const { cluster, workspace, closure } of clusters) {
    const member = await env.member(cluster, { signal });
    if (workspace !== null)
      await waitFor(signal, {
        cluster: member,
        resource: kubesphere.workspaces,
        select: { fieldSelector: `metadata.name=${workspace.name}` },
        test: (objects) => {
          const now = objects.get(workspace.name)?.metadata;
          // One without kubefed's mark is the member's own by now, and stays.
          return now?.uid !== workspace.uid || now.labels?.[managedLabel] !== 'true' ? true : undefined;
        },
        what: `Workspace "${workspace.name}" to be gone`,
        timeoutMs: syncLimitMs,
      });
    if (fate === 'delete')
      for (const { name, uid } of closure)
        await waitGone({ signal }, { cluster: member, resource: core.namespaces, name: { name }, uid }, syncLimitMs);
  }
  if (subject.kind === 'project' && fate === 'keep') await untilForgotten(env, subject.name, clusters, signal);
}

/** Waits until kubefed has done with the clusters that left: their entries are gone from what it reports. */
async function untilForgotten(
  { host }: FederationEnv,
  name: string,
  clusters: readonly Leaving[],
  signal: AbortSignal,
): Promise<void> {
  await waitFor(signal, {
    cluster: host,
    resource: kubesphere.federatedNamespaces,
    select: { namespace: name, fieldSelector: `metadata.name=${name}` },
    test: (objects) => {
      const entries = objects.get(`${name}/${name}`)?.status?.clusters ?? [];
      return clusters.some(({ cluster }) => entries.some((entry) => entry.name === cluster)) ? undefined : true;
    },
    what: `kubefed to let go of multi-cluster project "${name}" on ${clusters.map(({ cluster }) => cluster).join(', ')}`,
    timeoutMs: syncLimitMs,
  });
}
