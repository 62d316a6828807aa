import { FederationError } from '../errors.ts';
import type { Json } from '../types.ts';
import type { Residue } from './change.ts';
import { frozen } from './frozen.ts';
import type { FixedItem, JournalEntry } from './journal.ts';
import type { Outline } from './outline.ts';
import { addResult, beginResults, type Results } from './results.ts';

/** An entry of one type. */
export type EntryOf<T extends JournalEntry['type']> = Extract<JournalEntry, { readonly type: T }>;

/** What a target was to change: the objects, or, where that could not be said, kinds. */
export type Meant = Pick<FixedItem, 'intends' | 'touches'>;

/** What the records say about one item. Made once, when the list is fixed: a run's memory does not grow with the items done. */
export interface ItemRecord extends FixedItem {
  /** Sequence number of its capture; 0 before. */
  captured: number;
  /** What was captured, until the item is done; an undo then reads it again (`befores.ts`). */
  before: Json;
  done: boolean;
  undone: boolean;
}

/** What the records say about the items of one step. */
export interface ItemRecords {
  /** Sequence number of `items-fixed`. */
  readonly seq: number;
  /** In the order of the list, which is the order of capture. */
  readonly all: ReadonlyMap<string, ItemRecord>;
  /** How many have something to do; then how many of those are captured, done and undone. */
  readonly total: number;
  captured: number;
  done: number;
  undone: number;
}

/** What the records say about one step. */
export interface StepRecord {
  captured?: { readonly seq: number; readonly before: Json } & Meant;
  items?: ItemRecords;
  /** Its result, once `done` or `skipped`. */
  finished?: { readonly how: 'done' | 'skipped'; readonly out: Json };
  undone: boolean;
  /** Found in the present drive; a new one tries again. */
  residue: Residue[];
}

/** Everything that is decided by, as a fold of the records. */
export interface RunState {
  readonly opened: EntryOf<'opened'>;
  /** Sequence number of the last record. */
  seq: number;
  /** Sequence number of the last `driving` record. */
  epoch: number;
  /** Sequence number of the last `touched` record. */
  touched: number;
  readonly steps: Map<string, StepRecord>;
  /** Names of the steps that captured anything, in that order. */
  readonly order: string[];
  /** By whom and when, by gate; `at` is for people. */
  readonly approved: Map<string, { readonly by: string; readonly at: string }>;
  readonly results: Results;
  undoing?: EntryOf<'undoing'> & { readonly seq: number };
  /** Set while this is the last record. */
  paused?: EntryOf<'paused'>;
  /** When the last record was written, for people. */
  lastAt: string;
  closed?: EntryOf<'closed'>['outcome'];
}

/** Begins a state with the first record of a run. */
export function beginState(first: JournalEntry): RunState {
  frozen(first);
  if (first.type !== 'opened')
    throw new FederationError(
      'JOURNAL_INVALID',
      `A journal begins with "opened", not "${first.type}"; this is none of a run.`,
    );
  const names = new Set(first.steps.map(({ name }) => name));
  if (names.size < first.steps.length)
    throw new FederationError('JOURNAL_INVALID', `A journal of workflow "${first.workflow}" names a step twice.`);
  return {
    opened: first,
    seq: 1,
    epoch: 0,
    touched: 0,
    steps: new Map(),
    order: [],
    approved: new Map(),
    lastAt: first.at,
    results: beginResults(first.input),
  };
}

/** Adds the next record to `state`, in place. From then on nobody can change the record. */
export function applyEntry(state: RunState, entry: JournalEntry): void {
  frozen(entry);
  state.seq += 1;
  state.lastAt = entry.at;
  delete state.paused;
  switch (entry.type) {
    case 'opened':
      throw outOfPlace(state, entry);
    case 'driving':
      state.epoch = state.seq;
      // Whatever could not be undone is tried again by the next driver, so it is no longer residue.
      if (state.closed === 'rollback-incomplete') delete state.closed;
      for (const record of state.steps.values()) record.residue = [];
      return;
    case 'touched':
      state.touched = state.seq;
      return;
    case 'captured': {
      const record = recordOf(state, entry, ['step']);
      // The first capture wins.
      if (record.captured !== undefined) return;
      const { before, intends, touches } = entry;
      record.captured = { seq: state.seq, before, intends, ...(touches && { touches }) };
      state.order.push(entry.step);
      return;
    }
    case 'items-fixed': {
      const record = recordOf(state, entry, ['items']);
      const all = new Map(entry.items.map((item): [string, ItemRecord] => [item.key, untouched(item)]));
      if (all.size < entry.items.length) throw outOfPlace(state, entry);
      const total = entry.items.filter(({ skipped }) => skipped === undefined).length;
      record.items ??= { seq: state.seq, all, total, captured: 0, done: 0, undone: 0 };
      return;
    }
    case 'items-captured':
      for (const { key, before } of entry.items) {
        const { items, item } = itemOf(state, entry, key);
        // The first capture wins.
        if (item.captured > 0) continue;
        if (items.captured === 0) state.order.push(entry.step);
        items.captured += 1;
        item.captured = state.seq;
        item.before = before;
      }
      return;
    case 'items-done':
      for (const key of entry.keys) {
        const { items, item } = itemOf(state, entry, key);
        if (!item.done) items.done += 1;
        item.done = true;
        item.before = null;
      }
      return;
    case 'items-undone':
      for (const key of entry.keys) {
        const { items, item } = itemOf(state, entry, key);
        if (!item.undone) items.undone += 1;
        item.undone = true;
      }
      return;
    case 'done':
    case 'skipped': {
      const record = recordOf(state, entry);
      if (record.finished !== undefined) throw outOfPlace(state, entry);
      record.finished = { how: entry.type, out: entry.out };
      addResult(state.results, entry.step, entry.out);
      return;
    }
    case 'approved':
      if (!hasElement(state, entry.gate, ['gate'])) throw outOfPlace(state, entry);
      state.approved.set(entry.gate, { by: entry.by, at: entry.at });
      return;
    case 'undoing':
      state.undoing ??= { ...entry, seq: state.seq };
      return;
    case 'undone':
      recordOf(state, entry).undone = true;
      return;
    case 'residue':
      for (const one of entry.residue) recordOf(state, { type: entry.type, step: one.step }).residue.push(one);
      return;
    case 'closed':
      state.closed = entry.outcome;
      return;
    case 'paused':
      if (entry.gate !== undefined && !hasElement(state, entry.gate, ['gate'])) throw outOfPlace(state, entry);
      state.paused = entry;
      return;
    default:
      throw outOfPlace(state, entry satisfies never);
  }
}

/** The fold over all records of a run. */
export function stateOf(entries: Iterable<JournalEntry>): RunState | undefined {
  let state: RunState | undefined;
  for (const entry of entries) {
    if (state === undefined) state = beginState(entry);
    else applyEntry(state, entry);
  }
  return state;
}

/** Whether the step captured anything: from then on it may have had an effect. */
export function hasCaptured(record: StepRecord | undefined): boolean {
  return record?.captured !== undefined || (record?.items?.captured ?? 0) > 0;
}

/** The items that were captured and of which it is not known that they are done, in the order of capture. */
export function halfDoneItems(items: ItemRecords): readonly ItemRecord[] {
  return [...items.all.values()].filter((item) => item.captured > 0 && !item.done && !item.undone);
}

/** Whether a former drive captured something of the step that is neither done nor undone: its driver may still be writing. */
export function isLeftHalfDone(record: StepRecord, epoch: number): boolean {
  const { items, captured, finished, undone } = record;
  if (undone || finished !== undefined) return false;
  if (items === undefined) return captured !== undefined && captured.seq < epoch;
  return halfDoneItems(items).some((item) => item.captured < epoch);
}

/** All residue of the present drive, in the order of undo. */
export function residueOf(state: RunState): readonly Residue[] {
  return state.order.toReversed().flatMap((name) => state.steps.get(name)?.residue ?? []);
}

/** From the first capture of the pivot, or of anything after it, the run goes only forward: whether its effect took place cannot be known. */
export function isPastPivot(state: RunState): boolean {
  const { steps } = state.opened;
  const pivot = steps.findIndex((step) => step.pivot);
  return pivot >= 0 && steps.slice(pivot).some(({ name }) => hasCaptured(state.steps.get(name)));
}

type Speaks = { readonly type: string; readonly step: string };

/** What is known of the step that a record speaks of; it must be one of the run, and of such a kind. */
function recordOf(state: RunState, entry: Speaks, kinds: readonly Kind[] = ['step', 'items']): StepRecord {
  const known = state.steps.get(entry.step);
  if (!hasElement(state, entry.step, kinds)) throw outOfPlace(state, entry);
  if (known !== undefined) return known;
  const record: StepRecord = { undone: false, residue: [] };
  state.steps.set(entry.step, record);
  return record;
}

/** The items of a step, and the one of this key; it must be one with something to do. */
function itemOf(
  state: RunState,
  entry: Speaks,
  key: string,
): { readonly items: ItemRecords; readonly item: ItemRecord } {
  const { items } = recordOf(state, entry, ['items']);
  const item = items?.all.get(key);
  if (items === undefined || item === undefined || item.skipped !== undefined) throw outOfPlace(state, entry);
  return { items, item };
}

function untouched(item: FixedItem): ItemRecord {
  return { ...item, captured: 0, before: null, done: false, undone: false };
}

type Kind = Outline['kind'];

function hasElement(state: RunState, name: string, kinds: readonly Kind[]): boolean {
  return state.opened.steps.some((step) => step.name === name && kinds.includes(step.kind));
}

function outOfPlace(state: RunState, entry: { readonly type: string }): FederationError {
  return new FederationError(
    'JOURNAL_INVALID',
    `Record ${state.seq} of the journal of workflow "${state.opened.workflow}" is "${entry.type}", which cannot stand there. Do not edit journals; restore it from a copy.`,
  );
}
