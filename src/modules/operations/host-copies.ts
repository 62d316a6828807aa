import { FederationError } from '../../errors.ts';
import type { Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel, stayedAnnotation } from '../../kubesphere/names.ts';
import { federatedKinds, kubesphere } from '../../kubesphere/resources.ts';
import { assertTakesNothingKept, deletionClosure, some } from '../closure.ts';
import { called } from '../found.ts';
import { needsOf, type Operation, runAndVerify } from '../operation.ts';
import { toDelete, toGet, toListAll, toPatch } from '../rights.ts';
import { isAnyShield } from '../shield-forms.ts';
import { edit, remove, type Work } from '../work.ts';
import { holderKinds, listBelongings } from './belongings.ts';
import { holds, toSeeHeld } from './cluster-object.ts';
import { shutOut, toShutOut } from './host-access.ts';
import { assertEmpty } from './workspace-template.ts';

/** Cluster-scoped kinds that a host copies to its members. Namespaces are left out: nobody but a person deletes those. */
const copied = federatedKinds
  .map(({ target }): Resource => target)
  .filter(({ namespaced, kind }) => !namespaced && kind !== 'Namespace');

/** Objects on a member of the kinds that a host copies there. */
export async function listed(member: KubeSphereCluster, signal: AbortSignal, labelSelector?: string) {
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
 * @param hosts that host, and whoever else knows the member by that name and is not to have it: their account, and what they sent, is theirs
 * while one of them has the member
 * @param shielded a shield is up that is lowered later: a Workspace that it keeps is left for {@link removeStayed}
 */
export function expectCopies(
  member: KubeSphereCluster,
  cluster: string,
  hosts: readonly KubeSphereCluster[],
  { shielded = false }: { readonly shielded?: boolean } = {},
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
        ...hosts.flatMap((host) => toSeeHeld(host, cluster)),
      ],
    }),
    async compensate(work, { present }) {
      for (const host of hosts) await assertLetGo(work, host, cluster);
      // A former host is let in again by its own join.
      await removeAccount(work, member, cluster);
      await removeArrived(work, member, present, { shielded });
    },
  };
}

/** Takes the account that hosts have on a member under that name off it, and waits until it is gone. */
export async function removeAccount(work: Work, member: KubeSphereCluster, cluster: string): Promise<void> {
  const access = shutOut(member, cluster);
  await runAndVerify(access, work, await access.capture(work));
}

/**
 * Asked before that: a host that lost its account while it has the member stays broken until somebody touches it (domain reference, 8.3).
 *
 * @throws FederationError `KEPT_AT_RISK` where the host has the member
 */
export async function assertLetGo(work: Pick<Work, 'signal'>, host: KubeSphereCluster, cluster: string): Promise<void> {
  if (!(await holds(work, host, cluster))) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${host.name} holds cluster "${cluster}", for somebody imported it there anew: that host's account on the member, and what it copied there, were left alone. Unbind it from ${host.name} (federation.clusters.unbind, or delete the Cluster there and wait until its KubeFedCluster is gone), then roll back once more.`,
  );
}

/** One object of the member, this very one. */
interface Found {
  readonly name: string;
  readonly uid: string;
}

/**
 * Takes off a member what a host copied there since, and kubefed's mark off what was there before: `present`, by UID.
 *
 * @param known - what may bear the mark, by UID; where anything else does, nothing is taken off
 * @param shielded - a shield is up that is lowered later
 * @throws FederationError `KEPT_AT_RISK` naming what stays
 */
export async function removeArrived(
  work: Work,
  member: KubeSphereCluster,
  present: readonly string[],
  { known, shielded = false }: { readonly known?: ReadonlySet<string>; readonly shielded?: boolean } = {},
): Promise<void> {
  const before = new Set(present);
  const marked = await listed(member, work.signal, `${managedLabel}=true`);
  const arrived = marked.filter(({ uid }) => !before.has(uid));
  const late = marked.filter(({ uid }) => known?.has(uid) === false);
  if (late.length > 0)
    throw new FederationError(
      'KEPT_AT_RISK',
      `${member.name}: ${some(late.map(({ resource, name }) => `${resource.kind} ${name}`))} got ${managedLabel} after it was asked whose everything is, so that all that was copied there was left. Roll back once more: that is asked again.`,
    );
  if (arrived.length > 0)
    assertTakesNothingKept(
      await deletionClosure(
        member,
        arrived.map(({ uid }) => uid),
        work.signal,
      ),
      'what the host had copied there',
    );
  const refusals = new Map<string, FederationError>();
  const inUse = await holdersInUse(member, arrived, work.signal);
  for (const { resource, name, uid } of arrived.filter(({ uid }) => !inUse.has(uid)))
    if (resource !== kubesphere.workspaces)
      await remove(work, { cluster: member, resource, name: { name }, uid, propagationPolicy: 'Background' });
    else {
      const refusal = await removeWorkspace(work, member, { name, uid });
      if (refusal !== undefined) refusals.set(uid, refusal);
    }
  for (const { resource, name, uid } of marked.filter(
    ({ uid }) => before.has(uid) || refusals.has(uid) || inUse.has(uid),
  )) {
    const annotations = refusals.has(uid) && shielded ? { [stayedAnnotation]: work.runId } : {};
    await edit(work, { cluster: member, resource, name: { name }, uid }, ({ metadata }) =>
      metadata.labels?.[managedLabel] === undefined
        ? undefined
        : { type: 'merge', body: { metadata: { labels: { [managedLabel]: null }, annotations } } },
    );
  }
  const stay = `${member.name}: ${inUse.size} user(s) or group(s) that the host had sent stay there, as the member's own, for what names them would go with them: ${some([...inUse.values()])}. Everything else was taken off. Roll back once more to go on; delete these on ${member.name} when nobody needs that.`;
  // Whatever else there was to do is done. Both are told at once: whoever lost the mark is not found a second time.
  if (!shielded)
    for (const refusal of refusals.values())
      throw inUse.size === 0
        ? refusal
        : new FederationError(refusal.code, `${refusal.message} ${stay}`, { cause: refusal });
  if (inUse.size > 0) throw new FederationError('KEPT_AT_RISK', stay);
}

/**
 * Users and groups that came, by UID, whom something names that did not come: the member deletes such bindings, in whatever project,
 * with whom they name.
 */
async function holdersInUse(
  member: KubeSphereCluster,
  arrived: readonly (Found & { readonly resource: Resource })[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const came = new Set(arrived.map(({ uid }) => uid));
  const goesAnyway = (owners: readonly { readonly uid: string }[]): boolean =>
    owners.length > 0 && owners.every(({ uid }) => came.has(uid));
  const inUse = new Map<string, string>();
  for (const kind of holderKinds) {
    const theirs = arrived.filter(({ resource }) => resource === kind.resource);
    if (theirs.length === 0) continue;
    const all = await listBelongings(member, kind, goesAnyway, signal);
    const others = all.filter(({ object }) => !came.has(object.uid));
    for (const { name, uid } of theirs) {
      const named = others.filter((one) => one.holder === name).map(({ object }) => called(object));
      if (named.length > 0) inUse.set(uid, `${kind.resource.kind} ${name} (${some(named)})`);
    }
  }
  return inUse;
}

/** Takes a Workspace off again; the answer is the refusal of a shield, for an old server's keeps every one. */
async function removeWorkspace(
  work: Work,
  member: KubeSphereCluster,
  { name, uid }: Found,
): Promise<FederationError | undefined> {
  // A project may have come into it since; one that comes between look and deletion is orphaned.
  assertTakesNothingKept(await deletionClosure(member, [uid], work.signal), `workspace "${name}"`);
  await assertEmpty(work, member, name);
  const target = { cluster: member, resource: kubesphere.workspaces, name: { name }, uid };
  try {
    await remove(work, { ...target, propagationPolicy: 'Orphan' });
    return undefined;
  } catch (error) {
    if (FederationError.is(error, 'REJECTED') && isAnyShield(error.message)) return error;
    throw error;
  }
}

/**
 * Takes off the Workspaces that the way back of {@link expectCopies} had to leave, for a shield kept them: call it once that is down.
 * One that cannot go, for somebody uses or keeps it by now, is told once and is none of this run's any more.
 *
 * @throws FederationError `KEPT_AT_RISK` naming those that stay
 */
export async function removeStayed(work: Work, member: KubeSphereCluster): Promise<void> {
  const { connection } = member;
  const all = await connection.listMetadata(kubesphere.workspaces, { signal: work.signal }).toArray();
  const stay: string[] = [];
  for (const { metadata } of all.filter(({ metadata }) => metadata.annotations?.[stayedAnnotation] === work.runId)) {
    const { name, uid, labels = {} } = metadata;
    const why = labels[managedLabel] === 'true' ? undefined : await whyItStays(work, member, { name, uid });
    if (why !== undefined) stay.push(why);
    await edit(work, { cluster: member, resource: kubesphere.workspaces, name: { name }, uid }, () => ({
      type: 'merge',
      body: { metadata: { annotations: { [stayedAnnotation]: null } } },
    })).catch((error: unknown) => {
      if (!FederationError.is(error, 'NOT_FOUND', 'CONFLICT')) throw error;
    });
  }
  if (stay.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${member.name}: ${stay.length} Workspace(s) that the new host had sent stay there, as the member's own: ${some(stay)} Delete them when nobody needs them; nothing else of the run waits for that.`,
  );
}

async function whyItStays(work: Work, member: KubeSphereCluster, workspace: Found): Promise<string | undefined> {
  try {
    return (await removeWorkspace(work, member, workspace))?.message;
  } catch (error) {
    // Whatever refuses to delete it: the shield it stood under is down, and a run that cannot end helps nobody.
    if (!FederationError.is(error, 'KEPT_AT_RISK', 'REJECTED', 'FORBIDDEN')) throw error;
    return error.message;
  }
}
