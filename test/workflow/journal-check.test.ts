import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { Json } from '../../src/types.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { checkedEntries as checking } from '../../src/workflow/journal-check.ts';
import { type Action, next } from '../../src/workflow/next.ts';
import { descriptionOf } from '../../src/workflow/standing.ts';
import { stateOf } from '../../src/workflow/state.ts';
import { failureOf, type Harness, harness } from './harness.ts';
import { setItems, setStep, workflowOf } from './world.ts';

type Path = readonly (string | number)[];

/** A journal that gives what it is given. */
function holding(entries: readonly unknown[]): JournalStore {
  const none = async (): Promise<never> => Promise.reject(new Error('not asked'));
  return {
    append: none,
    claim: none,
    async *runs() {
      yield 'r';
    },
    async *read() {
      yield* entries as readonly JournalEntry[];
    },
  };
}

/** Two journals that have every type of record between them. */
async function samples(): Promise<readonly (readonly JournalEntry[])[]> {
  const forward = harness(
    [
      setStep('one', 'a', '1'),
      { kind: 'gate', name: 'go', title: 'Go on?', show: async () => ({ names: ['a'] }) },
      setItems('many', { b: '1', c: '1', d: '1' }),
      setStep('same', 'd', '1'),
      setStep('last', 'e', '1', { pivot: true }),
    ],
    { d: '1' },
  );
  const begun = await forward.run({
    plan: await forward.time.until(forward.engine.plan(forward.workflow, {}, { env: forward.env })),
  });
  if (begun.state !== 'paused' || begun.gate === undefined) throw new Error('It was to wait at the gate.');
  await forward.resume({ approve: [{ gate: 'go', by: 'me', fingerprint: begun.gate.fingerprint }] });

  const backward = harness([
    setStep('one', 'a', '1', { undoNeeds: ['many'] }),
    setItems('many', { b: '1', c: '1' }),
    setStep('three', 'd', '1'),
    setStep('four', 'e', '1', { run: async () => Promise.reject(new Error('no')) }),
  ]);
  const handle = await backward.begin({ onFailure: 'pause' });
  await backward.time.until(handle.settled());
  backward.world.put('b', 'moved');
  await backward.rollback();
  return Promise.all([forward.entries(), backward.entries()]);
}

/** All records, once each is checked. */
async function checkedEntries(journal: JournalStore, runId: string): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of checking(journal, runId)) entries.push(entry);
  return entries;
}

/** Every place in a value. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  const inside =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) =>
          pathsIn(item, [...path, Array.isArray(value) ? Number(key) : key]),
        )
      : [];
  return [path, ...inside];
}

/** A copy with another value at `path`; `undefined` takes the field away. */
function changed(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === key ? changed(item, rest, by) : item));
  const fields = Object.entries(value ?? {}).map(([name, item]) => [
    name,
    name === key ? changed(item, rest, by) : item,
  ]);
  return Object.fromEntries(fields.filter(([, item]) => item !== undefined));
}

/** What `describe` tells of an action. */
function plainly(action: Action): object {
  const step = 'step' in action ? action.step : undefined;
  return { do: action.do, ...(step !== undefined && { step }), ...('gate' in action && { gate: action.gate }) };
}

/** Whether a journal is understood; any other failure than our own is thrown. */
async function judge(entries: readonly unknown[]): Promise<'understood' | 'refused'> {
  try {
    const read = await checkedEntries(holding(entries), 'r');
    const state = stateOf(read);
    if (state !== undefined)
      expect(JSON.parse(JSON.stringify(descriptionOf('r', state))).next).toEqual(plainly(next(read)));
    return 'understood';
  } catch (error) {
    if (FederationError.is(error, 'JOURNAL_INVALID')) return 'refused';
    throw error;
  }
}

describe('a journal that was damaged', () => {
  let journals: readonly (readonly JournalEntry[])[];
  beforeAll(async () => {
    journals = await samples();
  });

  it('is tried with every type of record', () => {
    const types = new Set(journals.flat().map(({ type }) => type));
    const all: Record<JournalEntry['type'], true> = {
      opened: true,
      driving: true,
      touched: true,
      captured: true,
      'items-fixed': true,
      'items-captured': true,
      'items-done': true,
      'items-undone': true,
      done: true,
      skipped: true,
      approved: true,
      paused: true,
      undoing: true,
      undone: true,
      residue: true,
      closed: true,
    };
    expect([...types].sort()).toEqual(Object.keys(all).sort());
  });

  it('is understood where nothing was changed', async () => {
    for (const journal of journals) expect(await judge(journal)).toBe('understood');
  });

  it('is refused as JOURNAL_INVALID or understood, and never breaks the reader, whichever field has changed', async () => {
    const places = journals.flatMap((journal, which) =>
      pathsIn(journal)
        .slice(1)
        .map((path) => ({ which, path })),
    );
    const value = fc.oneof(
      fc.constantFrom<unknown>(undefined, null, 0, -1, '', 'zzz', true, [], {}, [null], ['zzz'], { step: 'one' }),
      fc.constantFrom<unknown>(
        'one',
        'many',
        'go',
        'gate',
        'items',
        'step',
        'b',
        'opened',
        'captured',
        'items-done',
        'undoing',
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), value, async ({ which, path }, by) => {
        const journal = changed(journals[which], path, by);
        if (Array.isArray(journal) && (await judge(journal)) === 'refused') refused += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(refused).toBeGreaterThan(1_000);
  });

  it('is refused or understood whichever record is missing, twice there or in another place', async () => {
    for (const journal of journals)
      for (const [index, record] of journal.entries()) {
        await judge(journal.toSpliced(index, 1));
        await judge(journal.toSpliced(index, 0, record));
        const answer = await judge([...journal, record]);
        if (record.type === 'opened') expect(answer).toBe('refused');
        await judge([record, ...journal]);
      }
  });

  it.each<[string, Path, Json | undefined, string]>([
    ['the kind of a step', ['steps', 0, 'kind'], 'other', 'steps[0].kind'],
    ['what a step needs undone', ['steps', 0, 'undoNeeds'], null, 'steps[0].undoNeeds'],
    ['the pivot', ['steps', 4, 'pivot'], 'yes', 'steps[4].pivot'],
    ['a forecast of its plan', ['plan', 'steps', 0, 'forecast', 'changes'], {}, 'plan.steps[0].forecast.changes'],
    ['the way a failure goes', ['onFailure'], 'explode', 'onFailure'],
    ['the input', ['input'], undefined, 'input'],
  ])('is refused by the place of the flaw: %s', async (_, path, by, place) => {
    const journal = changed(journals[0], [0, ...path], by);
    const error = await failureOf(checkedEntries(holding(journal as unknown[]), 'r'));
    expect(error.code).toBe('JOURNAL_INVALID');
    expect(error.message).toContain(`Record 1 of run "r" ("opened") has no proper "${place}"`);
  });
});

describe('a journal whose records do not fit together', () => {
  const refusal = async (h: Harness, change: (entries: JournalEntry[]) => readonly unknown[]) => {
    const entries = await checkedEntries(holding(change(await h.entries())), 'r');
    return () => stateOf(entries);
  };
  const invalid = expect.objectContaining({ code: 'JOURNAL_INVALID' });

  it.each([
    ['a step that the run does not have', 'captured', { step: 'other' }],
    ['a single step as one over items', 'captured', { step: 'many' }],
    ['a step over items as a single one', 'items-fixed', { step: 'one' }],
    ['an item that was not listed', 'items-done', { keys: ['other'] }],
    [
      'an item twice',
      'items-fixed',
      {
        items: [
          { key: 'b', item: 1, intends: [] },
          { key: 'b', item: 2, intends: [] },
        ],
      },
    ],
    ['a gate that the run does not have', 'done', { type: 'approved', gate: 'one', by: 'me', fingerprint: '' }],
  ])('is refused: it speaks of %s', async (_, type, by) => {
    const h = harness([setStep('one', 'a', '1'), setItems('many', { b: '1' })]);
    await h.run();
    expect(() => stateOf([])).not.toThrow();
    expect(
      await refusal(h, (entries) => entries.map((entry) => (entry.type === type ? { ...entry, ...by } : entry))),
    ).toThrow(invalid);
  });

  it.each(['done', 'skipped'] as const)('is refused: a step is %s that was done already', async (type) => {
    const h = harness([setStep('one', 'a', '1')]);
    await h.run();
    const again = { type, step: 'one', out: 'other', why: '', at: '', driver: '' };
    expect(await refusal(h, (entries) => [...entries.slice(0, -1), again])).toThrow(invalid);
  });

  it('is refused: it names a step twice', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    await h.run();
    const twice = (entry: JournalEntry) =>
      entry.type === 'opened' ? { ...entry, steps: [...entry.steps, ...entry.steps] } : entry;
    expect(await refusal(h, (entries) => entries.map(twice))).toThrow(invalid);
  });

  it('is refused by the verbs too', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    await h.run({ onFailure: 'pause' });
    const entries = (await h.entries()).map((e) => (e.type === 'captured' ? { ...e, step: 'other' } : e));
    const journal = holding(entries);
    for (const verb of ['resume', 'rollback'] as const)
      expect(
        (await failureOf(h.engine[verb](workflowOf([setStep('one', 'a', '1')]), 'r', { env: h.env, journal }))).code,
      ).toBe('JOURNAL_INVALID');
  });
});
