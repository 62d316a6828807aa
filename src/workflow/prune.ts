import { FederationError } from '../errors.ts';
import type { CallOptions } from '../types.ts';
import type { JournalEntry, JournalStore, Pruned } from './journal.ts';
import { checkEntry } from './journal-check.ts';
import { stateOf } from './state.ts';
import { type Clock, systemClock } from './time.ts';

/** Which runs {@link pruneRuns} removes. */
export interface PruneOptions extends Pick<CallOptions, 'signal'> {
  /** How long ago the last record of a run must have been written, by the clock of the machine that wrote it. */
  readonly olderThanMs: number;
}

/**
 * Removes runs from a journal that are over for good, completed or rolled back, and old. Whatever can still be resumed or rolled back
 * stays, and so do runs that were rolled back incompletely and what cannot be read, whatever their age. Clocks that differ make a run
 * go sooner or later, never one that is not over.
 *
 * @example
 * ```ts
 * import { fileJournal, pruneRuns } from 'kubesphere-federation';
 *
 * const { removed } = await pruneRuns(fileJournal('./runs'), { olderThanMs: 90 * 24 * 3_600_000 });
 * console.log(`${removed.length} runs removed`);
 * ```
 * @throws FederationError INVALID where the journal cannot do that, or the age is none
 */
export async function pruneRuns(journal: JournalStore, options: PruneOptions): Promise<Pruned> {
  return pruneBy(systemClock, journal, options);
}

/** {@link pruneRuns} with its own time. */
export async function pruneBy(
  clock: Pick<Clock, 'date'>,
  journal: JournalStore,
  { olderThanMs, signal }: PruneOptions,
): Promise<Pruned> {
  if (!(olderThanMs >= 0))
    throw new FederationError(
      'INVALID',
      `olderThanMs is ${olderThanMs}, which is no age. Give milliseconds, 0 or more.`,
    );
  if (journal.prune === undefined)
    throw new FederationError('INVALID', 'This journal has no prune(): clean it up by its own means.');
  const before = Date.parse(clock.date()) - olderThanMs;
  const call = signal === undefined ? {} : { signal };
  return journal.prune((entries, runId) => isOver(runId, entries) && newest(entries) <= before, call);
}

/** Nothing can be driven on any more: a run that was rolled back incompletely is rolled back once more. */
function isOver(runId: string, entries: readonly JournalEntry[]): boolean {
  for (const [index, entry] of entries.entries()) checkEntry(runId, index + 1, entry);
  const closed = stateOf(entries)?.closed;
  return closed === 'completed' || closed === 'rolled-back';
}

/** When the newest record was written; where one does not say when, that is NaN, which is before nothing. */
function newest(entries: readonly JournalEntry[]): number {
  return entries.reduce((latest, { at }) => Math.max(latest, Date.parse(at)), 0);
}
