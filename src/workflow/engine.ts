import { randomUUID } from 'node:crypto';
import { FederationError } from '../errors.ts';
import { abortError } from '../internal/signal.ts';
import type { Json } from '../types.ts';
import { admitResume, admitRollback, admitWorld } from './admission.ts';
import type { Workflow } from './compose.ts';
import { silentLogger, type Tuning } from './drive.ts';
import { explain } from './failure.ts';
import type { Run } from './handle.ts';
import { checkRunId } from './journal-check.ts';
import { type Foreseen, openRun } from './opening.ts';
import type { DriveOptions, PlanOptions, ResumeOptions, RunOptions } from './options.ts';
import { outlinesOf } from './outline.ts';
import { plain } from './plain.ts';
import type { Plan } from './planned.ts';
import { makePlan } from './planning.ts';
import { readRun } from './reading.ts';
import { isOver, restedRun, startDrive } from './start.ts';
import { isPastPivot, type RunState } from './state.ts';
import { asked, askTimeoutMs, within } from './within.ts';

/** The four verbs. */
export interface Engine {
  plan<I, E, O>(workflow: Workflow<I, E, O>, input: I, options: PlanOptions<E>): Promise<Plan>;
  run<I, E, O>(workflow: Workflow<I, E, O>, input: I, options: RunOptions<E>): Promise<Run<O>>;
  resume<I, E, O>(workflow: Workflow<I, E, O>, runId: string, options: ResumeOptions<E>): Promise<Run<O>>;
  rollback<I, E, O>(workflow: Workflow<I, E, O>, runId: string, options: DriveOptions<E>): Promise<Run<O>>;
}

/** An engine with its own time; the public functions use that of this machine. */
export function createEngine(tuning: Tuning): Engine {
  return {
    async plan(workflow, input, options) {
      const { planned } = await foresee(workflow, input, options, tuning);
      return planned;
    },

    async run(workflow, input, options) {
      const runId = options.runId ?? `run-${randomUUID()}`;
      checkRunId(runId);
      const { checkJournal } = workflow['~definition'];
      const what = `The check of the journal for workflow "${workflow.name}"`;
      await ask(what, options, tuning, async () => checkJournal?.(options.journal, options.env));
      const foreseen = await foresee(workflow, input, options, tuning);
      const driver = randomUUID();
      const state = await openRun(workflow, foreseen, options, {
        journal: options.journal,
        runId,
        driver,
        clock: tuning.clock,
      });
      try {
        return await startDrive({
          workflow,
          runId,
          driver,
          options,
          tuning,
          verb: 'run',
          readState: async () => state,
        });
      } catch (error) {
        throw explain(error, `Run "${runId}" is recorded, but nobody drives it yet; resume it by this id`);
      }
    },

    async resume(workflow, runId, options) {
      const gates = workflow['~definition'].elements.flatMap(({ kind, name }) => (kind === 'gate' ? [name] : []));
      const unknown = options.approve?.find(({ gate }) => !gates.includes(gate));
      if (unknown !== undefined)
        throw new FederationError(
          'WORKFLOW_INVALID',
          `Workflow "${workflow.name}" has no gate "${unknown.gate}" to approve; it has: ${gates.join(', ') || 'none'}.`,
        );
      return driveOn(workflow, runId, options, tuning, 'resume');
    },

    async rollback(workflow, runId, options) {
      return driveOn(workflow, runId, options, tuning, 'rollback');
    },
  };
}

async function foresee<I, E, O>(
  workflow: Workflow<I, E, O>,
  input: I,
  options: PlanOptions<E>,
  tuning: Tuning,
): Promise<Foreseen> {
  const { env, logger, signal } = options;
  const own = signal ?? new AbortController().signal;
  if (own.aborted) throw abortError(own);
  const kept = plain(input, `The input of workflow "${workflow.name}"`);
  const identity = await identityOf(workflow, options, tuning);
  const planned = await makePlan(workflow, {
    input: kept,
    identity,
    env,
    log: logger ?? silentLogger,
    signal: own,
    tuning,
    retry: options.retry,
  });
  return { planned, input: kept, identity };
}

async function identityOf<I, E, O>(
  workflow: Workflow<I, E, O>,
  options: PlanOptions<E>,
  tuning: Tuning,
): Promise<Json> {
  const { identity } = workflow['~definition'];
  const what = `The identity of workflow "${workflow.name}"`;
  return identity === undefined ? null : plain(await ask(what, options, tuning, () => identity(options.env)), what);
}

/** Asks a function of the workflow for no longer than its caller wants, and some time. */
function ask<T>(
  what: string,
  { signal }: Pick<PlanOptions<never>, 'signal'>,
  { clock }: Tuning,
  work: () => Promise<T>,
): Promise<T> {
  return asked(work, { what, signal, clock, timeoutMs: askTimeoutMs });
}

async function driveOn<I, E, O>(
  workflow: Workflow<I, E, O>,
  runId: string,
  options: ResumeOptions<E>,
  tuning: Tuning,
  verb: 'resume' | 'rollback',
): Promise<Run<O>> {
  const { elements, reach } = workflow['~definition'];
  const admit = verb === 'resume' ? admitResume : admitRollback;
  const readState = async (): Promise<RunState> => {
    const state = await within((signal) => readRun(options.journal, runId, { signal }), {
      what: `The reading of run "${runId}"`,
      signal: options.signal,
      clock: tuning.clock,
    });
    admit(runId, state, { name: workflow.name, version: workflow.version, steps: outlinesOf(elements) });
    return state;
  };
  const state = await readState();
  const identity = await identityOf(workflow, options, tuning);
  admitWorld(runId, state, identity);
  if (isOver(state, verb)) return restedRun(workflow, runId, state, options.logger);
  const pastPivot = isPastPivot(state);
  await ask('The question whether all answer', options, tuning, async () => reach?.(options.env, { pastPivot }));
  return startDrive({ workflow, runId, driver: randomUUID(), options, tuning, verb, readState });
}
