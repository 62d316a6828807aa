import { sleep } from '../../internal/signal.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { hostServiceAccount, kubefedNamespace, managedLabel } from '../../kubesphere/names.ts';
import { some } from '../closure.ts';
import { listed } from '../operations/host-copies.ts';
import { accountsOfOthers } from './checks/controllers.ts';
import { type ManagedObject, shownManaged, unknownTo } from './managed.ts';

/** What is on a member before a host joins it, by UID. */
export interface MemberBefore {
  /** Objects of the kinds that a host copies. */
  readonly present: readonly string[];
  /** Those of them that bear kubefed's mark already, as a former host left them. */
  readonly marked: readonly string[];
  /** The ServiceAccount of a host that has, or had, the member under the same name. */
  readonly account: string | null;
  /** ServiceAccounts of hosts that have, or had, it under another one. */
  readonly others: readonly string[];
  /** Digest of its jwtSecret; every host that it is imported into wants its own there (domain reference, 2.7). */
  readonly jwtDigest: string | null;
}

/** What a host's kubefed says is its own. */
export const onlyMarked = `${managedLabel}=true`;
const uidsOf = (objects: readonly { readonly uid: string }[]): readonly string[] => objects.map(({ uid }) => uid);

/** Notes what is on a member. */
export async function memberBefore(
  member: KubeSphereCluster,
  cluster: string,
  signal: AbortSignal,
): Promise<MemberBefore> {
  const own = { namespace: kubefedNamespace, name: hostServiceAccount(cluster) };
  const [present, marked, account, others, { jwtDigest = null }] = await Promise.all([
    listed(member, signal),
    listed(member, signal, onlyMarked),
    member.connection.find(core.serviceAccounts, own, { signal }),
    accountsOfOthers(member, cluster, signal),
    readInstallation(member.connection, { signal }),
  ]);
  const here = new Set(uidsOf(present));
  return {
    present: uidsOf(present),
    // What came between the two lists is another host's, or a person's.
    marked: uidsOf(marked.filter(({ uid }) => here.has(uid))),
    account: account?.metadata.uid ?? null,
    others: uidsOf(others),
    jwtDigest,
  };
}

/**
 * Why another host has joined a member under another name since, by its ServiceAccount there; `undefined` where nothing tells of one.
 *
 * @param cluster - the name under which this host has the member
 */
export async function joinedUnderAnotherName(
  member: KubeSphereCluster,
  cluster: string,
  { others }: Pick<MemberBefore, 'others'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const accounts = (await accountsOfOthers(member, cluster, signal)).filter(({ uid }) => !others.includes(uid));
  if (accounts.length === 0) return undefined;
  return `Another host has joined ${member.name} since, as ServiceAccount(s) ${some(accounts.map(({ name }) => name))} in ${kubefedNamespace} tell(s).`;
}

/**
 * What some host has on a member by now, by UID, and the part of it that this one has not: what was copied since, and what was there before,
 * for a host that comes back marks its own.
 */
export async function marksSince(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  { marked }: Pick<MemberBefore, 'marked'>,
  signal: AbortSignal,
): Promise<{ readonly taken: readonly string[]; readonly strangers: readonly ManagedObject[] }> {
  const bore = new Set(marked);
  const taken = (await listed(member, signal, onlyMarked)).filter(({ uid }) => !bore.has(uid));
  const objects = taken.map(({ resource: { kind }, name, uid }) => ({ kind, metadata: { name, uid } }));
  return { taken: uidsOf(taken), strangers: objects.length === 0 ? [] : await unknownTo(host, objects, signal) };
}

const secondLookMs = 2_000;

/**
 * Why another host has joined a member under the same name since: both use one ServiceAccount (domain reference, 8.3), so that only what it
 * copies there tells. What this host deletes between the looks at both is no other's: its kubefed removes it from the member, too. Two hosts
 * take each other's marks off, so that the second look asks for the objects alone.
 */
async function joinedUnderTheSameName(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  before: Pick<MemberBefore, 'marked'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { strangers: suspects } = await marksSince(host, member, before, signal);
  if (suspects.length === 0) return undefined;
  await sleep(secondLookMs, signal);
  const there = new Set(uidsOf(await listed(member, signal)));
  const strangers = suspects.filter(({ metadata: { uid } }) => there.has(uid));
  if (strangers.length === 0) return undefined;
  return `Another host has ${member.name} under the same name, for ${strangers.length} object(s) there are a host's that ${host.name} does not have: ${some(strangers.map(shownManaged))}.`;
}

/**
 * Why another host has joined a member since, under whatever name.
 *
 * @param cluster - the name under which this host has the member
 */
export const joinedSince = async (
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  cluster: string,
  before: MemberBefore,
  signal: AbortSignal,
): Promise<string | undefined> =>
  (await joinedUnderAnotherName(member, cluster, before, signal)) ??
  (await joinedUnderTheSameName(host, member, before, signal));

/** Whether a member has a jwtSecret by now that is neither the one that it had nor the host's: that of a third one. */
export async function hasAnotherSecret(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  before: Pick<MemberBefore, 'jwtDigest'>,
  signal: AbortSignal,
): Promise<boolean> {
  const [ours, theirs] = await Promise.all(
    [host, member].map(async ({ connection }) => (await readInstallation(connection, { signal })).jwtDigest ?? null),
  );
  return theirs !== before.jwtDigest && theirs !== ours;
}
