import type { Listing, WatchOptions } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { checkName } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import { type ClusterByName, clusterByName, type FederationEnv } from './env.ts';
import { inTime } from './in-time.ts';
import { mapListing } from './listing.ts';
import { type ListingAcross, listAcross } from './namespaces/across.ts';
import type { ProjectContents } from './namespaces/contents.ts';
import { createOne, type NewProject } from './namespaces/creation.ts';
import { deleteNamespace, type ProjectToDelete } from './namespaces/deletion.ts';
import { createFederated, type NewFederatedProject } from './namespaces/federated-create.ts';
import { deleteFederated } from './namespaces/federated-delete.ts';
import { setFederatedPlacement } from './namespaces/federated-place.ts';
import { infoOf, type NamespaceEvent, type NamespaceInfo } from './namespaces/info.ts';
import {
  type LimitRangeInfo,
  limitRangesOf,
  type NewLimitRange,
  type NewQuota,
  type QuotaInfo,
  quotasOf,
  setLimitRange,
  setQuota,
} from './namespaces/limits.ts';
import type { Moved, MoveOptions } from './namespaces/moves.ts';
import { inviteUser, type ProjectUser, type ProjectUserName, removeUser, usersOf } from './namespaces/people.ts';
import {
  checkProject,
  type MovedEach,
  moveProjects,
  type PinnedProject,
  type ProjectName,
  type ProjectNames,
  type ProjectsToMove,
  type ProjectToMove,
} from './namespaces/projects.ts';
import { type Protection, protect, unprotect } from './namespaces/protection.ts';
import { type NamespaceQuery, type NamespacesQuery, selecting, selectingAcross } from './namespaces/query.ts';
import type { WriteOptions, Written } from './operation.ts';
import type { ProjectMade } from './operations/create-project.ts';
import { callOptions, checkOptions, watchOptions } from './options.ts';
import type { NewPlacement, ShrinkOptions } from './placement/input.ts';
import type { Raised } from './shield.ts';
import { type ShieldUp, shieldsUp } from './shields-up.ts';

/** The namespaces of a federation's clusters; those with a workspace are projects. */
export class Namespaces {
  readonly #env: FederationEnv;
  readonly #cluster: ClusterByName;

  constructor(env: FederationEnv) {
    this.#env = env;
    this.#cluster = clusterByName(env);
  }

  /** Namespaces of one cluster, of one workspace if named. */
  async list(query: NamespaceQuery, options?: CallOptions): Promise<Listing<NamespaceInfo>> {
    checkOptions(options, callOptions);
    const selected = selecting(query);
    const { connection } = await this.#cluster(query.cluster, options);
    return mapListing(connection.listMetadata(core.namespaces, { ...options, ...selected }), infoOf);
  }

  /** Namespaces of all clusters, or of those named; of one workspace if named. A cluster that is silent is named, and fails nothing. */
  listAcross(query: NamespacesQuery = {}, options: CallOptions = {}): ListingAcross<NamespaceInfo> {
    checkOptions(options, callOptions);
    const selected = selectingAcross(query);
    const { clusters } = query;
    const list = ({ connection }: KubeSphereCluster, call: CallOptions) =>
      mapListing(connection.listMetadata(core.namespaces, { ...call, ...selected }), infoOf);
    return listAcross(this.#env, list, { ...options, ...(clusters !== undefined && { clusters }) });
  }

  /** Lists the namespaces of one cluster, of one workspace if named, then follows; ends with the signal. */
  async *watch(query: NamespaceQuery, options: WatchOptions = {}): AsyncIterable<NamespaceEvent> {
    checkOptions(options, watchOptions);
    const selected = selecting(query);
    const { connection } = await this.#cluster(query.cluster, options.signal && { signal: options.signal });
    for await (const event of connection.watch(core.namespaces, { ...options, ...selected }))
      yield event.type === 'synced'
        ? { type: 'synced', namespaces: event.objects.map(infoOf) }
        : { type: event.type, namespace: infoOf(event.object) };
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(project: ProjectName, options: CallOptions = {}): Promise<NamespaceInfo> {
    checkOptions(options, callOptions);
    checkProject(project);
    const { cluster, name } = project;
    return inTime(options, `read namespace "${name}"`, async (call) => {
      const { connection } = await this.#cluster(cluster, call);
      return infoOf(await connection.get(core.namespaces, { name }, call));
    });
  }

  /**
   * Creates a project on a cluster, or on the one that a placement chooses; waits until the live Workspace owns it and it has its
   * built-in roles.
   *
   * @throws FederationError `INVALID` for the host without `allowHost`; `NOT_FOUND` where workspace or creator is not there;
   * `PLAN_BLOCKED` where the name is taken there, by a project of that workspace with other annotations, too, the Workspace is not there
   * or not placed there any more, or no cluster can be chosen
   */
  async create(project: NewProject, options?: WriteOptions): Promise<Written<ProjectMade>> {
    return createOne(this.#env, project, options);
  }

  /**
   * Puts namespaces into a workspace of their cluster, one or thousands, and waits until the live Workspace owns each. What else that
   * changes for a project is told as {@link Moved}, by a dry run too. Items of lists may be given as they are: `{ cluster, ...info, workspace }`.
   *
   * @throws FederationError `INVALID` for a system namespace, a multi-cluster project, a DevOps project that is not named in `devops`;
   * `PLAN_BLOCKED` where it is in another workspace, the Workspace is not there, the host does not place it there any more, so that
   * kubefed is about to delete it, or it has apps of another workspace and they are not to follow; `KEPT_AT_RISK` where that is seen only
   * right before the write; `CONFLICT` where an item's `uid` is another's by now; `BATCH_FAILED` with each outcome where some of many failed
   */
  bind(project: ProjectToMove, options?: MoveOptions): Promise<Written<Moved>>;
  bind(projects: readonly ProjectToMove[] | ProjectsToMove, options?: MoveOptions): Promise<MovedEach<ProjectToMove>>;
  async bind(
    given: ProjectToMove | readonly ProjectToMove[] | ProjectsToMove,
    options?: MoveOptions,
  ): Promise<Written<Moved> | MovedEach<ProjectToMove>> {
    return moveProjects<ProjectToMove>(this.#env, 'bind', given, options);
  }

  /**
   * Takes projects out of their workspaces, one or thousands; they live on. A note on each says where it was.
   *
   * @throws FederationError as `bind`
   */
  unbind(project: PinnedProject, options?: MoveOptions): Promise<Written<Moved>>;
  unbind(projects: readonly PinnedProject[] | ProjectNames, options?: MoveOptions): Promise<MovedEach<PinnedProject>>;
  async unbind(
    given: PinnedProject | readonly PinnedProject[] | ProjectNames,
    options?: MoveOptions,
  ): Promise<Written<Moved> | MovedEach<PinnedProject>> {
    return moveProjects<PinnedProject>(this.#env, 'unbind', given, options);
  }

  /**
   * Puts projects from the workspaces they are in into another, one or thousands, each in one patch: a project is in one of the two at
   * every moment. Done when the live Workspace owns it.
   *
   * @throws FederationError as `bind`; `PLAN_BLOCKED` for one that is in no workspace
   */
  transfer(project: ProjectToMove, options?: MoveOptions): Promise<Written<Moved>>;
  transfer(
    projects: readonly ProjectToMove[] | ProjectsToMove,
    options?: MoveOptions,
  ): Promise<MovedEach<ProjectToMove>>;
  async transfer(
    given: ProjectToMove | readonly ProjectToMove[] | ProjectsToMove,
    options?: MoveOptions,
  ): Promise<Written<Moved> | MovedEach<ProjectToMove>> {
    return moveProjects<ProjectToMove>(this.#env, 'transfer', given, options);
  }

  /** Everybody who has a role in a project, one entry for each role. @throws ApiError `NOT_FOUND` */
  async users(project: ProjectName, options: CallOptions = {}): Promise<readonly ProjectUser[]> {
    checkOptions(options, callOptions);
    return inTime(options, 'list users of a project', (call) => usersOf(this.#env, project, call));
  }

  /**
   * Gives a user a role of a project: `admin`, `operator`, `viewer`, or one that people made. As in KubeSphere's own API a user has one
   * role in a project; any other is taken afterwards, as a run with a journal.
   *
   * @throws FederationError `NOT_FOUND` for no such project, role or user; `PLAN_BLOCKED` where a former role is given to others in the
   * same RoleBinding
   */
  async inviteUser(
    invitation: ProjectUserName & { readonly role: string },
    options?: WriteOptions,
  ): Promise<Written<void>> {
    return inviteUser(this.#env, invitation, options);
  }

  /** Takes every role in a project from a user. @throws FederationError as {@link Namespaces.inviteUser} */
  async removeUser(member: ProjectUserName, options?: WriteOptions): Promise<Written<void>> {
    return removeUser(this.#env, member, options);
  }

  /** Limits of what a project may use, with what it uses. @throws ApiError `NOT_FOUND` */
  async quotas(project: ProjectName, options: CallOptions = {}): Promise<readonly QuotaInfo[]> {
    checkOptions(options, callOptions);
    return inTime(options, 'list quotas of a project', (call) => quotasOf(this.#env, project, call));
  }

  /** Sets a quota of a project, whole; creates it where there is none. @throws FederationError `INVALID`, `NOT_FOUND` */
  async setQuota(quota: NewQuota, options?: WriteOptions): Promise<Written<void>> {
    return setQuota(this.#env, quota, options);
  }

  /** What containers of a project get by default, and at most. @throws ApiError `NOT_FOUND` */
  async limitRanges(project: ProjectName, options: CallOptions = {}): Promise<readonly LimitRangeInfo[]> {
    checkOptions(options, callOptions);
    return inTime(options, 'list limits of a project', (call) => limitRangesOf(this.#env, project, call));
  }

  /**
   * Sets the limits of a project, whole; creates them where there are none.
   *
   * @throws FederationError `INVALID`, also where there are several LimitRanges and none is named; `NOT_FOUND`
   */
  async setLimitRange(range: NewLimitRange, options?: WriteOptions): Promise<Written<void>> {
    return setLimitRange(this.#env, range, options);
  }

  /**
   * Deletes one namespace with everything in it, this very one by UID, and waits until it is gone. A dry run tells what is in it: how
   * many objects of each kind, its claims with what becomes of their data, and its apps, whose HelmReleases stay as records.
   *
   * @throws FederationError `INVALID` for system namespaces, multi-cluster projects and backing namespaces of DevOps projects;
   * `WORLD_MOVED` where the item names the workspace that it was in, and it is in another by now; `PLAN_BLOCKED` while it is protected, is
   * another one by that name, holds a FederatedNamespace, or something outside of it would go
   * along; `NOT_OBSERVED` naming the finalizers that hold it
   */
  async delete(project: ProjectToDelete, options?: WriteOptions): Promise<Written<ProjectContents>> {
    return deleteNamespace(this.#env, project, options);
  }

  /**
   * Creates a multi-cluster project: the host's own namespace, which holds the definitions, and a FederatedNamespace (domain reference,
   * 1.5). Waits until it is on each of these clusters.
   *
   * @throws FederationError `PLAN_BLOCKED` where the workspace is not placed on one of them, or a namespace of that name is there;
   * `NOT_FOUND` for a workspace or a cluster that there is not
   */
  async createFederated(project: NewFederatedProject, options?: WriteOptions): Promise<Written<void>> {
    return createFederated(this.#env, project, options);
  }

  /**
   * Places a multi-cluster project: the placement becomes exactly this. Waits until it is on every cluster that comes.
   *
   * A placement that leaves a cluster has kubefed delete the copy there with everything in it (H7). It is refused unless `projects`
   * says what becomes of it: with `keep` the copy is released first (`managed=false` on it and on everything in it, and it leaves its
   * workspace) and lives on as a namespace of its own; with `delete` exactly those copies named go.
   *
   * @throws FederationError as `workspaces.setPlacement`; `PLAN_BLOCKED` where the workspace is not placed on a cluster that comes, or a
   * namespace of that name is there; `UNSUPPORTED` where it would leave the host itself
   */
  async setFederatedPlacement(
    name: string,
    placement: NewPlacement,
    shrink: Partial<ShrinkOptions> = {},
    options?: WriteOptions,
  ): Promise<Written<void>> {
    return setFederatedPlacement(this.#env, name, placement, shrink, options);
  }

  /**
   * Deletes a multi-cluster project by way of its FederatedNamespace. `keep` releases every copy first; each lives on as a namespace of
   * its own, as does the host's with the definitions. `delete` takes exactly those named: every copy and the host's. No way back.
   *
   * @throws FederationError `INVALID` without `projects`; `UNREACHABLE` while any joined cluster does not answer or is not ready, for
   * kubefed would wait for it for ever; `PLAN_BLOCKED`, `KEPT_AT_RISK` where `delete` does not name exactly what would be deleted
   */
  async deleteFederated(name: string, shrink: ShrinkOptions, options?: WriteOptions): Promise<Written<void>> {
    return deleteFederated(this.#env, name, shrink, options);
  }

  /**
   * Makes the API server refuse to delete these namespaces and Workspaces, whoever asks, until {@link Namespaces.unprotect}.
   *
   * @throws FederationError `NOT_FOUND` where one is not there; `NOT_OBSERVED` where the server would still delete one
   */
  async protect(protection: Protection, options?: WriteOptions): Promise<Written<Raised>> {
    return protect(this.#env, protection, options);
  }

  /**
   * Takes that protection away, given the same names.
   *
   * @throws FederationError `KEPT_AT_RISK` while a namespace has an owner that is gone: the garbage collector would take it at once;
   * `PLAN_BLOCKED` where only protections of other names keep some of them
   */
  async unprotect(protection: Protection, options?: WriteOptions): Promise<Written<void>> {
    return unprotect(this.#env, protection, options);
  }

  /** What is protected on a cluster: by {@link Namespaces.protect}, or by a run that is at work or died. */
  async protections(cluster: string, options: CallOptions = {}): Promise<readonly ShieldUp[]> {
    checkOptions(options, callOptions);
    checkName('cluster', cluster);
    return inTime(options, `list what is protected on ${cluster}`, async (call) =>
      shieldsUp(await this.#cluster(cluster, call), call),
    );
  }
}
