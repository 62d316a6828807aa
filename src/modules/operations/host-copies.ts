import { FederationError } from '../../errors.ts';
import type { Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import { federatedKinds, kubesphere } from '../../kubesphere/resources.ts';
import { assertTakesNothingKept, deletionClosure } from '../closure.ts';
import { needsOf, type Operation } from '../operation.ts';
import { toDelete, toGet, toListAll, toPatch } from '../rights.ts';
import { edit, remove, type Work } from '../work.ts';
import { holds, toSeeHeld } from './cluster-object.ts';
import { shutOut, toShutOut } from './host-access.ts';
import { assertEmpty } from './workspace-template.ts';

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

/** What {@link expectCopies} captures: everything on the member of the kinds that a host copies there, by UID. */
export interface CopiesBefore {
  readonly present: readonly string[];
}

/**
 * Notes what is on a member before a host joins it that marks what it owns. Once that host has let go of it, the way back
 * takes its account and its copies off again, and its mark off what was there before.
 *
 * @param cluster the name under which the host has the member
 * @param host whoever imported the member into it: what it sent is its own while it has the member
 */
export function expectCopies(
  member: KubeSphereCluster,
  cluster: string,
  host: KubeSphereCluster,
): Operation<CopiesBefore, void> {
  return {
    forecast: async () => ({
      effect: 'unknown',
      why: 'what is there is noted, so that what the host sends can be told apart; nothing is written',
      touches: [],
    }),
    capture: async ({ signal }) => ({ present: (await listed(member, signal)).map(({ uid }) => uid) }),
    run: async () => {},
    verify: async () => {},
    needs: async (work) => ({
      compensate: [
        ...toListAll(member),
        ...toGet(member, ...copied),
        ...toPatch(member, ...copied),
        ...toDelete(member, ...copied),
        ...((await needsOf(shutOut(member, cluster), work)).verify ?? []),
        ...toShutOut(member, cluster),
        ...toSeeHeld(host, cluster),
      ],
    }),
    async compensate(work, { present }) {
      await assertLetGo(work, host, cluster);
      // A former host is let in again by its own join.
      const access = shutOut(member, cluster);
      const before = await access.capture(work);
      await access.run(work, before);
      await access.verify(work, before, undefined);
      await removeArrived(work, member, present);
    },
  };
}

/** A host that lost its account while it has the member stays broken until somebody touches it (domain reference, 8.3). */
async function assertLetGo(work: Pick<Work, 'signal'>, host: KubeSphereCluster, cluster: string): Promise<void> {
  if (!(await holds(work, host, cluster))) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${host.name} holds cluster "${cluster}", for somebody imported it there anew: that host's account on the member, and what it copied there, were left alone. Delete the Cluster on ${host.name}, wait until its KubeFedCluster is gone, then roll back once more.`,
  );
}

async function removeArrived(work: Work, member: KubeSphereCluster, present: readonly string[]): Promise<void> {
  const before = new Set(present);
  const marked = await listed(member, work.signal, `${managedLabel}=true`);
  const arrived = marked.filter(({ uid }) => !before.has(uid));
  if (arrived.length > 0)
    assertTakesNothingKept(
      await deletionClosure(
        member,
        arrived.map(({ uid }) => uid),
        work.signal,
      ),
      'what the host had copied there',
    );
  for (const { resource, name, uid } of arrived) {
    const target = { cluster: member, resource, name: { name }, uid };
    if (resource !== kubesphere.workspaces) {
      await remove(work, { ...target, propagationPolicy: 'Background' });
      continue;
    }
    // A project may have come into it since; one that comes between look and deletion is orphaned.
    assertTakesNothingKept(await deletionClosure(member, [uid], work.signal), `workspace "${name}"`);
    await assertEmpty(work, member, name);
    await remove(work, { ...target, propagationPolicy: 'Orphan' });
  }
  for (const { resource, name, uid } of marked.filter(({ uid }) => before.has(uid)))
    await edit(work, { cluster: member, resource, name: { name }, uid }, ({ metadata }) =>
      metadata.labels?.[managedLabel] === undefined
        ? undefined
        : { type: 'merge', body: { metadata: { labels: { [managedLabel]: null } } } },
    );
}
