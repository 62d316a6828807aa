import { FederationError } from '../../errors.ts';
import type { Listing } from '../../kube/connection.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import type { CallOptions } from '../../types.ts';
import { askClusters, type ClusterAnswer, clusterNames, patienceMs } from '../across.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { callOptionsIn } from '../options.ts';

/**
 * A list over several clusters. Nothing is asked before it is read; then all clusters are asked at once, page by page, one page of
 * each ahead of who reads. One that does not answer is named with its error, ends there, and keeps the others from nothing.
 */
export interface ListingAcross<T> extends AsyncIterable<ClusterAnswer<readonly T[]>> {
  /** Everything, one answer per cluster: all that it has, or why it did not tell. */
  toArray(): Promise<readonly ClusterAnswer<readonly T[]>[]>;
}

/** Lists from all clusters of a federation, or from those named. */
export function listAcross<T>(
  env: FederationEnv,
  list: (cluster: KubeSphereCluster, options: CallOptions) => Listing<T>,
  { clusters, ...options }: CallOptions & { readonly clusters?: readonly string[] },
): ListingAcross<T> {
  const call: CallOptions = { timeoutMs: patienceMs, retry: { retries: 1 }, ...callOptionsIn(options) };

  async function* pagesOf(cluster: string): AsyncGenerator<ClusterAnswer<readonly T[]>> {
    try {
      const at = await clusterByName(env)(cluster, call);
      for await (const { items } of list(at, call).pages()) yield { cluster, answered: true, value: items };
    } catch (error) {
      if (!FederationError.is(error) || FederationError.is(error, 'ABORTED')) throw error;
      yield { cluster, answered: false, error };
    }
  }

  return {
    async *[Symbol.asyncIterator]() {
      const names = clusters ?? (await clusterNames(env, options));
      const readers = new Map(names.map((name) => [name, pagesOf(name)] as const));
      const next = async (name: string, reader: AsyncGenerator<ClusterAnswer<readonly T[]>>) => ({
        name,
        reader,
        result: await reader.next(),
      });
      const asked = new Map([...readers].map(([name, reader]) => [name, next(name, reader)] as const));
      // One that fails while another is waited for must not count as unhandled.
      for (const one of asked.values()) one.catch(() => undefined);
      while (asked.size > 0) {
        const { name, reader, result } = await Promise.race(asked.values());
        asked.delete(name);
        if (result.done === true) continue;
        const following = next(name, reader);
        following.catch(() => undefined);
        asked.set(name, following);
        yield result.value;
      }
    },
    toArray: () =>
      askClusters(env, async (at, each): Promise<readonly T[]> => list(at, each).toArray(), {
        ...options,
        ...(clusters !== undefined && { clusters }),
      }),
  };
}
