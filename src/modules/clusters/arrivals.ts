import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostServiceAccount, kubefedNamespace, managedLabel } from '../../kubesphere/names.ts';
import { some } from '../closure.ts';
import { needsOf, type Operation } from '../operation.ts';
import { assertLetGo, expectCopies, listed, removeAccount, removeArrived } from '../operations/host-copies.ts';
import { toListAll } from '../rights.ts';
import type { Work } from '../work.ts';
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

/** An object on a member of the kinds that a host copies. */
type Copy = Awaited<ReturnType<typeof listed>>[number];

/** What was copied to a member since, and the part of it that this host does not have. */
async function copiedSince(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  { present }: Pick<MemberBefore, 'present'>,
  signal: AbortSignal,
): Promise<{ readonly copies: readonly Copy[]; readonly strangers: readonly ManagedObject[] }> {
  const before = new Set(present);
  const copies = (await listed(member, signal, onlyMarked)).filter(({ uid }) => !before.has(uid));
  const objects = copies.map(({ resource: { kind }, name, uid }) => ({ kind, metadata: { name, uid } }));
  return { copies, strangers: objects.length === 0 ? [] : await unknownTo(host, objects, signal) };
}

/** How long {@link ownCopies} waits for a mark, and how often it looks. */
export interface MarkWait {
  /** A host puts a mark back that another one took off after 11 s at the latest (domain reference, 8.2). */
  readonly forMs: number;
  readonly everyMs: number;
}

const markWait: MarkWait = { forMs: 15_000, everyMs: 500 };

/**
 * By UID, what this host copied to a member that it has let go. Its kubefed may have taken another host's marks off right before, so that
 * they are waited for where anything came that was not asked about, for it bore none.
 *
 * @throws FederationError `KEPT_AT_RISK` where some of what was copied is another host's, as `left` words it
 */
async function ownCopies(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  before: Pick<MemberBefore, 'present'>,
  { forMs, everyMs }: MarkWait,
  { signal }: Pick<Work, 'signal'>,
): Promise<ReadonlySet<string>> {
  for (const began = performance.now(); ; ) {
    const { copies, strangers } = await copiedSince(host, member, before, signal);
    if (strangers.length > 0)
      throw left(
        host,
        member,
        `Another host has ${member.name} under the same name, or had it, or ${host.name} has deleted since what it copied there: ${some(strangers.map(shownManaged))}.`,
        `Unbind it where another host has it. Then take label ${managedLabel} off these on ${member.name}: they stay there as its own. If the label comes back within a minute, another host still has it. If not, roll back once more.`,
      );
    const asked = new Set(uidsOf(copies));
    const known = new Set([...before.present, ...asked]);
    const unmarked = (await listed(member, signal)).some(({ uid }) => !known.has(uid));
    if (!unmarked || performance.now() - began >= forMs) return asked;
    await sleep(everyMs, signal);
  }
}

const left = (host: KubeSphereCluster, member: KubeSphereCluster, why: string, then: string): FederationError =>
  new FederationError(
    'KEPT_AT_RISK',
    `${why} What ${host.name} left on ${member.name} cannot be told from what is another host's, and stays. ${then}`,
  );

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
  const { strangers: suspects } = await copiedSince(host, member, before, signal);
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
 * @param wait - for marks, on the way back
 */
export function expectArrivals(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  cluster: string,
  wait: MarkWait = markWait,
): Operation<null, MemberBefore> {
  const copies = expectCopies(member, cluster, [host]);
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
      const only = await ownCopies(host, member, before, wait, work);
      // One that was there before is a former host's, and this one only used it.
      if (before.account === null) await removeAccount(work, member, cluster);
      const other = await joinedUnderAnotherName(member, cluster, before, work.signal);
      if (other === undefined) return removeArrived(work, member, before.present, { only });
      const marked = await listed(member, work.signal, onlyMarked);
      const since = marked.filter(({ uid }) => !before.marked.includes(uid));
      if (since.length > 0)
        throw left(
          host,
          member,
          other,
          `That is ${some(since.map(({ resource, name }) => `${resource.kind} ${name}`))}. When no other host has ${member.name} any more, delete that ServiceAccount there, then roll back once more.`,
        );
    },
  };
}
