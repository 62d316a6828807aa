import { FederationError } from '../errors.ts';
import { canonical } from '../internal/digest.ts';
import type { JournalEntry, JournalStore } from './journal.ts';
import { plain } from './plain.ts';
import { applyEntry, type RunState } from './state.ts';
import { type Clock, pauseFor } from './time.ts';
import { within } from './within.ts';

type Body<T> = T extends unknown ? Omit<T, 'at' | 'driver'> : never;
/** A record before it is signed with time and driver. */
export type EntryBody = Body<JournalEntry>;

/** What a driver writes with. */
export interface LedgerOptions {
  readonly journal: JournalStore;
  readonly runId: string;
  readonly driver: string;
  readonly clock: Clock;
}

const appendTimeoutMs = 30_000;
const appendRetries = 5;

/**
 * Makes one record durable, however often the answer is lost or does not come: a taken sequence number that holds this very record is
 * a success.
 * @throws FederationError of the journal's code, else JOURNAL_FAILED; whether the record is there is not known then
 */
export async function appendEntry(options: LedgerOptions, seq: number, entry: JournalEntry): Promise<'ours' | 'taken'> {
  const { runId, clock } = options;
  const what = `Writing record ${seq} of run "${runId}"`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await within((signal) => put(options, seq, entry, signal), { what, clock, timeoutMs: appendTimeoutMs });
    } catch (error) {
      if (!mayHaveLostAnswer(error) || attempt > appendRetries) throw notRecorded(error, runId, seq, entry);
      await pauseFor(clock, Math.min(100 * 2 ** attempt, 5_000));
    }
  }
}

async function put(
  { journal, runId }: LedgerOptions,
  seq: number,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<'ours' | 'taken'> {
  try {
    await journal.append(runId, seq, entry, { signal });
    return 'ours';
  } catch (error) {
    if (!FederationError.is(error, 'JOURNAL_CONFLICT')) throw error;
    return (await isOurs(journal, runId, seq, entry, signal)) ? 'ours' : 'taken';
  }
}

function mayHaveLostAnswer(error: unknown): boolean {
  return FederationError.is(error) && (error.retryable || error.code === 'TIMEOUT');
}

/** What to do about a record that could not be written. */
function notRecorded(error: unknown, runId: string, seq: number, { type }: JournalEntry): FederationError {
  const why = (error instanceof Error ? error.message : String(error)).replace(/[.]?$/, '.');
  const [before, next] =
    seq === 1
      ? ['Nothing else of it was recorded', 'begin it again']
      : [`All up to record ${seq - 1} is in it`, 'resume it or roll it back'];
  return new FederationError(
    FederationError.is(error) ? error.code : 'JOURNAL_FAILED',
    `Record ${seq} ("${type}") of run "${runId}" could not be written to its journal: ${why} ${before}. See that the journal takes records again (space on its disk, a cluster that answers, the right to write), then ${next}.`,
    { cause: error },
  );
}

async function isOurs(
  journal: JournalStore,
  runId: string,
  seq: number,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<boolean> {
  let position = 0;
  for await (const there of journal.read(runId, { signal })) {
    position += 1;
    if (position === seq) return canonical(there) === canonical(entry);
  }
  return false;
}

/**
 * The only writer of a drive. What it says of the run is what is durable. Once a record was refused, because another driver took
 * over or because the journal does not answer, nothing more is written.
 */
export class Ledger {
  readonly state: RunState;
  readonly options: LedgerOptions;
  /** Set when another driver took over. */
  lost: FederationError | undefined;
  /** Set when the journal could not be written; whether the last record is in it is not known. */
  broken: unknown;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #onLost: (error: FederationError) => void;

  constructor(state: RunState, options: LedgerOptions, onLost: (error: FederationError) => void) {
    this.state = state;
    this.options = options;
    this.#onLost = onLost;
  }

  /** Resolves when the record is durable. Calls at the same time are written one after the other. */
  append(body: EntryBody): Promise<void> {
    const turn = this.#queue.then(() => this.#write(body));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** From now on this driver writes nothing more. */
  lose(cause: unknown): FederationError {
    this.lost ??= new FederationError(
      'DRIVER_LOST',
      `Another driver took over run "${this.options.runId}"; this one stopped at once. Follow the run there.`,
      { cause },
    );
    this.#onLost(this.lost);
    return this.lost;
  }

  async #write(body: EntryBody): Promise<void> {
    if (this.lost !== undefined) throw this.lost;
    if (this.broken !== undefined) throw this.broken;
    const { runId, driver, clock } = this.options;
    const signed = { at: clock.date(), driver, ...body };
    // The clone is what a reader will see; checked, so the cast says nothing that plain JSON could contradict.
    const entry = plain(signed, placeOf(body, runId)) as unknown as JournalEntry;
    const seq = this.state.seq + 1;
    let result: 'ours' | 'taken';
    try {
      result = await appendEntry(this.options, seq, entry);
    } catch (error) {
      this.broken = error;
      throw error;
    }
    if (result === 'taken') throw this.lose(undefined);
    applyEntry(this.state, entry);
  }
}

function placeOf(body: EntryBody, runId: string): string {
  const step = 'step' in body ? ` of step "${body.step}"` : 'gate' in body ? ` of gate "${body.gate}"` : '';
  return `The record "${body.type}"${step} in run "${runId}"`;
}
