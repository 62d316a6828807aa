import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import type { CallOptions } from '../types.ts';
import { some } from './closure.ts';
import { labelledOf } from './found.ts';
import type { Obstacle } from './workspaces/delete-plan.ts';

/** The kind, whatever version of it a cluster serves. */
const devopsProjects = { group: 'devops.kubesphere.io', plural: 'devopsprojects' } as const;

/** Names of the DevOpsProjects of a workspace on a cluster. */
export async function devopsProjectsOf(
  cluster: KubeSphereCluster,
  workspace: string,
  options: CallOptions,
): Promise<readonly string[]> {
  return (await labelledOf(cluster, devopsProjects, workspace, options)).map(({ name }) => name);
}

/**
 * Why a workspace with DevOps projects stays where it is: a DevOpsProject goes with its Workspace, and its backing namespace with it,
 * whether that is in a workspace or not.
 *
 * @param found - DevOpsProjects and backing namespaces, each as `cluster: name`
 */
export function devopsObstacle(workspace: string, found: readonly string[]): Obstacle | undefined {
  if (found.length === 0) return undefined;
  return {
    why: `Workspace "${workspace}" has DevOps projects (${some([...new Set(found)])}), which this does not keep.`,
    remedy: 'Move or delete them in KubeSphere first.',
  };
}
