import { FederationError } from '../errors.ts';
import { redact } from '../internal/redact.ts';
import { abortError } from '../internal/signal.ts';
import type { CallOptions } from '../types.ts';
import type { JournalStore } from './journal.ts';
import { readRun, readState } from './reading.ts';
import { descriptionOf, type RecordedError, type RunDescription, type RunSummary, summaryOf } from './standing.ts';

/** A run whose records cannot be read; the others are listed all the same. */
export interface UnreadableRun {
  readonly id: string;
  readonly state: 'unreadable';
  readonly error: RecordedError;
}

/** Which runs {@link listRuns} gives. */
export interface ListRunsOptions extends Pick<CallOptions, 'signal'> {
  /** Leaves out what is `completed` or `rolled-back`: what remains waits for somebody. @defaultValue false */
  readonly open?: boolean;
}

/** What {@link describe} reads. */
export interface DescribeOptions extends Pick<CallOptions, 'signal'> {
  readonly journal: JournalStore;
}

/**
 * All runs of a journal, in a line each, as they stand when the iterator comes to them. Reads only; a run that cannot be read is named
 * as `unreadable`, and hides no other.
 *
 * @example
 * ```ts
 * import { fileJournal, listRuns } from 'kubesphere-federation';
 *
 * for await (const run of listRuns(fileJournal('./runs'), { open: true }))
 *   console.log(run.id, run.state, run.state === 'unreadable' ? run.error.message : run.lastAt);
 * ```
 * @throws what `runs` of the journal throws, or ABORTED
 */
export async function* listRuns(
  journal: JournalStore,
  options: ListRunsOptions = {},
): AsyncGenerator<RunSummary | UnreadableRun, void, undefined> {
  const { signal, open = false } = options;
  const call = signal === undefined ? {} : { signal };
  for await (const id of journal.runs(call)) {
    if (signal?.aborted) throw abortError(signal);
    const found = await summarize(journal, id, call);
    if (found === undefined) continue;
    if (!open || (found.state !== 'completed' && found.state !== 'rolled-back')) yield found;
  }
}

/**
 * Where a run stands, without driving it: nothing is written, claimed or asked of a cluster, and its workflow is not needed. Tells what
 * is recorded: a driver at work may be a step further by now.
 *
 * @example
 * ```ts
 * import { describe, fileJournal } from 'kubesphere-federation';
 *
 * const { state, gate, possible } = await describe('my-run', { journal: fileJournal('./runs') });
 * if (gate !== undefined) console.log(gate.title, JSON.stringify(gate.shown, null, 2), gate.fingerprint);
 * else console.log(state, possible);
 * ```
 * @throws FederationError RUN_UNKNOWN, JOURNAL_INVALID, or INVALID for an id that is none
 */
export async function describe(runId: string, { journal, signal }: DescribeOptions): Promise<RunDescription> {
  return descriptionOf(runId, await readRun(journal, runId, signal === undefined ? {} : { signal }));
}

async function summarize(
  journal: JournalStore,
  id: string,
  call: Pick<CallOptions, 'signal'>,
): Promise<RunSummary | UnreadableRun | undefined> {
  try {
    const state = await readState(journal, id, call);
    // It was removed meanwhile.
    return state && summaryOf(id, state);
  } catch (error) {
    if (FederationError.is(error, 'ABORTED')) throw error;
    const code = FederationError.is(error) ? error.code : 'JOURNAL_INVALID';
    const message = redact(error instanceof Error ? error.message : String(error));
    return { id, state: 'unreadable', error: { code, message } };
  }
}
