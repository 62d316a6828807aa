import type { FederationError } from '../errors.ts';
import type { Json } from '../types.ts';
import type { Residue } from './change.ts';

/** Why a run rests before its end. */
export type PauseReason = 'requested' | 'failed' | 'approval' | 'unreachable' | 'time-limit' | 'stuck';

/** What a gate showed; `fingerprint` is what an approval of it names. */
export interface ShownGate {
  readonly name: string;
  readonly title: string;
  readonly shown: Json;
  readonly fingerprint: string;
}

/** What every event has. */
export interface RunEventBase {
  readonly runId: string;
  /** Sequence number of the last journal record that was durable before: an event is never ahead of the journal. */
  readonly seq: number;
  /** For people. */
  readonly at: string;
}

/** What every event of a step has. */
export interface StepEventBase extends RunEventBase {
  readonly step: string;
  /** Counted from 1, gates not counted. */
  readonly index: number;
  readonly total: number;
}

/** Everything a drive tells; listeners and iterator are derived from it. */
export type RunEvent =
  | (RunEventBase & { readonly type: 'run:started'; readonly workflow: string; readonly resumed: boolean })
  | (StepEventBase & { readonly type: 'step:started'; readonly attempt: number })
  | (StepEventBase & {
      readonly type: 'step:progress';
      readonly message: string;
      readonly count?: { readonly done: number; readonly total: number };
      /** An estimate from the rate measured in this drive. */
      readonly remainingMs?: number;
    })
  | (StepEventBase & {
      readonly type: 'step:retrying';
      readonly attempt: number;
      readonly retriesLeft: number;
      readonly error: FederationError;
    })
  /** `durationMs`: in this drive, a whole number. */
  | (StepEventBase & { readonly type: 'step:completed'; readonly durationMs: number })
  | (StepEventBase & { readonly type: 'step:skipped'; readonly why: string })
  | (StepEventBase & { readonly type: 'step:failed'; readonly error: FederationError })
  | (StepEventBase & { readonly type: 'undo:started' | 'undo:completed' })
  | (StepEventBase & { readonly type: 'undo:failed'; readonly residue: Residue })
  | (RunEventBase & { readonly type: 'run:completed' })
  | (RunEventBase & {
      readonly type: 'run:paused';
      readonly why: PauseReason;
      /** Only where `why` is `approval`. */
      readonly gate?: ShownGate;
    })
  | (RunEventBase & { readonly type: 'run:rolled-back'; readonly residue: readonly Residue[] })
  | (RunEventBase & { readonly type: 'run:driver-lost' })
  /** Only from the iterator: it was read too slowly, and this many events of progress and retries are missing here. */
  | (RunEventBase & { readonly type: 'events:dropped'; readonly count: number });
