import type { Listing, WatchOptions } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { workspaceLabel } from '../kubesphere/names.ts';
import { checkName, checkNames } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import { type ClusterByName, clusterByName, type FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { type ListingAcross, listAcross } from './namespaces/across.ts';
import { infoOf, type NamespaceInfo } from './namespaces/info.ts';
import type { Moved, MoveOptions } from './namespaces/moves.ts';
import {
  checkProject,
  type MovedEach,
  moveProjects,
  type ProjectName,
  type ProjectNames,
  type ProjectsToMove,
  type ProjectToMove,
} from './namespaces/projects.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { assertSafeToLift, lowerShield, raiseShield, type Shielded, shieldForm, shieldId } from './shield.ts';

/** What {@link Namespaces.protect} keeps. */
export interface Protection {
  readonly cluster: string;
  readonly names: readonly string[];
  /** Workspaces of that cluster, by name. Without ValidatingAdmissionPolicy (Kubernetes below 1.30) naming any keeps all. */
  readonly workspaces?: readonly string[];
}

/** A change that {@link Namespaces.watch} tells. */
export type NamespaceEvent =
  | { readonly type: 'synced'; readonly namespaces: readonly NamespaceInfo[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly namespace: NamespaceInfo };

const selecting = (workspace: string | undefined): { readonly labelSelector?: string } =>
  workspace === undefined ? {} : { labelSelector: `${workspaceLabel}=${workspace}` };

/** The namespaces of a federation's clusters; those with a workspace are projects. */
export class Namespaces {
  readonly #env: FederationEnv;
  readonly #cluster: ClusterByName;

  constructor(env: FederationEnv) {
    this.#env = env;
    this.#cluster = clusterByName(env);
  }

  /** Namespaces of one cluster, of one workspace if named. */
  async list(
    { cluster, workspace }: { readonly cluster: string; readonly workspace?: string },
    options?: CallOptions,
  ): Promise<Listing<NamespaceInfo>> {
    checkName('cluster', cluster);
    if (workspace !== undefined) checkName('workspace', workspace);
    const { connection } = await this.#cluster(cluster, options);
    return mapListing(connection.listMetadata(core.namespaces, { ...options, ...selecting(workspace) }), infoOf);
  }

  /** Namespaces of all clusters, or of those named; of one workspace if named. A cluster that is silent is named, and fails nothing. */
  listAcross(
    { workspace, clusters }: { readonly workspace?: string; readonly clusters?: readonly string[] } = {},
    options: CallOptions = {},
  ): ListingAcross<NamespaceInfo> {
    if (workspace !== undefined) checkName('workspace', workspace);
    if (clusters !== undefined) checkNames('clusters', clusters, { emptyToo: true });
    const list = ({ connection }: KubeSphereCluster, call: CallOptions) =>
      mapListing(connection.listMetadata(core.namespaces, { ...call, ...selecting(workspace) }), infoOf);
    return listAcross(this.#env, list, { ...options, ...(clusters !== undefined && { clusters }) });
  }

  /** Lists the namespaces of one cluster, of one workspace if named, then follows; ends with the signal. */
  async *watch(
    { cluster, workspace }: { readonly cluster: string; readonly workspace?: string },
    options: WatchOptions = {},
  ): AsyncIterable<NamespaceEvent> {
    checkName('cluster', cluster);
    if (workspace !== undefined) checkName('workspace', workspace);
    const { connection } = await this.#cluster(cluster, options.signal && { signal: options.signal });
    for await (const event of connection.watch(core.namespaces, { ...options, ...selecting(workspace) }))
      yield event.type === 'synced'
        ? { type: 'synced', namespaces: event.objects.map(infoOf) }
        : { type: event.type, namespace: infoOf(event.object) };
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(project: ProjectName, options?: CallOptions): Promise<NamespaceInfo> {
    checkProject(project);
    const { cluster, name } = project;
    return infoOf(await (await this.#cluster(cluster, options)).connection.get(core.namespaces, { name }, options));
  }

  /**
   * Puts namespaces into a workspace of their cluster, one or thousands, and waits until the live Workspace owns each. What else that
   * changes for a project is told as {@link Moved}, by a dry run too.
   *
   * @throws FederationError `INVALID` for a system namespace, a multi-cluster project, a DevOps project that is not named in `devops`;
   * `PLAN_BLOCKED` where it is in another workspace, the Workspace is not there, or it has apps of another workspace and they are not
   * to follow; `BATCH_FAILED` with each outcome where some of many failed
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
   * Takes projects out of their workspaces, one or thousands; they live on. A note on each says where it was. Apps that follow are in
   * no workspace either.
   *
   * @throws FederationError as {@link Namespaces.bind}
   */
  unbind(project: ProjectName, options?: MoveOptions): Promise<Written<Moved>>;
  unbind(projects: readonly ProjectName[] | ProjectNames, options?: MoveOptions): Promise<MovedEach<ProjectName>>;
  async unbind(
    given: ProjectName | readonly ProjectName[] | ProjectNames,
    options?: MoveOptions,
  ): Promise<Written<Moved> | MovedEach<ProjectName>> {
    return moveProjects<ProjectName>(this.#env, 'unbind', given, options);
  }

  /**
   * Puts projects from the workspaces they are in into another, one or thousands, each in one patch: a project is in one of the two at
   * every moment. Done when the live Workspace owns it.
   *
   * @throws FederationError as {@link Namespaces.bind}; `PLAN_BLOCKED` for one that is in no workspace
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

  /** Makes the API server refuse to delete these namespaces and Workspaces, whoever asks, until {@link Namespaces.unprotect}. */
  async protect({ cluster, names, workspaces = [] }: Protection, options?: WriteOptions): Promise<Written<unknown>> {
    return perform(
      raiseShield(await this.#cluster(cluster), shieldOf(names, workspaces)),
      `protect ${names.length} namespace(s) and ${workspaces.length} Workspace(s)`,
      options,
    );
  }

  /**
   * Takes that protection away, given the same names.
   *
   * @throws FederationError `KEPT_AT_RISK` while a namespace has an owner that is gone: the garbage collector would take it at once
   */
  async unprotect({ cluster, names, workspaces = [] }: Protection, options: CallOptions = {}): Promise<void> {
    const at = await this.#cluster(cluster);
    const signal = options.signal ?? new AbortController().signal;
    await assertSafeToLift({ signal }, at, names);
    const work = { signal, confirmDriver: async () => {} };
    await lowerShield(work, at, { ...shieldOf(names, workspaces), form: await shieldForm(at, signal) });
  }
}

function shieldOf(names: readonly string[], workspaces: readonly string[]): Shielded {
  const id = shieldId([...names, ...workspaces.map((workspace) => `workspace ${workspace}`)]);
  return { id, namespaces: names, workspaces };
}
