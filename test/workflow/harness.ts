import { FederationError } from '../../src/errors.ts';
import type { Json } from '../../src/types.ts';
import type { Workflow } from '../../src/workflow/compose.ts';
import type { Element, ErasedState } from '../../src/workflow/definition.ts';
import { createEngine, type Engine } from '../../src/workflow/engine.ts';
import type { RunEvent } from '../../src/workflow/events.ts';
import type { Outcome, Run } from '../../src/workflow/handle.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { createMemoryJournal } from '../../src/workflow/memory-journal.ts';
import type { RunOptions } from '../../src/workflow/options.ts';
import { type VirtualTime, virtualTime } from './virtual-time.ts';
import { type Env, type WorkflowOptions, World, workflowOf } from './world.ts';

export type TestRun = Run<ErasedState>;
type TestWorkflow = Workflow<Json, Env, ErasedState>;

/** An engine in virtual time, its journal and its world. */
export interface Harness {
  readonly time: VirtualTime;
  readonly engine: Engine;
  readonly journal: JournalStore;
  readonly world: World;
  readonly env: Env;
  readonly workflow: TestWorkflow;
  /** Begins run "r" and waits until it rests. */
  run(more?: Partial<RunOptions<Env>>): Promise<Outcome<ErasedState>>;
  resume(more?: {
    readonly workflow?: TestWorkflow;
    readonly approve?: { gate: string; by: string; fingerprint: string }[];
  }): Promise<Outcome<ErasedState>>;
  rollback(more?: { readonly workflow?: TestWorkflow }): Promise<Outcome<ErasedState>>;
  begin(more?: Partial<RunOptions<Env>>): Promise<TestRun>;
  entries(): Promise<JournalEntry[]>;
  /** Types of all records, with the step they speak of. */
  records(): Promise<string[]>;
}

export function harness(
  elements: readonly Element[],
  start: Readonly<Record<string, string>> = {},
  options: WorkflowOptions & { readonly groupSize?: number } = {},
): Harness {
  const time = virtualTime();
  const { clock } = time;
  const engine = createEngine({ clock, graceMs: 1_000, groupSize: options.groupSize ?? 2 });
  const journal = createMemoryJournal(clock);
  const world = new World(start);
  const env = { world };
  const workflow = workflowOf(elements, options);
  const entries = async (): Promise<JournalEntry[]> => {
    const all: JournalEntry[] = [];
    for await (const entry of journal.read('r')) all.push(entry);
    return all;
  };
  const rest = async (handle: Promise<TestRun>): Promise<Outcome<ErasedState>> => {
    const run = await time.until(handle);
    return time.until(run.settled());
  };
  const begin = (more: Partial<RunOptions<Env>> = {}): Promise<TestRun> =>
    time.until(engine.run(workflow, {}, { env, journal, runId: 'r', ...more }));
  return {
    time,
    engine,
    journal,
    world,
    env,
    workflow,
    begin,
    run: (more) => rest(begin(more)),
    resume: ({ workflow: other = workflow, approve = [] } = {}) =>
      rest(engine.resume(other, 'r', { env, journal, approve })),
    rollback: ({ workflow: other = workflow } = {}) => rest(engine.rollback(other, 'r', { env, journal })),
    entries,
    records: async () => (await entries()).map(describeEntry),
  };
}

/** A record in one word or two. */
function describeEntry(entry: JournalEntry): string {
  return 'step' in entry
    ? `${entry.type} ${entry.step}`
    : entry.type === 'residue'
      ? `residue ${entry.residue[0]?.step}`
      : entry.type;
}

/** All events of a drive that has ended. */
export async function eventsOf(run: TestRun): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

/** The code of the error that `work` rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<FederationError> {
  try {
    await work;
  } catch (error) {
    if (FederationError.is(error)) return error;
    throw error;
  }
  throw new Error('It was expected to fail, and did not.');
}
