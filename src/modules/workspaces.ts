import type { Listing } from '../kube/connection.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere, type Placement, type WorkspaceTemplate } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import type { FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { createWorkspace, type NewWorkspace } from './operations/workspace-template.ts';
import type { NewPlacement, ShrinkOptions } from './placement/input.ts';
import { readPlacement, setPlacement, type WorkspacePlacement } from './placement/workspace.ts';

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
   * Creates a workspace, placed nowhere; place it with {@link Workspaces.setPlacement} or `clusters.authorize`.
   *
   * @throws FederationError `PLAN_BLOCKED` where one of that name exists
   */
  async create(workspace: NewWorkspace, options?: WriteOptions): Promise<Written<void>> {
    return perform(createWorkspace(this.#host, workspace), `create workspace "${workspace.name}"`, options);
  }

  /**
   * Where a workspace is placed, and which of the host's clusters that means now.
   *
   * @throws ApiError `NOT_FOUND`
   */
  async placement(name: string, options?: CallOptions): Promise<WorkspacePlacement> {
    return readPlacement(this.#env, name, options);
  }

  /**
   * Places a workspace: on the clusters named, or on those whose labels a selector takes (`{}` takes all). The placement becomes
   * exactly this. Waits until the Workspace is on every cluster that comes, and gone from every one that goes.
   *
   * A placement that leaves a cluster has KubeSphere delete the Workspace there, and every project bound to it within seconds (H7). It
   * is refused unless `projects` says what becomes of them: with `keep` they are unbound first and all live on, copies of
   * multi-cluster projects are released from their host; with `delete` exactly those named go, with all that is in them, for good.
   *
   * @throws FederationError `INVALID` without `projects` where a cluster would be left; `UNREACHABLE` where that cluster does not answer
   * or is not ready; `PLAN_BLOCKED`, `KEPT_AT_RISK` where `delete` does not name exactly what would be deleted (`details` names both
   * differences); `NOT_FOUND` for a cluster that the host does not have
   */
  async setPlacement(
    name: string,
    placement: NewPlacement,
    shrink: Partial<ShrinkOptions> = {},
    options?: WriteOptions,
  ): Promise<Written<void>> {
    return setPlacement(this.#env, name, placement, shrink, options);
  }
}
