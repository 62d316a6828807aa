import type { Listing, WatchOptions } from '../kube/connection.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { checkName } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import type { ClusterAnswer } from './across.ts';
import type { FederationEnv } from './env.ts';
import { inTime } from './in-time.ts';
import { mapListing } from './listing.ts';
import type { WriteOptions, Written } from './operation.ts';
import { callOptions, checkOptions, watchOptions } from './options.ts';
import type { NewPlacement, ShrinkOptions } from './placement/input.ts';
import { readPlacement, setPlacement, type WorkspacePlacement } from './placement/workspace.ts';
import { adoptWorkspace } from './workspaces/adopt.ts';
import type { AdoptedWorkspace } from './workspaces/adopt-end.ts';
import type { WorkspaceAdoption } from './workspaces/adopt-survey.ts';
import { createWorkspace, type WorkspaceToCreate } from './workspaces/create.ts';
import { deleteWorkspace } from './workspaces/delete.ts';
import type { WorkspaceDeletion } from './workspaces/delete-plan.ts';
import type { DeletedWorkspace } from './workspaces/delete-steps.ts';
import { type DriftedWorkspace, drift } from './workspaces/drift.ts';
import { infoOf, type WorkspaceEvent, type WorkspaceInfo } from './workspaces/info.ts';
import { inviteUser, removeUser, users, type WorkspaceInvitation, type WorkspaceUser } from './workspaces/people.ts';
import { type QuotaToSet, quotas, removeQuota, setQuota, type WorkspaceQuota } from './workspaces/quotas.ts';
import { updateWorkspace, type WorkspaceChanges } from './workspaces/update.ts';

/** The workspaces of a federation: the host's WorkspaceTemplates. */
export class Workspaces {
  readonly #env: FederationEnv;
  readonly #host: KubeSphereCluster;

  constructor(env: FederationEnv) {
    this.#env = env;
    this.#host = env.host;
  }

  list(options?: CallOptions): Listing<WorkspaceInfo> {
    checkOptions(options, callOptions);
    return mapListing(this.#host.connection.list(kubesphere.workspaceTemplates, options), infoOf);
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(name: string, options?: CallOptions): Promise<WorkspaceInfo> {
    checkOptions(options, callOptions);
    checkName('name', name);
    return infoOf(await this.#host.connection.get(kubesphere.workspaceTemplates, { name }, options));
  }

  /** Lists, then follows; see {@link Connection.watch}. */
  async *watch(options?: WatchOptions): AsyncIterable<WorkspaceEvent> {
    checkOptions(options, watchOptions);
    for await (const event of this.#host.connection.watch(kubesphere.workspaceTemplates, options))
      yield event.type === 'synced'
        ? { type: 'synced', workspaces: event.objects.map(infoOf) }
        : { type: event.type, workspace: infoOf(event.object) };
  }

  /**
   * Creates a workspace and places it on `clusters`, and waits until it has arrived there; without them it is placed nowhere.
   *
   * @throws FederationError `NOT_FOUND` where the manager is no user of the host; `PLAN_BLOCKED` where the host has one of that name
   * (unless `existing: 'join'`: then it is only placed besides, and a manager or networkIsolation that is not so stands against it), and where a cluster has a Workspace of that name, or projects with its label, already
   */
  async create(workspace: WorkspaceToCreate, options?: WriteOptions): Promise<Written<void>> {
    return createWorkspace(this.#env, workspace, options);
  }

  /**
   * Changes what people set of a workspace: its manager, its network isolation, what the console shows. By one patch on the host; its
   * controllers carry it on.
   *
   * @throws FederationError `NOT_FOUND`, also where the manager is no user of the host
   */
  async update(name: string, changes: WorkspaceChanges, options?: WriteOptions): Promise<Written<void>> {
    return updateWorkspace(this.#env, name, changes, options);
  }

  /**
   * Where a workspace is placed, and which of the host's clusters that means now.
   *
   * @throws ApiError `NOT_FOUND`
   */
  async placement(name: string, options?: CallOptions): Promise<WorkspacePlacement> {
    checkOptions(options, callOptions);
    return readPlacement(this.#env, name, options);
  }

  /**
   * Places a workspace: on the clusters named, or on those whose labels a selector takes (`{}` takes all). The placement becomes
   * exactly this. Waits until the Workspace is on every cluster that comes, and gone from every one that goes.
   *
   * A placement that leaves a cluster has KubeSphere delete the Workspace there, and every project bound to it within seconds (H7). It
   * is refused unless `projects` says what becomes of them: with `keep` they are unbound first and all live on, copies of
   * multi-cluster projects are released from their host; with `delete` exactly those named go, with all that is in them, for good. A
   * multi-cluster project whose copy was released names the cluster still, and gets another copy there once that name is free and the
   * workspace is back: `namespaces.setFederatedPlacement` takes it out.
   *
   * A cluster where the workspace still is, although somebody took it off its placement while kubefed could not follow, is left by this
   * call. `already` says that the workspace is where it is placed and nowhere else.
   *
   * @throws FederationError `INVALID` without `projects` where a cluster would be left; `UNREACHABLE` where that cluster does not answer
   * or is not ready, and where any does not that would have to for `already`; `PLAN_BLOCKED`, `KEPT_AT_RISK` where `delete` does not name
   * exactly what would be deleted (both differences are named), where the workspace has DevOps projects there, or owns what would be
   * deleted besides; `NOT_FOUND` for a cluster that the host does not have
   */
  async setPlacement(
    name: string,
    placement: NewPlacement,
    shrink: Partial<ShrinkOptions> = {},
    options?: WriteOptions,
  ): Promise<Written<void>> {
    return setPlacement(this.#env, name, placement, shrink, options);
  }

  /**
   * Deletes a workspace from the host and every cluster it lives on. Neither `projects` nor `apps` has a default. A dry run shows its
   * closure: what is deleted goes, apps that are uninstalled with what their charts made; what is only updated is kept, for every project
   * is taken out of the workspace first, the named ones, too. Its quotas go in any case.
   *
   * Everything in it is taken out of reach first, on every cluster; the template is told to keep projects, which is read back before it
   * is deleted; and what was named to go is deleted last, by UID. Until the workspace itself goes, `rollback` puts everything back;
   * then `resume` alone goes on.
   *
   * @throws FederationError `INVALID` for system-workspace and where a choice is missing; `PLAN_BLOCKED` while a member is not ready, where
   * a Workspace is on a member and the host has no workspace of that name, and where the list of projects to delete is not exactly what
   * would go; `UNREACHABLE` naming clusters that do not answer
   */
  async delete(
    name: string,
    deletion: WorkspaceDeletion,
    options?: WriteOptions,
  ): Promise<Written<DeletedWorkspace | undefined>> {
    return deleteWorkspace(this.#env, name, deletion, options);
  }

  /**
   * Workspaces that live on a member and not on the host, which nothing brings there by itself, and those of the host that are on a
   * member where it does not place them, which its kubefed is about to delete. Reads only. One answer for each member; one that does not
   * answer is named with its error, and never taken for one without drift.
   */
  async drift(options: CallOptions = {}): Promise<readonly ClusterAnswer<readonly DriftedWorkspace[]>[]> {
    checkOptions(options, callOptions);
    return inTime(options, 'look for drift', (call) => drift(this.#env, call));
  }

  /**
   * Brings a workspace of a member under the host, in place: its Workspace keeps its UID, no project is written, the member's apps stay
   * installed. A former host's mark (`managed=false`) is taken off, and a WorkspaceTemplate of the member's own is retired; meanwhile the
   * member refuses to delete the Workspace and its projects, whoever asks. People whom the member's own workspace knew, and roles of its
   * own, do not come along: the answer names them, and `drift` beforehand.
   *
   * @throws ApiError `NOT_FOUND` where the member has no such Workspace
   * @throws FederationError `PLAN_BLOCKED` where the host has one of that name and `existing: 'join'` was not said, where its manager is no
   * user of the host, and while the member is not ready
   */
  async adopt(adoption: WorkspaceAdoption, options?: WriteOptions): Promise<Written<AdoptedWorkspace | undefined>> {
    return adoptWorkspace(this.#env, adoption, options);
  }

  /** Who has which role in a workspace, as the host has it. @throws ApiError `NOT_FOUND` */
  async users(name: string, options: CallOptions = {}): Promise<readonly WorkspaceUser[]> {
    checkOptions(options, callOptions);
    return inTime(options, `list users of workspace "${name}"`, (call) => users(this.#env, name, call));
  }

  /**
   * Gives a user a role in a workspace, and takes any other that they had: a user has one role for each workspace. Written on the host,
   * and seen on the members that the workspace is placed on.
   *
   * @throws ApiError `NOT_FOUND` where there is no such workspace or user
   * @throws FederationError `NOT_FOUND` where there is no such user, or the workspace has no such role; `PLAN_BLOCKED` for its manager
   */
  async inviteUser(name: string, invitation: WorkspaceInvitation, options?: WriteOptions): Promise<Written<void>> {
    return inviteUser(this.#env, name, invitation, options);
  }

  /**
   * Takes a user's roles in a workspace.
   *
   * @throws ApiError `NOT_FOUND` where there is no such workspace
   * @throws FederationError `PLAN_BLOCKED` for its manager
   */
  async removeUser(name: string, user: string, options?: WriteOptions): Promise<Written<void>> {
    return removeUser(this.#env, name, user, options);
  }

  /** The quotas of a workspace, one answer for each cluster; those that do not answer say so. @throws ApiError `NOT_FOUND` */
  async quotas(name: string, options: CallOptions = {}): Promise<readonly ClusterAnswer<readonly WorkspaceQuota[]>[]> {
    checkOptions(options, callOptions);
    return inTime(options, `list quotas of workspace "${name}"`, (call) => quotas(this.#env, name, call));
  }

  /**
   * Limits what all projects of a workspace on one cluster may take together, and waits until its Workspace there owns the quota.
   *
   * @throws ApiError `NOT_FOUND` where there is no such workspace
   * @throws FederationError `PLAN_BLOCKED` where it does not live on that cluster, or has several quotas there
   */
  async setQuota(name: string, quota: QuotaToSet, options?: WriteOptions): Promise<Written<void>> {
    return setQuota(this.#env, name, quota, options);
  }

  /** Takes the limits of a workspace on one cluster away. @throws ApiError `NOT_FOUND` where there is no such workspace */
  async removeQuota(name: string, cluster: string, options?: WriteOptions): Promise<Written<void>> {
    return removeQuota(this.#env, name, cluster, options);
  }
}
