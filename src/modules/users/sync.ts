import { FederationError } from '../../errors.ts';
import { canonical } from '../../internal/digest.ts';
import { sleep } from '../../internal/signal.ts';
import { hostLabel, managedLabel } from '../../kubesphere/names.ts';
import { type Cluster, type FederatedObject, kubesphere, type User } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { askClusters, type ClusterAnswer } from '../across.ts';
import type { FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { callOptionsIn } from '../options.ts';

/** Why a member's copy of a user lags. */
export type LagReason =
  /** The member does not answer, so that nobody knows. */
  | 'silent'
  /** The host's user controller has made no FederatedUser. */
  | 'not-federated'
  /** The host does not reach the member: kubefed says so, or the Cluster is not Ready. */
  | 'cluster-not-ready'
  /** A user of that name is there who bears `kubefed.io/managed=false`, as on every former host: kubefed leaves it alone. */
  | 'managed-false'
  /** Another user of the member has the e-mail address, and the member's webhook refuses the copy. */
  | 'email-taken'
  /** kubefed tried and was refused; the member's webhook, policies and ks-controller-manager decide about users. */
  | 'refused'
  /** Nothing has arrived yet: after a join it takes half a minute. */
  | 'not-arrived'
  /** A copy is there and is not what the host has. */
  | 'outdated';

/** How a user stands on one member. */
export type MemberSync =
  | { readonly cluster: string; readonly synced: true; readonly uid: string }
  | {
      readonly cluster: string;
      readonly synced: false;
      readonly reason: LagReason;
      /** What was found there. */
      readonly why: string;
      /** What to do about it. */
      readonly remedy: string;
      /** Whether it heals by itself. */
      readonly heals: boolean;
    };

/** How a user stands on all members. */
export interface UserSync {
  readonly user: string;
  /** Whether all of them have the very account, password included. */
  readonly synced: boolean;
  readonly members: readonly MemberSync[];
}

/** What was found on a member. */
interface Found {
  readonly copy: User | undefined;
  /** Another user with the e-mail address. */
  readonly namesake: string | undefined;
}

interface Original {
  readonly user: User;
  readonly federated: FederatedObject | undefined;
  readonly clusters: ReadonlyMap<string, Cluster>;
}

const essence = ({ spec, status }: User): string => canonical({ spec, state: status?.state ?? null });

function lag(cluster: string, reason: LagReason, why: string, remedy: string, heals: boolean): MemberSync {
  return { cluster, synced: false, reason, why, remedy, heals };
}

/** kubefed's entry for a member; `''` is well. */
function entryOf(federated: FederatedObject | undefined, cluster: string): string | undefined {
  const entry = federated?.status?.clusters?.find(({ name }) => name === cluster);
  return entry === undefined ? undefined : (entry.status ?? '');
}

function judge({ user, federated, clusters }: Original, answer: ClusterAnswer<Found>): MemberSync {
  const { cluster } = answer;
  const { name } = user.metadata;
  if (!answer.answered)
    return lag(
      cluster,
      'silent',
      `${cluster} does not answer: ${answer.error.message}`,
      'Bring it back, or unbind it; kubefed goes on by itself once the host reaches it.',
      true,
    );
  const { copy, namesake } = answer.value;
  const managed = copy?.metadata.labels?.[managedLabel];
  if (copy !== undefined && managed === 'true' && essence(copy) === essence(user))
    return { cluster, synced: true, uid: copy.metadata.uid };
  if (federated === undefined)
    return lag(
      cluster,
      'not-federated',
      `the host has no FederatedUser "${name}"`,
      'Look at ks-controller-manager of the host and its log; an annotation on the User makes it look again.',
      true,
    );
  const said = entryOf(federated, cluster);
  // Said of a label that is no longer there: kubefed is about to look again.
  const entry = said === 'ManagedLabelFalse' ? undefined : said;
  if (managed === 'false')
    return lag(
      cluster,
      'managed-false',
      `${cluster} has a user "${name}" of its own, labelled ${managedLabel}=false; it keeps its password and e-mail address`,
      `If it is the same person, take that label off there: kubefed then takes the account over at once.`,
      false,
    );
  if (namesake !== undefined)
    return lag(
      cluster,
      'email-taken',
      `user "${namesake}" of ${cluster} has the e-mail address ${user.spec.email}, and no two users of a cluster may`,
      'If that one is stale, delete it there, or give it another address.',
      false,
    );
  const ready = clusters
    .get(cluster)
    ?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (entry === 'ClusterNotReady' || ready !== true)
    return lag(
      cluster,
      'cluster-not-ready',
      `the host does not reach ${cluster}${entry === 'ClusterNotReady' ? ' (kubefed: ClusterNotReady)' : ' (its Cluster is not Ready)'}`,
      `See the conditions of Cluster "${cluster}" on the host.`,
      true,
    );
  if (entry !== undefined && entry !== '')
    return lag(
      cluster,
      'refused',
      `kubefed says ${entry}`,
      `Look at ks-controller-manager of ${cluster}: while it is down its webhook refuses every user. kubefed tries again.`,
      true,
    );
  if (copy === undefined)
    return lag(
      cluster,
      'not-arrived',
      'nothing has arrived yet',
      'Wait; if it lasts, look at kubefed on the host.',
      true,
    );
  return lag(
    cluster,
    'outdated',
    managed === 'true'
      ? 'the copy there is not what the host has'
      : `${cluster} has a user "${name}" of its own, which kubefed has not taken over yet`,
    'Wait; if it lasts, look at kubefed on the host, and restart it: its sync may be dead while all says Ready.',
    true,
  );
}

async function originalOf({ host }: FederationEnv, name: string, options: CallOptions): Promise<Original> {
  const [user, federated, clusters] = await Promise.all([
    host.connection.get(kubesphere.users, { name }, options),
    host.connection.find(kubesphere.federatedUsers, { name }, options),
    host.connection.list(kubesphere.clusters, options).toArray(),
  ]);
  return { user, federated, clusters: new Map(clusters.map((cluster) => [cluster.metadata.name, cluster])) };
}

/** Compares the host's user with what each member has: what lies there decides, what kubefed says of it explains. */
export async function syncStatus(
  env: FederationEnv,
  name: string,
  { clusters, ...options }: CallOptions & { readonly clusters?: readonly string[] } = {},
): Promise<UserSync> {
  const original = await originalOf(env, name, callOptionsIn(options));
  const { email } = original.user.spec;
  const members = [...original.clusters.values()]
    .filter(({ metadata }) => !(hostLabel in (metadata.labels ?? {})))
    .map(({ metadata }) => metadata.name);
  const unknown = clusters?.find((cluster) => !members.includes(cluster));
  if (unknown !== undefined)
    throw new FederationError(
      'NOT_FOUND',
      `${env.host.name} has no member "${unknown}"; federation.clusters.list() tells which it has.`,
    );
  const answers = await askClusters<Found>(
    env,
    async ({ connection }, call) => {
      const copy = await connection.find(kubesphere.users, { name }, call);
      if (copy?.spec.email === email) return { copy, namesake: undefined };
      let namesake: string | undefined;
      for await (const { metadata, spec } of connection.list(kubesphere.users, call))
        if (spec.email === email && metadata.name !== name) namesake = metadata.name;
      return { copy, namesake };
    },
    { ...options, clusters: clusters ?? members },
  );
  const judged = answers.map((answer) => judge(original, answer));
  return { user: name, synced: judged.every(({ synced }) => synced), members: judged };
}

const firstLookMs = 100;
const restMs = 2_000;

/**
 * Waits until members have the very account that the host has, password included.
 *
 * @throws FederationError `NOT_OBSERVED` naming each that lags, with the reason: when the time is over, or at once where nothing heals by itself
 */
export async function waitUntilSynced(
  env: FederationEnv,
  name: string,
  options: CallOptions & { readonly clusters?: readonly string[] } = {},
): Promise<UserSync> {
  const { timeoutMs = 120_000, clusters } = options;
  return inTime({ ...options, timeoutMs }, `waiting for user "${name}"`, async (call) => {
    const { signal } = call;
    const { retry } = callOptionsIn(options);
    // How long one cluster may take is another matter.
    const look = { signal, ...(retry !== undefined && { retry }), ...(clusters !== undefined && { clusters }) };
    // A user whom the controller has not seen yet would be found equal everywhere, and be changed right after.
    const settled = async (): Promise<boolean> =>
      (await env.host.connection.get(kubesphere.users, { name }, callOptionsIn(look))).status?.state !== undefined;
    let lagging: readonly Lagging[] | undefined;
    try {
      for (let pauseMs = firstLookMs; ; pauseMs = Math.min(2 * pauseMs, restMs)) {
        const status = await syncStatus(env, name, look);
        if (status.synced && (await settled())) return status;
        const late = status.members.flatMap((one) => (one.synced ? [] : [one]));
        // Whom a look that was cut off did not reach any more may lag or not.
        if (!signal.aborted || lagging === undefined) lagging = late;
        if (late.some(({ heals }) => !heals)) throw notSynced(name, 'will not reach every member by itself', late);
        await sleep(pauseMs, signal);
      }
    } catch (error) {
      const isOver = FederationError.is(signal.reason, 'TIMEOUT') && FederationError.is(error, 'TIMEOUT');
      if (!isOver || lagging === undefined) throw error;
      throw notSynced(name, `did not reach every member in ${Math.round(timeoutMs / 1000)} s`, lagging);
    }
  });
}

type Lagging = Exclude<UserSync['members'][number], { readonly synced: true }>;

const notSynced = (name: string, what: string, late: readonly Lagging[]): FederationError =>
  new FederationError(
    'NOT_OBSERVED',
    `User "${name}" ${what}: ${late.map(({ cluster, why, remedy }) => `${cluster}: ${why}. ${remedy}`).join(' ')}`,
    {
      retryable: late.every(({ heals }) => heals),
      details: { members: late.map(({ cluster, reason, why }) => ({ cluster, reason, why })) },
    },
  );
