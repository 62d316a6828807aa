import { installation, kubesphereNamespace } from '../kubesphere/names.ts';
import { type ClusterConfiguration, kubesphere } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import { type ClusterByName, clusterByName, type FederationEnv } from './env.ts';

/** One pluggable component on one cluster. */
export interface ComponentStatus {
  readonly component: string;
  /** `enabled` once the installer has finished with it. */
  readonly state: string;
}

/** The pluggable components of KubeSphere 3.x, as each cluster's installer reports them. */
export class Components {
  readonly #cluster: ClusterByName;

  constructor(env: FederationEnv) {
    this.#cluster = clusterByName(env);
  }

  /**
   * What the installer of one cluster has finished. Components that it reports nowhere (App Store, network policy) are
   * missing here (domain reference, 1.9).
   */
  async status({ cluster }: { readonly cluster: string }, options?: CallOptions): Promise<readonly ComponentStatus[]> {
    const { connection } = await this.#cluster(cluster);
    const name = { namespace: kubesphereNamespace, name: installation.configuration };
    return statusOf(await connection.get(kubesphere.clusterConfigurations, name, options));
  }
}

function statusOf({ status = {} }: ClusterConfiguration): readonly ComponentStatus[] {
  return Object.entries(status).flatMap(([component, value]) => {
    const state = (value as { readonly status?: unknown } | null)?.status;
    return typeof state === 'string' ? [{ component, state }] : [];
  });
}
