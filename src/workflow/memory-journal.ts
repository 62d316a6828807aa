import { abortError } from '../internal/signal.ts';
import { type ClaimRecord, defaultClaimMs, takeClaim } from './claiming.ts';
import type { JournalEntry, JournalStore } from './journal.ts';
import { checkRunId, conflictAt } from './journal-check.ts';
import { type Clock, systemClock } from './time.ts';

/** A journal in the memory of this process: for tests, and for runs whose loss nobody would mind. */
export function memoryJournal(): JournalStore {
  return createMemoryJournal(systemClock);
}

/** {@link memoryJournal} with its own time. */
export function createMemoryJournal(clock: Clock, claimMs: number = defaultClaimMs): JournalStore {
  const runs = new Map<string, string[]>();
  const claims = new Map<string, ClaimRecord>();
  return Object.freeze<JournalStore>({
    volatile: true,
    async append(runId, seq, entry, { signal } = {}) {
      checkRunId(runId);
      if (signal?.aborted) throw abortError(signal);
      const entries = runs.get(runId) ?? [];
      if (entries.length + 1 !== seq) throw conflictAt(runId, seq);
      entries.push(JSON.stringify(entry));
      runs.set(runId, entries);
    },
    async *read(runId) {
      checkRunId(runId);
      // Only what append() was given can stand here.
      for (const text of [...(runs.get(runId) ?? [])]) yield JSON.parse(text) as JournalEntry;
    },
    async *runs() {
      yield* [...runs.keys()];
    },
    async prune(ended) {
      const over = [...runs].filter(([runId, texts]) =>
        ended(
          texts.map((text) => JSON.parse(text) as JournalEntry),
          runId,
        ),
      );
      for (const [runId] of over) for (const kept of [runs, claims]) kept.delete(runId);
      return { removed: over.map(([runId]) => runId), unreadable: [] };
    },
    async claim(runId, driver, options = {}) {
      checkRunId(runId);
      const register = {
        read: async () => claims.get(runId),
        write: async (record: ClaimRecord) => {
          if (record.turn !== (claims.get(runId)?.turn ?? 0) + 1) return false;
          claims.set(runId, record);
          return true;
        },
      };
      const { signal } = options;
      return takeClaim(register, { runId, driver, clock, claimMs, ...(signal && { signal }) });
    },
  });
}
