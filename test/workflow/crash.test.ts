import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { ErasedState } from '../../src/workflow/definition.ts';
import { createEngine } from '../../src/workflow/engine.ts';
import type { Outcome } from '../../src/workflow/handle.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { createMemoryJournal } from '../../src/workflow/memory-journal.ts';
import type { TestRun, TestWorkflow } from './harness.ts';
import { mortalProcess } from './mortal.ts';
import { type VirtualTime, virtualTime } from './virtual-time.ts';
import { setItems, setStep, World, workflowOf, worldOf } from './world.ts';

const sliceMs = 8_000;

interface StepSpec {
  readonly objects: readonly string[];
  readonly value: string | null;
  readonly items: boolean;
}
interface Scenario {
  readonly start: Readonly<Record<string, string>>;
  readonly steps: readonly StepSpec[];
  readonly pivot: number | null;
  /** This step fails at every attempt, before or after its effect. */
  readonly bad: { readonly step: number; readonly when: 'before' | 'after' } | null;
  /** Each drive but the last dies at the given point. */
  readonly drives: readonly { readonly dieAt: number; readonly next: 'resume' | 'rollback' }[];
  /** What somebody else makes of an object after the first drive. */
  readonly foreign: string | null;
}

const objects = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const stepSpec: fc.Arbitrary<StepSpec> = fc.record({
  objects: fc.subarray([...objects], { minLength: 1 }),
  value: fc.constantFrom('1', '2', '3', null),
  items: fc.boolean(),
});
const scenario: fc.Arbitrary<Scenario> = fc.record({
  start: fc.dictionary(fc.constantFrom(...objects), fc.constantFrom('0', '1')),
  steps: fc.array(stepSpec, { minLength: 2, maxLength: 8 }),
  pivot: fc.option(fc.nat(7), { freq: 3 }),
  bad: fc.option(fc.record({ step: fc.nat(7), when: fc.constantFrom('before', 'after') }), { freq: 2 }),
  drives: fc.array(fc.record({ dieAt: fc.integer({ min: 1, max: 60 }), next: fc.constantFrom('resume', 'rollback') }), {
    minLength: 1,
    maxLength: 3,
  }),
  foreign: fc.option(fc.constantFrom(...objects), { freq: 3 }),
});

function workflowFor({ steps, pivot, bad }: Pick<Scenario, 'steps' | 'pivot' | 'bad'>): TestWorkflow {
  return workflowOf(
    steps.map(({ objects: names, value, items }, index) => {
      const name = `s${index}`;
      const fails = bad?.step === index ? bad.when : null;
      const [first = 'a'] = names;
      const set = async (ctx: { readonly env: unknown }, object: string): Promise<void> => {
        const world = worldOf(ctx);
        if (fails === 'before') throw new Error('bad, before its effect');
        if (world.value(object) !== value) await world.write(`run ${name}`, object, value, world.version(object));
        if (fails === 'after') throw new Error('bad, after its effect');
      };
      if (!items) {
        const run = async (ctx: { readonly env: unknown }) => {
          await set(ctx, first);
          return null;
        };
        return setStep(name, first, value, { run, ...(pivot === index && { pivot: true }) });
      }
      const run = async (ctx: { readonly env: unknown; readonly item: unknown }) =>
        set(ctx, (ctx.item as { object: string }).object);
      return setItems(name, Object.fromEntries(names.map((object) => [object, value])), { run, concurrency: 2 });
    }),
  );
}

type Rest = Outcome<ErasedState> | 'died' | 'never begun';

/** One drive in a process of its own: until it rests, or dies. */
async function drive(
  verb: 'run' | 'resume' | 'rollback',
  dieAt: number,
  {
    workflow,
    journal,
    world,
    time,
  }: { workflow: TestWorkflow; journal: JournalStore; world: World; time: VirtualTime },
): Promise<Rest> {
  const { death, ...own } = mortalProcess(journal, world, dieAt);
  const engine = createEngine({ clock: time.clock, graceMs: 1_000, groupSize: 2 });
  const begin = async (): Promise<TestRun> =>
    verb === 'run' ? engine.run(workflow, {}, { ...own, runId: 'r' }) : engine[verb](workflow, 'r', own);
  const work = begin().then((run) => run.settled());
  try {
    return await time.until(Promise.race([work, death]));
  } catch (error) {
    if (FederationError.is(error, 'RUN_UNKNOWN')) return 'never begun';
    if (verb === 'rollback' && FederationError.is(error, 'PAST_PIVOT'))
      return drive('resume', dieAt, { workflow, journal, world, time });
    throw error;
  }
}

const never = Number.POSITIVE_INFINITY;

/** What a run leaves that nothing disturbs; `null` where it cannot end by itself. */
async function faultless({ start, ...rest }: Scenario): Promise<Readonly<Record<string, string>>> {
  const world = new World(start);
  const time = virtualTime();
  const workflow = workflowFor({ ...rest, bad: null });
  expect(await drive('run', never, { workflow, journal: createMemoryJournal(time.clock), world, time })).toMatchObject({
    state: 'completed',
  });
  return world.values();
}

async function survives(given: Scenario, deaths: { count: number }): Promise<void> {
  const { start, drives, foreign } = given;
  const world = new World(start);
  const time = virtualTime();
  const journal = createMemoryJournal(time.clock);
  const parts = { workflow: workflowFor(given), journal, world, time };
  let verb: 'run' | 'resume' | 'rollback' = 'run';
  let rest: Rest = 'died';
  let disturbed = false;
  for (const { dieAt, next } of [...drives, { dieAt: never, next: 'rollback' as const }]) {
    rest = await drive(verb, dieAt, parts);
    if (rest === 'never begun') break;
    if (rest !== 'died' && rest.state !== 'paused') break;
    if (rest === 'died') deaths.count += 1;
    if (foreign !== null && !disturbed) {
      disturbed = true;
      world.put(foreign, 'foreign');
    }
    verb = next;
  }
  // Whatever is still open is rolled back by somebody who stays alive.
  if (rest === 'died' || (rest !== 'never begun' && rest.state === 'paused'))
    rest = await drive('rollback', never, parts);

  const others = disturbed && foreign !== null ? { [foreign]: 'foreign' } : {};
  const wanted = { ...start, ...others };
  if (rest === 'died') throw new Error('The last drive cannot die.');
  if (rest === 'never begun') {
    expect(world.values()).toEqual(sorted(wanted));
    return;
  }
  for (const [index, { by, name, verb: how }] of world.writes.entries())
    if (by.startsWith('undo') && how !== 'touch') {
      const ran = world.writes
        .slice(0, index)
        .some((write) => write.by === by.replace('undo', 'run') && write.name === name);
      expect(ran, `${by} wrote ${name}, which the run had not changed`).toBe(true);
    }
  switch (rest.state) {
    case 'completed': {
      const left = await faultless(given);
      const keys = Object.keys({ ...left, ...world.values() }).filter((name) => !(name in others));
      for (const name of keys) expect(world.value(name)).toBe(left[name] ?? null);
      return;
    }
    case 'rolled-back':
      expect(world.values()).toEqual(sorted(wanted));
      return;
    case 'rollback-incomplete':
      expect(world.values()).toEqual(sorted(wanted));
      expect(new Set(rest.residue.map(({ resource }) => resource?.name))).toEqual(new Set(Object.keys(others)));
      return;
    case 'paused':
      // Only a run past its pivot may rest for good: a step fails at every attempt, or somebody else changed its object.
      expect(given.pivot).not.toBeNull();
      expect(['STEP_FAILED', 'WORLD_MOVED']).toContain(rest.error?.code);
      return;
    case 'driver-lost':
      throw new Error('Nobody else was driving.');
  }
}

function sorted(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).sort());
}

describe('a run whose driver dies', () => {
  it('at any append or effect is brought to a named state that holds what it says', { timeout: 60_000 }, async () => {
    const deaths = { count: 0 };
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        runs += 1;
        await survives(given, deaths);
      }),
      // A failure prints the seed and the path to the smallest case.
      { numRuns: 600, interruptAfterTimeLimit: sliceMs, endOnFailure: false },
    );
    expect(runs).toBeGreaterThan(0);
    expect(deaths.count).toBeGreaterThan(0);
  });
});
