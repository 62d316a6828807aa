import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/workflow/change.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import type { EntryBody } from '../../src/workflow/ledger.ts';
import { consequence, next } from '../../src/workflow/next.ts';
import type { Outline } from '../../src/workflow/outline.ts';
import { isPastPivot, residueOf, stateOf } from '../../src/workflow/state.ts';
import { changeOf } from './world.ts';

const outline = (name: string, more: Partial<Outline> = {}): Outline => ({
  kind: 'step',
  name,
  title: name,
  undo: 'restores',
  undoNeeds: [],
  ...more,
});
const outlines = [
  outline('a'),
  outline('many', { kind: 'items' }),
  outline('gate', { kind: 'gate', undo: 'reads only' }),
  outline('b'),
];
const pivotAt = (name: string) => ({
  steps: outlines.map((one): Outline => (one.name === name ? { ...one, pivot: true } : one)),
});
const creation: readonly Change[] = [changeOf('x', null, '1')];

function journal(
  bodies: readonly EntryBody[],
  more: { steps?: readonly Outline[]; onFailure?: 'rollback' | 'pause' } = {},
): JournalEntry[] {
  const opened: EntryBody = {
    type: 'opened',
    format: 1,
    release: '0.0.0',
    workflow: 'w',
    version: '1',
    steps: outlines,
    fingerprint: 'f',
    identity: null,
    input: { n: 1 },
    onFailure: 'rollback',
    ...more,
  };
  return [opened, { type: 'driving' } as const, ...bodies].map(
    (body): JournalEntry => ({ at: '', driver: 'd', ...body }),
  );
}
const nextAfter = (...bodies: EntryBody[]) => next(journal(bodies));
const stateAfter = (bodies: EntryBody[], more = {}) => {
  const state = stateOf(journal(bodies, more));
  if (state === undefined) throw new Error('no state');
  return state;
};

const captured: EntryBody = { type: 'captured', step: 'a', before: null, intends: [] };
const done: EntryBody = { type: 'done', step: 'a', out: 7 };
const fixed: EntryBody = {
  type: 'items-fixed',
  step: 'many',
  items: [
    { key: 'k', item: 'k', intends: [] },
    { key: 'l', item: 'l', intends: [] },
    { key: 'm', item: 'm', intends: [], skipped: 'nothing to do' },
  ],
};
const itemsCaptured: EntryBody = {
  type: 'items-captured',
  step: 'many',
  items: [
    { key: 'k', before: 1 },
    { key: 'l', before: 2 },
  ],
};
const itemsDone: EntryBody = { type: 'items-done', step: 'many', keys: ['k', 'l'] };
const manyDone: EntryBody = { type: 'done', step: 'many', out: { done: 2 } };
const approved: EntryBody = { type: 'approved', gate: 'gate', by: 'me', fingerprint: 'f' };
const bCaptured: EntryBody = { type: 'captured', step: 'b', before: null, intends: creation };
const undoing: EntryBody = { type: 'undoing', why: 'x' };
const undone = (step: string): EntryBody => ({ type: 'undone', step });
const residue = (step: string, item?: string): EntryBody => ({
  type: 'residue',
  residue: [{ step, code: 'STEP_FAILED', why: '', remedy: '', ...(item !== undefined && { item }) }],
});

describe('rules 1, 7 and 9: next, forward', () => {
  it('goes through the steps in order, each from begin to done', () => {
    expect(nextAfter()).toEqual({ do: 'begin', step: 'a' });
    expect(nextAfter(captured)).toEqual({ do: 'run', step: 'a', again: false });
    expect(nextAfter(captured, done)).toEqual({ do: 'fix', step: 'many' });
    expect(nextAfter(captured, done, fixed)).toEqual({ do: 'items', step: 'many', again: false });
    expect(nextAfter(captured, done, fixed, itemsCaptured)).toEqual({ do: 'items', step: 'many', again: false });
    expect(nextAfter(captured, done, fixed, itemsCaptured, itemsDone)).toEqual({ do: 'finish', step: 'many' });
    expect(nextAfter(captured, done, fixed, itemsCaptured, itemsDone, manyDone)).toEqual({ do: 'gate', gate: 'gate' });
    expect(nextAfter(captured, done, fixed, itemsCaptured, itemsDone, manyDone, approved)).toEqual({
      do: 'begin',
      step: 'b',
    });
  });

  it('closes when nothing is left, and then rests', () => {
    const all = [
      captured,
      done,
      fixed,
      itemsCaptured,
      itemsDone,
      manyDone,
      approved,
      bCaptured,
      { type: 'done', step: 'b', out: 1 },
    ] as const;
    expect(nextAfter(...all)).toEqual({ do: 'close', outcome: 'completed', lookAgain: [] });
    expect(nextAfter(...all, { type: 'closed', outcome: 'completed' })).toEqual({ do: 'rest', outcome: 'completed' });
  });

  it('passes over a skipped step', () => {
    expect(nextAfter({ type: 'skipped', step: 'a', why: '', out: 3 })).toEqual({ do: 'fix', step: 'many' });
  });

  it('says that a step may have been begun by an earlier drive, after it was fenced', () => {
    const again: EntryBody[] = [captured, { type: 'paused', why: 'requested' }, { type: 'driving' }];
    expect(nextAfter(...again)).toEqual({ do: 'touch', steps: ['a'] });
    expect(nextAfter(...again, { type: 'touched' })).toEqual({ do: 'run', step: 'a', again: true });
  });

  it('fences what is half done once per drive, and nothing that is finished', () => {
    const again: EntryBody[] = [
      captured,
      done,
      fixed,
      itemsCaptured,
      { type: 'items-done', step: 'many', keys: ['k'] },
    ];
    expect(nextAfter(...again, { type: 'driving' })).toEqual({ do: 'touch', steps: ['many'] });
    expect(nextAfter(...again, { type: 'driving' }, { type: 'touched' }, { type: 'driving' })).toEqual({
      do: 'touch',
      steps: ['many'],
    });
    expect(nextAfter(captured, done, { type: 'driving' })).toEqual({ do: 'fix', step: 'many' });
    expect(nextAfter(captured, done, fixed, itemsCaptured, itemsDone, { type: 'driving' })).toEqual({
      do: 'finish',
      step: 'many',
    });
  });

  it('fences nothing for a step that only reads', () => {
    const reading = outlines.map((one) => (one.name === 'a' ? { ...one, undo: 'reads only' as const } : one));
    expect(next(journal([captured, { type: 'driving' }], { steps: reading }))).toEqual({
      do: 'run',
      step: 'a',
      again: true,
    });
  });

  it('gives each step the input and the results so far', () => {
    expect(stateAfter([captured, done, { type: 'skipped', step: 'many', why: '', out: { done: 0 } }]).results).toEqual({
      input: { n: 1 },
      a: 7,
      many: { done: 0 },
    });
  });

  it('keeps the first capture', () => {
    const state = stateAfter([captured, { type: 'captured', step: 'a', before: 'other', intends: creation }]);
    expect(state.steps.get('a')?.captured).toMatchObject({ before: null, intends: [], seq: 3 });
    const items = stateAfter([
      fixed,
      itemsCaptured,
      { type: 'items-captured', step: 'many', items: [{ key: 'k', before: 9 }] },
    ]);
    expect(items.steps.get('many')?.items?.all.get('k')?.before).toBe(1);
  });
});

describe('rules 2 and 3: next, backward', () => {
  const both: EntryBody[] = [captured, done, fixed, itemsCaptured, itemsDone, manyDone, approved, bCaptured];

  it('undoes in the reverse order of capture, half-done steps included', () => {
    expect(nextAfter(...both, undoing)).toEqual({ do: 'undo', step: 'b', lookAgain: [] });
    expect(nextAfter(...both, undoing, undone('b'))).toEqual({ do: 'undo-items', step: 'many', lookAgain: [] });
    expect(nextAfter(...both, undoing, undone('b'), undone('many'))).toEqual({ do: 'undo', step: 'a', lookAgain: [] });
  });

  it('looks once more for creates that were never seen done before it closes', () => {
    const end = [...both, undoing, undone('b'), undone('many'), undone('a')];
    expect(nextAfter(...end)).toEqual({ do: 'close', outcome: 'rolled-back', lookAgain: ['b'] });
    const allDone: EntryBody[] = [
      ...both,
      { type: 'done', step: 'b', out: 1 },
      undoing,
      undone('b'),
      undone('many'),
      undone('a'),
    ];
    expect(nextAfter(...allDone)).toEqual({ do: 'close', outcome: 'rolled-back', lookAgain: [] });
  });

  it('never undoes what was skipped, nor what only reads', () => {
    expect(nextAfter({ type: 'skipped', step: 'a', why: '', out: 1 }, undoing)).toMatchObject({
      do: 'close',
      outcome: 'rolled-back',
    });
    const reading = outlines.map((one) => ({ ...one, undo: 'reads only' as const }));
    expect(next(journal([captured, done, undoing], { steps: reading }))).toMatchObject({
      do: 'close',
      outcome: 'rolled-back',
    });
  });

  it('goes on past residue, and closes as incomplete', () => {
    expect(nextAfter(...both, undoing, residue('b'))).toEqual({ do: 'undo-items', step: 'many', lookAgain: [] });
    expect(nextAfter(...both, undoing, residue('b'), undone('many'), undone('a'))).toEqual({
      do: 'close',
      outcome: 'rollback-incomplete',
      lookAgain: [],
    });
  });

  it('undoes the other items past the residue of one', () => {
    const state: EntryBody[] = [captured, done, fixed, itemsCaptured, itemsDone, undoing, residue('many', 'k')];
    expect(nextAfter(...state)).toEqual({ do: 'undo-items', step: 'many', lookAgain: [] });
    expect(nextAfter(...state, { type: 'items-undone', step: 'many', keys: ['l'] })).toEqual({
      do: 'undo',
      step: 'a',
      lookAgain: [],
    });
  });

  it('does not undo what stands on something that is not undone', () => {
    const needing = outlines.map((one) => (one.name === 'a' ? { ...one, undoNeeds: ['b'] } : one));
    const end = next(journal([...both, undoing, residue('b'), undone('many')], { steps: needing }));
    expect(end).toMatchObject({ do: 'leave', step: 'a', residue: [{ step: 'a', code: 'UNDO_NEEDS' }] });
    expect(next(journal([...both, undoing, undone('b'), undone('many')], { steps: needing }))).toEqual({
      do: 'undo',
      step: 'a',
      lookAgain: ['b'],
    });
    expect(next(journal([captured, done, undoing], { steps: needing }))).toEqual({
      do: 'undo',
      step: 'a',
      lookAgain: [],
    });
  });

  it('does not put an object back before the later step that changed it too', () => {
    const both: EntryBody[] = [
      { type: 'captured', step: 'a', before: null, intends: [changeOf('x', '1', null)] },
      done,
      bCaptured,
      { type: 'done', step: 'b', out: 1 },
      undoing,
      residue('b'),
    ];
    // "a" deleted x and "b" made it again: as it is now it looks undone for "a", and the undo of "b" would then destroy it.
    expect(nextAfter(...both)).toMatchObject({ do: 'leave', step: 'a', residue: [{ step: 'a', code: 'UNDO_NEEDS' }] });
    expect(nextAfter(...both, { type: 'driving' }, { type: 'touched' })).toEqual({
      do: 'undo',
      step: 'b',
      lookAgain: [],
    });
    expect(nextAfter(...both, { type: 'driving' }, { type: 'touched' }, undone('b'))).toEqual({
      do: 'undo',
      step: 'a',
      lookAgain: [],
    });
  });

  it('leaves just the items whose objects a later step still has', () => {
    const items: EntryBody[] = [
      {
        type: 'items-fixed',
        step: 'many',
        items: [
          { key: 'k', item: 'k', intends: [changeOf('x', '1', null)] },
          { key: 'l', item: 'l', intends: [changeOf('y', '1', null)] },
        ],
      },
      itemsCaptured,
      itemsDone,
      manyDone,
      bCaptured,
      { type: 'done', step: 'b', out: 1 },
      undoing,
      residue('b'),
    ];
    expect(nextAfter(...items)).toMatchObject({ do: 'leave', residue: [{ step: 'many', item: 'k' }] });
    expect(nextAfter(...items, residue('many', 'k'))).toEqual({ do: 'undo-items', step: 'many', lookAgain: [] });
  });

  it('lets a step that could not say what it changes hold what came before, by kind', () => {
    const touching = (kind: string): EntryBody[] => [
      { type: 'captured', step: 'a', before: null, intends: [changeOf('x', '1', null)] },
      done,
      { type: 'captured', step: 'b', before: null, intends: [], touches: [{ verb: 'create', kind }] },
      { type: 'done', step: 'b', out: 1 },
      undoing,
      residue('b'),
    ];
    expect(nextAfter(...touching('Value'))).toMatchObject({
      do: 'leave',
      step: 'a',
      residue: [{ code: 'UNDO_NEEDS' }],
    });
    expect(nextAfter(...touching('Other'))).toEqual({ do: 'undo', step: 'a', lookAgain: [] });
    const unknownFirst: EntryBody[] = [
      { type: 'captured', step: 'a', before: null, intends: [], touches: [{ verb: 'delete', kind: 'Value' }] },
      done,
      bCaptured,
      { type: 'done', step: 'b', out: 1 },
      undoing,
      residue('b'),
    ];
    expect(nextAfter(...unknownFirst)).toMatchObject({ do: 'leave', step: 'a' });
  });

  it('tries just the residue again in a second rollback', () => {
    const closed: EntryBody[] = [
      ...both,
      undoing,
      residue('b'),
      undone('many'),
      undone('a'),
      { type: 'closed', outcome: 'rollback-incomplete' },
    ];
    expect(nextAfter(...closed)).toEqual({ do: 'rest', outcome: 'rollback-incomplete' });
    expect(residueOf(stateAfter(closed))).toHaveLength(1);
    const second: EntryBody[] = [...closed, { type: 'driving' }, { type: 'touched' }];
    expect(nextAfter(...second)).toEqual({ do: 'undo', step: 'b', lookAgain: [] });
    expect(nextAfter(...second, undone('b'))).toEqual({ do: 'close', outcome: 'rolled-back', lookAgain: ['b'] });
  });

  it('goes on undoing after another driver took over', () => {
    expect(nextAfter(...both, undoing, undone('b'), { type: 'driving' })).toEqual({
      do: 'undo-items',
      step: 'many',
      lookAgain: [],
    });
  });
});

describe('rules 4, 10 and 11: the consequence', () => {
  const begin = { do: 'begin', step: 'a' } as const;

  it.each([
    ['STEP_FAILED', { undo: true }],
    ['PLAN_STALE', { undo: true }],
    ['UNREACHABLE', { undo: false, why: 'unreachable' }],
    ['TIMEOUT', { undo: false, why: 'time-limit' }],
    ['STEP_STUCK', { undo: false, why: 'stuck' }],
    ['WORLD_MOVED', { undo: false, why: 'failed' }],
    ['KEPT_AT_RISK', { undo: false, why: 'failed' }],
  ] as const)('of %s is %j', (code, expected) => {
    expect(consequence(stateAfter([captured]), begin, code, false)).toEqual(expected);
  });

  it('of a failure is a pause where the run was begun so, and after the wish to pause', () => {
    expect(consequence(stateAfter([captured], { onFailure: 'pause' }), begin, 'STEP_FAILED', false)).toEqual({
      undo: false,
      why: 'failed',
    });
    expect(consequence(stateAfter([captured]), begin, 'STEP_FAILED', true)).toEqual({ undo: false, why: 'requested' });
  });

  it('of a fence that failed is a pause: what may still be written cannot be undone yet', () => {
    expect(consequence(stateAfter([captured]), { do: 'touch', steps: ['a'] }, 'FORBIDDEN', false)).toEqual({
      undo: false,
      why: 'failed',
    });
  });

  it('of a failure in an undo is a pause: there is nothing else to turn to', () => {
    expect(
      consequence(stateAfter([captured, undoing]), { do: 'undo', step: 'a', lookAgain: [] }, 'STEP_FAILED', false),
    ).toEqual({
      undo: false,
      why: 'failed',
    });
  });

  it('of a failure from the captured record of the pivot on is a pause', () => {
    const pivot = pivotAt('b');
    const before: EntryBody[] = [captured, done, approved];
    expect(isPastPivot(stateAfter(before, pivot))).toBe(false);
    expect(consequence(stateAfter(before, pivot), begin, 'STEP_FAILED', false)).toEqual({ undo: true });
    expect(isPastPivot(stateAfter([...before, bCaptured], pivot))).toBe(true);
    expect(consequence(stateAfter([...before, bCaptured], pivot), begin, 'STEP_FAILED', false)).toEqual({
      undo: false,
      why: 'failed',
    });
  });

  it('counts what follows a skipped pivot as past it', () => {
    const skipped: EntryBody = { type: 'skipped', step: 'a', why: '', out: 1 };
    expect(isPastPivot(stateAfter([skipped], pivotAt('a')))).toBe(false);
    expect(isPastPivot(stateAfter([skipped, fixed, itemsCaptured], pivotAt('a')))).toBe(true);
  });
});

describe('a journal that is none', () => {
  it('is refused', () => {
    expect(() => next([])).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }));
    expect(() => next(journal([]).slice(1))).toThrow(expect.objectContaining({ code: 'JOURNAL_INVALID' }));
    expect(() => nextAfter(itemsDone)).toThrow(expect.objectContaining({ code: 'JOURNAL_INVALID' }));
    expect(() => next([...journal([]), ...journal([])])).toThrow(expect.objectContaining({ code: 'JOURNAL_INVALID' }));
  });
});
