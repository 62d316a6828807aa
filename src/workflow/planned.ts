import type { Forecast } from './change.ts';

/** One step of a {@link Plan}. */
export interface PlannedStep {
  readonly name: string;
  readonly title: string;
  /** For an item step: that of all its items together. */
  readonly forecast: Forecast<unknown>;
  /** Only for item steps: every item, those with nothing to do included. */
  readonly items?: readonly { readonly key: string; readonly forecast: Forecast<unknown> }[];
  /** `unseen`: it restores, but cannot compare first, and says why: what others made of the objects is overwritten. */
  readonly undo: 'restores' | 'reads only' | { readonly unseen: string } | { readonly irreversible: string };
  readonly pivot: boolean;
}

/** Where the run will wait for an approval. */
export interface PlannedGate {
  readonly name: string;
  readonly title: string;
  /** The step it comes after; `null` where it comes first. */
  readonly after: string | null;
}

/** What a run would do: data, not log lines; plain JSON. */
export interface Plan {
  readonly workflow: string;
  readonly version: string;
  /** Covers workflow, version, input, identity and the fields that decide; never resourceVersion, status, managedFields or times. */
  readonly fingerprint: string;
  readonly steps: readonly PlannedStep[];
  readonly gates: readonly PlannedGate[];
  /** The steps that cannot be done now; a run with any is refused with `PLAN_BLOCKED`. */
  readonly blocked: readonly PlannedStep[];
}
