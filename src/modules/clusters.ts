import { FederationError } from '../errors.ts';
import { connectCluster } from '../kube/connect.ts';
import type { Listing, WatchOptions } from '../kube/connection.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { assertDifferent, openCluster } from '../kubesphere/cluster.ts';
import { readJwtSecret } from '../kubesphere/installation.ts';
import { hostLabel, systemWorkspace } from '../kubesphere/names.ts';
import { type Cluster, type Condition, kubesphere } from '../kubesphere/resources.ts';
import { checkObjectName, checkOneOf } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import type { BatchOptions, ItemOutcome } from './batch.ts';
import type { FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { clusterSecrets, waitJoined } from './operations/cluster-object.ts';
import { detachCluster } from './operations/detach-cluster.ts';
import { importCluster } from './operations/import-cluster.ts';
import { prepareMember } from './operations/member-role.ts';
import { setVisibility, type Visibility } from './operations/set-visibility.ts';
import { authorize, revoke } from './placement/authorize.ts';
import type { ShrinkOptions } from './placement/input.ts';

/** A cluster as its host knows it; without its credentials. */
export interface ClusterInfo {
  readonly name: string;
  /** UID of the Cluster object on the host. */
  readonly objectUid: string;
  readonly role: 'host' | 'member';
  readonly connection: 'direct' | 'proxy';
  /** The host says so; it says so for minutes after a member is gone, and before anything was synced (H18). */
  readonly ready: boolean;
  /** UID of the cluster's kube-system namespace: its identity. */
  readonly uid: string | undefined;
  readonly kubernetesVersion: string | undefined;
  readonly kubeSphereVersion: string | undefined;
  readonly conditions: readonly Condition[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A change that {@link Clusters.watch} tells. */
export type ClusterEvent =
  | { readonly type: 'synced'; readonly clusters: readonly ClusterInfo[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly cluster: ClusterInfo };

/** What {@link Clusters.import} needs. */
export interface NewCluster {
  /** A member that had a host before keeps its name (the v3.3 page: "you have to use the same cluster name"). */
  readonly name: string;
  /** Under which the host reaches the member: a path or YAML text. */
  readonly kubeconfig: string;
  readonly provider?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The member bears the marks of a host that has let go of it, or is gone for good. Without this such a member is refused. */
  readonly formerHostGone?: true;
}

function infoOf({ metadata, spec, status }: Cluster): ClusterInfo {
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    objectUid: metadata.uid,
    role: hostLabel in labels ? 'host' : 'member',
    connection: spec.connection.type,
    ready: (status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
    uid: status?.uid,
    kubernetesVersion: status?.kubernetesVersion,
    kubeSphereVersion: status?.kubeSphereVersion,
    conditions: status?.conditions ?? [],
    labels,
  };
}

/** The clusters of a federation: the host's Cluster objects. */
export class Clusters {
  readonly #env: FederationEnv;
  readonly #host: KubeSphereCluster;

  constructor(env: FederationEnv) {
    this.#env = env;
    this.#host = env.host;
  }

  /** The host itself included. */
  list(options?: CallOptions): Listing<ClusterInfo> {
    return mapListing(this.#host.connection.list(kubesphere.clusters, options), infoOf);
  }

  /** @throws ApiError `NOT_FOUND` */
  async get(name: string, options?: CallOptions): Promise<ClusterInfo> {
    return infoOf(await this.#host.connection.get(kubesphere.clusters, { name }, options));
  }

  /** Lists, then follows; ends with the signal. */
  async *watch(options?: WatchOptions): AsyncIterable<ClusterEvent> {
    for await (const event of this.#host.connection.watch(kubesphere.clusters, options))
      yield event.type === 'synced'
        ? { type: 'synced', clusters: event.objects.map(infoOf) }
        : { type: event.type, cluster: infoOf(event.object) };
  }

  /**
   * Makes a cluster ready to be a member of this host: its role, and the host's jwtSecret, through its
   * ClusterConfiguration; waits for its installer. Skipped where it is so already.
   *
   * @throws FederationError `INVALID` where the host has no jwtSecret to share
   */
  async prepareMember(member: KubeSphereCluster, options?: WriteOptions): Promise<Written<void>> {
    const jwtSecret = (signal: AbortSignal) => sharedSecret(this.#host, signal);
    const former = await readJwtSecret(member.connection, options);
    return perform(
      prepareMember(member, { jwtSecret, formerSecret: async () => former }),
      `prepare ${member.name} as a member`,
      options,
    );
  }

  /**
   * Imports a member by direct connection and waits until something of this host has arrived there. For a member that
   * another host holds, use `memberMigration`.
   *
   * @throws FederationError `SAME_CLUSTER`, `PLAN_BLOCKED` where the name is taken or a host holds the member, `NOT_OBSERVED`
   */
  async import(
    { name, kubeconfig, provider, labels, formerHostGone }: NewCluster,
    options?: WriteOptions,
  ): Promise<Written<void>> {
    await using connection = await connectCluster({ kubeconfig, name });
    const member = await openCluster(connection, options);
    assertDifferent(this.#host, member, ['the host', `the member "${name}"`]);
    const settings = {
      name,
      member,
      kubeconfig: async () => kubeconfig,
      proof: [systemWorkspace],
      unlessMarked: formerHostGone !== true,
      ...(provider === undefined ? {} : { provider }),
      ...(labels === undefined ? {} : { labels }),
    };
    // Awaited here: the connection lives only as long as this call.
    return await perform(importCluster(this.#host, settings), `import cluster "${name}"`, options);
  }

  /**
   * Detaches a member by deleting its Cluster object: the host forgets it, nothing on the member is written. The host's
   * account on the member stays until `memberMigration` or an administrator removes it (H12).
   *
   * @throws ApiError `NOT_FOUND`
   */
  async unbind(name: string, options?: WriteOptions): Promise<Written<void>> {
    const { uid, role } = await this.get(name, options);
    if (role === 'host')
      throw new FederationError('INVALID', `"${name}" is the host itself; a host cannot be unbound from itself.`);
    const secrets = async (signal: AbortSignal) => ({
      kubeconfig: '',
      ...(await clusterSecrets(this.#host, name, signal)),
    });
    return perform(detachCluster(this.#host, name, uid ?? '', { secrets }), `unbind cluster "${name}"`, options);
  }

  /**
   * Adds a cluster to the placement of workspaces, and waits until each is there. Other clusters of their placements stay.
   *
   * @returns what became of each workspace
   * @throws FederationError `NOT_FOUND` for a cluster that the host does not have; `BATCH_FAILED` where any failed, such as one that is
   * placed by a selector (`PLAN_BLOCKED`): `details.items` holds every outcome
   */
  async authorize(
    cluster: string,
    workspaces: readonly string[],
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, void>[]> {
    return authorize(this.#env, cluster, workspaces, options);
  }

  /**
   * Takes a cluster off the placement of workspaces, and waits until they are gone from it. KubeSphere deletes them there, and every
   * project bound to them within seconds (H7): `projects` says what becomes of these. With `keep` all are unbound first and live on;
   * with `delete` exactly those named, of all these workspaces, go for good.
   *
   * @returns what became of each workspace
   * @throws FederationError as `workspaces.setPlacement`; `BATCH_FAILED` where any failed: `details.items` holds every outcome
   */
  async revoke(
    cluster: string,
    workspaces: readonly string[],
    shrink: ShrinkOptions,
    options?: BatchOptions,
  ): Promise<readonly ItemOutcome<string, void>[]> {
    return revoke(this.#env, cluster, workspaces, shrink, options);
  }

  /**
   * Says who may choose a cluster for a new workspace: everybody (`public`), or only those it is authorized for. It places nothing and
   * takes nothing off any placement (domain reference, 4.4).
   *
   * @throws ApiError `NOT_FOUND`
   */
  async setVisibility(name: string, visibility: Visibility, options?: WriteOptions): Promise<Written<void>> {
    checkObjectName('name', name);
    checkOneOf('visibility', visibility, ['public', 'private']);
    return perform(setVisibility(this.#host, name, visibility), `make cluster "${name}" ${visibility}`, options);
  }

  /** Waits until the host has joined a member, kubefed included: Ready alone is no sign of life (H18). */
  async waitUntilReady(name: string, options?: CallOptions): Promise<ClusterInfo> {
    const { uid } = await this.get(name, options);
    const signal = options?.signal ?? new AbortController().signal;
    const member = uid ?? (await this.#uidOf(name, options));
    await waitJoined({ signal }, this.#host, name, member, {});
    return this.get(name, options);
  }

  async #uidOf(name: string, options?: CallOptions): Promise<string> {
    const { kubeconfig } = await clusterSecrets(this.#host, name, options?.signal ?? new AbortController().signal);
    if (kubeconfig === undefined)
      throw new FederationError('INVALID', `Cluster "${name}" holds no kubeconfig yet; who it is cannot be asked.`);
    await using connection = await connectCluster({ kubeconfig, name });
    return (await openCluster(connection, options)).uid;
  }
}

/** The jwtSecret that a host shares with its members. @throws FederationError `INVALID` where it has none */
export async function sharedSecret(host: KubeSphereCluster, signal: AbortSignal): Promise<string> {
  const secret = await readJwtSecret(host.connection, { signal });
  if (secret !== undefined) return secret;
  throw new FederationError(
    'INVALID',
    `${host.name}: ConfigMap kubesphere-system/kubesphere-config names no authentication.jwtSecret; without it no member can trust this host. Has its installer finished?`,
  );
}
