import type { Workflow } from './compose.ts';
import type { Tuning } from './drive.ts';
import { createEngine } from './engine.ts';
import type { Run } from './handle.ts';
import type { DriveOptions, PlanOptions, ResumeOptions, RunOptions } from './options.ts';
import type { Plan } from './planned.ts';
import { systemClock } from './time.ts';

/** How the public functions are tuned. */
const tuning: Tuning = Object.freeze({ clock: systemClock, graceMs: 30_000, groupSize: 32 });
const engine = createEngine(tuning);

/**
 * What a run would do now. Reads only, by the same code that runs; the answer is plain JSON.
 * @throws FederationError WORKFLOW_INVALID where input or forecasts are no plain JSON or hold a secret; what a forecast throws
 */
export async function plan<I, E, O>(workflow: Workflow<I, E, O>, input: I, options: PlanOptions<E>): Promise<Plan> {
  return engine.plan(workflow, input, options);
}

/**
 * Begins a run; resolves when its first record is durable, long before the run ends.
 *
 * @example
 * ```ts
 * import { fileJournal, run, type Workflow } from 'kubesphere-federation';
 *
 * declare const move: Workflow<{ readonly to: string }, { readonly folder: string }, string>;
 *
 * const handle = await run(move, { to: 'b' }, { env: { folder: '/srv' }, journal: fileJournal('./runs') });
 * handle.on('step:completed', ({ step }) => console.log(step));
 * const outcome = await handle.settled();
 * if (outcome.state === 'completed') console.log(outcome.output);
 * ```
 * @throws FederationError PLAN_BLOCKED, PLAN_STALE or RUN_EXISTS; nothing was touched then
 */
export async function run<I, E, O>(workflow: Workflow<I, E, O>, input: I, options: RunOptions<E>): Promise<Run<O>> {
  return engine.run(workflow, input, options);
}

/**
 * Drives a run on from its journal, in this process or another; a run that undoes goes on undoing, one that is closed only tells
 * how it ended.
 * @throws FederationError RUN_UNKNOWN, WORKFLOW_CHANGED, ENV_CHANGED, UNREACHABLE, or JOURNAL_CONFLICT while another driver is at work
 */
export async function resume<I, E, O>(
  workflow: Workflow<I, E, O>,
  runId: string,
  options: ResumeOptions<E>,
): Promise<Run<O>> {
  return engine.resume(workflow, runId, options);
}

/**
 * Undoes a run that is paused or whose driver is gone; once more, it tries again what was left as residue.
 * @throws FederationError PAST_PIVOT where the run only goes forward; else as {@link resume}
 */
export async function rollback<I, E, O>(
  workflow: Workflow<I, E, O>,
  runId: string,
  options: DriveOptions<E>,
): Promise<Run<O>> {
  return engine.rollback(workflow, runId, options);
}
