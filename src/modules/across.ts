import { FederationError } from '../errors.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { hostLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';
import { pool } from '../workflow/pool.ts';
import { some } from './closure.ts';
import { clusterByName, type FederationEnv } from './env.ts';
import { callOptionsIn } from './options.ts';

/** What one of several clusters answered, or why it did not. */
export type ClusterAnswer<T> =
  | { readonly cluster: string; readonly answered: true; readonly value: T }
  | { readonly cluster: string; readonly answered: false; readonly error: FederationError };

/** A cluster that takes longer does not answer. */
export const patienceMs = 30_000;
const atOnce = 16;

/** Names of all clusters that the host has, itself included. */
export async function clusterNames({ host }: FederationEnv, options: CallOptions = {}): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { metadata } of host.connection.listMetadata(kubesphere.clusters, callOptionsIn(options)))
    names.push(hostLabel in (metadata.labels ?? {}) ? host.name : metadata.name);
  return names;
}

/**
 * Reads from every cluster of a federation, or from those named. One that does not answer is named with its error; it keeps nobody
 * waiting longer than half a minute.
 */
export async function askClusters<T>(
  env: FederationEnv,
  read: (cluster: KubeSphereCluster, options: CallOptions) => Promise<T>,
  { clusters, ...options }: CallOptions & { readonly clusters?: readonly string[] } = {},
): Promise<readonly ClusterAnswer<T>[]> {
  const call: CallOptions = { timeoutMs: patienceMs, retry: { retries: 1 }, ...callOptionsIn(options) };
  const names = clusters ?? (await clusterNames(env, options));
  const answers = new Map<string, ClusterAnswer<T>>();
  const { failed } = await pool(
    names,
    atOnce,
    async (cluster) => {
      try {
        const value = await read(await clusterByName(env)(cluster, call), call);
        answers.set(cluster, { cluster, answered: true, value });
      } catch (error) {
        if (!FederationError.is(error) || FederationError.is(error, 'ABORTED')) throw error;
        answers.set(cluster, { cluster, answered: false, error });
      }
    },
    (failures) => failures === 0,
  );
  for (const { error } of failed) throw error;
  return names.flatMap((name) => answers.get(name) ?? []);
}

/**
 * {@link askClusters} for guards: all must answer, for a cluster that is silent is not an empty one.
 *
 * @throws FederationError `UNREACHABLE` naming those that did not answer, `FORBIDDEN` where the first of them may not be asked
 */
export async function askEveryCluster<T>(
  env: FederationEnv,
  what: string,
  read: (cluster: KubeSphereCluster, options: CallOptions) => Promise<T>,
  options: CallOptions & { readonly clusters?: readonly string[] } = {},
): Promise<ReadonlyMap<string, T>> {
  const answers = await askClusters(env, read, options);
  const silent = answers.flatMap((one) => (one.answered ? [] : [one]));
  const [first] = silent;
  if (first === undefined)
    return new Map(answers.flatMap((one) => (one.answered ? [[one.cluster, one.value] as const] : [])));
  const code = FederationError.is(first.error, 'FORBIDDEN') ? 'FORBIDDEN' : 'UNREACHABLE';
  throw new FederationError(
    code,
    `${what} needs an answer of every cluster, and ${some(silent.map(({ cluster }) => cluster))} gave none: ${first.error.message} Nothing was changed. Bring ${silent.length === 1 ? 'it' : 'them'} back, or unbind ${silent.length === 1 ? 'it' : 'them'} first.`,
    {
      cause: first.error,
      retryable: code === 'UNREACHABLE',
      details: { clusters: silent.map(({ cluster }) => cluster) },
    },
  );
}
