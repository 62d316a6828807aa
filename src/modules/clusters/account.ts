import { FederationError } from '../../errors.ts';
import { isRecord, parseJson } from '../../kube/json.ts';
import type { ObjectMeta } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { hostSecret, hostServiceAccount, kubefedNamespace, runAnnotation } from '../../kubesphere/names.ts';
import { some } from '../closure.ts';
import { managedByOthers, shownManaged } from './managed.ts';

/** What is to become of the account that a host has on a member. */
export interface AccountFate {
  /** UID of the ServiceAccount whose token the host holds; `null`: not known. */
  readonly uid: string | null;
  readonly remove: boolean;
  /** Why it stays; `null` where it goes, or where there is none. */
  readonly why: string | null;
  /** Nobody could look at the member. */
  readonly unread?: true;
}

/** UID of the ServiceAccount in a token's claims, unverified: legacy and bound tokens name it in different places. */
function accountUidOf(token: string): string | undefined {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  if (!isRecord(claims)) return undefined;
  const bound = claims['kubernetes.io'];
  const account = isRecord(bound) ? bound['serviceaccount'] : undefined;
  const uid =
    claims['kubernetes.io/serviceaccount/service-account.uid'] ?? (isRecord(account) ? account['uid'] : undefined);
  return typeof uid === 'string' && uid !== '' ? uid : undefined;
}

/** UID of the account on the member whose token a host holds in its `<cluster>-secret`; `undefined` where it holds none. */
export async function heldAccount(
  host: KubeSphereCluster,
  cluster: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const at = { namespace: kubefedNamespace, name: hostSecret(cluster) };
  const secret = await host.connection.find(core.secrets, at, { signal });
  const token = secret?.data?.['token'];
  return token === undefined ? undefined : accountUidOf(Buffer.from(token, 'base64').toString());
}

/**
 * Whether the account of a host on a member is this host's alone. Hosts that import a member under the same name share account, UID and
 * token (domain reference, 8.3): it goes only when it is the one in the host's own Secret, and nothing on the member tells of another
 * host. Whatever cannot be read keeps it.
 *
 * @param heldUid - from {@link heldAccount}, read while the host still had the member
 */
export async function judgeAccount(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  cluster: string,
  heldUid: string | undefined,
  signal: AbortSignal,
): Promise<AccountFate> {
  const account = hostServiceAccount(cluster);
  const kept = (why: string): AccountFate => ({ uid: heldUid ?? null, remove: false, why });
  return unlessUnreadable(kept, async () => {
    const accounts = await accountsOf(member, signal);
    const own = accounts.find(({ name }) => name === account);
    if (own === undefined) return { uid: heldUid ?? null, remove: false, why: null };
    if (heldUid === undefined)
      return kept(
        `${host.name} holds no token (Secret ${hostSecret(cluster)}) to tell whose ServiceAccount ${account} is.`,
      );
    const other = foreignAccount(host, own, heldUid) ?? (await otherHost(host, member, cluster, accounts, signal));
    return other === undefined ? { uid: heldUid, remove: true, why: null } : kept(other);
  });
}

/**
 * Whether another host may have taken a member since the account there was judged: asked before it is imported again.
 *
 * @param fate - what was judged
 * @param runId - of the run that may have made the account again, on its way back
 * @returns why it may; `undefined` where nothing tells of one that did not before
 */
export async function takenSince(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  cluster: string,
  fate: AccountFate,
  { runId, signal }: { readonly runId: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const why = await unlessUnreadable(
    (unread): string | undefined => unread,
    async () => {
      const accounts = await accountsOf(member, signal);
      const own = accounts.find(({ name }) => name === hostServiceAccount(cluster));
      const isOurs = own === undefined || own.annotations?.[runAnnotation] === runId;
      const foreign = isOurs || fate.uid === null ? undefined : foreignAccount(host, own, fate.uid);
      return foreign ?? (await otherHost(host, member, cluster, accounts, signal));
    },
  );
  return why === fate.why || (fate.why === null && !fate.remove && why === secretsDiffer(host)) ? undefined : why;
}

async function unlessUnreadable<T>(unread: (why: string) => T, judge: () => Promise<T>): Promise<T> {
  try {
    return await judge();
  } catch (error) {
    if (!FederationError.is(error) || FederationError.is(error, 'ABORTED')) throw error;
    return unread(`Whether another host has the member could not be read: ${error.message}`);
  }
}

async function accountsOf({ connection }: KubeSphereCluster, signal: AbortSignal): Promise<readonly ObjectMeta[]> {
  const found = await connection.listMetadata(core.serviceAccounts, { namespace: kubefedNamespace, signal }).toArray();
  return found.map(({ metadata }) => metadata);
}

function foreignAccount(
  host: KubeSphereCluster,
  { name, uid }: ObjectMeta,
  heldUid: string | undefined,
): string | undefined {
  if (uid === heldUid) return undefined;
  return `ServiceAccount ${name} there (UID ${uid}) is not the one whose token ${host.name} holds (UID ${heldUid}): somebody else made it.`;
}

const secretsDiffer = (host: KubeSphereCluster): string =>
  `The jwtSecret there is not the one of ${host.name}: another host may have the member.`;

/** What on a member tells of another host than this one. */
async function otherHost(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  cluster: string,
  accounts: readonly ObjectMeta[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const others = accounts
    .map(({ name }) => name)
    .filter((name) => name.endsWith('-kubesphere') && name !== hostServiceAccount(cluster));
  if (others.length > 0) return `Another host has the member, or had it, as ${some(others)} tell(s).`;
  const [ours, theirs] = await Promise.all([
    readInstallation(host.connection, { signal }),
    readInstallation(member.connection, { signal }),
  ]);
  if (ours.jwtDigest === undefined || ours.jwtDigest !== theirs.jwtDigest) return secretsDiffer(host);
  const strangers = await managedByOthers(host, member, signal);
  if (strangers.length === 0) return undefined;
  return `${strangers.length} object(s) there are managed by a host, and not by ${host.name}: ${some(strangers.map(shownManaged))}.`;
}
