import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErasedItemStep, ErasedStep } from '../../src/workflow/definition.ts';
import { fileJournal } from '../../src/workflow/file-journal.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { run } from '../../src/workflow/run.ts';
import type { StepContext } from '../../src/workflow/step.ts';
import { World, workflowOf } from '../workflow/world.ts';
import { itemElement, itemStep, singleStep, stepElement } from './no-op.ts';

/** What a number of repetitions measured, in microseconds per item or step. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One line of the table: the engine's work for one item or step. */
export interface Overhead {
  readonly of: 'item' | 'step';
  readonly journal: 'memory' | 'file';
  /** Items or steps in one run. */
  readonly count: number;
  readonly repetitions: number;
  /** The whole run. */
  readonly run: Spread;
  /** Waiting for appends, part of the run. */
  readonly appends: Spread;
  /** The same calls in a plain loop. */
  readonly bare: Spread;
  /** Medians: the run less the bare loop. */
  readonly overhead: number;
}

/** Measures runs of `count` items or steps; the first repetition only warms up and does not count. */
export async function measureOverhead(
  of: Overhead['of'],
  journal: Overhead['journal'],
  count: number,
  repetitions: number,
): Promise<Overhead> {
  const many = itemStep(count);
  const singles = Array.from({ length: count }, (_, index) => singleStep(index));
  const workflow = workflowOf(of === 'item' ? [itemElement(many)] : singles.map(stepElement), { name: 'bench' });
  const runs: number[] = [];
  const appends: number[] = [];
  const bares: number[] = [];
  for (let repetition = 0; repetition <= repetitions; repetition += 1) {
    await using store = await journalFor(journal);
    let appending = 0;
    const timed: JournalStore = {
      ...store.journal,
      append: async (...args) => {
        const began = performance.now();
        await store.journal.append(...args);
        appending += performance.now() - began;
      },
    };
    const whole = await elapsed(async () => {
      const handle = await run(workflow, {}, { env: { world: new World() }, journal: timed });
      const { state } = await handle.settled();
      if (state !== 'completed') throw new Error(`The run is ${state}.`);
    });
    const bare = await elapsed(() => (of === 'item' ? bareItems(many) : bareSteps(singles)));
    if (repetition === 0) continue;
    const each = (ms: number): number => (ms * 1_000) / count;
    runs.push(each(whole));
    appends.push(each(appending));
    bares.push(each(bare));
  }
  const [runSpread, bare] = [spreadOf(runs), spreadOf(bares)];
  const overhead = runSpread.median - bare.median;
  return { of, journal, count, repetitions, run: runSpread, appends: spreadOf(appends), bare, overhead };
}

/** What the engine calls of an item step in a run that goes well: the list while planning, to fix it, and at the end. */
async function bareItems(step: ErasedItemStep): Promise<void> {
  const list = await step.items(context);
  for (let again = 0; again < 2; again += 1) await step.items(context);
  for (const { item } of list) {
    const before = await step.capture({ ...context, item });
    await step.run({ ...context, item, before });
  }
}

/** Likewise of single steps: the forecast twice, while planning and before the run. */
async function bareSteps(steps: readonly ErasedStep[]): Promise<void> {
  for (const step of steps) await step.forecast(context);
  for (const step of steps) {
    await step.forecast(context);
    const before = (await step.capture?.(context)) ?? null;
    await step.run({ ...context, before });
  }
}

const quiet = (): void => undefined;
const context: StepContext<Readonly<Record<string, unknown>>, unknown> = {
  state: {},
  env: {},
  signal: new AbortController().signal,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  runId: 'bare',
  attempt: 1,
  epoch: 0,
  confirmDriver: async () => undefined,
  progress: quiet,
};

/** A journal of its own, which is gone when disposed. */
export async function journalFor(
  kind: Overhead['journal'],
): Promise<{ readonly journal: JournalStore } & AsyncDisposable> {
  if (kind === 'memory') return { journal: memoryJournal(), [Symbol.asyncDispose]: async () => undefined };
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  return {
    journal: fileJournal(directory),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function elapsed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) };
}
