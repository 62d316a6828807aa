import { FederationError } from '../errors.ts';
import { abortError } from '../internal/signal.ts';
import { type RunTrace, traced, tracing } from '../internal/tracing.ts';
import type { Definition } from './definition.ts';
import type { Drive } from './drive.ts';
import { explain, recorded, revived } from './failure.ts';
import { passGate } from './gate.ts';
import type { Outcome } from './handle.ts';
import { undoItems } from './item-undo.ts';
import { finishItems, fixItems, workOnItems } from './item-work.ts';
import { type Action, type Consequence, consequence, decide } from './next.ts';
import { beginStep, leave, runStep, undoStep } from './single-work.ts';
import { isPastPivot, type RunState, residueOf } from './state.ts';
import { lookAgain, touchHalfDone } from './takeover.ts';
import { asked, askTimeoutMs } from './within.ts';

/** Drives the run until it rests: asks the core what comes next, does it, and lets the core judge failures. */
export function driveToRest(drive: Drive): Promise<Outcome<unknown>> {
  const { runId, ledger } = drive.parts;
  const { opened, epoch } = ledger.state;
  return traced(
    tracing.run,
    (): RunTrace => ({ runId, workflow: opened.workflow, version: opened.version, epoch }),
    () => driven(drive),
    (trace, { state }) => {
      trace.state = state;
    },
  );
}

async function driven(drive: Drive): Promise<Outcome<unknown>> {
  const { state } = drive.ledger;
  for (;;) {
    const action = decide(state);
    try {
      if (action.do === 'rest') return restOutcome(drive.parts.definition, state, drive.failure);
      if (state.undoing === undefined && drive.parts.forward.aborted) throw abortError(drive.parts.forward);
      const waiting = await perform(drive, action);
      if (waiting !== undefined) return waiting;
    } catch (error) {
      const outcome = await afterFailure(drive, action, error).catch((second: unknown) => endOfDrive(drive, second));
      if (outcome !== undefined) return outcome;
    }
  }
}

/** How a closed run ended. */
export function restOutcome(definition: Definition, state: RunState, failure?: FederationError): Outcome<unknown> {
  if (state.closed === 'completed') return { state: 'completed', output: definition.select(state.results) };
  const error = failure ?? revived(state.undoing?.error);
  const because = error === undefined ? {} : { error };
  if (state.closed === 'rolled-back') return { state: 'rolled-back', ...because };
  return { state: 'rollback-incomplete', residue: residueOf(state), ...because };
}

async function perform(drive: Drive, action: Exclude<Action, { do: 'rest' }>): Promise<Outcome<never> | undefined> {
  switch (action.do) {
    case 'gate':
      return passGate(drive, drive.gate(action.gate));
    case 'touch':
      await touchHalfDone(drive, action.steps);
      break;
    case 'begin':
      await beginStep(drive, drive.single(action.step));
      break;
    case 'run':
      await runStep(drive, drive.single(action.step), action.again);
      break;
    case 'undo':
      if (!(await lookAgain(drive, action.lookAgain))) await undoStep(drive, drive.single(action.step));
      break;
    case 'fix':
      await fixItems(drive, drive.many(action.step));
      break;
    case 'items':
      await workOnItems(drive, drive.many(action.step), action.again);
      break;
    case 'finish':
      await finishItems(drive, drive.many(action.step));
      break;
    case 'undo-items':
      if (!(await lookAgain(drive, action.lookAgain))) await undoItems(drive, drive.many(action.step));
      break;
    case 'leave':
      await leave(drive, action.residue);
      break;
    case 'close':
      await close(drive, action);
      break;
    default:
      action satisfies never;
  }
  return undefined;
}

async function close(drive: Drive, { outcome, lookAgain: names }: Extract<Action, { do: 'close' }>): Promise<void> {
  const { ledger, parts } = drive;
  if (outcome === 'completed') {
    // A result that cannot be made is found before the run says it is complete.
    parts.definition.select(ledger.state.results);
    await ledger.append({ type: 'closed', outcome });
    return drive.tell({ type: 'run:completed' });
  }
  if (await lookAgain(drive, names)) return;
  await ledger.append({ type: 'closed', outcome });
  drive.tell({ type: 'run:rolled-back', residue: residueOf(ledger.state) });
}

/** Records what a failure leads to. Answers the outcome where the run rests, nothing where it goes on to undo. */
async function afterFailure(drive: Drive, action: Action, error: unknown): Promise<Outcome<never> | undefined> {
  const { ledger, runId, forward } = drive.parts;
  if (ledger.lost !== undefined || ledger.broken !== undefined) return endOfDrive(drive, error);
  const step = 'step' in action ? action.step : undefined;
  const place =
    step !== undefined ? `Step "${step}" of run` : 'gate' in action ? `Gate "${action.gate}" of run` : 'Run';
  const where = `${place} "${runId}"`;
  let failure = explain(error, where);
  let result: Consequence = consequence(ledger.state, action, failure.code, forward.aborted);
  // Who was asked to pause says no more than that; the failure may come from it.
  const wished = !result.undo && result.why === 'requested';
  if (result.undo) {
    const silent = await unreachable(drive);
    if (forward.aborted) result = { undo: false, why: 'requested' };
    else if (silent !== undefined) {
      result = { undo: false, why: 'unreachable' };
      failure = new FederationError(
        'UNREACHABLE',
        `${failure.message} It is not undone yet, because what the undo needs does not answer: ${silent.message}`,
        { cause: failure },
      );
    }
  }
  const kept = wished ? {} : { error: recorded(failure) };
  if (result.undo) await ledger.append({ type: 'undoing', why: failure.message, ...kept });
  else await ledger.append({ type: 'paused', why: result.why, ...kept });
  if (step !== undefined && !wished) drive.tell({ type: 'step:failed', step, error: failure });
  if (result.undo) {
    drive.failure = failure;
    drive.undoes();
    return undefined;
  }
  drive.tell({ type: 'run:paused', why: result.why });
  const past = isPastPivot(ledger.state) && { pastPivot: true as const };
  return { state: 'paused', why: result.why, ...(!wished && { error: failure }), ...past };
}

/** Rule 3: no undo begins while something that it needs is silent. */
async function unreachable({ parts, ledger }: Drive): Promise<FederationError | undefined> {
  const { definition, env, forward, tuning } = parts;
  const { reach } = definition;
  if (reach === undefined) return undefined;
  const { clock } = tuning;
  try {
    await asked(() => reach(env, { pastPivot: isPastPivot(ledger.state) }), {
      what: 'The question whether all answer',
      signal: forward,
      clock,
      timeoutMs: askTimeoutMs,
    });
    return undefined;
  } catch (error) {
    return explain(error, 'Reach');
  }
}

/** Rules 5 and 9: who lost the run, or cannot record it, stops without another word to the world. */
function endOfDrive(drive: Drive, error: unknown): Outcome<never> {
  const { ledger, runId } = drive.parts;
  if (ledger.lost !== undefined) {
    drive.tell({ type: 'run:driver-lost' });
    return { state: 'driver-lost' };
  }
  const failure = explain(ledger.broken ?? error, `Run "${runId}"`);
  const why = FederationError.is(failure, 'UNREACHABLE', 'TIMEOUT') ? 'unreachable' : 'failed';
  drive.tell({ type: 'run:paused', why });
  return { state: 'paused', why, error: failure };
}
