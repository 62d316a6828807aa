import type { Json } from '../types.ts';
import type { Residue } from './change.ts';
import type { PauseReason, ShownGate } from './events.ts';
import { decide } from './next.ts';
import type { Outline } from './outline.ts';
import { hasCaptured, isPastPivot, type RunState, residueOf } from './state.ts';

/** An error as a journal keeps it. */
export interface RecordedError {
  readonly code: string;
  readonly message: string;
}

/** What {@link listRuns} says of one run; plain JSON. */
export interface RunSummary {
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  /** Of this package, when the run was begun. */
  readonly release: string;
  /** By the clocks of its drivers, for people. */
  readonly begunAt: string;
  readonly lastAt: string;
  /**
   * `paused` in either direction; `open` and `undoing`: a driver is at work, or is gone without a word, which the journal cannot tell.
   * `rollback-incomplete` is closed, but a further `rollback` tries its residue again.
   */
  readonly state: 'open' | 'undoing' | 'paused' | 'completed' | 'rolled-back' | 'rollback-incomplete';
  /** `back` once it began to undo. */
  readonly direction: 'forward' | 'back';
  /** Only where `state` is `paused`. */
  readonly pause?: { readonly why: PauseReason; readonly gate?: string; readonly error?: RecordedError };
}

/** Where one step or gate of a run stands; plain JSON. */
export interface StepStanding extends Outline {
  /**
   * `half-done`: captured, or its items listed, and not known to be done, so it may have had an effect. `residue`: not undone, see
   * {@link RunDescription.residue}. `approved` is said of gates only.
   */
  readonly standing: 'waiting' | 'half-done' | 'done' | 'skipped' | 'undone' | 'residue' | 'approved';
  /** Only where it is `approved`: by whom, as the approval says, and when, by the clock of the driver that recorded it. */
  readonly approval?: { readonly by: string; readonly at: string };
  /** Only for item steps whose list is fixed. */
  readonly items?: {
    /** All that were listed, those with nothing to do included. */
    readonly total: number;
    /** Had nothing to do. */
    readonly skipped: number;
    readonly captured: number;
    readonly done: number;
    readonly undone: number;
  };
}

/**
 * What a driver does: `touch` fences what former drivers may still write; `begin` forecasts and captures a step, `run` runs it; `fix`
 * lists the items of one, `items` captures and runs them, `finish` looks for new ones; `leave` makes residue of what stands on residue.
 */
export type Doing =
  | 'touch'
  | 'begin'
  | 'run'
  | 'fix'
  | 'items'
  | 'finish'
  | 'gate'
  | 'undo'
  | 'undo-items'
  | 'leave'
  | 'close'
  | 'rest';

/** Where a run stands, by nothing but its journal; plain JSON. */
export interface RunDescription extends RunSummary {
  /** How many records the journal has. */
  readonly seq: number;
  readonly onFailure: 'rollback' | 'pause';
  /** Why it undoes. */
  readonly undoing?: { readonly why: string; readonly error?: RecordedError };
  /** From here on the run goes only forward. */
  readonly pastPivot: boolean;
  /** In the order of the workflow. */
  readonly steps: readonly StepStanding[];
  /** The gate it waits at: what it shows, and the `fingerprint` that an approval of it names. */
  readonly gate?: ShownGate;
  /** What the last undo could not restore, with what a person does about each. */
  readonly residue: readonly Residue[];
  /**
   * What can drive it on now, given its workflow and its world: `resume`, `rollback`, or `approve`, which is `resume` with an approval
   * of {@link RunDescription.gate}: without one it only shows that gate again. One that undoes goes on undoing by either verb.
   */
  readonly possible: readonly ('resume' | 'approve' | 'rollback')[];
  /** What a driver does next, by the function that every driver decides by; `rest` where nothing is left. */
  readonly next: { readonly do: Doing; readonly step?: string; readonly gate?: string };
}

/** A run in a line. */
export function summaryOf(id: string, state: RunState): RunSummary {
  const { opened, paused, lastAt, closed, undoing } = state;
  const { workflow, version, release, at: begunAt } = opened;
  const now = closed ?? (paused !== undefined ? 'paused' : undoing !== undefined ? 'undoing' : 'open');
  const pause = paused && {
    why: paused.why,
    ...(paused.gate !== undefined && { gate: paused.gate }),
    ...errorOf(paused),
  };
  return {
    id,
    workflow,
    version,
    release,
    begunAt,
    lastAt,
    state: now,
    direction: undoing === undefined ? 'forward' : 'back',
    ...(now === 'paused' && pause && { pause }),
  };
}

/** Where a run stands. */
export function descriptionOf(id: string, state: RunState): RunDescription {
  const { opened, seq, undoing } = state;
  const action = decide(state);
  const gate = shownGate(state);
  return {
    ...summaryOf(id, state),
    seq,
    onFailure: opened.onFailure,
    ...(undoing && { undoing: { why: undoing.why, ...errorOf(undoing) } }),
    pastPivot: isPastPivot(state),
    steps: opened.steps.map((outline) => standingOf(state, outline)),
    ...(gate && { gate }),
    residue: residueOf(state),
    possible: possibleIn(state),
    next: {
      do: action.do,
      ...('step' in action && { step: action.step }),
      ...('gate' in action && { gate: action.gate }),
    },
  };
}

function standingOf(state: RunState, outline: Outline): StepStanding {
  if (outline.kind === 'gate') {
    const approval = state.approved.get(outline.name);
    return { ...outline, standing: approval ? 'approved' : 'waiting', ...(approval && { approval }) };
  }
  const record = state.steps.get(outline.name);
  if (record === undefined) return { ...outline, standing: 'waiting' };
  const { items, finished, undone, residue } = record;
  const begun = items !== undefined || hasCaptured(record) ? 'half-done' : 'waiting';
  const standing = residue.length > 0 ? 'residue' : undone ? 'undone' : (finished?.how ?? begun);
  if (items === undefined) return { ...outline, standing };
  const { all, total, captured, done, undone: back } = items;
  return { ...outline, standing, items: { total: all.size, skipped: all.size - total, captured, done, undone: back } };
}

function shownGate({ opened, paused }: RunState): ShownGate | undefined {
  if (paused?.gate === undefined || paused.fingerprint === undefined) return undefined;
  const { gate: name, shown = null, fingerprint } = paused;
  return { name, title: opened.steps.find((step) => step.name === name)?.title ?? name, shown, fingerprint };
}

function possibleIn(state: RunState): RunDescription['possible'] {
  if (state.closed !== undefined) return state.closed === 'rollback-incomplete' ? ['rollback'] : [];
  const forward = state.paused?.gate === undefined ? 'resume' : 'approve';
  return isPastPivot(state) ? [forward] : [forward, 'rollback'];
}

function errorOf({ error }: { readonly error?: Json }): { readonly error?: RecordedError } {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return {};
  return { error: { code: String(error.code), message: String(error.message) } };
}
