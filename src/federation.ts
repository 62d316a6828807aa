import { FederationError } from './errors.ts';
import { connectCluster } from './kube/connect.ts';
import type { KubeconfigSource } from './kube/kubeconfig.ts';
import { type KubeSphereCluster, openCluster } from './kubesphere/cluster.ts';
import { readInstallation } from './kubesphere/installation.ts';
import { hostLabel } from './kubesphere/names.ts';
import { kubesphere } from './kubesphere/resources.ts';
import { Clusters } from './modules/clusters.ts';
import { Components } from './modules/components.ts';
import { Namespaces } from './modules/namespaces.ts';
import { clusterSecrets } from './modules/operations/cluster-object.ts';
import { Users } from './modules/users.ts';
import { Workspaces } from './modules/workspaces.ts';
import type { CallOptions, Logger } from './types.ts';

/** How to reach one cluster. */
export interface ConnectOptions extends CallOptions {
  /** A path, YAML text, or a client-node `KubeConfig`. */
  readonly kubeconfig: KubeconfigSource;
  /** @defaultValue the kubeconfig's current-context */
  readonly context?: string;
  readonly logger?: Logger;
}

/** How to reach a federation. */
export interface FederationOptions extends ConnectOptions {
  /** What messages and plans call the host. @defaultValue the cluster's name in the kubeconfig */
  readonly name?: string;
  /** Credentials of one's own for members, instead of those stored in their Cluster objects. */
  readonly members?: Readonly<Record<string, Pick<ConnectOptions, 'kubeconfig' | 'context'>>>;
}

/** A member, reached directly. */
export type MemberCluster = KubeSphereCluster;

/**
 * Connects to a member without any host: the migration's own way to it.
 *
 * @param options - `name` is the one under which its host has it
 * @throws FederationError `KUBECONFIG_INVALID`, `UNREACHABLE`, `UNSUPPORTED` where it has no KubeSphere
 */
export async function connectMember({
  kubeconfig,
  context,
  name,
  logger,
  ...options
}: ConnectOptions & { readonly name: string }): Promise<MemberCluster> {
  const connection = await connectCluster({
    kubeconfig,
    name,
    ...(context === undefined ? {} : { context }),
    ...(logger === undefined ? {} : { logger }),
  });
  return opened(connection, options);
}

async function opened(
  connection: Awaited<ReturnType<typeof connectCluster>>,
  options: CallOptions,
): Promise<KubeSphereCluster> {
  try {
    return await openCluster(connection, options);
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * A host and its members.
 *
 * @example
 * ```ts
 * import { Federation } from 'kubesphere-federation';
 *
 * await using federation = await Federation.connect({ kubeconfig: '/etc/kubesphere/host.yaml' });
 * for await (const { name, ready } of federation.clusters.list()) console.log(name, ready);
 * ```
 */
export class Federation implements AsyncDisposable {
  /** The host cluster itself. */
  readonly host: KubeSphereCluster;
  /** Clusters that the host manages. */
  readonly clusters: Clusters;
  /** Workspaces, across clusters. */
  readonly workspaces: Workspaces;
  /** Namespaces of any cluster; projects are those with a workspace. */
  readonly namespaces: Namespaces;
  /** Accounts, which the host copies to every member. */
  readonly users: Users;
  /** Pluggable components of any cluster. */
  readonly components: Components;
  readonly #options: FederationOptions;
  readonly #members = new Map<string, Promise<MemberCluster>>();

  private constructor(host: KubeSphereCluster, options: FederationOptions) {
    this.host = host;
    this.#options = options;
    const byName = (name: string): Promise<KubeSphereCluster> => this.#clusterNamed(name);
    this.clusters = new Clusters(host);
    this.workspaces = new Workspaces(host);
    this.namespaces = new Namespaces(byName);
    this.users = new Users(host);
    this.components = new Components(byName);
  }

  /**
   * Connects to a host and asks for its version; a cluster that is no host is refused. `await using` closes it.
   *
   * @throws FederationError `KUBECONFIG_INVALID`, `UNREACHABLE`, `UNSUPPORTED`, `NOT_A_HOST`
   */
  static async connect(options: FederationOptions): Promise<Federation> {
    const { kubeconfig, context, name, logger, signal, timeoutMs, retry } = options;
    const connection = await connectCluster({
      kubeconfig,
      ...(context === undefined ? {} : { context }),
      ...(name === undefined ? {} : { name }),
      ...(logger === undefined ? {} : { logger }),
    });
    const call: CallOptions = {
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(retry === undefined ? {} : { retry }),
    };
    const host = await opened(connection, call);
    try {
      const { role } = await readInstallation(connection, call);
      if (role !== 'host')
        throw new FederationError(
          'NOT_A_HOST',
          `${host.name} (${connection.server}) is no host: its multicluster.clusterRole is "${role}". Give the kubeconfig of the host, or reach a member with connectMember.`,
        );
      return new Federation(host, options);
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * A member, reached with the credentials given to {@link Federation.connect}, else with those stored in its Cluster object.
   * Connected once; closed with the federation.
   *
   * @throws FederationError `NOT_FOUND` where the host has no such cluster, `UNSUPPORTED` for one connected by agent
   */
  member(name: string, options?: CallOptions): Promise<MemberCluster> {
    const known = this.#members.get(name);
    if (known !== undefined) return known;
    const member = this.#connect(name, options);
    this.#members.set(name, member);
    member.catch(() => this.#members.delete(name));
    return member;
  }

  async #connect(name: string, options: CallOptions = {}): Promise<MemberCluster> {
    const own = this.#options.members?.[name];
    const logger = this.#options.logger === undefined ? {} : { logger: this.#options.logger };
    if (own !== undefined) return connectMember({ ...own, name, ...logger, ...options });
    const cluster = await this.host.connection.find(kubesphere.clusters, { name }, options);
    if (cluster === undefined)
      throw new FederationError(
        'NOT_FOUND',
        `${this.host.name} has no cluster "${name}". federation.clusters.list() tells which it has.`,
      );
    if (hostLabel in (cluster.metadata.labels ?? {})) return this.host;
    const { kubeconfig } = await clusterSecrets(this.host, name, options.signal ?? new AbortController().signal);
    if (cluster.spec.connection.type !== 'direct' || kubeconfig === undefined)
      throw new FederationError(
        'UNSUPPORTED',
        `${this.host.name}: cluster "${name}" is connected by agent; its address works inside the host only. Give its own kubeconfig: Federation.connect({ …, members: { '${name}': { kubeconfig } } }).`,
      );
    return connectMember({ kubeconfig, name, ...logger, ...options });
  }

  async #clusterNamed(name: string): Promise<KubeSphereCluster> {
    return name === this.host.name ? this.host : this.member(name);
  }

  /** Closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const members = await Promise.allSettled(this.#members.values());
    for (const member of members)
      if (member.status === 'fulfilled' && member.value !== this.host) await member.value[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }
}
