import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Operation } from '../operation.ts';
import { type Bound, unbindProject } from '../operations/bind-project.ts';

/** A project on a cluster that goes, and the Workspace that it was in. */
export interface BoundAt extends ObjectRef {
  /** Name of its Cluster object. */
  readonly cluster: string;
  readonly workspace: ObjectRef | null;
}

/**
 * Unbinds a project before its workspace leaves the cluster. Its way back puts the project only into the very Workspace that it was in,
 * for one that was made again may be anybody's, and only while the host places that workspace there: else kubefed would delete it any
 * moment, and the project with it.
 */
export function unbindFrom(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  { workspace, ...project }: BoundAt,
): Operation<Bound, void> {
  const unbinding = unbindProject(member, project, host);
  return {
    ...unbinding,
    async compensate(work, before) {
      const name = before.workspace;
      if (name === null) return;
      const now = (await member.connection.find(kubesphere.workspaces, { name }, { signal: work.signal }))?.metadata;
      if (workspace === null || now?.uid !== workspace.uid || now.deletionTimestamp !== undefined)
        throw new FederationError(
          'WORLD_MOVED',
          `${member.name}: Workspace "${name}" is ${now === undefined ? 'gone' : now.uid === workspace?.uid ? 'being deleted' : 'another one by now'}. Project "${project.name}" lives, and belongs to no workspace. Bind it with namespaces.bind once the right Workspace is there.`,
        );
      await unbinding.compensate(work, before, undefined);
    },
  };
}
