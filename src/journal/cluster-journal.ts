import { FederationError } from '../errors.ts';
import { deadline } from '../internal/signal.ts';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import { defaultClaimMs, takeClaim } from '../workflow/claiming.ts';
import type { JournalStore } from '../workflow/journal.ts';
import { checkRunId, conflictAt } from '../workflow/journal-check.ts';
import { type Clock, systemClock } from '../workflow/time.ts';
import { leaseClaims } from './lease-claims.ts';
import { type RunPlace, recordName } from './names.ts';
import { firstOf, headsOf, recordAt, runsIn } from './reading.ts';
import { removeRuns, removeStrays } from './removal.ts';
import { putRecord } from './writing.ts';

/** Where a journal on a cluster is kept. */
export interface ClusterJournalOptions {
  /** Must exist: nothing is created without being asked. Best one of its own, that no workspace owns. */
  readonly namespace: string;
}

/**
 * A journal on a cluster, in ConfigMaps: any process that reaches the cluster can go on with a run, and a run outlives the machine it
 * was begun on. One immutable ConfigMap per record, whose name is its run and number, so that the API server itself refuses a number
 * that is taken; a record of more than 256 KiB lies in parts that are there before its name is. The claim is a Lease per run and lasts
 * ten seconds. Nothing has owner references: a journal that was restored from a backup must not be collected.
 *
 * To look at: `kubectl get configmaps -n NAMESPACE -l kubesphere-federation/journal=run` lists the runs, one object each,
 * `-l kubesphere-federation/run=RUN` all of one run. They stay until {@link pruneRuns} removes them.
 *
 * Needs `get`, `list`, `create`, `patch`, `delete` on `configmaps` and `leases.coordination.k8s.io` in the namespace (`patch` and
 * `delete` of configmaps to clean up), and `get` on namespace `kube-system` where a workflow asks on which cluster it is kept. With
 * `get` on its own namespace, it tells a namespace that is not there from one without runs.
 *
 * The connection is that of a KubeSphere cluster: `Federation.connect` gives `host.connection`, and {@link connectMember} gives
 * `connection`. There is no call for a cluster without KubeSphere.
 *
 * @example
 * ```ts
 * import { clusterJournal, type MigrationEnv, memberMigration, rollback } from 'kubesphere-federation';
 *
 * export async function takeBack(runId: string, env: MigrationEnv): Promise<string> {
 *   const journal = clusterJournal(env.target.host.connection, { namespace: 'migrations' });
 *   const run = await rollback(memberMigration, runId, { env, journal });
 *   return (await run.settled()).state;
 * }
 * ```
 */
export function clusterJournal(connection: Connection, options: ClusterJournalOptions): JournalStore {
  return createClusterJournal(connection, options, systemClock);
}

/** {@link clusterJournal} with its own time. */
export function createClusterJournal(
  connection: Connection,
  { namespace }: ClusterJournalOptions,
  clock: Clock,
  claimMs: number = defaultClaimMs,
): JournalStore {
  /** UID of the first record of each run that this journal drives: a run that was removed is not the one begun anew under its id. */
  const origins = new Map<string, string>();
  const placeOf = (runId: string): RunPlace => {
    checkRunId(runId);
    return { connection, namespace, runId };
  };
  return Object.freeze<JournalStore>({
    async append(runId, seq, entry, options = {}) {
      const place = placeOf(runId);
      using limit = deadline(options, `${connection.cluster}: writing record ${seq} of run "${runId}"`);
      const call: CallOptions = { signal: limit.signal, ...(options.retry !== undefined && { retry: options.retry }) };
      if (seq === 1) await removeStrays(place, call);
      const { uid, resourceVersion } = await putRecord(place, seq, entry, call);
      if (seq === 1) {
        origins.set(runId, uid);
        return;
      }
      // Whoever was frozen while its run ended and was removed finds the number free, and must not go on.
      const origin = await firstOf(place, call);
      if (origin !== undefined && origin.uid === (origins.get(runId) ?? origin.uid)) return;
      const name = { namespace, name: recordName(runId, seq) };
      await connection.delete(core.configMaps, name, {
        ...call,
        uid,
        resourceVersion,
        propagationPolicy: 'Background',
      });
      throw conflictAt(runId, seq);
    },
    async *read(runId, options = {}) {
      const place = placeOf(runId);
      for (const head of await headsOf(place, options)) yield await recordAt(place, head, options);
    },
    async *runs(options = {}) {
      yield* runsIn({ connection, namespace }, options);
    },
    async claim(runId, driver, options = {}) {
      const place = placeOf(runId);
      const origin = await firstOf(place, options);
      if (origin === undefined)
        throw new FederationError(
          'RUN_UNKNOWN',
          `Namespace "${namespace}" of ${connection.cluster} has no run "${runId}"; see that it is the journal the run was begun with.`,
        );
      origins.set(runId, origin.uid);
      const register = leaseClaims(place, { clock, claimMs });
      const { signal } = options;
      return takeClaim(register, { runId, driver, clock, claimMs, ...(signal && { signal }) });
    },
    async keptOn(options) {
      return (await connection.get(core.namespaces, { name: 'kube-system' }, options)).metadata.uid;
    },
    prune: (ended, options = {}) => removeRuns({ connection, namespace }, ended, options),
  });
}
