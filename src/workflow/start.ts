import { FederationError } from '../errors.ts';
import { createEmitter } from '../internal/emitter.ts';
import type { Logger } from '../types.ts';
import type { Workflow } from './compose.ts';
import { Drive, silentLogger, type Tuning } from './drive.ts';
import { EventLog } from './event-log.ts';
import type { RunEvent } from './events.ts';
import { explain } from './failure.ts';
import { createHandle, type HandleSource, type Outcome, type Run } from './handle.ts';
import type { Claim } from './journal.ts';
import { Ledger } from './ledger.ts';
import { driveToRest, restOutcome } from './loop.ts';
import type { ResumeOptions } from './options.ts';
import type { RunState } from './state.ts';
import { type Clock, pauseFor } from './time.ts';
import { askTimeoutMs, within } from './within.ts';

/** What a drive starts from. */
interface Start<I, E, O> {
  readonly workflow: Workflow<I, E, O>;
  readonly runId: string;
  /** Unique to this drive. */
  readonly driver: string;
  readonly options: ResumeOptions<E>;
  readonly tuning: Tuning;
  readonly verb: 'run' | 'resume' | 'rollback';
  /** The run as its journal has it once the claim is ours. */
  readonly readState: () => Promise<RunState>;
}

/** Claims the run, records that it is driven, and sets the drive going; the first event comes after the handle was returned. */
export async function startDrive<I, E, O>(start: Start<I, E, O>): Promise<Run<O>> {
  const { workflow, runId, driver, options, tuning, verb, readState } = start;
  const { journal, env, signal, logger } = options;
  const claim = await journal.claim(runId, driver, signal === undefined ? {} : { signal });
  try {
    const state = await readState();
    // Another driver may have ended the run while this one waited for the claim, or was frozen with it.
    if (isOver(state, verb)) {
      await release(claim, tuning.clock, logger);
      return restedRun(workflow, runId, state, logger);
    }
    await within(() => claim.renew(), {
      what: `Making sure of the claim on run "${runId}"`,
      signal,
      clock: tuning.clock,
      timeoutMs: askTimeoutMs,
    });
    const forward = new AbortController();
    const backward = new AbortController();
    const ledger = new Ledger(state, { journal, runId, driver, clock: tuning.clock }, (lost) => {
      forward.abort(lost);
      backward.abort(lost);
    });
    await ledger.append({ type: 'driving' });
    if (verb === 'rollback' && state.undoing === undefined)
      await ledger.append({ type: 'undoing', why: 'rollback() was called.' });

    const events = new EventLog();
    const emitter = createEmitter<RunEvent>(logger);
    const drive = new Drive({
      runId,
      definition: workflow['~definition'],
      env,
      log: logger ?? silentLogger,
      ledger,
      claim,
      tuning,
      approvals: options.approve ?? [],
      forward: forward.signal,
      backward: backward.signal,
      tell: (event) => {
        if (events.ended) return;
        Object.freeze(event);
        events.push(event);
        emitter.emit(event);
      },
    });
    const requestPause = (): void =>
      forward.abort(new FederationError('ABORTED', `Run "${runId}" was asked to pause.`));
    const go = async (): Promise<Outcome<unknown>> => {
      signal?.addEventListener('abort', requestPause, { once: true });
      if (signal?.aborted) requestPause();
      try {
        drive.tell({ type: 'run:started', workflow: workflow.name, resumed: verb !== 'run' });
        return await driveToRest(drive);
      } catch (error) {
        drive.tell({ type: 'run:paused', why: 'failed' });
        return { state: 'paused', why: 'failed', error: explain(error, `Run "${runId}"`) };
      } finally {
        signal?.removeEventListener('abort', requestPause);
      }
    };
    const attended = attend(ledger, claim, tuning.clock);
    const giveBack = async (): Promise<void> => {
      attended[Symbol.dispose]();
      await release(claim, tuning.clock, logger);
    };
    // A macrotask of its own: whoever awaits the handle has attached listeners by then.
    const settled = new Promise<Outcome<unknown>>((resolve) => {
      setImmediate(() => resolve(go()));
    }).finally(async () => {
      const unsettled = drive.end();
      events.end();
      if (unsettled.length === 0) return giveBack();
      // Rule 10: no other driver, while an attempt of this one may still write. If this process ends, the claim runs out.
      attended.idle = true;
      void Promise.allSettled(unsettled).then(giveBack);
    });
    return handleOf(workflow, runId, { events, emitter, requestPause, settled });
  } catch (error) {
    await release(claim, tuning.clock, logger);
    throw error;
  }
}

/** A closed run is not driven on, but for residue that a rollback tries again. */
export function isOver(state: RunState, verb: Start<never, never, never>['verb']): boolean {
  return state.closed !== undefined && !(verb === 'rollback' && state.closed === 'rollback-incomplete');
}

/** The handle of a run that is closed: there is nothing to drive. */
export function restedRun<I, E, O>(
  workflow: Workflow<I, E, O>,
  runId: string,
  state: RunState,
  logger: Logger | undefined,
): Run<O> {
  const events = new EventLog();
  events.end();
  const settled = Promise.resolve(restOutcome(workflow['~definition'], state));
  return handleOf(workflow, runId, {
    events,
    emitter: createEmitter<RunEvent>(logger),
    requestPause: () => undefined,
    settled,
  });
}

function handleOf<I, E, O>(
  workflow: Workflow<I, E, O>,
  id: string,
  source: Omit<HandleSource<unknown>, 'id' | 'workflow'>,
): Run<O> {
  // The output comes from the workflow's own `returns`, which the compiler checked to yield an O.
  const settled = source.settled as Promise<Outcome<O>>;
  return createHandle<O>({ ...source, id, workflow: workflow.name, settled });
}

/** Renews a claim until it is disposed. */
interface Attendance extends Disposable {
  /** Whether a process that has nothing else to do may end. */
  idle: boolean;
}

/** Renews the claim, and stops the drive when it is lost. */
function attend(ledger: Ledger, claim: Claim, clock: Clock): Attendance {
  const over = new AbortController();
  const lose = (): void => void ledger.lose(claim.lost.reason);
  const beat = async (): Promise<void> => {
    for (;;) {
      await pauseFor(clock, claim.renewEveryMs, over.signal, attendance.idle);
      if (over.signal.aborted || claim.lost.aborted) return;
      // Whether the claim still holds is for the claim to say; a beat that failed may be made good by the next.
      await claim.renew({ signal: over.signal, timeoutMs: claim.renewEveryMs }).catch(() => undefined);
    }
  };
  const attendance: Attendance = {
    idle: false,
    [Symbol.dispose]() {
      over.abort();
      claim.lost.removeEventListener('abort', lose);
    },
  };
  claim.lost.addEventListener('abort', lose, { once: true });
  if (claim.lost.aborted) lose();
  void beat();
  return attendance;
}

async function release(claim: Claim, clock: Clock, logger: Logger | undefined): Promise<void> {
  try {
    const limit = { what: 'Giving back the claim', clock, timeoutMs: claim.renewEveryMs };
    await within(async () => claim[Symbol.asyncDispose](), limit);
  } catch (error) {
    // The next driver waits until the claim has run out; nothing is wrong.
    (logger ?? silentLogger).warn('A claim could not be given back.', { error: String(error) });
  }
}
