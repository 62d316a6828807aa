import { FederationError } from '../errors.ts';
import type { Emitter } from '../internal/emitter.ts';
import type { Residue } from './change.ts';
import type { EventLog } from './event-log.ts';
import type { PauseReason, RunEvent, ShownGate } from './events.ts';

/** How a drive ended. */
export type Outcome<Output> =
  | { readonly state: 'completed'; readonly output: Output }
  | {
      readonly state: 'paused';
      readonly why: PauseReason;
      /** What has to be approved, where `why` is `approval`. */
      readonly gate?: ShownGate;
      readonly error?: FederationError;
      /** It is past its pivot: it only goes forward. */
      readonly pastPivot?: true;
    }
  | { readonly state: 'rolled-back'; readonly error?: FederationError }
  | { readonly state: 'rollback-incomplete'; readonly residue: readonly Residue[]; readonly error?: FederationError }
  /** Another driver took over; it knows how the run goes on. */
  | { readonly state: 'driver-lost' };

/**
 * One drive of a run. Not a promise, so that awaiting `run()` never means waiting an hour.
 * Iterating it replays this drive's events from its start; a slow iterator misses the oldest progress events and is told how many.
 */
export interface Run<Output> extends AsyncIterable<RunEvent> {
  readonly id: string;
  /** Returns the function that unsubscribes. Listeners cannot fail, slow or reorder the work. */
  on<T extends RunEvent['type']>(
    type: T,
    listener: (event: Extract<RunEvent, { readonly type: T }>) => void,
  ): () => void;
  on(type: '*', listener: (event: RunEvent) => void): () => void;
  /** Asks the drive to rest at the next safe point; resolves when it does. An undo that began is not interrupted. */
  pause(): Promise<void>;
  /** Never rejects. */
  settled(): Promise<Outcome<Output>>;
  /** Rejects on all but completed, with an error that names the run; never raises an unhandled rejection by itself. */
  result(): Promise<Output>;
}

/** What makes a {@link Run}: the drive behind the handle. */
export interface HandleSource<Output> {
  readonly id: string;
  readonly workflow: string;
  readonly events: EventLog;
  readonly emitter: Emitter<RunEvent>;
  readonly requestPause: () => void;
  /** Never rejects. */
  readonly settled: Promise<Outcome<Output>>;
}

/** The handle of a drive. */
export function createHandle<Output>(source: HandleSource<Output>): Run<Output> {
  const { id, events, emitter, requestPause, settled } = source;
  return Object.freeze({
    id,
    on: emitter.on.bind(emitter),
    pause: async () => {
      requestPause();
      await settled;
    },
    settled: () => settled,
    result: () => {
      const result = settled.then((outcome) => {
        if (outcome.state === 'completed') return outcome.output;
        throw outcomeError(source, outcome);
      });
      // Whoever asked sees the rejection; who asked and does not look is no reason to end the process.
      result.catch(() => undefined);
      return result;
    },
    [Symbol.asyncIterator]: () => events.read(),
  });
}

/** The error that stands for an outcome which is not `completed`: it has the code of its cause, and names the run. */
function outcomeError(
  { id, workflow }: Pick<HandleSource<unknown>, 'id' | 'workflow'>,
  outcome: Exclude<Outcome<unknown>, { readonly state: 'completed' }>,
): FederationError {
  const run = `Run "${id}" of workflow "${workflow}"`;
  const details = { runId: id, state: outcome.state };
  if (outcome.state === 'driver-lost')
    return new FederationError('DRIVER_LOST', `${run} was taken over by another driver; follow it there.`, { details });
  const { error } = outcome;
  const because = error === undefined ? '.' : `: ${sentence(error.message)}`;
  const code = error?.code ?? 'ABORTED';
  const cause = error === undefined ? {} : { cause: error };
  switch (outcome.state) {
    case 'paused':
      return new FederationError(
        code,
        `${run} is paused ${rests[outcome.why](outcome.gate)}${because} ${ways(outcome)}`,
        { ...cause, details: { ...details, why: outcome.why } },
      );
    case 'rolled-back':
      return new FederationError(code, `${run} was rolled back; everything is as before${because}`, {
        ...cause,
        details,
      });
    case 'rollback-incomplete': {
      const left = outcome.residue.map(
        (r) => `${r.item === undefined ? r.step : `${r.step} (${r.item})`}: ${sentence(r.why)} ${sentence(r.remedy)}`,
      );
      return new FederationError(
        code,
        `${run} was rolled back, but not wholly${because} Left: ${left.join(' ')} Then call rollback() with this run id once more.`,
        {
          ...cause,
          details: {
            ...details,
            residue: outcome.residue.map((residue) => ({
              ...residue,
              resource: residue.resource === undefined ? null : { ...residue.resource },
            })),
          },
        },
      );
    }
  }
}

/** Where a run rests, after "is paused". */
const rests: Readonly<Record<PauseReason, (gate: ShownGate | undefined) => string>> = {
  approval: (gate) => (gate === undefined ? 'at a gate' : `at gate "${gate.name}"`),
  requested: () => 'as it was asked to',
  failed: () => 'by a failure',
  unreachable: () => 'because something does not answer',
  'time-limit': () => 'by a time limit',
  stuck: () => 'with an attempt that does not end',
};

/** What drives it on. */
function ways({ why, pastPivot }: { readonly why: PauseReason; readonly pastPivot?: true }): string {
  if (why === 'approval') return 'Resume it with an approval of what it shows, or roll it back.';
  return pastPivot === true
    ? 'It is past its pivot and only goes forward: call resume() with this run id.'
    : 'Call resume() with this run id to go on, or rollback() to undo it.';
}

/** A message may be anybody's: another sentence follows. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
