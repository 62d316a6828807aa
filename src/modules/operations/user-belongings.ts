import type { Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { userLabel } from '../../kubesphere/names.ts';
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

/** A binding, and whom it names. */
export interface Belonging {
  readonly user: string;
  readonly object: FoundObject;
}

/** Whatever of a cluster would be deleted with an account, of all accounts; what an owner takes along belongs to that. */
export async function listBelongings(cluster: KubeSphereCluster, signal: AbortSignal): Promise<readonly Belonging[]> {
  return throughKinds(
    cluster,
    ({ group, plural }) => belongings.some((one) => one.group === group && one.plural === plural),
    { labelSelector: userLabel, signal },
    (resource, metadata): Belonging | undefined =>
      metadata.ownerReferences === undefined || metadata.ownerReferences.length === 0
        ? { user: metadata.labels?.[userLabel] ?? '', object: asFound(resource, metadata) }
        : undefined,
  );
}
