import { FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import { connectCluster } from '../kube/connect.ts';
import type { Connection } from '../kube/connection.ts';
import type { KubeconfigSource } from '../kube/kubeconfig.ts';
import { type KubeSphereCluster, openCluster } from '../kubesphere/cluster.ts';
import { hostLabel } from '../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../kubesphere/resources.ts';
import type { CallOptions, Logger } from '../types.ts';

/** Asks a cluster who it is; closes the connection where it does not say. */
export async function opened(connection: Connection, options: CallOptions): Promise<KubeSphereCluster> {
  try {
    return await openCluster(connection, options);
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
}

/** How members are reached. */
export interface Ways {
  /** Credentials of one's own, instead of those that the host has stored. */
  readonly members?: Readonly<Record<string, { readonly kubeconfig: KubeconfigSource; readonly context?: string }>>;
  /** The way through KubeSphere's gateway, where the host is reached by it. */
  readonly gateway?: (name: string) => Connection;
  readonly logger?: Logger;
}

/** A member that was reached, and by which way: another Cluster object, or another kubeconfig in it, is another way. */
interface Reached {
  readonly way: string;
  readonly member: Promise<KubeSphereCluster>;
}

/**
 * The members of a host, each connected once, for as long as the host has that very cluster under the name: whoever lists a cluster that
 * had the name before finds none of what is on the one that has it now.
 */
export class Members implements AsyncDisposable {
  readonly #host: KubeSphereCluster;
  readonly #ways: Ways;
  readonly #reached = new Map<string, Reached>();
  /** By ways that lead there no longer; somebody may be in the middle of a request. */
  readonly #former: Promise<KubeSphereCluster>[] = [];

  constructor(host: KubeSphereCluster, ways: Ways) {
    this.#host = host;
    this.#ways = ways;
  }

  /** @throws FederationError `NOT_FOUND`, `UNSUPPORTED`, `ENV_CHANGED` */
  async get(name: string, options: CallOptions = {}): Promise<KubeSphereCluster> {
    const cluster = await this.#host.connection.find(kubesphere.clusters, { name }, options);
    const own = this.#ways.members?.[name];
    if (cluster === undefined && own === undefined)
      throw new FederationError(
        'NOT_FOUND',
        `${this.#host.name} has no cluster "${name}". federation.clusters.list() tells which it has.`,
      );
    if (hostLabel in (cluster?.metadata.labels ?? {})) return this.#host;
    const way = digest({ uid: cluster?.metadata.uid ?? null, kubeconfig: cluster?.spec.connection.kubeconfig ?? null });
    const member = await this.#by(way, name, cluster, options);
    const expected = cluster?.status?.uid;
    if (expected === undefined || expected === member.uid) return member;
    throw new FederationError(
      'ENV_CHANGED',
      `The way to "${name}" leads to another cluster (UID ${member.uid}) than the one that ${this.#host.name} has under that name (UID ${expected}). ${own === undefined ? 'Where its kubeconfig was replaced, wait until the host has looked again, which it does every two minutes.' : `Give Federation.connect the right kubeconfig: members: { '${name}': { kubeconfig } }.`}`,
    );
  }

  async #by(way: string, name: string, cluster: Cluster | undefined, options: CallOptions): Promise<KubeSphereCluster> {
    const known = this.#reached.get(name);
    if (known?.way === way)
      return known.member.catch((error: unknown) => {
        // Whoever came first gave up; that says nothing about the member.
        if (!FederationError.is(error, 'ABORTED', 'TIMEOUT') || options.signal?.aborted === true) throw error;
        return this.#by(way, name, cluster, options);
      });
    if (known !== undefined) this.#former.push(known.member);
    const reached = { way, member: this.#connect(name, cluster, options) };
    this.#reached.set(name, reached);
    reached.member.catch(() => {
      if (this.#reached.get(name) === reached) this.#reached.delete(name);
    });
    return reached.member;
  }

  async #connect(name: string, cluster: Cluster | undefined, options: CallOptions): Promise<KubeSphereCluster> {
    const { gateway, logger } = this.#ways;
    const logging = logger === undefined ? {} : { logger };
    const own = this.#ways.members?.[name];
    if (own !== undefined) return opened(await connectCluster({ ...own, name, ...logging }), options);
    if (gateway !== undefined) return opened(gateway(name), options);
    const { type, kubeconfig } = cluster?.spec.connection ?? {};
    if (type !== 'direct' || kubeconfig === undefined)
      throw new FederationError(
        'UNSUPPORTED',
        `${this.#host.name}: cluster "${name}" is connected by agent; its address works inside the host only. Give its own kubeconfig: Federation.connect({ …, members: { '${name}': { kubeconfig } } }).`,
      );
    const text = Buffer.from(kubeconfig, 'base64').toString();
    return opened(await connectCluster({ kubeconfig: text, name, ...logging }), options);
  }

  /** Closes the connections to all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#former, ...[...this.#reached.values()].map(({ member }) => member)];
    for (const settled of await Promise.allSettled(all))
      if (settled.status === 'fulfilled') await settled.value[Symbol.asyncDispose]();
  }
}
