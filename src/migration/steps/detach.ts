import { FederationError } from '../../errors.ts';
import { digest } from '../../internal/digest.ts';
import { readJwtSecret } from '../../kubesphere/installation.ts';
import { assertMayReturn } from '../../modules/clusters/returning.ts';
import { sharedSecret } from '../../modules/clusters/shared-secret.ts';
import { needsOf } from '../../modules/operation.ts';
import { type ClusterBefore, type ClusterSecrets, clusterSecrets } from '../../modules/operations/cluster-object.ts';
import { detachCluster } from '../../modules/operations/detach-cluster.ts';
import { type HostAccess, shutOut } from '../../modules/operations/host-access.ts';
import { prepareMember, type TrustBefore } from '../../modules/operations/trust.ts';
import { type Parked, park, unpark } from '../../modules/parking.ts';
import { toSeeNothingDoomed } from '../../modules/placement/doomed.ts';
import type { Forecast } from '../../workflow/change.ts';
import { defineStep } from '../../workflow/step.ts';
import { parkedAs } from '../credentials.ts';
import { type MigrationEnv, timingOf } from '../env.ts';
import { type Surveyed, writes } from '../writing.ts';

/** What is parked on the old host: its kubeconfig for the member. */
export interface ParkedOnSource extends Surveyed {
  readonly 'park-source': Parked | null;
}
/** What is parked on the member: its former jwtSecret. */
export interface ParkedOnMember extends ParkedOnSource {
  readonly 'park-member': Parked | null;
}

/** Of a Cluster object. */
type Labels = ClusterBefore['labels'];
/** What was detached: the labels that the old host's Cluster had, and will have again if all is taken back. */
export interface Detached extends ParkedOnSource {
  readonly detach: Labels | null;
}

const nobody = { effect: 'none', why: 'there is no old host', out: undefined } as const;

/** Before the Cluster object goes, its kubeconfig is copied on the old host itself. */
export const parkSource = defineStep<Surveyed, MigrationEnv>()({
  name: 'park-source',
  title: "Park the old host's kubeconfig for the member",
  ...writes<Surveyed, null, Parked | null>(({ env }) =>
    env.source === undefined
      ? none<null, Parked | null>(null)
      : park(env.source.host, parkedAs(env), (signal) =>
          env.source === undefined ? Promise.resolve({}) : clusterSecrets(env.source.host, env.member.name, signal),
        ),
  ),
  remedy:
    'Delete Secret kubesphere-system/kubesphere-federation-parked-… on the old host once the Cluster object is there again.',
  undoNeeds: ['detach'],
});

/** An operation with nothing to do, for a migration without an old host. */
function none<Before, Out>(out: Out) {
  const never = async (): Promise<never> => Promise.reject(new TypeError('There is nothing to do here.'));
  return {
    forecast: async () => ({ ...nobody, out }),
    capture: never as () => Promise<Before>,
    run: never as () => Promise<Out>,
    verify: never,
    compensate: never,
  };
}

async function secretsOf(
  env: MigrationEnv,
  parked: Parked | null | undefined,
  signal: AbortSignal,
): Promise<ClusterSecrets> {
  if (env.source === undefined || parked === null || parked === undefined)
    throw new FederationError(
      'WORLD_MOVED',
      "The old host's kubeconfig for the member was not parked; its Cluster object could not be made again. It was not deleted.",
    );
  const { kubeconfig = '', token } = await unpark({ signal }, env.source.host, parked);
  return { kubeconfig, ...(token === undefined ? {} : { token }) };
}

/** The old host lets go of the member: its Cluster object goes, nothing on the member is written (H7). */
export const detach = defineStep<ParkedOnSource, MigrationEnv>()({
  name: 'detach',
  title: 'Detach the member from the old host',
  ...writes<ParkedOnSource, ClusterBefore, Labels | null>(({ state, env }) => {
    const { source, member } = env;
    if (source === undefined) return none<ClusterBefore, null>(null);
    const parked = state['park-source'];
    const seat = { host: source.host, cluster: member.name };
    const detaching = detachCluster(source.host, member.name, member.uid, {
      secrets: (signal) => secretsOf(env, parked, signal),
      unlessHeldBy: env.target.host,
      resyncMs: timingOf(env).resyncMs,
      // While it did not have the member its placements may have changed.
      mayReturn: (signal, labels) => assertMayReturn({ ...seat, labels }, member, signal),
    });
    return {
      ...detaching,
      async needs(work) {
        const { verify = [], compensate = [] } = await needsOf(detaching, work);
        return { verify, compensate: [...compensate, ...(await toSeeNothingDoomed(seat, member, work.signal))] };
      },
    };
  }),
  remedy:
    'Clear the cause, then roll back once more. By hand: once the new host has let go of the member altogether, and nothing there bears the mark of kubefed that the old host places elsewhere, import it into the old host again under the same name.',
  undoNeeds: ['import', 'arrivals'],
});

/** The old host's account and rights on the member go before the new host comes: both use the same account (8.3). */
export const shutOutSource = defineStep<ParkedOnSource, MigrationEnv>()({
  name: 'shut-out',
  title: 'Shut the old host out of the member',
  ...writes<ParkedOnSource, HostAccess, void>(({ env }) => shutOut(env.member, env.member.name)),
  remedy: "The old host's next join makes the account again.",
  undoNeeds: ['import', 'arrivals'],
});

/** Where a jwtSecret cannot be read the plan says so, beside everything else that is in the way. */
async function unlessUnreadable<Out>(forecast: Promise<Forecast<Out>>): Promise<Forecast<Out>> {
  try {
    return await forecast;
  } catch (error) {
    if (!FederationError.is(error, 'INVALID', 'NOT_FOUND', 'FORBIDDEN')) throw error;
    return { effect: 'blocked', why: error.message, remedy: 'Without both jwtSecrets the member cannot be prepared.' };
  }
}

/** The member's own jwtSecret is copied on the member before the installer overwrites it. */
export const parkMember = defineStep<ParkedOnSource, MigrationEnv>()({
  name: 'park-member',
  title: "Park the member's jwtSecret",
  ...writes<ParkedOnSource, null, Parked | null>(({ env }) => {
    const parking = park(env.member, parkedAs(env), async (signal): Promise<Readonly<Record<string, string>>> => {
      const [now, wanted] = await Promise.all([
        readJwtSecret(env.member.connection, { signal }),
        sharedSecret(env.target.host, signal),
      ]);
      return now === undefined || digest(now) === digest(wanted) ? {} : { jwtSecret: now };
    });
    return { ...parking, forecast: (work) => unlessUnreadable(parking.forecast(work)) };
  }),
  remedy:
    'Delete Secret kubesphere-system/kubesphere-federation-parked-… on the member once it has its former jwtSecret again.',
  undoNeeds: ['member-settings'],
});

/** The member takes over its role and the new host's jwtSecret; skipped where both are right. */
export const memberSettings = defineStep<ParkedOnMember, MigrationEnv>()({
  name: 'member-settings',
  title: "Give the member its role and the new host's jwtSecret",
  ...writes<ParkedOnMember, TrustBefore, void>(({ state, env }) => {
    const parked = state['park-member'];
    const preparing = prepareMember(env.member, {
      jwtSecret: (signal) => sharedSecret(env.target.host, signal),
      formerSecret: async (signal) =>
        parked === null || parked === undefined
          ? undefined
          : (await unpark({ signal }, env.member, parked))['jwtSecret'],
    });
    return { ...preparing, forecast: (work) => unlessUnreadable(preparing.forecast(work)) };
  }),
  remedy:
    'Set spec.authentication.jwtSecret and spec.multicluster.clusterRole of ClusterConfiguration ks-installer on the member by hand.',
  undoNeeds: ['import', 'arrivals'],
});
