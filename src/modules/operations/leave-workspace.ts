import type { ObjectRef } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { unboundAnnotation, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Operation } from '../operation.ts';
import { edit } from '../work.ts';
import { type Bound, unbindProject } from './bind-project.ts';

/**
 * {@link unbindProject} wherever the project is: where no Workspace of that name lives, as for the host's namespace of a multi-cluster
 * project, its way back puts the label on again and waits for no owner.
 *
 * @param host - as for {@link unbindProject}
 */
export function leaveWorkspace(
  cluster: KubeSphereCluster,
  project: ObjectRef,
  host?: KubeSphereCluster,
): Operation<Bound, void> {
  const unbinding = unbindProject(cluster, project, host);
  return {
    ...unbinding,
    async compensate(work, before) {
      const { workspace } = before;
      if (workspace === null) return;
      const { connection } = cluster;
      const owner = await connection.find(kubesphere.workspaces, { name: workspace }, { signal: work.signal });
      if (owner !== undefined) return unbinding.compensate(work, before, undefined);
      const target = { cluster, resource: core.namespaces, name: { name: project.name }, uid: project.uid };
      // Whoever put it elsewhere meanwhile decided so.
      await edit(work, target, ({ metadata }) =>
        metadata.labels?.[workspaceLabel] === undefined
          ? {
              type: 'merge',
              body: {
                metadata: { labels: { [workspaceLabel]: workspace }, annotations: { [unboundAnnotation]: null } },
              },
            }
          : undefined,
      );
    },
  };
}
