import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostServiceAccount, kubefedNamespace, kubesphereNamespace, managedLabel } from '../../kubesphere/names.ts';
import { some } from '../closure.ts';
import { needsOf, type Operation } from '../operation.ts';
import { assertLetGo, expectCopies, listed, removeAccount, removeArrived } from '../operations/host-copies.ts';
import { toGet, toListAll, within } from '../rights.ts';
import type { Work } from '../work.ts';
import {
  hasAnotherSecret,
  joinedUnderAnotherName,
  type MemberBefore,
  marksSince,
  memberBefore,
  onlyMarked,
} from './another-host.ts';
import { shownManaged } from './managed.ts';

/** How long {@link allMarked} waits for a mark, and how often it looks. */
export interface MarkWait {
  /** That kubefed puts a mark back that another one took off takes as long as for other labels: 11 s at the most (domain reference, 8.2). */
  readonly forMs: number;
  readonly everyMs: number;
}

const markWait: MarkWait = { forMs: 15_000, everyMs: 500 };

/**
 * What bears a mark on a member that this host has let go, by UID: all of it is this host's, or bore it before. Its kubefed may have taken
 * another host's marks off right before, so that they are waited for where anything came that was not asked about, for it bore none.
 *
 * @throws FederationError `KEPT_AT_RISK` where some of what was copied is another host's, or the member's jwtSecret tells of one, as `left` words it
 */
async function allMarked(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  before: MemberBefore,
  { forMs, everyMs }: MarkWait,
  { signal }: Pick<Work, 'signal'>,
): Promise<ReadonlySet<string>> {
  for (const began = performance.now(); ; ) {
    const isLast = performance.now() - began >= forMs;
    const { taken, strangers } = await marksSince(host, member, before, signal);
    if (strangers.length > 0)
      throw left(
        host,
        member,
        `Another host has ${member.name} under the same name, or had it, or ${host.name} has deleted since what it had there: ${some(strangers.map(shownManaged))}.`,
        `Unbind it where another host has it. Then take label ${managedLabel} off these on ${member.name}: they stay there as its own. If the label comes back within a minute, another host still has it. If not, roll back once more.`,
      );
    if (await hasAnotherSecret(host, member, before, signal))
      throw left(
        host,
        member,
        `The jwtSecret there is neither the one that ${member.name} had when it was imported nor that of ${host.name}: another host may have it by now.`,
        `Unbind it where another host has it. Once none has it, give it the jwtSecret of ${host.name} (federation.clusters.prepareMember(member, { formerHostGone: true })), and roll back once more.`,
      );
    const known = new Set([...before.present, ...taken]);
    const unmarked = (await listed(member, signal)).some(({ uid }) => !known.has(uid));
    if (!unmarked || isLast) return new Set([...before.marked, ...taken]);
    await sleep(everyMs, signal);
  }
}

const left = (host: KubeSphereCluster, member: KubeSphereCluster, why: string, then: string): FederationError =>
  new FederationError(
    'KEPT_AT_RISK',
    `${why} What ${host.name} left on ${member.name} cannot be told from what is another host's, and stays. ${then}`,
  );

const lacksAccount = async (
  { connection }: KubeSphereCluster,
  cluster: string,
  signal: AbortSignal,
): Promise<boolean> => {
  const at = { namespace: kubefedNamespace, name: hostServiceAccount(cluster) };
  return (await connection.find(core.serviceAccounts, at, { signal })) === undefined;
};

const withoutAccount = ({ code, message }: FederationError): FederationError =>
  new FederationError(
    code,
    `${message} The account that hosts have there under that name is gone: where another host keeps the member, put an annotation on its KubeFedCluster, so that its kubefed takes up the account that is made anew.`,
  );

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
      compensate: [
        ...((await needsOf(copies, work)).compensate ?? []),
        ...toListAll(host),
        ...within(kubesphereNamespace, toGet(member, core.configMaps)),
      ],
    }),
    async compensate(work, _before, before) {
      // Nothing had joined yet.
      if (before === undefined) return;
      await assertLetGo(work, host, cluster);
      // Now that it has let go, what is deleted on this host stays there, too.
      const ask = (how: MarkWait): Promise<ReadonlySet<string>> =>
        allMarked(host, member, before, how, work).catch(async (error: unknown) => {
          const told = FederationError.is(error, 'KEPT_AT_RISK') && before.account === null;
          throw told && (await lacksAccount(member, cluster, work.signal)) ? withoutAccount(error) : error;
        });
      await ask(wait);
      // One that was there before is a former host's, and this one only used it.
      if (before.account === null) await removeAccount(work, member, cluster);
      // Whatever came or got its mark meanwhile is asked about, too.
      const known = await ask({ ...wait, forMs: 0 });
      const other = await joinedUnderAnotherName(member, cluster, before, work.signal);
      if (other === undefined) return removeArrived(work, member, before.present, { known });
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
