import { randomBytes } from 'node:crypto';
import { FederationError } from '../../errors.ts';
import { digest } from '../../internal/digest.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readInstallation } from '../../kubesphere/installation.ts';
import { hostLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { checkText, invalid } from '../../kubesphere/validation.ts';
import type { Forecast } from '../../workflow/change.ts';
import { defineItemStep, defineStep } from '../../workflow/step.ts';
import { some } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import { composeMethod } from '../method.ts';
import type { WriteOptions } from '../operation.ts';
import { giveHostSecret, prepareMember, type TrustBefore, type TrustSettings } from '../operations/trust.ts';
import { type FieldsOf, writeOptions } from '../options.ts';
import { discardParked, type Parked, park, parkedRef, unpark } from '../parking.ts';
import { type Known, operates, operatesOnEach } from '../steps.ts';
import type { Obstacle } from '../workspaces/delete-plan.ts';
import { parkedSecret, rotationUnderWay, sharedSecret, unfinished } from './shared-secret.ts';
import { leadsThrough } from './way.ts';

/** Options of `Clusters.rotateJwtSecret`. */
export interface RotateOptions extends WriteOptions {
  /** The new secret, of at least 32 characters. It is kept on the clusters alone. @defaultValue one made at random */
  readonly jwtSecret?: string;
}

/** All of {@link RotateOptions}. */
export const rotateOptions: FieldsOf<RotateOptions> = { ...writeOptions, jwtSecret: true };

/** What `Clusters.rotateJwtSecret` did. */
export interface Rotated {
  /** Members that have the new secret. */
  readonly members: readonly string[];
}

/** The new secret goes with the call, and never into a journal; whoever goes on with a run takes it from where it was parked. */
export interface RotateEnv extends FederationEnv {
  readonly newSecret?: string;
}

/** A member that is to follow its host; plain data. */
interface Follower {
  readonly name: string;
  readonly uid: string;
}
interface Surveyed {
  readonly survey: readonly Follower[];
}
interface ParkedBoth extends Surveyed {
  /** `null`: all have that very secret. */
  readonly park: Parked | null;
}

/** The secret that a call wishes for, or one made for it. @throws FederationError `INVALID` */
export function newSecret(wanted: string | undefined): string {
  if (wanted === undefined) return randomBytes(24).toString('base64url');
  checkText('jwtSecret', wanted);
  if (wanted.length < 32 || /\s/.test(wanted))
    throw invalid('jwtSecret', 'must have at least 32 characters, and no blank among them.');
  return wanted;
}

async function nextOf(env: RotateEnv, parked: Parked | null | undefined, signal: AbortSignal): Promise<string> {
  if (env.newSecret !== undefined) return env.newSecret;
  if (parked === null) return sharedSecret(env.host, signal);
  const next = parked === undefined ? undefined : (await unpark({ signal }, env.host, parked))['next'];
  if (next !== undefined) return next;
  throw new FederationError(
    'INVALID',
    'The new jwtSecret is known to the call alone that began this run. Roll the run back, then call rotateJwtSecret again.',
  );
}

const settingsOf = ({ env, state }: Known<ParkedBoth>): TrustSettings => ({
  jwtSecret: (signal) => nextOf(env, state.park, signal),
  formerSecret: async (signal) =>
    state.park === null ? undefined : (await unpark({ signal }, env.host, state.park))['former'],
});

/** The very member that was found, by the federation's way to it. */
async function memberOf(env: FederationEnv, { name, uid }: Follower, signal: AbortSignal): Promise<KubeSphereCluster> {
  const member = await env.member(name, { signal });
  if (member.uid === uid) return member;
  throw new FederationError(
    'ENV_CHANGED',
    `The way to "${name}" leads to another cluster (UID ${member.uid}) than before (UID ${uid}). Nothing was written there.`,
  );
}

/** Why a member cannot follow its host; what it has must be what it can be given back. */
async function obstacleOf(
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  jwtDigest: string,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  const { name, connection } = member;
  if (leadsThrough(connection.server, host.connection.server))
    return {
      why: `${name} is reached through ${host.name}, with tokens that it takes no longer once its jwtSecret is another.`,
      remedy: `Connect by kubeconfig, or give Federation.connect its own: members: { '${name}': { kubeconfig } }.`,
    };
  const { role, jwtDigest: theirs } = await readInstallation(connection, { signal });
  if (role !== 'member')
    return {
      why: `${name}: its multicluster.clusterRole is "${role}", not "member".`,
      remedy: 'federation.clusters.prepareMember, or unbind it.',
    };
  if (theirs === jwtDigest) return undefined;
  return {
    why: `${name}: its authentication.jwtSecret is not the one of ${host.name}: another host may have it, too.`,
    remedy: 'Where it is this host alone that has it: federation.clusters.alignJwtSecret.',
  };
}

async function surveyed(env: RotateEnv, signal: AbortSignal) {
  const { host } = env;
  const clusters = await host.connection.list(kubesphere.clusters, { signal }).toArray();
  const names = clusters
    .filter(({ metadata }) => !(hostLabel in (metadata.labels ?? {})))
    .map((one) => one.metadata.name);
  const jwtDigest = digest(await sharedSecret(host, signal));
  const found = await Promise.all(
    names.map(async (name) => {
      // One that does not answer fails the call: left behind it would refuse its host, and nobody would notice.
      const member = await env.member(name, { signal });
      return { name, uid: member.uid, obstacle: await obstacleOf(host, member, jwtDigest, signal) };
    }),
  );
  return {
    members: found.map(({ name, uid }): Follower => ({ name, uid })),
    obstacles: found.flatMap(({ obstacle }) => obstacle ?? []),
  };
}

/**
 * Looks at every member again: installers take minutes, in which one can be imported, or be given another secret.
 *
 * @throws FederationError `WORLD_MOVED` naming those that do not have the new secret
 */
async function assertAllFollow({ env, state, signal }: Known<ParkedBoth>): Promise<void> {
  const wanted = digest(await nextOf(env, state.park, signal));
  const clusters = await env.host.connection.list(kubesphere.clusters, { signal }).toArray();
  const others: string[] = [];
  for (const { metadata } of clusters) {
    if (hostLabel in (metadata.labels ?? {})) continue;
    const { connection } = await env.member(metadata.name, { signal });
    if ((await readInstallation(connection, { signal })).jwtDigest !== wanted) others.push(metadata.name);
  }
  if (others.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${some(others)} ${others.length === 1 ? 'has' : 'have'} another jwtSecret than the new one: imported meanwhile, or given another. Nothing goes on, and the former secret is kept. Roll this run back, then call rotateJwtSecret again.`,
  );
}

const survey = defineStep<object, RotateEnv>()({
  name: 'survey',
  title: 'Every member answers, and has the secret that its host has',
  readOnly: true,
  forecast: async ({ env, signal, runId }) => {
    const other = await rotationUnderWay(env.host, signal);
    if (other !== undefined && other !== runId) return { effect: 'blocked', ...unfinished(env.host.name, other) };
    const { members, obstacles } = await surveyed(env, signal);
    if (obstacles.length === 0) return { effect: 'none', why: `${members.length} member(s) follow`, out: members };
    return {
      effect: 'blocked',
      why: obstacles.map(({ why }) => why).join(' '),
      remedy: [...new Set(obstacles.map(({ remedy }) => remedy))].join(' '),
    };
  },
  run: async ({ env, signal }): Promise<readonly Follower[]> => (await surveyed(env, signal)).members,
});

const parkStep = defineStep<Surveyed, RotateEnv>()({
  name: 'park',
  title: 'Park the former secret, and the new one',
  ...operates<Surveyed, null, Parked | null>(async ({ env }) =>
    park(env.host, parkedSecret, async (signal): Promise<Readonly<Record<string, string>>> => {
      const [former, next] = await Promise.all([sharedSecret(env.host, signal), nextOf(env, undefined, signal)]);
      return former === next ? {} : { former, next };
    }),
  ),
  undoNeeds: ['members', 'host'],
});

const members = defineItemStep<ParkedBoth, RotateEnv>()({
  name: 'members',
  title: 'Members get the new secret, and their installers carry it out',
  ...operatesOnEach<ParkedBoth, Follower, TrustBefore>(
    async ({ state }) => (state.survey ?? []).map((item) => ({ key: item.name, item })),
    async (known, item) => prepareMember(await memberOf(known.env, item, known.signal), settingsOf(known)),
  ),
  concurrency: 8,
  remedy: 'Set spec.authentication.jwtSecret of its ClusterConfiguration ks-installer to the one of its host.',
});

const confirm = <const Name extends string>(name: Name, title: string) =>
  defineStep<ParkedBoth, RotateEnv>()({
    name,
    title,
    readOnly: true,
    forecast: async ({ state }): Promise<Forecast<null>> =>
      state.park === null
        ? { effect: 'none', why: 'all have this very secret', out: null }
        : { effect: 'unknown', why: 'it reads them again', touches: [] },
    run: async (known) => {
      await assertAllFollow(known);
      return null;
    },
  });
const membersConfirmed = confirm('confirm-members', 'See that every member has it, the host’s newest ones too');
const allConfirmed = confirm('confirm-all', 'See once more that all have it, before the former one is forgotten');

const host = defineStep<ParkedBoth, RotateEnv>()({
  name: 'host',
  title: 'The host gets it as well: from here on its tokens are taken again',
  ...operates<ParkedBoth, TrustBefore, void>(async (known) => giveHostSecret(known.env.host, settingsOf(known))),
  remedy: 'Set spec.authentication.jwtSecret of its ClusterConfiguration ks-installer.',
});

const tidy = defineStep<ParkedBoth, RotateEnv>()({
  name: 'tidy',
  title: 'Delete what was parked',
  pivot: true,
  irreversible: 'the former secret is not kept',
  forecast: async ({ env, state }): Promise<Forecast<void>> =>
    state.park === null
      ? { effect: 'none', why: 'all have this very secret', out: undefined }
      : { effect: 'change', changes: [{ verb: 'delete', resource: parkedRef(env.host, parkedSecret), before: {} }] },
  run: (ctx) => discardParked({ ...ctx, assertHeld: ctx.confirmDriver }, ctx.env.host, parkedSecret),
});

/** Gives a host and all its members another jwtSecret; the members first: what fails among them is taken back before the host is touched. */
export const rotateSecretWorkflow = composeMethod<null>('rotate-jwt-secret')
  .step(survey)
  .step(parkStep)
  .each(members)
  .step(membersConfirmed)
  .step(host)
  .step(allConfirmed)
  .step(tidy)
  .returns(({ survey: followers }): Rotated => ({ members: followers.map(({ name }) => name) }));
