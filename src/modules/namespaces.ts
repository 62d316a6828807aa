import { FederationError } from '../errors.ts';
import type { Listing } from '../kube/connection.ts';
import type { ObjectMeta } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import { managedLabel, systemNamespaces, systemWorkspace, workspaceLabel } from '../kubesphere/names.ts';
import type { CallOptions } from '../types.ts';
import { type ClusterByName, clusterByName, type FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { createFederated, type NewFederatedProject } from './namespaces/federated-create.ts';
import { deleteFederated } from './namespaces/federated-delete.ts';
import { setFederatedPlacement } from './namespaces/federated-place.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { bindProject, unbindProject } from './operations/bind-project.ts';
import type { NewPlacement, ShrinkOptions } from './placement/input.ts';
import { assertSafeToLift, lowerShield, raiseShield, type Shielded, shieldForm, shieldId } from './shield.ts';

/** A namespace, and what makes it a project. */
export interface NamespaceInfo {
  readonly name: string;
  readonly uid: string;
  /** Absent: it is no project. */
  readonly workspace: string | undefined;
  /** kubefed owns it: it is the copy of a multi-cluster project. */
  readonly federated: boolean;
  readonly terminating: boolean;
}

function infoOf({ metadata }: { readonly metadata: ObjectMeta }): NamespaceInfo {
  return {
    name: metadata.name,
    uid: metadata.uid,
    workspace: metadata.labels?.[workspaceLabel],
    federated: metadata.labels?.[managedLabel] === 'true',
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** What {@link Namespaces.protect} keeps. */
export interface Protection {
  readonly cluster: string;
  readonly names: readonly string[];
  /** Workspaces of that cluster, by name. Without ValidatingAdmissionPolicy (Kubernetes below 1.30) naming any keeps all. */
  readonly workspaces?: readonly string[];
}

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
    const { connection } = await this.#cluster(cluster);
    const selector = workspace === undefined ? {} : { labelSelector: `${workspaceLabel}=${workspace}` };
    return mapListing(connection.listMetadata(core.namespaces, { ...options, ...selector }), infoOf);
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(
    { cluster, name }: { readonly cluster: string; readonly name: string },
    options?: CallOptions,
  ): Promise<NamespaceInfo> {
    return infoOf(await (await this.#cluster(cluster)).connection.get(core.namespaces, { name }, options));
  }

  /**
   * Puts a namespace into a workspace, and waits until the live Workspace owns it.
   *
   * @throws FederationError `INVALID` for a system namespace, `PLAN_BLOCKED` where it is in another workspace
   */
  async bind(
    { cluster, name, workspace }: { readonly cluster: string; readonly name: string; readonly workspace: string },
    options?: WriteOptions,
  ): Promise<Written<void>> {
    refuseSystem(name, workspace);
    const [at, { uid }] = [await this.#cluster(cluster), await this.get({ cluster, name }, options)];
    return perform(bindProject(at, { name, uid }, workspace), `bind project "${name}"`, options);
  }

  /**
   * Takes a project out of its workspace; it lives on. A note on it says where it was.
   *
   * @throws FederationError `INVALID` for a system namespace or a multi-cluster project, whose label kubefed puts back
   */
  async unbind(
    { cluster, name }: { readonly cluster: string; readonly name: string },
    options?: WriteOptions,
  ): Promise<Written<void>> {
    const info = await this.get({ cluster, name }, options);
    refuseSystem(name, info.workspace);
    if (info.federated)
      throw new FederationError(
        'INVALID',
        `${cluster}: "${name}" is a multi-cluster project; its host puts the label back. Detach the cluster first.`,
      );
    return perform(unbindProject(await this.#cluster(cluster), info), `unbind project "${name}"`, options);
  }

  /**
   * Creates a multi-cluster project: the host's own namespace, which holds the definitions, and a FederatedNamespace, first placed
   * nowhere, then on these clusters (domain reference, 1.5). Waits until it is on each of them.
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
   * Deletes a multi-cluster project by way of its FederatedNamespace. With `projects: 'keep'` every copy is released first and lives on
   * as a namespace of its own, and so does the host's own namespace, with the definitions; with `delete` exactly the namespaces named
   * go: every copy, and the host's own. There is no way back from either.
   *
   * @throws FederationError `INVALID` without `projects`; `UNREACHABLE` while any joined cluster does not answer or is not ready, for
   * kubefed would wait for it for ever; `PLAN_BLOCKED`, `KEPT_AT_RISK` where `delete` does not name exactly what would be deleted
   */
  async deleteFederated(
    project: { readonly name: string },
    shrink: ShrinkOptions,
    options?: WriteOptions,
  ): Promise<Written<void>> {
    return deleteFederated(this.#env, project, shrink, options);
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

function refuseSystem(name: string, workspace: string | undefined): void {
  if (systemNamespaces.has(name) || workspace === systemWorkspace)
    throw new FederationError(
      'INVALID',
      `"${name}" belongs to the installation itself (${systemWorkspace}); it is neither bound nor unbound.`,
    );
}
