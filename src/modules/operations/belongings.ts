import type { ObjectMeta, Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { groupLabel, userLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { asFound, type FoundObject, throughKinds } from '../found.ts';

/** What names a user by label, and is deleted with the account (user_controller.go:405-454). */
export const belongings: readonly Resource[] = [
  kubesphere.globalRoleBindings,
  kubesphere.workspaceRoleBindings,
  core.clusterRoleBindings,
  core.roleBindings,
  kubesphere.groupBindings,
];

/** A kind of whom bindings in any project name by a label; they are deleted with whoever that is. */
export interface HolderKind {
  readonly resource: Resource;
  readonly label: string;
  readonly belongings: readonly Resource[];
}

/** Users, and groups (release-3.3 pkg/controller/group/group_controller.go: deleteGroupBindings, deleteRoleBindings). */
export const holderKinds: readonly HolderKind[] = [
  { resource: kubesphere.users, label: userLabel, belongings },
  {
    resource: kubesphere.groups,
    label: groupLabel,
    belongings: belongings.filter((kind) => kind !== kubesphere.globalRoleBindings),
  },
];

/** A binding, and whom it names. */
export interface Belonging {
  readonly holder: string;
  readonly object: FoundObject;
}

/**
 * Whatever of a cluster would be deleted with users, or with groups, of all of them.
 *
 * @param passes - whether an owner takes it along anyway, so that it belongs to that
 */
export async function listBelongings(
  cluster: KubeSphereCluster,
  { label, belongings: kinds }: HolderKind,
  passes: (owners: NonNullable<ObjectMeta['ownerReferences']>) => boolean,
  signal: AbortSignal,
): Promise<readonly Belonging[]> {
  return throughKinds(
    cluster,
    ({ group, plural }) => kinds.some((one) => one.group === group && one.plural === plural),
    { labelSelector: label, signal },
    (resource, metadata): Belonging | undefined =>
      passes(metadata.ownerReferences ?? [])
        ? undefined
        : { holder: metadata.labels?.[label] ?? '', object: asFound(resource, metadata) },
  );
}
