import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { namespacesOf, some } from '../closure.ts';
import type { Obstacle } from './delete-plan.ts';

/** What is asked of a cluster before a host's workspace comes near it. */
export interface Coming {
  /** The host has the workspace: what its kubefed owns there is this very one. */
  readonly known: boolean;
  /** It is to be placed there; else only its roles come, which go to every member. */
  readonly placed: boolean;
}

/**
 * What must not be on a cluster when a workspace of that name comes: a Workspace of its own would be taken over, with its roles and
 * whoever has them (2.4, 8.4); projects with its label would fall into it (H10).
 */
export async function inTheWay(
  cluster: KubeSphereCluster,
  name: string,
  { known, placed }: Coming,
  signal: AbortSignal,
): Promise<readonly Obstacle[]> {
  const workspace = await cluster.connection.find(kubesphere.workspaces, { name }, { signal });
  if (workspace !== undefined && known && workspace.metadata.labels?.[managedLabel] === 'true') return [];
  if (workspace !== undefined)
    return [
      {
        why: `${cluster.name} has a Workspace "${name}" already; equal names need not mean the same workspace. The host's would take over ${placed ? 'it, its roles and whoever has them' : 'its roles, and whoever has them: these go to every member'}.`,
        remedy: `If it is the same, take it over: federation.workspaces.adopt({ cluster, name${known ? ", existing: 'join'" : ''} }); if not, take another name.`,
      },
    ];
  const projects = placed ? [...(await namespacesOf(cluster, signal, `${workspaceLabel}=${name}`)).keys()] : [];
  return projects.length === 0
    ? []
    : [
        {
          why: `${cluster.name} has projects with the label of a workspace "${name}" that is gone: ${some(projects)}. They would fall into this one.`,
          remedy: 'Take the label off them (federation.namespaces.unbind), or take another name.',
        },
      ];
}
