import { FederationError } from '../../errors.ts';
import { canonical } from '../../internal/digest.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import type { Forecast } from '../../workflow/change.ts';
import { piece } from '../../workflow/compose.ts';
import { defineStep } from '../../workflow/step.ts';
import { observeChanges, touchChanges } from '../changes.ts';
import { type ClusterByName, clusterByName, type FederationEnv } from '../env.ts';
import { composeMethod } from '../method.ts';
import { needsOf, runAndVerify } from '../operation.ts';
import { clusterSecrets } from '../operations/cluster-object.ts';
import { closeWebhook, openWebhook, type WebhookOpened } from '../operations/cluster-webhook.ts';
import { detachCluster } from '../operations/detach-cluster.ts';
import { type HostAccess, shutOut } from '../operations/host-access.ts';
import { discardParked, type Parked, park, parkedRef, unpark } from '../parking.ts';
import { toSeeNothingDoomed } from '../placement/doomed.ts';
import type { Right } from '../rights.ts';
import { foreseen, type Known, operates } from '../steps.ts';
import { type AccountFate, heldAccount, judgeAccount, takenSince } from './account.ts';
import { placedByName, readPlaced } from './placed.ts';
import { assertMayReturn } from './returning.ts';
import { leadsThrough, withMember } from './way.ts';

/** What the workflow of {@link Clusters.unbind} begins with. */
export interface UnbindInput {
  readonly name: string;
  /** UID of the Cluster object meant. */
  readonly objectUid: string;
  /** UID of the member; `null` where the host never got to know it. */
  readonly memberUid: string | null;
}

/** What {@link Clusters.unbind} leaves, on the member and on the host. */
export interface Unbound {
  /** The host's ServiceAccount with its ClusterRole and binding; `none`: there was none. */
  readonly account: 'removed' | 'kept' | 'none';
  /** Why the account was kept. */
  readonly why?: string;
  /**
   * Workspaces and multi-cluster projects that name the cluster in their placement still: they come to whatever is imported under that
   * name next (H11).
   */
  readonly placements: readonly string[];
}
/** Of the host's access to the member. */
type Access = Omit<Unbound, 'placements'>;

interface Begun {
  readonly input: UnbindInput;
}
interface Judged extends Begun {
  readonly 'judge-account': AccountFate;
}
interface ParkedCluster extends Judged {
  readonly 'park-cluster': Parked | null;
}
interface Opened extends ParkedCluster {
  readonly 'open-webhook': WebhookOpened;
}

/** Asked while the host still has the member, for its Secret with the token goes with the Cluster. */
async function judge({ env, state: { input }, signal }: Known<Begun>): Promise<AccountFate> {
  const { host } = env;
  const { name, memberUid } = input;
  const held = await heldAccount(host, name, signal);
  const kept = (why: string): AccountFate => ({ uid: held ?? null, remove: false, why, unread: true });
  try {
    const call = { signal, timeoutMs: 30_000, retry: { retries: 1 } };
    const member = await env.member(name, call);
    if (member.uid !== memberUid)
      return kept(
        `The way to "${name}" leads to another cluster (UID ${member.uid}) than the one that ${host.name} has (UID ${memberUid ?? 'unknown'}).`,
      );
    if (leadsThrough(member.connection.server, host.connection.server))
      return kept(
        `The way to "${name}" leads through ${host.name} and ends with the unbinding; give Federation.connect its own kubeconfig, members: { '${name}': { kubeconfig } }.`,
      );
    return await judgeAccount(host, member, name, held, signal);
  } catch (error) {
    if (!FederationError.is(error) || FederationError.is(error, 'ABORTED')) throw error;
    return kept(`"${name}" was not reached, and stays as it is: ${error.message}`);
  }
}

const judgeStep = defineStep<Begun, FederationEnv>()({
  name: 'judge-account',
  title: "Find out whether the host's account on the member is its alone",
  readOnly: true,
  forecast: async (ctx): Promise<Forecast<AccountFate>> => {
    const out = await judge(ctx as Known<Begun>);
    return { effect: 'none', why: out.why ?? 'the account can go', out, decides: null };
  },
  run: judge,
});

const parkStep = defineStep<Judged, FederationEnv>()({
  name: 'park-cluster',
  title: "Park the host's kubeconfig for the member",
  ...operates<Judged, null, Parked | null>(async ({ env: { host }, state: { input } }) =>
    park(host, input.name, (signal) => clusterSecrets(host, input.name, signal)),
  ),
  undoNeeds: ['detach'],
});

const openStep = defineStep<ParkedCluster, FederationEnv>()({
  name: 'open-webhook',
  title: 'Open the webhook that holds a cluster whose member does not answer',
  ...operates(async ({ env: { host }, state: { input } }: Known<ParkedCluster>) => openWebhook(host, input.name)),
  remedy:
    'Take objectSelector kubesphere-federation/opened and annotation kubesphere-federation/run off ValidatingWebhookConfiguration cluster.kubesphere.io on the host.',
});

/** @throws FederationError `KEPT_AT_RISK`, `UNREACHABLE` where another host may have the member by now: two hosts on one destroy what both have */
async function assertNotTaken({ env, state, runId }: Known<ParkedCluster>, signal: AbortSignal): Promise<void> {
  const { name, memberUid } = state.input;
  if (memberUid === null) return;
  const fate = state['judge-account'];
  const why = await withMember(
    env,
    { name, uid: memberUid },
    state['park-cluster'],
    signal,
    (member: KubeSphereCluster) => takenSince(env.host, member, name, fate, { runId, signal }),
  );
  if (why === undefined) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${env.host.name}: cluster "${name}" is not imported again, for another host may have it by now. ${why} Import it by hand once no other host has it.`,
  );
}

const detachStep = defineStep<ParkedCluster, FederationEnv>()({
  name: 'detach',
  title: 'Delete the Cluster object',
  ...operates(async (ctx: Known<ParkedCluster>) => {
    const { host } = ctx.env;
    const { name, objectUid, memberUid } = ctx.state.input;
    const parked = ctx.state['park-cluster'];
    const detaching = detachCluster(host, name, memberUid ?? undefined, {
      objectUid,
      async mayReturn(signal, labels) {
        await assertNotTaken(ctx, signal);
        // While the host did not have the member its placements may have changed.
        if (memberUid !== null)
          await onMember(ctx, (member) => assertMayReturn({ host, cluster: name, labels }, member, signal));
      },
      async secrets(signal) {
        if (parked === null || parked === undefined) return { kubeconfig: '' };
        const { kubeconfig = '', token } = await unpark({ signal }, host, parked);
        return { kubeconfig, ...(token === undefined ? {} : { token }) };
      },
    });
    return {
      ...detaching,
      async needs(work) {
        const { verify = [], compensate = [] } = await needsOf(detaching, work);
        return { verify, compensate: [...compensate, ...(await toReturn(ctx))] };
      },
    };
  }),
  remedy:
    'Clear the cause, then roll back once more; or import the cluster again under the same name, which looks first.',
});

/** What the look at the member takes before it is joined again; a member that is silent now can be looked at only then. */
async function toReturn(ctx: Known<ParkedCluster>): Promise<readonly Right[]> {
  const { name, memberUid } = ctx.state.input;
  if (memberUid === null || ctx.state['judge-account'].unread === true) return [];
  return onMember(ctx, (member) => toSeeNothingDoomed({ host: ctx.env.host, cluster: name }, member, ctx.signal));
}

const closing = operates(async ({ env: { host }, state }: Known<Opened>) =>
  closeWebhook(host, state['open-webhook'] ?? { before: null }),
);

const closeStep = defineStep<Opened, FederationEnv>()({
  name: 'close-webhook',
  title: 'Close the webhook again',
  ...closing,
  // A webhook that is closed is nothing to undo: opening it again for the way back would guard nothing meanwhile.
  async observe(ctx) {
    const now = await closing.observe(ctx);
    return ctx.intends.map(({ before = null, after = null }, index) =>
      canonical(now[index] ?? null) === canonical(after) ? before : (now[index] ?? null),
    );
  },
});

/** The account goes with its rights, once more seen to be the one that the host held. */
async function retire(ctx: Known<ParkedCluster>, member: KubeSphereCluster) {
  const { name } = ctx.state.input;
  const fate = ctx.state['judge-account'];
  const now = await judgeAccount(ctx.env.host, member, name, fate.uid ?? undefined, ctx.signal);
  return { now, operation: shutOut(member, name) };
}

const outOf = ({ why }: Pick<AccountFate, 'why'>): Access =>
  why === null ? { account: 'none' } : { account: 'kept', why };

/** Members by name, the one that is leaving by its parked kubeconfig. */
const reaching =
  ({ env, state }: Known<ParkedCluster>, member: KubeSphereCluster): ClusterByName =>
  async (name, options) =>
    name === state.input.name ? member : clusterByName(env)(name, options);

function onMember<T>(ctx: Known<ParkedCluster>, use: (member: KubeSphereCluster) => Promise<T>): Promise<T> {
  const { name, memberUid: uid } = ctx.state.input;
  return withMember(ctx.env, { name, uid }, ctx.state['park-cluster'], ctx.signal, use);
}

const shutOutStep = defineStep<ParkedCluster, FederationEnv>()({
  name: 'shut-out',
  title: "Remove the host's account and rights on the member",
  forecast: async (open): Promise<Forecast<Access>> => {
    const ctx = open as Known<ParkedCluster>;
    const fate = open.state['judge-account'];
    if (fate === undefined) return { effect: 'unknown', why: 'it depends on what is there', touches: [] };
    if (!fate.remove)
      return { effect: 'none', why: fate.why ?? 'the host has no account there', out: outOf(fate), decides: null };
    return onMember(ctx, async (member): Promise<Forecast<Access>> => {
      const forecast = await foreseen(shutOut(member, ctx.state.input.name), ctx, true);
      return forecast.effect === 'none' ? { ...forecast, out: { account: 'none' } } : (forecast as Forecast<Access>);
    });
  },
  capture: (ctx): Promise<HostAccess> => onMember(ctx, (member) => shutOut(member, ctx.state.input.name).capture(ctx)),
  run: (ctx): Promise<Access> =>
    onMember(ctx, async (member) => {
      const { now, operation } = await retire(ctx, member);
      if (now.why !== null) return outOf(now);
      await runAndVerify(operation, { ...ctx, assertHeld: ctx.confirmDriver }, ctx.before);
      return { account: 'removed' };
    }),
  observe: (ctx) => onMember(ctx, (member) => observeChanges(reaching(ctx, member), ctx)),
  touch: (ctx) => onMember(ctx, (member) => touchChanges(reaching(ctx, member), ctx)),
  async compensate(ctx) {
    // Another host would take the account for its own.
    await assertNotTaken(ctx, ctx.signal);
    await onMember(ctx, (member) =>
      shutOut(member, ctx.state.input.name).compensate(
        { ...ctx, assertHeld: ctx.confirmDriver },
        ctx.before,
        undefined,
      ),
    );
  },
  remedy: "The host's next join makes the account again.",
});

const tidyStep = defineStep<ParkedCluster, FederationEnv>()({
  name: 'tidy',
  title: 'Delete what was parked',
  pivot: true,
  irreversible: 'the kubeconfig of the cluster is not kept any longer than it may be needed',
  forecast: async ({ env: { host }, state }): Promise<Forecast<void>> =>
    state['park-cluster'] === null
      ? { effect: 'none', why: 'nothing was parked', out: undefined }
      : { effect: 'change', changes: [{ verb: 'delete', resource: parkedRef(host, state.input.name), before: {} }] },
  run: (ctx) => discardParked({ ...ctx, assertHeld: ctx.confirmDriver }, ctx.env.host, ctx.state.input.name),
});

const reportStep = defineStep<ParkedCluster, FederationEnv>()({
  name: 'report',
  title: 'See who still names the cluster',
  readOnly: true,
  forecast: async () => ({ effect: 'unknown', why: 'it reads placements', touches: [] }),
  run: async ({ env: { host }, state, signal }) => placedByName(await readPlaced(host, signal), state.input.name),
});

/** The steps of {@link Clusters.unbind}. */
const unbindPiece = piece<Begun, FederationEnv>()
  .step(judgeStep)
  .step(parkStep)
  .step(openStep)
  .step(detachStep)
  .step(closeStep)
  .step(shutOutStep)
  .step(tidyStep)
  .step(reportStep);

/** Unbinds a cluster: the host lets go of it, and its credentials on the member go where they are nobody else's. */
export const unbindWorkflow = composeMethod<UnbindInput>('unbind-cluster')
  .include(unbindPiece)
  .returns((state): Unbound => ({ ...state['shut-out'], placements: state.report }));
