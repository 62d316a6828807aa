import { FederationError } from '../errors.ts';
import type { Json } from '../types.ts';
import type { Drive } from './drive.ts';
import { checkedEntries } from './journal-check.ts';
import type { ItemRecord } from './state.ts';
import { asked } from './within.ts';

/** A journal may be large, and far. */
const readTimeoutMs = 600_000;

/**
 * What was captured of these items of a step. Of those that are done it is read again from the journal: a run over many would
 * otherwise hold it all, for an undo that seldom comes.
 * @throws FederationError JOURNAL_INVALID where it is not there, or what the journal throws
 */
export async function beforesOf(
  { parts: { ledger, backward, tuning } }: Drive,
  step: string,
  items: readonly ItemRecord[],
): Promise<(item: ItemRecord) => Json> {
  const { journal, runId } = ledger.options;
  const read = async (signal: AbortSignal): Promise<ReadonlyMap<string, Json>> => {
    const wanted = new Set(items.flatMap(({ key, done }) => (done ? [key] : [])));
    const found = new Map<string, Json>();
    if (wanted.size === 0) return found;
    for await (const entry of checkedEntries(journal, runId, { signal })) {
      if (entry.type !== 'items-captured' || entry.step !== step) continue;
      // The first capture wins.
      for (const { key, before } of entry.items) if (wanted.has(key) && !found.has(key)) found.set(key, before);
    }
    return found;
  };
  const found = await asked(read, {
    what: `The reading of the journal of run "${runId}"`,
    signal: backward,
    clock: tuning.clock,
    timeoutMs: readTimeoutMs,
  });
  return ({ key, done, before }) => {
    if (!done) return before;
    const read = found.get(key);
    if (read !== undefined) return read;
    throw new FederationError(
      'JOURNAL_INVALID',
      `The journal of run "${runId}" no longer has what was captured of item "${key}" of step "${step}"; it was not touched. Restore the journal from a copy, then roll back once more.`,
    );
  };
}
