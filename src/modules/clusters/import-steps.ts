import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import type { Forecast } from '../../workflow/change.ts';
import { defineStep } from '../../workflow/step.ts';
import type { FederationEnv } from '../env.ts';
import { discardParked, isParked, type Parked, park, parkedRef, unpark } from '../parking.ts';
import { foreseen, type Known, operates } from '../steps.ts';
import type { MemberBefore } from './another-host.ts';
import { expectArrivals } from './arrivals.ts';
import type { AcceptableFinding } from './info.ts';
import { withKubeconfig } from './way.ts';

/** What the workflow of {@link Clusters.import} begins with. */
export interface ImportInput {
  readonly name: string;
  readonly way: 'direct' | 'agent';
  /** UID of the member; `null` where it was not read, which an agent's need not be. */
  readonly memberUid: string | null;
  readonly provider: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly accept: readonly AcceptableFinding[];
  readonly formerHostGone: boolean;
}

/** The member as the call reached it, and the kubeconfig, which never goes into a journal. */
interface Reached {
  readonly member: KubeSphereCluster;
  readonly kubeconfig: string;
}

/** Whoever goes on with a run reaches the member by what the Cluster object of that run holds, or by what was parked. */
export interface ImportEnv extends FederationEnv {
  readonly reached?: Reached;
}

interface Begun {
  readonly input: ImportInput;
}
interface ParkedCluster extends Begun {
  readonly 'park-cluster': Parked | null;
}
/** Before the host takes the member in. */
export interface Expected extends ParkedCluster {
  /** `null` where nothing of the member was read, or nothing can arrive before its agent calls. */
  readonly arrivals: MemberBefore | null;
}

/** Of a run whose process died before the kubeconfig was anywhere. */
export const unknownKubeconfig = (): FederationError =>
  new FederationError(
    'INVALID',
    'The kubeconfig is known to the call alone that began this run. Roll the run back, then call import again.',
  );

/** A run that unbinds the cluster meanwhile parks under its name; no cluster's has a dot in it. */
const parkedAs = ({ name }: ImportInput): string => `${name}.import`;
const isReached = ({ way, memberUid }: ImportInput): boolean => way === 'direct' && memberUid !== null;

/** The kubeconfig lies in no Cluster object any more when the way back looks at the member last. */
export const parkStep = defineStep<Begun, ImportEnv>()({
  name: 'park-cluster',
  title: 'Park the kubeconfig of the member',
  ...operates<Begun, null, Parked | null>(async (ctx: Known<Begun> & { readonly env: ImportEnv }) => {
    const { env, state } = ctx;
    const { input } = state;
    // The host never gets the kubeconfig of a member that an agent connects.
    return park(env.host, parkedAs(input), async (): Promise<Readonly<Record<string, string>>> => {
      if (!isReached(input)) return {};
      if (env.reached === undefined) throw unknownKubeconfig();
      return { kubeconfig: env.reached.kubeconfig };
    });
  }),
  undoNeeds: ['import', 'arrivals'],
});

/** Works with the member as the call reached it; whoever goes on with a run, by the kubeconfig that was parked: its rights were asked for. */
async function onMember<T>(
  { env, state, signal }: Known<ParkedCluster> & { readonly env: ImportEnv },
  use: (member: KubeSphereCluster) => Promise<T>,
): Promise<T> {
  const { name, memberUid: uid } = state.input;
  if (env.reached !== undefined) return use(env.reached.member);
  const parked = state['park-cluster'];
  const { kubeconfig } = parked === null ? {} : await unpark({ signal }, env.host, parked);
  if (kubeconfig === undefined) throw unknownKubeconfig();
  return withKubeconfig(env.host, { name, uid }, kubeconfig, signal, use);
}

/** What a rollback is told by where the member is gone for good. */
const goneRemedy = ({
  env: { host },
  state: { input },
}: {
  readonly env: ImportEnv;
  readonly state: Begun;
}): string => {
  const { namespace, name } = parkedRef(host, parkedAs(input));
  return `If ${input.name} is gone for good, delete Secret ${namespace}/${name} on ${host.name}, then roll back once more.`;
};

/** Takes off the member what came of the host, or says why nothing of that can be reached any more: then it is over. */
async function takeOff(
  ctx: Known<ParkedCluster> & { readonly env: ImportEnv },
  use: (member: KubeSphereCluster) => Promise<void>,
): Promise<void> {
  const { env, state, signal, log } = ctx;
  const { input, 'park-cluster': parked } = state;
  const stays = `What ${env.host.name} may have sent to ${input.name}, and its account there, were left.`;
  if (env.reached === undefined && parked !== null && !(await isParked({ signal }, env.host, parked)))
    return log.warn(
      `${env.host.name}: Secret ${parked.namespace}/${parked.name} is gone, and with it the way to ${input.name}. ${stays}`,
    );
  try {
    await onMember(ctx, use);
  } catch (error) {
    // ENV_CHANGED: another cluster answers there, for good or for a while.
    if (!FederationError.is(error, 'UNREACHABLE', 'UNAUTHENTICATED', 'UNSUPPORTED', 'ENV_CHANGED')) throw error;
    const { code, message, retryable, details } = error;
    throw new FederationError(code, `${message} ${goneRemedy(ctx)}`, { cause: error, retryable, details });
  }
}

/** What the host is about to send can be told from what is there; the way back takes it off again. */
export const arrivalsStep = defineStep<ParkedCluster, ImportEnv>()({
  name: 'arrivals',
  title: 'Note what is on the member before the host comes',
  forecast: async (open): Promise<Forecast<MemberBefore | null>> => {
    const ctx = open as Known<ParkedCluster> & { readonly env: ImportEnv };
    const { env, state } = ctx;
    if (!isReached(state.input))
      return { effect: 'none', why: 'nothing arrives before the agent of the member calls', out: null, decides: null };
    return onMember(ctx, (member) => foreseen(expectArrivals(env.host, member, state.input.name), ctx, true));
  },
  capture: async () => null,
  run: (ctx): Promise<MemberBefore | null> =>
    onMember(ctx, (member) => expectArrivals(ctx.env.host, member, ctx.state.input.name).run(ctx, null)),
  unseen: 'what the host had sent is found by its mark',
  compensate: (ctx) =>
    takeOff(ctx, (member) =>
      expectArrivals(ctx.env.host, member, ctx.state.input.name).compensate(
        { ...ctx, assertHeld: ctx.confirmDriver },
        null,
        ctx.out ?? undefined,
      ),
    ),
  remedy:
    'Clear that, then roll back once more. Where the member is gone for good, delete Secret kubesphere-federation-parked-….import in kubesphere-system on the host first.',
  undoNeeds: ['import'],
});

/** Nothing of the kubeconfig is left where nobody looks for it. */
export const tidyStep = defineStep<ParkedCluster, ImportEnv>()({
  name: 'tidy',
  title: 'Delete what was parked',
  pivot: true,
  irreversible: 'no kubeconfig is kept any longer than it may be needed',
  forecast: async ({ env: { host }, state }): Promise<Forecast<void>> =>
    state['park-cluster'] === null
      ? { effect: 'none', why: 'nothing was parked', out: undefined }
      : {
          effect: 'change',
          changes: [{ verb: 'delete', resource: parkedRef(host, parkedAs(state.input)), before: {} }],
        },
  run: (ctx) => discardParked({ ...ctx, assertHeld: ctx.confirmDriver }, ctx.env.host, parkedAs(ctx.state.input)),
});
