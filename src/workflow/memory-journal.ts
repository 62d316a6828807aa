import { FederationError } from '../errors.ts';
import { abortError } from '../internal/signal.ts';
import { type ClaimRecord, defaultClaimMs, takeClaim } from './claiming.ts';
import type { JournalEntry, JournalStore } from './journal.ts';
import { checkRunId, conflictAt } from './journal-check.ts';
import { type Clock, systemClock } from './time.ts';

interface MemoryRun {
  readonly entries: string[];
  readonly drivers: Set<string>;
  claim: ClaimRecord | undefined;
}

/** A journal in the memory of this process: for tests, and for runs whose loss nobody would mind. */
export function memoryJournal(): JournalStore {
  return createMemoryJournal(systemClock);
}

/** {@link memoryJournal} with its own time. */
export function createMemoryJournal(clock: Clock, claimMs: number = defaultClaimMs): JournalStore {
  const runs = new Map<string, MemoryRun>();
  /** Drivers of runs that were removed: what they still write is not for a run begun anew under the same id. */
  const gone = new Set<string>();
  return Object.freeze<JournalStore>({
    volatile: true,
    async append(runId, seq, entry, { signal } = {}) {
      checkRunId(runId);
      if (signal?.aborted) throw abortError(signal);
      const run = runs.get(runId) ?? { entries: [], drivers: new Set(), claim: undefined };
      if (run.entries.length + 1 !== seq) throw conflictAt(runId, seq);
      if (seq > 1 && gone.has(entry.driver) && !run.drivers.has(entry.driver)) throw conflictAt(runId, seq);
      run.entries.push(JSON.stringify(entry));
      run.drivers.add(entry.driver);
      runs.set(runId, run);
    },
    async *read(runId) {
      checkRunId(runId);
      // Only what append() was given can stand here.
      for (const text of [...(runs.get(runId)?.entries ?? [])]) yield JSON.parse(text) as JournalEntry;
    },
    async *runs() {
      yield* [...runs.keys()];
    },
    async prune(ended) {
      const over = [...runs].filter(([runId, { entries }]) =>
        ended(
          entries.map((text) => JSON.parse(text) as JournalEntry),
          runId,
        ),
      );
      for (const [runId, { drivers }] of over) {
        runs.delete(runId);
        for (const driver of drivers) gone.add(driver);
      }
      return { removed: over.map(([runId]) => runId), unreadable: [] };
    },
    async claim(runId, driver, options = {}) {
      checkRunId(runId);
      const run = runs.get(runId);
      if (run === undefined)
        throw new FederationError(
          'RUN_UNKNOWN',
          `This journal has no run "${runId}"; see that it is the journal the run was begun with.`,
        );
      run.drivers.add(driver);
      const register = {
        read: async () => runs.get(runId)?.claim,
        write: async (record: ClaimRecord) => {
          if (runs.get(runId) !== run || record.turn !== (run.claim?.turn ?? 0) + 1) return false;
          run.claim = record;
          return true;
        },
      };
      const { signal } = options;
      return takeClaim(register, { runId, driver, clock, claimMs, ...(signal && { signal }) });
    },
  });
}
