import type { Cluster } from '../../kubesphere/resources.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Members } from './context.ts';
import type { KubeClient } from './kube.ts';
import { clusterUpstream, plainUpstreams, type Upstream } from './upstream.ts';

/** A way that is open, and what its Cluster stored when it was opened. */
interface Way {
  readonly connection: string;
  readonly upstream: Upstream;
}

const connectionOf = ({ spec }: Cluster): string => JSON.stringify(spec.connection);

/**
 * Ways to other clusters. One is kept per Cluster, as long as the object says the same (pkg/utils/clusterclient keeps them
 * by watching Clusters; here the objects are looked at when a way is opened). None is opened any more once `life` is over.
 */
export function createMembers(kube: Pick<KubeClient, 'list'>, life: AbortSignal): Members {
  const ways = new Map<string, Way>();
  const gateways = plainUpstreams(life);

  /** Lets go of what no Cluster names any more; those who still use it may come to an end. */
  async function sweep(): Promise<void> {
    const named = new Map((await kube.list(kubesphere.clusters)).map((one) => [one.metadata.uid, connectionOf(one)]));
    for (const [uid, { connection, upstream }] of ways) {
      if (named.get(uid) === connection) continue;
      ways.delete(uid);
      upstream.retire();
    }
  }

  return {
    async cluster(cluster) {
      const { uid = '' } = cluster.metadata;
      const connection = connectionOf(cluster);
      const known = ways.get(uid);
      if (known?.connection === connection) return known.upstream;
      const { kubeconfig = '', kubernetesAPIEndpoint = '' } = cluster.spec.connection;
      const decoded = Buffer.from(kubeconfig, 'base64').toString();
      const upstream = await clusterUpstream(decoded, life, kubernetesAPIEndpoint || undefined);
      await sweep();
      ways.get(uid)?.upstream.retire();
      ways.set(uid, { connection, upstream });
      return upstream;
    },
    open: (kubeconfig) => clusterUpstream(kubeconfig, life),
    gateway: (address) => gateways.to(address),
    async [Symbol.asyncDispose]() {
      const upstreams = [...ways.values()].map(({ upstream }) => upstream);
      await Promise.all([...upstreams, gateways].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}
