import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostServiceAccount, kubefedNamespace, managedLabel } from '../../kubesphere/names.ts';
import { some } from '../closure.ts';
import { needsOf, type Operation } from '../operation.ts';
import { assertLetGo, expectCopies, listed, removeAccount, removeArrived } from '../operations/host-copies.ts';
import { toListAll } from '../rights.ts';
import { accountsOfOthers } from './checks/controllers.ts';
import { type ManagedObject, managedByOthers, shownManaged } from './managed.ts';

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
}

const onlyMarked = `${managedLabel}=true`;
const uidsOf = (objects: readonly { readonly uid: string }[]): readonly string[] => objects.map(({ uid }) => uid);

async function memberBefore(member: KubeSphereCluster, cluster: string, signal: AbortSignal): Promise<MemberBefore> {
  const own = { namespace: kubefedNamespace, name: hostServiceAccount(cluster) };
  const [present, marked, account, others] = await Promise.all([
    listed(member, signal),
    listed(member, signal, onlyMarked),
    member.connection.find(core.serviceAccounts, own, { signal }),
    accountsOfOthers(member, cluster, signal),
  ]);
  return {
    present: uidsOf(present),
    marked: uidsOf(marked),
    account: account?.metadata.uid ?? null,
    others: uidsOf(others),
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

/** What was copied to a member since, and this host does not have. */
async function strangersOn(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  { present }: Pick<MemberBefore, 'present'>,
  signal: AbortSignal,
): Promise<readonly ManagedObject[]> {
  const copies = new Set(uidsOf(await listed(member, signal, onlyMarked)));
  for (const uid of present) copies.delete(uid);
  if (copies.size === 0) return [];
  return (await managedByOthers(host, member, signal)).filter(({ metadata: { uid } }) => copies.has(uid));
}

/** A host puts a mark back that another one took off after 11 s at the latest (domain reference, 8.2). */
const markedAgainMs = 15_000;
const everyMs = 500;

/**
 * The same once this host has let go. Its kubefed may have taken the other's marks off right before, so that they are waited for where
 * anything came that bears none.
 */
async function strangersLeftOn(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  before: Pick<MemberBefore, 'present'>,
  signal: AbortSignal,
): Promise<readonly ManagedObject[]> {
  for (const began = performance.now(); ; ) {
    const first = new Set(uidsOf(await listed(member, signal, onlyMarked)));
    const strangers = await strangersOn(host, member, before, signal);
    if (strangers.length > 0) return strangers;
    // One that lost its mark, or got it back, while that was asked was not seen by it.
    const allAlong = uidsOf(await listed(member, signal, onlyMarked)).filter((uid) => first.has(uid));
    const known = new Set([...before.present, ...allAlong]);
    const unmarked = (await listed(member, signal)).some(({ uid }) => !known.has(uid));
    if (!unmarked || performance.now() - began >= markedAgainMs) return [];
    await sleep(everyMs, signal);
  }
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
  before: Pick<MemberBefore, 'present'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const suspects = await strangersOn(host, member, before, signal);
  if (suspects.length === 0) return undefined;
  await sleep(secondLookMs, signal);
  const there = new Set(uidsOf(await listed(member, signal)));
  const strangers = suspects.filter(({ metadata: { uid } }) => there.has(uid));
  if (strangers.length === 0) return undefined;
  return `Another host has ${member.name} under the same name, for ${strangers.length} object(s) were copied there that ${host.name} does not have: ${some(strangers.map(shownManaged))}.`;
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

/**
 * Notes what is on a member before a host joins it. Once that host has let go of it again, the way back takes its account and its copies off
 * the member, and its mark off what was there before, unless another host may have them by now.
 *
 * @param cluster - the name under which the host has the member
 */
export function expectArrivals(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  cluster: string,
): Operation<null, MemberBefore> {
  const copies = expectCopies(member, cluster, [host]);
  const left = (why: string, then: string): FederationError =>
    new FederationError(
      'KEPT_AT_RISK',
      `${why} What ${host.name} left on ${member.name} cannot be told from what is another host's, and stays. ${then}`,
    );
  return {
    forecast: async () => ({
      effect: 'unknown',
      why: 'what is there is noted, so that what the host sends can be told apart; nothing is written',
      touches: [],
    }),
    capture: async () => null,
    run: ({ signal }) => memberBefore(member, cluster, signal),
    verify: async () => {},
    needs: async (work) => ({
      compensate: [...((await needsOf(copies, work)).compensate ?? []), ...toListAll(host)],
    }),
    async compensate(work, _before, before) {
      // Nothing had joined yet.
      if (before === undefined) return;
      await assertLetGo(work, host, cluster);
      // Now that it has let go, what is deleted on this host stays there, too.
      const strangers = await strangersLeftOn(host, member, before, work.signal);
      if (strangers.length > 0)
        throw left(
          `Another host has ${member.name} under the same name, or had it, or ${host.name} has deleted since what it copied there: ${some(strangers.map(shownManaged))}.`,
          `Unbind it where another host has it. Then take label ${managedLabel} off these on ${member.name}: they stay there as its own. If the label comes back within a minute, another host still has it. If not, roll back once more.`,
        );
      // One that was there before is a former host's, and this one only used it.
      if (before.account === null) await removeAccount(work, member, cluster);
      const other = await joinedUnderAnotherName(member, cluster, before, work.signal);
      if (other === undefined) return removeArrived(work, member, before.present);
      const marked = await listed(member, work.signal, onlyMarked);
      const since = marked.filter(({ uid }) => !before.marked.includes(uid));
      if (since.length > 0)
        throw left(
          other,
          `That is ${some(since.map(({ resource, name }) => `${resource.kind} ${name}`))}. When no other host has ${member.name} any more, delete that ServiceAccount there, then roll back once more.`,
        );
    },
  };
}
