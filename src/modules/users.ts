import type { Listing, WatchOptions } from '../kube/connection.ts';
import { checkPassword, checkUserName } from '../kubesphere/people-input.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { checkNames, checkObjectName, checkOneOf } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import { clusterByName, type FederationEnv } from './env.ts';
import { inTime } from './in-time.ts';
import { mapListing } from './listing.ts';
import { performAll } from './method.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { removeUser } from './operations/remove-user.ts';
import { type UserProfile, updateProfile } from './operations/user-object.ts';
import { setPassword } from './operations/user-password.ts';
import { bindingsOf, platformLevel, rolesOf } from './operations/user-role.ts';
import { setState } from './operations/user-state.ts';
import { callOptions, checkOptions, type FieldsOf, watchOptions, writeOptions } from './options.ts';
import { infoOf, type UserDetails, type UserEvent, type UserInfo } from './users/info.ts';
import {
  checkChanges,
  checkGrant,
  checkNewUser,
  checkRevocation,
  type NewUser,
  profileIn,
  type UserChanges,
} from './users/input.ts';
import { leftovers, type UserLeftover } from './users/leftovers.ts';
import { syncStatus, type UserSync, waitUntilSynced } from './users/sync.ts';
import {
  type ClusterGrant,
  type ClusterRevocation,
  createUser,
  grantCluster,
  revokeCluster,
  setGlobalRole,
  withPassword,
} from './users/workflows.ts';

/** Options of {@link Users.delete}. */
export interface DeleteUserOptions extends WriteOptions {
  /**
   * The user manages workspaces. `leave`: they keep the name as their manager, and the next person of that name manages them.
   * @defaultValue such a user is refused, and the workspaces are named
   */
  readonly managedWorkspaces?: 'leave';
}

const deleteOptions: FieldsOf<DeleteUserOptions> = { ...writeOptions, managedWorkspaces: true };

/** The users of a federation: the host's User objects, which kubefed copies to every member. */
export class Users {
  readonly #env: FederationEnv;

  constructor(env: FederationEnv) {
    this.#env = env;
  }

  get #host() {
    return this.#env.host;
  }

  list(options?: CallOptions): Listing<UserInfo> {
    checkOptions(options, callOptions);
    return mapListing(this.#host.connection.list(kubesphere.users, options), infoOf);
  }

  /** A user, with the roles of the platform. @throws ApiError `NOT_FOUND` */
  async get(name: string, options: CallOptions = {}): Promise<UserDetails> {
    checkOptions(options, callOptions);
    checkUserName('name', name);
    return inTime(options, `read user "${name}"`, async (call) => {
      const user = await this.#host.connection.get(kubesphere.users, { name }, call);
      const bindings = await bindingsOf(platformLevel(this.#host), name, call);
      return { ...infoOf(user), globalRoles: bindings.map(({ roleRef }) => roleRef.name) };
    });
  }

  /** Lists, then follows; ends with the signal. */
  async *watch(options?: WatchOptions): AsyncIterable<UserEvent> {
    checkOptions(options, watchOptions);
    for await (const event of this.#host.connection.watch(kubesphere.users, options))
      yield event.type === 'synced'
        ? { type: 'synced', users: event.objects.map(infoOf) }
        : { type: event.type, user: infoOf(event.object) };
  }

  /**
   * Creates a user: first the account, disabled, then its role on the platform, then its password, with which it opens. Resolves once
   * the user controller has hashed the password and made the account Active; {@link Users.waitUntilSynced} tells when members have it.
   * Where the process dies in between, `rollback` takes the account away; `resume` needs the password again, which no journal holds.
   *
   * @throws FederationError `INVALID`; `NOT_FOUND` for a role that the host does not have; `PLAN_BLOCKED` where the name or the e-mail
   * address is taken
   */
  async create(user: NewUser, options?: WriteOptions): Promise<Written<undefined>> {
    checkOptions(options);
    checkNewUser(user);
    const { name, password, globalRole } = user;
    const profile: UserProfile = { ...profileIn(user), email: user.email };
    const input = { user: { ...profile, name }, globalRole: globalRole ?? null, password: password !== undefined };
    const env = password === undefined ? this.#env : withPassword(this.#env, password);
    return performAll(createUser, input, env, `create user "${name}"`, options);
  }

  /**
   * Changes what is given of a user, and leaves the rest; resolves once kubefed has it.
   *
   * @throws FederationError `PLAN_BLOCKED` where another user has the e-mail address; ApiError `NOT_FOUND`
   */
  async update(name: string, changes: UserChanges, options?: WriteOptions): Promise<Written<void>> {
    checkOptions(options);
    checkUserName('name', name);
    checkChanges(changes);
    return perform(updateProfile(this.#host, name, profileIn(changes)), `update user "${name}"`, options);
  }

  /**
   * Sets a password, by the rules of {@link NewUser.password}; resolves once it is hashed. The former one is kept nowhere. It does not
   * open an account that is disabled.
   *
   * @throws FederationError `INVALID`; ApiError `NOT_FOUND`
   */
  async setPassword(name: string, password: string, options?: WriteOptions): Promise<Written<void>> {
    checkOptions(options);
    checkUserName('name', name);
    checkPassword('password', password);
    return perform(setPassword(this.#host, name, password), `set the password of user "${name}"`, options);
  }

  /**
   * Closes an account: neither password nor token is accepted any more, on a member as soon as its copy says so, which
   * {@link Users.waitUntilSynced} tells.
   *
   * @throws FederationError `KEPT_AT_RISK` for the last active administrator of the platform; ApiError `NOT_FOUND`
   */
  async disable(name: string, options?: WriteOptions): Promise<Written<void>> {
    checkOptions(options);
    checkUserName('name', name);
    return perform(setState(this.#host, name, 'Disabled'), `disable user "${name}"`, options);
  }

  /**
   * Opens an account again, also one that too many wrong passwords have closed.
   *
   * @throws FederationError `PLAN_BLOCKED` for one without a password; ApiError `NOT_FOUND`
   */
  async enable(name: string, options?: WriteOptions): Promise<Written<void>> {
    checkOptions(options);
    checkUserName('name', name);
    return perform(setState(this.#host, name, 'Active'), `enable user "${name}"`, options);
  }

  /**
   * Deletes a user with all bindings that bear the user's label, which the forecast names; the copies on members follow.
   *
   * @returns where a copy was still there when this call ended, and why: a member that is away keeps it until it is back
   * @throws FederationError `PLAN_BLOCKED` for a manager of workspaces, `KEPT_AT_RISK` for the last active administrator of the platform;
   * ApiError `NOT_FOUND`
   */
  async delete(name: string, options: DeleteUserOptions = {}): Promise<Written<readonly UserLeftover[]>> {
    checkOptions(options, deleteOptions);
    checkUserName('name', name);
    if (options.managedWorkspaces !== undefined) checkOneOf('managedWorkspaces', options.managedWorkspaces, ['leave']);
    const what = `delete user "${name}"`;
    return inTime(options, what, async (call) => {
      const { metadata } = await this.#host.connection.get(kubesphere.users, { name }, call);
      const removal = removeUser(
        this.#host,
        { name, uid: metadata.uid },
        {
          leaveManaged: options.managedWorkspaces === 'leave',
          leftovers: (signal) => leftovers(this.#env, name, { ...call, signal }),
        },
      );
      return perform(removal, what, call);
    });
  }

  /** GlobalRoles that can be given to a user; 3.3.0 and before have others than later releases. */
  async globalRoles(options: CallOptions = {}): Promise<readonly string[]> {
    checkOptions(options, callOptions);
    return inTime(options, 'list global roles', (call) => rolesOf(platformLevel(this.#host), call));
  }

  /**
   * Gives a user this role on the platform, and takes every other: KubeSphere's users have one.
   *
   * @throws FederationError `NOT_FOUND` for a user or a role that is not there, `KEPT_AT_RISK` for the last active administrator
   */
  async setGlobalRole(name: string, role: string, options: WriteOptions = {}): Promise<Written<undefined>> {
    checkOptions(options);
    checkUserName('name', name);
    checkObjectName('role', role);
    const what = `give user "${name}" role ${role}`;
    return inTime(options, what, async (call) => {
      await this.#host.connection.get(kubesphere.users, { name }, call);
      return performAll(setGlobalRole, { user: name, role }, this.#env, what, call);
    });
  }

  /**
   * How each member stands: whether it has the very account, and if not, why. One that does not answer is named.
   *
   * @throws ApiError `NOT_FOUND`
   */
  async syncStatus(name: string, options: CallOptions = {}): Promise<UserSync> {
    checkOptions(options, callOptions);
    checkUserName('name', name);
    return inTime(options, `compare user "${name}" on every member`, (call) => syncStatus(this.#env, name, call));
  }

  /**
   * Waits until members have the very account that the host has; after two minutes (`timeoutMs`) it names those that lag. Where a lag
   * does not heal by itself it does not wait.
   *
   * @throws FederationError `NOT_OBSERVED`, with `details.members`
   */
  async waitUntilSynced(
    name: string,
    options: CallOptions & { readonly clusters?: readonly string[] } = {},
  ): Promise<UserSync> {
    checkOptions(options, { ...callOptions, clusters: true });
    checkUserName('name', name);
    if (options.clusters !== undefined) checkNames('clusters', options.clusters);
    return waitUntilSynced(this.#env, name, options);
  }

  /**
   * Gives a user a role on a cluster, and takes every other that KubeSphere gave there. Seen on that cluster;
   * {@link UserInfo.grantedClusters} follows at the host's next look, within two minutes.
   *
   * @throws FederationError `NOT_FOUND` for a user, cluster or role that is not there
   */
  async grantCluster(grant: ClusterGrant, options: WriteOptions = {}): Promise<Written<undefined>> {
    checkOptions(options);
    checkGrant(grant);
    const { user, cluster, role } = grant;
    const what = `give user "${user}" role ${role} on ${cluster}`;
    return inTime(options, what, async (call) => {
      await this.#host.connection.get(kubesphere.users, { name: user }, call);
      const { uid: clusterUid } = await clusterByName(this.#env)(cluster, call);
      return performAll(grantCluster, { user, cluster, clusterUid, role }, this.#env, what, call);
    });
  }

  /**
   * Takes every role that KubeSphere gave a user on a cluster; also of a user who is gone, whose rights would be those of the next person of
   * that name (H16).
   *
   * @throws FederationError `NOT_FOUND` for a cluster that is not there
   */
  async revokeCluster(revocation: ClusterRevocation, options: WriteOptions = {}): Promise<Written<undefined>> {
    checkOptions(options);
    checkRevocation(revocation);
    const { user, cluster } = revocation;
    const what = `take user "${user}" off ${cluster}`;
    return inTime(options, what, async (call) => {
      const { uid: clusterUid } = await clusterByName(this.#env)(cluster, call);
      return performAll(revokeCluster, { user, cluster, clusterUid }, this.#env, what, call);
    });
  }
}
