import type { Listing } from '../kube/connection.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere, type Placement, type WorkspaceTemplate } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import type { FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { placeWorkspace } from './operations/place-workspace.ts';
import { createWorkspace, type NewWorkspace } from './operations/workspace-template.ts';
import { deleteWorkspace } from './workspaces/delete.ts';
import type { WorkspaceDeletion } from './workspaces/delete-plan.ts';
import type { DeletedWorkspace } from './workspaces/delete-steps.ts';

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
}
