import type { CallOptions, Json } from '../types.ts';
import type { Change, Residue, Touch } from './change.ts';
import type { PauseReason } from './events.ts';
import type { Outline } from './outline.ts';
import type { Plan } from './planned.ts';

/** One item of `items-fixed`. */
export interface FixedItem {
  readonly key: string;
  readonly item: Json;
  readonly intends: readonly Change[];
  /** Where it could not say what it would change: the most that it may. */
  readonly touches?: readonly Touch[];
  /** Why it had nothing to do; such an item is neither run nor undone. */
  readonly skipped?: string;
}

/** One record of a run. The run is a function of its records. */
export type JournalEntry = {
  /** For people; nothing is decided by it. */
  readonly at: string;
  /** Unique to one drive. */
  readonly driver: string;
} & (
  | {
      readonly type: 'opened';
      readonly format: 1;
      /** Of this package. */
      readonly release: string;
      readonly workflow: string;
      readonly version: string;
      /** The steps and gates, in order: with them the records say all that the run is decided by. */
      readonly steps: readonly Outline[];
      readonly fingerprint: string;
      readonly identity: Json;
      readonly input: Json;
      readonly onFailure: 'rollback' | 'pause';
      /** What the run is held to at every step. */
      readonly plan?: Plan;
    }
  /** A driver begins; its sequence number is the epoch. */
  | { readonly type: 'driving' }
  /** What was captured and not done is fenced against writes of former drivers. */
  | { readonly type: 'touched' }
  | {
      readonly type: 'captured';
      readonly step: string;
      readonly before: Json;
      readonly intends: readonly Change[];
      /** Where it could not say what it would change: the most that it may. */
      readonly touches?: readonly Touch[];
    }
  | { readonly type: 'items-fixed'; readonly step: string; readonly items: readonly FixedItem[] }
  | {
      readonly type: 'items-captured';
      readonly step: string;
      readonly items: readonly { readonly key: string; readonly before: Json }[];
    }
  | { readonly type: 'items-done' | 'items-undone'; readonly step: string; readonly keys: readonly string[] }
  | { readonly type: 'done'; readonly step: string; readonly out: Json }
  | { readonly type: 'skipped'; readonly step: string; readonly why: string; readonly out: Json }
  | { readonly type: 'approved'; readonly gate: string; readonly by: string; readonly fingerprint: string }
  | {
      readonly type: 'paused';
      readonly why: PauseReason;
      readonly error?: Json;
      readonly gate?: string;
      readonly shown?: Json;
      readonly fingerprint?: string;
    }
  /** From here on the run only undoes. */
  | { readonly type: 'undoing'; readonly why: string; readonly error?: Json }
  | { readonly type: 'undone'; readonly step: string }
  /** What one group of undos left; all of it of one step. */
  | { readonly type: 'residue'; readonly residue: readonly Residue[] }
  | { readonly type: 'closed'; readonly outcome: 'completed' | 'rolled-back' | 'rollback-incomplete' }
);

/** Whether a run is over for good and may be removed. @throws FederationError JOURNAL_INVALID where that cannot be told */
export type Ended = (entries: readonly JournalEntry[], runId: string) => boolean;

/** What {@link JournalStore.prune} did. */
export interface Pruned {
  /** Ids of the runs that are gone. */
  readonly removed: readonly string[];
  /** Ids of the runs that cannot be read, and were left. */
  readonly unreadable: readonly string[];
}

/** Where runs are recorded. Append-only; a taken sequence number is refused, the claim only decides who may try. */
export interface JournalStore {
  /** What is in it dies with this process: no other can go on with a run. A workflow may refuse that. */
  readonly volatile?: true;
  /**
   * Resolves when the entry is durable. `seq` counts from 1.
   * @throws FederationError JOURNAL_CONFLICT when `seq` is taken.
   */
  append(runId: string, seq: number, entry: JournalEntry, options?: CallOptions): Promise<void>;
  /**
   * All entries in order; none where the run is unknown.
   * @throws FederationError JOURNAL_INVALID when one is missing or damaged.
   */
  read(runId: string, options?: CallOptions): AsyncIterable<JournalEntry>;
  /** Ids of all runs. */
  runs(options?: CallOptions): AsyncIterable<string>;
  /**
   * Waits until no other driver holds the run. A holder counts as gone when this observer, by its own monotonic clock,
   * has seen no change of the claim for the claim's duration.
   * @throws FederationError JOURNAL_CONFLICT when another driver is at work.
   */
  claim(runId: string, driver: string, options?: CallOptions): Promise<Claim>;
  /** On which cluster it is kept: the UID of that cluster's namespace kube-system. Absent: on none. */
  keptOn?(options?: CallOptions): Promise<string>;
  /**
   * Removes every run whose entries `ended` agrees to, so that half of one is never read as a shorter one, also where the removal is
   * cut off; the next call finishes it then. Called by `pruneRuns`, which says what has ended.
   */
  prune?(ended: Ended, options?: CallOptions): Promise<Pruned>;
}

/** The right to try to drive a run; disposing it ends it for good, and lets the next driver start at once. */
export interface Claim extends AsyncDisposable {
  /** How often {@link Claim.renew} is due. */
  readonly renewEveryMs: number;
  /** @throws FederationError DRIVER_LOST when another driver holds the run, or this claim was given back. */
  renew(options?: CallOptions): Promise<void>;
  /** Aborted when the claim is lost or was given back. */
  readonly lost: AbortSignal;
}
