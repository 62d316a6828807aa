import { FederationError } from '../errors.ts';
import { deadline } from '../internal/signal.ts';
import { connectCluster } from '../kube/connect.ts';
import type { Listing, WatchOptions } from '../kube/connection.ts';
import { credentialsExpire } from '../kube/expiry.ts';
import { portableKubeconfig } from '../kube/portable.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { assertDifferent, openCluster } from '../kubesphere/cluster.ts';
import { readJwtSecret } from '../kubesphere/installation.ts';
import { hostLabel, systemWorkspace } from '../kubesphere/names.ts';
import { type Cluster, type Condition, kubesphere } from '../kubesphere/resources.ts';
import { checkName, checkOneOf, checkText, invalid } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import { type Candidate, examine, type Preflight } from './clusters/preflight.ts';
import { type Unbound, unbindWorkflow } from './clusters/unbind.ts';
import { type UpdateEnv, updateKubeconfigWorkflow } from './clusters/update-kubeconfig.ts';
import type { FederationEnv } from './env.ts';
import { mapListing } from './listing.ts';
import { performAll } from './method.ts';
import { perform, type WriteOptions, type Written } from './operation.ts';
import { clusterSecrets, waitArrived, waitJoined } from './operations/cluster-object.ts';
import { importCluster } from './operations/import-cluster.ts';
import { prepareMember } from './operations/member-role.ts';

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
  /**
   * When the credentials in the stored kubeconfig end, as ISO 8601; `undefined` where they do not, or where that cannot be told. Nothing
   * else of the kubeconfig is told.
   */
  readonly kubeconfigExpires: string | undefined;
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
    kubeconfigExpires:
      spec.connection.kubeconfig === undefined
        ? undefined
        : credentialsExpire(Buffer.from(spec.connection.kubeconfig, 'base64').toString()),
    labels,
  };
}

/** The clusters of a federation: the host's Cluster objects. */
export class Clusters {
  readonly #host: KubeSphereCluster;
  readonly #env: FederationEnv;

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
    checkName('name', name);
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
    if (typeof member?.connection?.get !== 'function')
      throw invalid('member', 'must be a cluster: what federation.member or connectMember yields.');
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
    checkName('name', name);
    checkText('kubeconfig', kubeconfig);
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
   * Unbinds a member: its Cluster object goes, and with it all that this host has of it. Then, on the member, this host's ServiceAccount
   * with its ClusterRole and binding (H12), but only where no other host can have the member; else the outcome says why they stay.
   * No Workspace and no project is written, and a member that does not answer stays as it is. The webhook of 3.4 that keeps such a
   * member from being unbound is opened for it and closed again: by this call, and where its process dies by `resume` or `rollback`.
   *
   * @throws ApiError `NOT_FOUND`; FederationError `INVALID` for the host itself
   */
  async unbind(name: string, options?: WriteOptions): Promise<Written<Unbound | undefined>> {
    checkName('name', name);
    const { uid, objectUid, role } = await this.get(name, options);
    if (role === 'host')
      throw new FederationError('INVALID', `"${name}" is the host itself; a host cannot be unbound from itself.`);
    const input = { name, objectUid, memberUid: uid ?? null };
    return performAll(unbindWorkflow, input, this.#env, `unbind cluster "${name}"`, options);
  }

  /**
   * Looks at a cluster that is to be imported, and at this host: everything that ks-apiserver checks and what it does not (domain reference,
   * 2.7), as findings. Reads only. What cannot be read of the cluster is a finding.
   *
   * @throws FederationError `INVALID`; ApiError where the host itself cannot be read
   */
  async preflight(candidate: Candidate, options: CallOptions = {}): Promise<Preflight> {
    const { name, kubeconfig, connection } = candidate;
    checkName('name', name);
    checkText('kubeconfig', kubeconfig);
    if (connection !== undefined) checkOneOf('connection', connection, ['direct', 'agent']);
    using limit = deadline(options, `preflight of cluster "${name}"`);
    return await examine(this.#host, candidate, limit.signal);
  }

  /**
   * Gives the host another kubeconfig of the same member: one that leads to the same cluster, whose jwtSecret is the host's, and whose
   * user has every right. Done when the host was seen to use it. The former one is parked until then and put back if it fails.
   *
   * @param kubeconfig - a path or YAML text
   * @throws FederationError `INVALID` for the host itself, `UNSUPPORTED` for a member connected by agent, `PLAN_BLOCKED` where the
   * kubeconfig must not take the place of the other, `NOT_OBSERVED` where the host cannot use it
   */
  async updateKubeconfig(name: string, kubeconfig: string, options?: WriteOptions): Promise<Written<void>> {
    checkName('name', name);
    checkText('kubeconfig', kubeconfig);
    const newKubeconfig = await portableKubeconfig(kubeconfig);
    const { uid, objectUid, role, connection } = await this.get(name, options);
    if (role === 'host')
      throw new FederationError('INVALID', `"${name}" is the host itself; it keeps its own kubeconfig.`);
    if (connection === 'proxy')
      throw new FederationError(
        'UNSUPPORTED',
        `"${name}" is connected by agent; tower makes its kubeconfig and renews it when it is restarted.`,
      );
    if (uid === undefined)
      throw new FederationError(
        'INVALID',
        `"${name}" was never reached by its host, so that who it is cannot be compared. Unbind it and import it with the right kubeconfig.`,
      );
    const { host } = this.#env;
    const env: UpdateEnv = { host, member: (...args) => this.#env.member(...args), newKubeconfig };
    const input = { name, objectUid, memberUid: uid };
    return performAll(updateKubeconfigWorkflow, input, env, `update the kubeconfig of cluster "${name}"`, options);
  }

  /**
   * Waits until the host has joined a member and is at work there. A Ready from before this call does not count, for it stays while a
   * member is dead (H18): the host must have looked again, which it does every two minutes, kubefed must reach the member, and must have
   * something of its own there.
   *
   * @throws FederationError `NOT_OBSERVED` after seven minutes; ApiError `NOT_FOUND`
   */
  async waitUntilReady(name: string, options: CallOptions = {}): Promise<ClusterInfo> {
    checkName('name', name);
    using limit = deadline(options, `cluster "${name}" to be ready`);
    const { signal } = limit;
    const { uid, conditions } = await this.get(name, options);
    const member = uid ?? (await this.#uidOf(name, { signal }));
    const written = conditions.find(({ type }) => type === 'Ready')?.lastUpdateTime;
    await waitJoined({ signal }, this.#host, name, member, written === undefined ? {} : { notFrom: written });
    await waitArrived({ signal }, this.#host, name);
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
