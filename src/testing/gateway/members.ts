import type { Members } from './context.ts';
import { clusterUpstream, plainUpstream, type Upstream } from './upstream.ts';

/** Ways to other clusters, kept while the gateway runs. */
export function createMembers(): Members {
  const open = new Map<string, Promise<Upstream>>();
  const once = (key: string, make: () => Promise<Upstream>): Promise<Upstream> => {
    const known = open.get(key) ?? make();
    open.set(key, known);
    return known;
  };
  const plain = new Map<string, Upstream>();
  return {
    async cluster(kubeconfig, server = '') {
      const key = `${server} ${kubeconfig}`;
      try {
        return await once(key, () => clusterUpstream(kubeconfig, server === '' ? undefined : server));
      } catch (error) {
        open.delete(key);
        throw error;
      }
    },
    gateway(address) {
      const known = plain.get(address) ?? plainUpstream(address);
      plain.set(address, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      const upstreams = await Promise.allSettled(open.values());
      const fulfilled = upstreams.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      await Promise.all([...fulfilled, ...plain.values()].map((upstream) => upstream[Symbol.asyncDispose]()));
    },
  };
}
