import { FederationError } from '../../errors.ts';
import { connectCluster } from '../../kube/connect.ts';
import { type PortableKubeconfig, portableKubeconfig } from '../../kube/portable.ts';
import { type KubeSphereCluster, openCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import type { Forecast } from '../../workflow/change.ts';
import { defineStep } from '../../workflow/step.ts';
import type { FederationEnv } from '../env.ts';
import { composeMethod } from '../method.ts';
import { clusterSecrets } from '../operations/cluster-object.ts';
import { type KubeconfigBefore, type Replaced, replaceKubeconfig } from '../operations/replace-kubeconfig.ts';
import { discardParked, type Parked, park, parkedRef, unpark } from '../parking.ts';
import { type Known, operates } from '../steps.ts';
import { checkKubeconfig, checkRights } from './checks/credential.ts';
import { blocks, type ClusterFinding, unlessUnread } from './checks/finding.ts';

/** What the workflow of {@link Clusters.updateKubeconfig} begins with. */
export interface UpdateInput {
  readonly name: string;
  /** UID of the Cluster object meant. */
  readonly objectUid: string;
  readonly memberUid: string;
}

/** The new kubeconfig goes with the call, and never into a journal; whoever goes on with a run takes it from where it was parked. */
export interface UpdateEnv extends FederationEnv {
  readonly newKubeconfig?: PortableKubeconfig;
}

interface Begun {
  readonly input: UpdateInput;
}
interface ParkedBoth extends Begun {
  readonly park: Parked | null;
}

/** The new kubeconfig: the call's, else the parked one. */
async function nextOf(env: UpdateEnv, parked: Parked | null | undefined, signal: AbortSignal) {
  if (env.newKubeconfig !== undefined) return env.newKubeconfig;
  const next =
    parked === null || parked === undefined ? undefined : (await unpark({ signal }, env.host, parked))['next'];
  if (next !== undefined) return portableKubeconfig(next);
  throw new FederationError(
    'INVALID',
    'The new kubeconfig is known to the call alone that began this run. Roll the run back, then call updateKubeconfig again.',
  );
}

/** Whether the new kubeconfig may take the place of the old one. */
async function findingsOf(
  host: KubeSphereCluster,
  { name, memberUid }: UpdateInput,
  next: PortableKubeconfig,
  signal: AbortSignal,
): Promise<readonly ClusterFinding[]> {
  const found = checkKubeconfig(host, name, next);
  if (found.some(({ severity }) => severity === 'blocks')) return found;
  return unlessUnread(name, async () => {
    await using connection = await connectCluster({ kubeconfig: next.text, name });
    const member = await openCluster(connection, { signal, timeoutMs: 15_000, retry: false });
    if (member.uid !== memberUid)
      return [
        blocks(
          'OTHER_CLUSTER',
          name,
          `The kubeconfig leads to another cluster (UID ${member.uid}) than "${name}" is (UID ${memberUid}).`,
          'Give one of that very cluster.',
        ),
      ];
    const [ours, theirs] = await Promise.all([
      readInstallation(host.connection, { signal }),
      readInstallation(member.connection, { signal }),
    ]);
    if (ours.jwtDigest !== theirs.jwtDigest)
      return [
        blocks(
          'JWT_SECRET',
          name,
          `${name}: its authentication.jwtSecret is not the one of ${host.name}.`,
          'Align it first: federation.clusters.alignJwtSecret.',
        ),
      ];
    // Awaited here: the connection lives only as long as this call.
    return await checkRights(connection, signal);
  });
}

const checkStep = defineStep<Begun, UpdateEnv>()({
  name: 'check-kubeconfig',
  title: 'The new kubeconfig leads to the same cluster, and the host can use it',
  readOnly: true,
  forecast: async ({ env, state: { input }, signal }): Promise<Forecast<void>> => {
    const found = env.newKubeconfig === undefined ? [] : await findingsOf(env.host, input, env.newKubeconfig, signal);
    const blocking = found.filter(({ severity }) => severity === 'blocks');
    if (blocking.length === 0) return { effect: 'none', why: 'nothing in the way', out: undefined };
    return {
      effect: 'blocked',
      why: blocking.map(({ code, what }) => `[${code}] ${what}`).join(' '),
      remedy: blocking.map(({ remedy }) => remedy).join(' '),
    };
  },
  run: async () => {},
});

const parkStep = defineStep<Begun, UpdateEnv>()({
  name: 'park',
  title: 'Park the former kubeconfig, and the new one',
  ...operates<Begun, null, Parked | null>(async ({ env, state: { input } }) =>
    park(env.host, input.name, async (signal): Promise<Readonly<Record<string, string>>> => {
      const [{ kubeconfig = '' }, next] = await Promise.all([
        clusterSecrets(env.host, input.name, signal),
        nextOf(env, undefined, signal),
      ]);
      return kubeconfig === next.text ? {} : { kubeconfig, next: next.text };
    }),
  ),
  undoNeeds: ['replace'],
});

const replaceStep = defineStep<ParkedBoth, UpdateEnv>()({
  name: 'replace',
  title: 'Store the new kubeconfig, and see the host use it',
  ...operates<ParkedBoth, KubeconfigBefore, Replaced>(async ({ env, state }: Known<ParkedBoth>) => {
    const { park: parked, input } = state;
    return replaceKubeconfig(env.host, {
      name: input.name,
      objectUid: input.objectUid,
      next: (signal) => nextOf(env, parked, signal),
      former: async (signal) =>
        parked === null ? '' : ((await unpark({ signal }, env.host, parked))['kubeconfig'] ?? ''),
    });
  }),
  remedy: 'Call updateKubeconfig with the former kubeconfig.',
});

const tidyStep = defineStep<ParkedBoth, UpdateEnv>()({
  name: 'tidy',
  title: 'Delete what was parked',
  pivot: true,
  irreversible: 'no kubeconfig is kept any longer than it may be needed',
  forecast: async ({ env: { host }, state }): Promise<Forecast<void>> =>
    state.park === null
      ? { effect: 'none', why: 'the host has this very kubeconfig', out: undefined }
      : { effect: 'change', changes: [{ verb: 'delete', resource: parkedRef(host, state.input.name), before: {} }] },
  run: (ctx) => discardParked({ ...ctx, assertHeld: ctx.confirmDriver }, ctx.env.host, ctx.state.input.name),
});

/** Gives a host another kubeconfig of the same member. */
export const updateKubeconfigWorkflow = composeMethod<UpdateInput>('update-kubeconfig')
  .step(checkStep)
  .step(parkStep)
  .step(replaceStep)
  .step(tidyStep)
  .returns((): void => {});
