import type { Listing } from '../kube/connection.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere, type Placement, type WorkspaceTemplate } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import type { FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { placeWorkspace } from './operations/place-workspace.ts';
import { createWorkspace, type NewWorkspace } from './operations/workspace-template.ts';

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
  readonly #host: KubeSphereCluster;

  constructor(env: FederationEnv) {
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
}
