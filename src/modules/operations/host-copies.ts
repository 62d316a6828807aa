import type { Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import { federatedKinds } from '../../kubesphere/resources.ts';
import { assertTakesNoNamespace, deletionClosure } from '../closure.ts';
import { remove, type Work } from '../work.ts';

/** Cluster-scoped kinds that a host copies to its members. Namespaces are left out: nobody but a person deletes those. */
const copied = federatedKinds
  .map(({ target }): Resource => target)
  .filter(({ namespaced, kind }) => !namespaced && kind !== 'Namespace');

async function listed(member: KubeSphereCluster, signal: AbortSignal, labelSelector?: string) {
  const lists = await Promise.all(
    copied.map(async (resource) => {
      const found = await member.connection
        .listMetadata(resource, { signal, ...(labelSelector === undefined ? {} : { labelSelector }) })
        .toArray();
      return found.map(({ metadata: { name, uid } }) => ({ resource, name, uid }));
    }),
  );
  return lists.flat();
}

/** UIDs of everything on a member of the kinds that a host copies there. */
export async function copiesOn(member: KubeSphereCluster, signal: AbortSignal): Promise<readonly string[]> {
  return (await listed(member, signal)).map(({ uid }) => uid);
}

/** Takes off the member what came from a host that has left again, and nothing that was there before: nobody else marks objects as managed. */
export async function removeArrived(work: Work, member: KubeSphereCluster, present: readonly string[]): Promise<void> {
  const before = new Set(present);
  const arrived = (await listed(member, work.signal, `${managedLabel}=true`)).filter(({ uid }) => !before.has(uid));
  if (arrived.length === 0) return;
  const uids = arrived.map(({ uid }) => uid);
  assertTakesNoNamespace(await deletionClosure(member, uids, work.signal), 'what the host had copied there');
  for (const { resource, name, uid } of arrived)
    await remove(work, { cluster: member, resource, name: { name }, uid, propagationPolicy: 'Background' });
}
