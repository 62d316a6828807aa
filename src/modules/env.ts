import { FederationError } from '../errors.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import type { CallOptions } from '../types.ts';
import { callOptionsIn } from './options.ts';

/** What the modules and their workflows work with: a host, and the way to its members. A `Federation` is one. */
export interface FederationEnv {
  readonly host: KubeSphereCluster;
  /** @throws FederationError `NOT_FOUND`, `UNSUPPORTED`, `UNREACHABLE` */
  member(name: string, options?: CallOptions): Promise<KubeSphereCluster>;
}

/** Finds a cluster of a federation by the name its host has for it; the host also by the one given to `Federation.connect`. */
export type ClusterByName = (name: string, options?: CallOptions) => Promise<KubeSphereCluster>;

/** {@link ClusterByName} of a federation. */
export function clusterByName(env: FederationEnv): ClusterByName {
  // Of the options of a method, a way to a cluster takes those that every call has.
  return async (name, options) => (name === env.host.name ? env.host : env.member(name, callOptionsIn(options)));
}

/** {@link ClusterByName} of these clusters and no others. */
export function oneOf(clusters: readonly KubeSphereCluster[]): ClusterByName {
  return async (name) => {
    const found = clusters.find((cluster) => cluster.name === name);
    if (found !== undefined) return found;
    throw new FederationError(
      'INVALID',
      `Cluster "${name}" was not given; there are ${clusters.map((cluster) => cluster.name).join(', ')}.`,
    );
  };
}
