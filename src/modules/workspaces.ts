import type { Listing } from '../kube/connection.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere, type Placement, type WorkspaceTemplate } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import type { ClusterAnswer } from './across.ts';
import type { FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { placeWorkspace } from './operations/place-workspace.ts';
import { createWorkspace, type NewWorkspace } from './operations/workspace-template.ts';
import { adoptWorkspace } from './workspaces/adopt.ts';
import type { AdoptedWorkspace } from './workspaces/adopt-steps.ts';
import type { WorkspaceAdoption } from './workspaces/adopt-survey.ts';
import { deleteWorkspace } from './workspaces/delete.ts';
import type { WorkspaceDeletion } from './workspaces/delete-plan.ts';
import type { DeletedWorkspace } from './workspaces/delete-steps.ts';
import { type DriftedWorkspace, drift } from './workspaces/drift.ts';

/** A workspace as its host defines it. */
export interface WorkspaceInfo {
  readonly name: string;
  readonly uid: string;
  readonly manager: string | undefined;
  readonly placement: Placement;
}

function infoOf({ metadata, spec }: WorkspaceTemplate): WorkspaceInfo {
  return {
    name: metadata.name,
    uid: metadata.uid,
    manager: spec.template.spec?.manager,
    placement: spec.placement ?? {},
  };
}

/** The workspaces of a federation: the host's WorkspaceTemplates. */
export class Workspaces {
  readonly #env: FederationEnv;
  readonly #host: KubeSphereCluster;

  constructor(env: FederationEnv) {
    this.#env = env;
    this.#host = env.host;
  }

  list(options?: CallOptions): Listing<WorkspaceInfo> {
    return mapListing(this.#host.connection.list(kubesphere.workspaceTemplates, options), infoOf);
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(name: string, options?: CallOptions): Promise<WorkspaceInfo> {
    return infoOf(await this.#host.connection.get(kubesphere.workspaceTemplates, { name }, options));
  }

  /**
   * Creates a workspace, placed nowhere; place it with {@link Workspaces.place}.
   *
   * @throws FederationError `PLAN_BLOCKED` where one of that name exists
   */
  async create(workspace: NewWorkspace, options?: WriteOptions): Promise<Written<void>> {
    return perform(createWorkspace(this.#host, workspace), `create workspace "${workspace.name}"`, options);
  }

  /**
   * Adds a cluster to a workspace's placement, and leaves the others alone.
   *
   * @throws FederationError `PLAN_BLOCKED` where the workspace is placed by a selector
   */
  async place(name: string, cluster: string, options?: WriteOptions): Promise<Written<void>> {
    return perform(placeWorkspace(this.#host, name, cluster), `place workspace "${name}" on ${cluster}`, options);
  }

  /**
   * Deletes a workspace from the host and every cluster it lives on. Neither `projects` nor `apps` has a default. A dry run shows its
   * closure: what is updated is kept (projects and apps are taken out of the workspace), what is deleted goes. Its quotas go in any case.
   *
   * Everything in it is taken out of reach first, on every cluster; the template is told to keep projects, which is read back before it
   * is deleted; and what was named to go is deleted last, by UID. Until the workspace itself goes, `rollback` puts everything back;
   * then `resume` alone goes on.
   *
   * @throws FederationError `INVALID` for system-workspace and where a choice is missing; `PLAN_BLOCKED` while a member is not ready, and
   * where the list of projects to delete is not exactly what would go; `UNREACHABLE` naming clusters that do not answer
   */
  async delete(
    name: string,
    deletion: WorkspaceDeletion,
    options?: WriteOptions,
  ): Promise<Written<DeletedWorkspace | undefined>> {
    return deleteWorkspace(this.#env, name, deletion, options);
  }

  /**
   * Workspaces that live on a member and not on the host, which nothing brings there by itself. Reads only. One answer for each member;
   * one that does not answer is named with its error, and never taken for one without drift.
   */
  async drift(options?: CallOptions): Promise<readonly ClusterAnswer<readonly DriftedWorkspace[]>[]> {
    return drift(this.#env, options);
  }

  /**
   * Brings a workspace of a member under the host, in place: its Workspace keeps its UID, no project is written, the member's apps stay
   * installed. A former host's mark (`managed=false`) is taken off, and a WorkspaceTemplate of the member's own is retired; meanwhile the
   * member refuses to delete the Workspace and its projects, whoever asks.
   *
   * @throws ApiError `NOT_FOUND` where the member has no such Workspace
   * @throws FederationError `PLAN_BLOCKED` where the host has one of that name and `existing: 'join'` was not said, where its manager is no
   * user of the host, and while the member is not ready
   */
  async adopt(adoption: WorkspaceAdoption, options?: WriteOptions): Promise<Written<AdoptedWorkspace | undefined>> {
    return adoptWorkspace(this.#env, adoption, options);
  }
}
