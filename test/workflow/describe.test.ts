import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { describe as describeRun, listRuns } from '../../src/workflow/describe.ts';
import { fileJournal } from '../../src/workflow/file-journal.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { descriptionOf, type RunDescription } from '../../src/workflow/standing.ts';
import { stateOf } from '../../src/workflow/state.ts';
import { failureOf, type Harness, harness } from './harness.ts';
import { setItems, setStep } from './world.ts';

const unreadable = expect.objectContaining({ code: 'JOURNAL_INVALID' });
const show = async () => ({ projects: ['a'] });
const gate = { kind: 'gate', name: 'go', title: 'Go on?', show } as const;

/** A journal of which nothing may be asked but what is recorded. */
function readOnly(journal: JournalStore): JournalStore {
  const refuse = async (): Promise<never> => Promise.reject(new Error('Only reading is allowed here.'));
  return { read: journal.read.bind(journal), runs: journal.runs.bind(journal), append: refuse, claim: refuse };
}

const standings = ({ steps }: RunDescription) => steps.map(({ name, standing }) => `${name} ${standing}`);
const told = (h: Harness) => describeRun('r', { journal: readOnly(h.journal) });
const all = async <T>(from: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const one of from) list.push(one);
  return list;
};

/** What can be told after each record of a run. */
async function alongTheWay(h: Harness): Promise<RunDescription[]> {
  const entries = await h.entries();
  return entries.map((_, index) => {
    const state = stateOf(entries.slice(0, index + 1));
    if (state === undefined) throw new Error('no state');
    return descriptionOf('r', state);
  });
}

describe('describe', () => {
  it('tells after every record where each step stands, and what comes next', async () => {
    const h = harness(
      [setStep('one', 'a', '1'), setItems('many', { b: '1', c: '1', d: '1' }), setStep('same', 'd', '1')],
      {
        d: '1',
      },
    );
    await h.run();
    const types = (await h.entries()).map(({ type }) => type);
    const lines = (await alongTheWay(h)).map(
      ({ state, steps, next }, index) =>
        `${types[index]}: ${state} | ${steps.map((s) => s.standing).join(', ')} | ${next.do} ${next.step ?? ''}`,
    );
    expect(lines).toEqual([
      'opened: open | waiting, waiting, waiting | begin one',
      'driving: open | waiting, waiting, waiting | begin one',
      'captured: open | half-done, waiting, waiting | run one',
      'done: open | done, waiting, waiting | fix many',
      'items-fixed: open | done, half-done, waiting | items many',
      'items-captured: open | done, half-done, waiting | items many',
      'items-done: open | done, half-done, waiting | finish many',
      'done: open | done, done, waiting | begin same',
      'skipped: open | done, done, skipped | close ',
      'closed: completed | done, done, skipped | rest ',
    ]);
    const [last] = (await alongTheWay(h)).slice(-1);
    expect(last?.steps[1]).toEqual({
      kind: 'items',
      name: 'many',
      title: 'many',
      undo: 'restores',
      undoNeeds: [],
      standing: 'done',
      items: { total: 3, skipped: 1, captured: 2, done: 2, undone: 0 },
    });
    expect(last?.possible).toEqual([]);
  });

  it('shows the gate a run waits at, with the fingerprint that approves it', async () => {
    const h = harness([gate, setStep('one', 'a', '1')]);
    await h.run();
    const waiting = await told(h);
    expect(waiting).toMatchObject({
      state: 'paused',
      direction: 'forward',
      pause: { why: 'approval', gate: 'go' },
      gate: { name: 'go', title: 'Go on?', shown: { projects: ['a'] }, fingerprint: expect.any(String) },
      next: { do: 'gate', gate: 'go' },
      possible: ['approve', 'rollback'],
    });
    expect(standings(waiting)).toEqual(['go waiting', 'one waiting']);
    const fingerprint = waiting.gate?.fingerprint ?? '';
    expect(await h.resume({ approve: [{ gate: 'go', by: 'me', fingerprint }] })).toMatchObject({ state: 'completed' });
    const end = await told(h);
    expect(standings(end)).toEqual(['go approved', 'one done']);
    const approved = (await h.entries()).find(({ type }) => type === 'approved');
    expect(end.steps[0]?.approval).toEqual({ by: 'me', at: approved?.at });
    expect(waiting.steps[0]?.approval).toBeUndefined();
    expect([end.gate, end.pause]).toEqual([undefined, undefined]);
  });

  it('tells the error a run paused with, and that only resume is possible past the pivot', async () => {
    const bad = setStep('bad', 'b', '1', { run: async () => Promise.reject(new Error('no luck')) });
    const h = harness([setStep('one', 'a', '1'), bad, setStep('p', 'p', '1', { pivot: true })]);
    await h.run({ onFailure: 'pause' });
    expect(await told(h)).toMatchObject({
      state: 'paused',
      onFailure: 'pause',
      pause: { why: 'failed', error: { code: 'STEP_FAILED', message: expect.stringContaining('no luck') } },
      pastPivot: false,
      possible: ['resume', 'rollback'],
      steps: [{ standing: 'done' }, { standing: 'half-done' }, { standing: 'waiting', pivot: true }],
    });
    const past = harness([setStep('p', 'p', '1', { pivot: true }), bad]);
    await past.run();
    expect(await told(past)).toMatchObject({ state: 'paused', pastPivot: true, possible: ['resume'] });
    const gated = harness([setStep('p', 'p', '1', { pivot: true }), gate]);
    await gated.run();
    expect(await told(gated)).toMatchObject({ gate: { name: 'go' }, pastPivot: true, possible: ['approve'] });
  });

  it('tells why a run undoes, what is undone and what is left with its remedy', async () => {
    const stuck = setStep('stuck', 'b', '1', {
      compensate: async () => Promise.reject(new FederationError('FORBIDDEN', 'not allowed')),
      remedy: 'Ask the owner of b.',
    });
    const bad = setStep('bad', 'c', '1', { run: async () => Promise.reject(new Error('no luck')) });
    const h = harness([setStep('one', 'a', '1'), setItems('many', { x: '1', y: '1' }), stuck, bad]);
    await h.run();
    const end = await told(h);
    expect(end).toMatchObject({
      state: 'rollback-incomplete',
      direction: 'back',
      undoing: { why: expect.stringContaining('no luck'), error: { code: 'STEP_FAILED' } },
      residue: [{ step: 'stuck', code: 'FORBIDDEN', remedy: 'Ask the owner of b.' }],
      possible: ['rollback'],
      next: { do: 'rest' },
    });
    expect(standings(end)).toEqual(['one undone', 'many undone', 'stuck residue', 'bad undone']);
    expect(end.steps[1]?.items).toEqual({ total: 2, skipped: 0, captured: 2, done: 2, undone: 2 });
    const undoing = (await alongTheWay(h)).find(({ state }) => state === 'undoing');
    expect(undoing).toMatchObject({ next: { do: 'undo', step: 'bad' }, possible: ['resume', 'rollback'] });
  });

  it('is plain JSON, and refuses a run that is not there', async () => {
    const h = harness([gate, setStep('one', 'a', '1')]);
    await h.run();
    const told1 = await told(h);
    expect(JSON.parse(JSON.stringify(told1))).toEqual(told1);
    expect((await failureOf(describeRun('other', { journal: h.journal }))).code).toBe('RUN_UNKNOWN');
    expect((await failureOf(describeRun('../r', { journal: h.journal }))).code).toBe('INVALID');
  });
});

describe('listRuns', () => {
  it('gives every run in a line, or only those that wait for somebody', async () => {
    const h = harness([gate, setStep('one', 'a', '1')]);
    await h.run();
    await h.run({ runId: 'second' });
    await h.rollback();
    const runs = await all(listRuns(readOnly(h.journal)));
    expect(runs).toEqual([
      expect.objectContaining({ id: 'r', state: 'rolled-back', direction: 'back', workflow: 'test', version: '1.0.0' }),
      expect.objectContaining({ id: 'second', state: 'paused', pause: { why: 'approval', gate: 'go' } }),
    ]);
    const [first] = runs;
    expect(first).toMatchObject({ begunAt: expect.stringMatching(/^2026-/), lastAt: expect.stringMatching(/^2026-/) });
    expect(JSON.parse(JSON.stringify(runs))).toEqual(runs);
    expect((await all(listRuns(h.journal, { open: true }))).map(({ id }) => id)).toEqual(['second']);
  });

  it('counts a rollback that left something as open', async () => {
    const stuck = setStep('stuck', 'b', '1', { compensate: async () => Promise.reject(new Error('no')) });
    const h = harness([stuck, setStep('bad', 'c', '1', { run: async () => Promise.reject(new Error('no luck')) })]);
    await h.run();
    expect(await all(listRuns(h.journal, { open: true }))).toMatchObject([{ state: 'rollback-incomplete' }]);
  });

  it('stops when it is told to', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    await h.run();
    expect((await failureOf(all(listRuns(h.journal, { signal: AbortSignal.abort() })))).code).toBe('ABORTED');
  });
});

describe('with runs on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'runs-'));
  });
  afterEach(async () => rm(directory, { recursive: true, force: true }));

  const path = (run: string, seq: number) => join(directory, run, `${String(seq).padStart(8, '0')}.json`);
  const copyTo = async (h: Harness, ...runs: string[]) => {
    const entries: readonly JournalEntry[] = await h.entries();
    for (const run of runs)
      for (const [index, entry] of entries.entries()) await fileJournal(directory).append(run, index + 1, entry);
  };

  it('describes a run that another process left, by its directory alone', async () => {
    const h = harness([gate, setStep('one', 'a', '1')]);
    await h.run();
    await copyTo(h, 'r');
    expect(await describeRun('r', { journal: fileJournal(directory) })).toEqual(await told(h));
  });

  it('names a damaged run, and lists the others', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    await h.run();
    await copyTo(h, 'a-good', 'b-edited', 'c-gap', 'd-alien', 'e-good');
    const record = path('b-edited', 3);
    await writeFile(record, (await readFile(record, 'utf8')).replace('"one"', '"two"'));
    await rm(path('c-gap', 2));
    await writeFile(join(directory, 'd-alien', 'notes.txt'), 'hello');
    await mkdir(join(directory, 'UPPER'));
    await writeFile(join(directory, 'UPPER', 'x'), '');
    const runs = new Map((await all(listRuns(fileJournal(directory)))).map((run) => [run.id, run]));
    expect(runs.get('a-good')).toMatchObject({ state: 'completed' });
    expect(runs.get('e-good')).toMatchObject({ state: 'completed' });
    for (const id of ['b-edited', 'c-gap', 'd-alien'])
      expect(runs.get(id)).toEqual({ id, state: 'unreadable', error: unreadable });
    expect(runs.get('UPPER')).toMatchObject({ state: 'unreadable', error: { code: 'INVALID' } });
    expect((await all(listRuns(fileJournal(directory), { open: true }))).map(({ state }) => state)).toEqual(
      Array.from({ length: 4 }, () => 'unreadable'),
    );
  });

  it('names a run whose records do not fit together', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    await h.run();
    await copyTo(h, 'r');
    await fileJournal(directory).append('r', (await h.entries()).length + 1, {
      type: 'undone',
      step: 'x',
      at: '',
      driver: '',
    });
    expect(await all(listRuns(fileJournal(directory)))).toEqual([{ id: 'r', state: 'unreadable', error: unreadable }]);
    expect((await failureOf(describeRun('r', { journal: fileJournal(directory) }))).code).toBe('JOURNAL_INVALID');
  });
});
