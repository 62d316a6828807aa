import { afterEach, beforeEach, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { type RunTrace, type StepTrace, tracing } from '../../src/internal/tracing.ts';
import { harness } from './harness.ts';
import { setItems, setStep, workflowOf } from './world.ts';

const heard: string[] = [];
const ignore = (): void => undefined;
const steps = {
  start: ignore,
  end: ignore,
  asyncStart: ignore,
  asyncEnd: ({ runId, step, item, call, attempt, error }: StepTrace & { readonly error?: unknown }): void => {
    const of = item === undefined ? step : `${step}/${item}`;
    heard.push(`${runId}: ${of} ${call} ${attempt}${error === undefined ? '' : ' failed'}`);
  },
  error: ignore,
};
const runs = {
  ...steps,
  start: ({ workflow, version, epoch }: RunTrace): void => void heard.push(`begin ${workflow} ${version} ${epoch}`),
  asyncEnd: ({ state }: RunTrace): void => void heard.push(`end ${state}`),
};

beforeEach(() => {
  heard.length = 0;
  tracing.step.subscribe(steps);
  tracing.run.subscribe(runs);
});
afterEach(() => {
  tracing.step.unsubscribe(steps);
  tracing.run.unsubscribe(runs);
});

it('a run and every call of a step are traced, with attempt and outcome', async () => {
  let first = true;
  const one = setStep('one', 'a', '1', {
    run: async () => {
      if (!first) return null;
      first = false;
      throw new FederationError('SERVER_ERROR', 'once', { retryable: true });
    },
  });
  const h = harness([one, setItems('many', { b: '1', c: '1' }, { concurrency: 1 })]);
  await h.run();
  expect(heard).toEqual([
    'plan: one forecast 1',
    'plan: many items 1',
    'begin test 1.0.0 2',
    'r: one forecast 1',
    'r: one capture 1',
    'r: one run 1 failed',
    'r: one run 2',
    'r: many items 1',
    'r: many/b capture 1',
    'r: many/b observe 1',
    'r: many/c capture 1',
    'r: many/c observe 1',
    'r: many/b run 1',
    'r: many/c run 1',
    'r: many items 1',
    'end completed',
  ]);
});

it('the fence, the look and the undo of what was left half done are traced too, of single steps and of items', async () => {
  let failing = true;
  const many = setItems(
    'many',
    { b: '1' },
    { run: async () => (failing ? Promise.reject(new Error('no')) : undefined) },
  );
  const one = setStep('one', 'a', '1');
  const h = harness([one, many]);
  await h.run({ onFailure: 'pause' });
  expect(heard.at(-1)).toBe('end paused');
  failing = false;
  heard.length = 0;
  await h.rollback({ workflow: workflowOf([one, many]) });
  expect(heard).toEqual([
    expect.stringMatching(/^begin test 1.0.0 \d+$/),
    'r: many/b touch 1',
    'r: many/b touch 1',
    'r: many/b observe 1',
    'r: one observe 1',
    'r: one compensate 1',
    'r: one observe 1',
    'r: many/b observe 1',
    'end rolled-back',
  ]);
});
