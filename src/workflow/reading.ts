import { FederationError } from '../errors.ts';
import type { CallOptions } from '../types.ts';
import type { JournalStore } from './journal.ts';
import { checkedEntries, checkRunId } from './journal-check.ts';
import { applyEntry, beginState, type RunState } from './state.ts';

/** A run as its journal has it now, record by record; `undefined` where it has none. */
export async function readState(
  journal: JournalStore,
  runId: string,
  options: CallOptions = {},
): Promise<RunState | undefined> {
  let state: RunState | undefined;
  for await (const entry of checkedEntries(journal, runId, options)) {
    if (state === undefined) state = beginState(entry);
    else applyEntry(state, entry);
  }
  return state;
}

/**
 * A run that must be there.
 * @throws FederationError RUN_UNKNOWN, JOURNAL_INVALID, or INVALID for an id that is none
 */
export async function readRun(journal: JournalStore, runId: string, options: CallOptions = {}): Promise<RunState> {
  checkRunId(runId);
  const state = await readState(journal, runId, options);
  if (state !== undefined) return state;
  throw new FederationError(
    'RUN_UNKNOWN',
    `This journal has no run "${runId}"; see that it is the journal the run was begun with.`,
  );
}
