import type { ErrorCode } from '../errors.ts';
import { FederationError } from '../errors.ts';
import type { Residue } from './change.ts';
import type { PauseReason } from './events.ts';
import type { JournalEntry } from './journal.ts';
import type { Outline } from './outline.ts';
import { heldAfter } from './overlap.ts';
import {
  type EntryOf,
  hasCaptured,
  type ItemRecord,
  isLeftHalfDone,
  isPastPivot,
  type RunState,
  residueOf,
  type StepRecord,
  stateOf,
} from './state.ts';

interface LookAgain {
  /** Half-done steps whose undo is over, and on which this stands: a create that came late is looked for first. */
  readonly lookAgain: readonly string[];
}

/** What is to be done next. Each ends with at least one record, except `rest`. */
export type Action =
  /** Fence what former drivers may still be writing. */
  | { readonly do: 'touch'; readonly steps: readonly string[] }
  /** Forecast, then record `skipped`, or capture and record `captured`. */
  | { readonly do: 'begin'; readonly step: string }
  /** Run what is captured; `again` where an earlier drive may have begun it. */
  | { readonly do: 'run'; readonly step: string; readonly again: boolean }
  /** List the items of a step. */
  | { readonly do: 'fix'; readonly step: string }
  /** Capture and run the items that are not done; `again` where an earlier drive fixed the list. */
  | { readonly do: 'items'; readonly step: string; readonly again: boolean }
  /** All items are done: look for new ones, record `done`. */
  | { readonly do: 'finish'; readonly step: string }
  | { readonly do: 'gate'; readonly gate: string }
  | ({ readonly do: 'undo' | 'undo-items'; readonly step: string } & LookAgain)
  /** Not undone, because something it stands on is not. */
  | { readonly do: 'leave'; readonly step: string; readonly residue: readonly Residue[] }
  | ({ readonly do: 'close'; readonly outcome: EntryOf<'closed'>['outcome'] } & LookAgain)
  /** Nothing is left to do. */
  | { readonly do: 'rest'; readonly outcome: EntryOf<'closed'>['outcome'] };

/** The core of the engine: what comes next, from nothing but the records. */
export function next(entries: Iterable<JournalEntry>): Action {
  const state = stateOf(entries);
  if (state === undefined) throw new FederationError('RUN_UNKNOWN', 'Without a record there is no run to go on with.');
  return decide(state);
}

/** {@link next} for a state that is already folded. */
export function decide(state: RunState): Action {
  if (state.closed !== undefined) return { do: 'rest', outcome: state.closed };
  const unfenced = state.touched > state.epoch ? [] : halfDone(state);
  if (unfenced.length > 0) return { do: 'touch', steps: unfenced };
  return state.undoing === undefined ? forward(state) : backward(state);
}

/** What a failure leads to. */
export type Consequence = { readonly undo: true } | { readonly undo: false; readonly why: PauseReason };

/** Failures that tell of a world nobody reckoned with: the run halts, and a person decides. */
const halting: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['WORLD_MOVED', 'KEPT_AT_RISK', 'FENCED']);

/** Which of several failures decides: the gravest. One item that only failed must not hide another that halts the run. */
export function gravityOf(code: ErrorCode): number {
  if (code === 'STEP_STUCK') return 3;
  if (halting.has(code)) return 2;
  return code === 'UNREACHABLE' || code === 'TIMEOUT' ? 1 : 0;
}

/** Rules 4, 10 and 11: what follows when `action` failed with `code`. `asked`: the caller wanted a pause. */
export function consequence(state: RunState, action: Action, code: ErrorCode, asked: boolean): Consequence {
  if (code === 'STEP_STUCK') return { undo: false, why: 'stuck' };
  if (asked) return { undo: false, why: 'requested' };
  if (code === 'UNREACHABLE') return { undo: false, why: 'unreachable' };
  if (code === 'TIMEOUT') return { undo: false, why: 'time-limit' };
  // Before a fence stands nothing can be undone safely; when all is done there is no reason to.
  const mayUndo = state.undoing === undefined && action.do !== 'touch' && action.do !== 'close' && !halting.has(code);
  const undo = mayUndo && state.opened.onFailure === 'rollback' && !isPastPivot(state);
  return undo ? { undo: true } : { undo: false, why: 'failed' };
}

function forward(state: RunState): Action {
  for (const { kind, name } of state.opened.steps) {
    if (kind === 'gate') {
      if (state.approved.has(name)) continue;
      return { do: 'gate', gate: name };
    }
    const record = state.steps.get(name);
    if (record?.finished !== undefined) continue;
    return kind === 'step' ? stepForward(state, name, record) : itemsForward(state, name, record);
  }
  return { do: 'close', outcome: 'completed', lookAgain: [] };
}

function stepForward(state: RunState, step: string, record: StepRecord | undefined): Action {
  if (record?.captured === undefined) return { do: 'begin', step };
  return { do: 'run', step, again: record.captured.seq < state.epoch };
}

function itemsForward(state: RunState, step: string, record: StepRecord | undefined): Action {
  if (record?.items === undefined) return { do: 'fix', step };
  const { total, done, seq } = record.items;
  return done < total ? { do: 'items', step, again: seq < state.epoch } : { do: 'finish', step };
}

function backward(state: RunState): Action {
  const outlines = state.opened.steps;
  const byName = new Map(outlines.map((outline) => [outline.name, outline]));
  for (const name of state.order.toReversed()) {
    const outline = byName.get(name);
    const record = state.steps.get(name);
    if (outline === undefined || record === undefined || isOver(outline, record)) continue;
    const missing = outline.undoNeeds.find((need) => !isUndone(byName.get(need), state.steps.get(need)));
    const stands = missing === undefined ? waiting(state, outline, record) : [standsOn(name, missing)];
    if (stands.length > 0) return { do: 'leave', step: name, residue: stands };
    const lookAgain = outline.undoNeeds.filter((need) => mayComeLate(state.steps.get(need)));
    return { do: outline.kind === 'items' ? 'undo-items' : 'undo', step: name, lookAgain };
  }
  const outcome = residueOf(state).length > 0 ? 'rollback-incomplete' : 'rolled-back';
  return {
    do: 'close',
    outcome,
    lookAgain: outlines.filter((o) => mayComeLate(state.steps.get(o.name))).map((o) => o.name),
  };
}

/** Whether undo has nothing more to try here in this drive. */
function isOver(outline: Outline, record: StepRecord): boolean {
  if (outline.undo !== 'restores' || record.undone) return true;
  if (record.residue.length === 0) return false;
  if (record.items === undefined || record.residue.some((residue) => residue.item === undefined)) return true;
  return openUndoItems(record).length === 0;
}

/** Targets whose objects a later step changed and did not put back. */
function waiting(state: RunState, { name }: Outline, record: StepRecord): readonly Residue[] {
  const holder = heldAfter(state, name);
  if (record.captured !== undefined) {
    const held = holder(record.captured);
    return held === undefined ? [] : [standsOn(name, held)];
  }
  return openUndoItems(record).flatMap((item) => {
    const { key } = item;
    const held = holder(item);
    return held === undefined ? [] : [standsOn(name, held, key)];
  });
}

/** The items that undo still has to try in this drive, in its order. */
export function openUndoItems({ items, residue }: StepRecord): readonly ItemRecord[] {
  const left = new Set(residue.map(({ item }) => item));
  const all = [...(items?.all.values() ?? [])];
  return all.filter(({ key, captured, undone }) => captured > 0 && !undone && !left.has(key)).toReversed();
}

function isUndone(outline: Outline | undefined, record: StepRecord | undefined): boolean {
  if (outline?.undo !== 'restores' || record === undefined || !hasCaptured(record)) return true;
  // What came late, after the undo, and could not be taken away is residue of a step that is undone.
  return record.undone && record.residue.length === 0;
}

/** Undone without ever having been done: what it meant to create may still appear. */
function mayComeLate(record: StepRecord | undefined): boolean {
  if (record === undefined || !record.undone || record.residue.length > 0) return false;
  if (record.items === undefined) return record.finished === undefined && creates(record.captured?.intends);
  return [...record.items.all.values()].some((item) => item.captured > 0 && !item.done && creates(item.intends));
}

/** Whether any of these changes makes an object. */
export function creates(intends: readonly { readonly verb: string }[] | undefined): boolean {
  return intends?.some(({ verb }) => verb === 'create') ?? false;
}

function halfDone(state: RunState): string[] {
  return state.opened.steps
    .filter(({ name, undo }) => {
      const record = state.steps.get(name);
      return undo !== 'reads only' && record !== undefined && isLeftHalfDone(record, state.epoch);
    })
    .map(({ name }) => name);
}

function standsOn(step: string, missing: string, item?: string): Residue {
  return {
    step,
    ...(item !== undefined && { item }),
    code: 'UNDO_NEEDS',
    why: `The undo of "${step}" stands on that of "${missing}", which is not undone.`,
    remedy: `Clear the residue of "${missing}" first, then roll back once more: both are tried again.`,
  };
}
