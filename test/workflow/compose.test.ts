import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { compose, piece } from '../../src/workflow/compose.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { release } from '../../src/workflow/release.ts';
import { run } from '../../src/workflow/run.ts';
import { defineStep } from '../../src/workflow/step.ts';
import { failureOf, harness } from './harness.ts';
import { lookStep, setItems, setStep, workflowOf, worldOf } from './world.ts';

type Start = { readonly input: { readonly n: number } };
const count = defineStep<Start, object>()({
  name: 'count',
  title: 'Count',
  readOnly: true,
  forecast: async ({ state }) => ({ effect: 'none', why: 'It only counts.', out: { next: state.input.n + 1 } }),
  run: async ({ state }) => ({ next: state.input.n + 1 }),
});
const double = defineStep<{ readonly count: { readonly next: number } }, object>()({
  name: 'double',
  title: 'Double',
  readOnly: true,
  forecast: async ({ state }) => ({ effect: 'none', why: '', out: (state.count?.next ?? 0) * 2 }),
  run: async ({ state }) => state.count.next * 2,
});

describe('compose', () => {
  it('puts steps and pieces together in order, and gives each the results of those before', async () => {
    const part = piece<Start & { readonly count: { readonly next: number } }, object>().step(double);
    const workflow = compose<{ readonly n: number }, object>({ name: 'sum', version: '1.0.0', identity: 'any' })
      .step(count)
      .include(part)
      .returns((state) => ({ count: state.count.next, double: state.double }));
    expect(workflow.steps).toEqual(['count', 'double']);
    const { engine, journal, time } = harness([]);
    const run = await time.until(engine.run(workflow, { n: 20 }, { env: {}, journal }));
    expect(await time.until(run.result())).toEqual({ count: 21, double: 42 });
  });

  it('nests pieces: steps of all depths stand in one order, and each has the results of those before', async () => {
    const inner = piece<Start & { readonly count: { readonly next: number } }, object>().step(double);
    const outer = piece<Start, object>().step(count).include(inner);
    const workflow = compose<{ readonly n: number }, object>({ name: 'sum', version: '1.0.0', identity: 'any' })
      .gate('go', 'Go?')
      .include(outer)
      .returns((state) => state.double);
    expect(workflow.steps).toEqual(['go', 'count', 'double']);
    expect(() => outer.include(inner as never)).toThrow(
      expect.objectContaining({
        code: 'WORKFLOW_INVALID',
        message: expect.stringContaining('"double" is already taken'),
      }),
    );
    expect(() => (inner.returns as unknown as () => unknown)()).toThrow(/A piece has no result/);
  });

  it('leaves to its forecast whether a step has anything to do: a condition is a step with none', async () => {
    const only = (condition: string, element: Extract<ReturnType<typeof setStep>, { kind: 'step' }>) => {
      const { forecast } = element.step;
      const conditional: typeof forecast = async (ctx) =>
        worldOf(ctx).value(condition) === null ? { effect: 'none', why: `No ${condition}.`, out: null } : forecast(ctx);
      return { ...element, step: { ...element.step, forecast: conditional } };
    };
    const step = setStep('two', 'b', '1');
    if (step.kind !== 'step') throw new Error('a step');
    for (const [start, records] of [
      [{}, ['skipped two']],
      [{ flag: 'yes' }, ['captured two', 'done two']],
    ] as const) {
      const h = harness([only('flag', step), setStep('three', 'c', '1')], start);
      expect(await h.run()).toMatchObject({ state: 'completed' });
      expect((await h.records()).filter((record) => record.endsWith(' two'))).toEqual(records);
      expect(h.world.value('c')).toBe('1');
    }
  });

  it('never changes what it was made from', () => {
    const begun = compose<{ readonly n: number }, object>({ name: 'sum', version: '1.0.0', identity: 'any' });
    const longer = begun.step(count);
    expect(begun.returns(() => null).steps).toEqual([]);
    expect(longer.returns(() => null).steps).toEqual(['count']);
    expect(longer.gate('go', 'Go?').returns(() => null).steps).toEqual(['count', 'go']);
  });

  it.each([
    ['a name that is taken', () => workflowOf([lookStep('a'), lookStep('a')]), /"a" is already taken/],
    [
      'a gate with the name of a step',
      () => workflowOf([lookStep('a'), { kind: 'gate', name: 'a', title: '' }]),
      /"a" is already taken/,
    ],
    ['the name input', () => workflowOf([lookStep('input')]), /"input" is already taken/],
    [
      'two pivots',
      () => workflowOf([setStep('a', 'a', '1', { pivot: true }), setStep('b', 'b', '1', { pivot: true })]),
      /2 pivots \(a, b\)/,
    ],
    ['an item step as pivot', () => workflowOf([setItems('a', {}, { pivot: true } as object)]), /cannot be the pivot/],
    [
      'what is irreversible before the pivot',
      () => workflowOf([lookStep('a', { irreversible: 'x' } as object), setStep('b', 'b', '1', { pivot: true })]),
      /"a" of workflow "test" is irreversible and stands before the pivot/,
    ],
    [
      'a step without a word about its undo',
      () => workflowOf([setStep('a', 'a', '1', { compensate: undefined } as object)]),
      /"a" of workflow "test" does not say how it is undone/,
    ],
    [
      'an item step without a word about its undo',
      () => workflowOf([setItems('a', {}, { compensate: undefined } as object)]),
      /"a" of workflow "test" does not say how it is undone/,
    ],
    ['a name that is none', () => workflowOf([lookStep('a b')]), /"a b" is no name/],
    [
      'undoNeeds of a step that is not later',
      () => workflowOf([lookStep('a'), setStep('b', 'b', '1', { undoNeeds: ['a'] })]),
      /names "a" in undoNeeds/,
    ],
    [
      'a workflow without a name',
      () => compose({ name: '', version: '1', identity: 'any' }),
      /is no name for a workflow/,
    ],
    [
      'a version that is none',
      () => compose({ name: 'w', version: 'v1-beta', identity: 'any' }),
      /"v1-beta" of workflow "w" must look like/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'WORKFLOW_INVALID', message: expect.stringMatching(message) }),
    );
  });

  const touches = [{ verb: 'update', kind: 'Thing' }] as const;
  const readOnly = { compensate: undefined, readOnly: true } as object;
  it.each([
    ['changes', setStep('a', 'a', '1', readOnly)],
    ['changes of an item', setItems('a', { k: '1' }, readOnly)],
    ['what it may change', lookStep('a', { forecast: async () => ({ effect: 'unknown', why: '', touches }) })],
  ])('refuses a step that only reads and forecasts %s, before anything is recorded', async (_, element) => {
    const h = harness([element]);
    expect(await failureOf(h.begin())).toMatchObject({
      code: 'WORKFLOW_INVALID',
      message: expect.stringMatching(/step "a".* announces changes, but the step is readOnly/),
    });
    expect(await h.entries()).toEqual([]);
  });

  it.each([
    ['changes nothing', { effect: 'change', changes: [] }],
    ['cannot say what it finds', { effect: 'unknown', why: '', touches: [] }],
  ] as const)('takes a step that only reads, runs and %s', async (_, forecast) => {
    const h = harness([lookStep('a', { forecast: async () => forecast })]);
    expect(await h.run()).toMatchObject({ state: 'completed', output: { a: { seen: 'a' } } });
  });

  it('names in journals the release that package.json has', async () => {
    const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(manifest).toMatchObject({ version: release });
  });
});

describe('checkJournal', () => {
  const refusing = compose<null, null>({
    identity: 'any',
    name: 'lasting',
    version: '1',
    checkJournal: async ({ volatile }) => {
      if (volatile === true) throw new FederationError('INVALID', 'It must outlive its process.');
    },
  }).returns(() => 'done');

  it('keeps a workflow out of a journal that dies with the process, before anything is recorded', async () => {
    const journal = memoryJournal();
    await expect(run(refusing, null, { env: null, journal })).rejects.toMatchObject({ code: 'INVALID' });
    expect(await journal.runs()[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  });
});
