import { FederationError } from '../../errors.ts';
import { defineStep } from '../../workflow/step.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { composeMethod } from '../method.ts';
import { createAccount, type UserProfile } from '../operations/user-object.ts';
import { openAccount } from '../operations/user-password.ts';
import {
  clusterLevel,
  giveRole,
  platformLevel,
  type RoleLevel,
  type Taken,
  takeRoles,
} from '../operations/user-role.ts';
import { operates } from '../steps.ts';

/** What {@link createUser} is called with: all of a new user that a journal may hold, and so without the password. */
export interface CreateUserInput {
  readonly user: UserProfile & { readonly name: string };
  readonly globalRole: string | null;
  /** Whether there is a password; itself it is in no journal. */
  readonly password: boolean;
}

/** A federation with a password that was given to a call: how it comes to the step that writes it, past the journal. */
interface EnvWithPassword extends FederationEnv {
  readonly password: string;
}

/**
 * A federation that knows the password of a user whose creation is to be resumed: no journal holds it, so that it dies with the process
 * that was given it.
 *
 * @example
 * ```ts
 * import { type Federation, type JournalStore, methodWorkflows, resume, withPassword } from 'kubesphere-federation';
 *
 * export async function goOn(federation: Federation, journal: JournalStore, runId: string, password: string): Promise<void> {
 *   const workflow = methodWorkflows['users.create'];
 *   if (workflow === undefined) return;
 *   await (await resume(workflow, runId, { env: withPassword(federation, password), journal })).result();
 * }
 * ```
 */
export function withPassword(env: FederationEnv, password: string): FederationEnv {
  const known: EnvWithPassword = { host: env.host, member: (name, options) => env.member(name, options), password };
  return known;
}

const passwordOf = (env: FederationEnv): string | undefined =>
  'password' in env && typeof env.password === 'string' ? env.password : undefined;

interface Creating {
  readonly input: CreateUserInput;
}

const nothing = (why: string) => {
  const never = async (): Promise<never> => Promise.reject(new TypeError('There is nothing to do here.'));
  return {
    forecast: async () => ({ effect: 'none' as const, why, out: undefined }),
    capture: never as () => Promise<null>,
    run: never as () => Promise<void>,
    verify: never as () => Promise<void>,
    compensate: never as () => Promise<void>,
  };
};

const account = defineStep<Creating, FederationEnv>()({
  name: 'account',
  title: 'Create the account, disabled',
  ...operates<Creating, null, void>(async ({ env, state: { input } }) => createAccount(env.host, input.user)),
});

const role = defineStep<Creating, FederationEnv>()({
  name: 'role',
  title: 'Give it its role on the platform',
  ...operates<Creating, null, void>(async ({ env, state: { input } }) =>
    input.globalRole === null
      ? nothing('it is to have no role on the platform')
      : giveRole(platformLevel(env.host), input.user.name, input.globalRole),
  ),
});

const open = defineStep<Creating, FederationEnv>()({
  name: 'open',
  title: 'Give it its password, and open it',
  ...operates<Creating, null, void>(async ({ env, state: { input } }) =>
    input.password
      ? openAccount(env.host, input.user.name, passwordOf(env))
      : nothing('it is to have no password, and stays disabled'),
  ),
});

/** `users.create`: inert first, so that whatever arrives late lets nobody in. */
export const createUser = composeMethod<CreateUserInput>('users.create')
  .step(account)
  .step(role)
  .step(open)
  .returns(() => undefined);

/** What {@link setGlobalRole} is called with. */
export interface GlobalRoleInput {
  readonly user: string;
  readonly role: string;
}

interface Ranking {
  readonly input: GlobalRoleInput;
}

/** `users.setGlobalRole`: the new role first, so that nobody is without one in between. */
export const setGlobalRole = composeMethod<GlobalRoleInput>('users.setGlobalRole')
  .step(
    defineStep<Ranking, FederationEnv>()({
      name: 'give',
      title: 'Give the role',
      ...operates<Ranking, null, void>(async ({ env, state: { input } }) =>
        giveRole(platformLevel(env.host), input.user, input.role),
      ),
    }),
  )
  .step(
    defineStep<Ranking, FederationEnv>()({
      name: 'take',
      title: 'Take the other roles of the platform',
      ...operates<Ranking, readonly Taken[], void>(async ({ env, state: { input } }) =>
        takeRoles(platformLevel(env.host), input.user, input.role),
      ),
    }),
  )
  .returns(() => undefined);

/** What `users.grantCluster` is called with. */
export interface ClusterGrant {
  readonly user: string;
  /** A member, or the host itself by the name it was given. */
  readonly cluster: string;
  /** A ClusterRole of KubeSphere's there: cluster-admin, cluster-viewer, or one of your own. */
  readonly role: string;
}

/** The cluster of a grant, pinned: under its name another may be found when a run goes on. */
async function levelOf(env: FederationEnv, input: PinnedCluster, signal: AbortSignal): Promise<RoleLevel> {
  const cluster = await clusterByName(env)(input.cluster, { signal });
  if (cluster.uid === input.clusterUid) return clusterLevel(cluster, env.host);
  throw new FederationError(
    'ENV_CHANGED',
    `${env.host.name}: cluster "${input.cluster}" is another one by now (UID ${cluster.uid}, expected ${input.clusterUid}). Nothing was changed there.`,
  );
}

/** A cluster by name and identity. */
interface PinnedCluster {
  readonly cluster: string;
  readonly clusterUid: string;
}

interface Granting {
  readonly input: ClusterGrant & PinnedCluster;
}

/** `users.grantCluster`: as KubeSphere has it, a user has one role on a cluster. */
export const grantCluster = composeMethod<ClusterGrant & PinnedCluster>('users.grantCluster')
  .step(
    defineStep<Granting, FederationEnv>()({
      name: 'give',
      title: 'Give the role on the cluster',
      ...operates<Granting, null, void>(async ({ env, state: { input }, signal }) =>
        giveRole(await levelOf(env, input, signal), input.user, input.role),
      ),
    }),
  )
  .step(
    defineStep<Granting, FederationEnv>()({
      name: 'take',
      title: 'Take the other roles on the cluster',
      ...operates<Granting, readonly Taken[], void>(async ({ env, state: { input }, signal }) =>
        takeRoles(await levelOf(env, input, signal), input.user, input.role),
      ),
    }),
  )
  .returns(() => undefined);

/** What `users.revokeCluster` is called with. */
export type ClusterRevocation = Pick<ClusterGrant, 'user' | 'cluster'>;

interface Revoking {
  readonly input: ClusterRevocation & PinnedCluster;
}

/** `users.revokeCluster`: every role that KubeSphere gave on that cluster. */
export const revokeCluster = composeMethod<ClusterRevocation & PinnedCluster>('users.revokeCluster')
  .step(
    defineStep<Revoking, FederationEnv>()({
      name: 'take',
      title: 'Take every role on the cluster',
      ...operates<Revoking, readonly Taken[], void>(async ({ env, state: { input }, signal }) =>
        takeRoles(await levelOf(env, input, signal), input.user),
      ),
    }),
  )
  .returns(() => undefined);
