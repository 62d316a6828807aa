import type { FederationError } from '../errors.ts';
import type { Residue } from './change.ts';
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
