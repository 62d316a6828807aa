import { randomUUID } from 'node:crypto';
import { FederationError } from '../errors.ts';
import { deadline } from '../internal/signal.ts';
import type { CallOptions, Logger } from '../types.ts';
import type { Forecast } from '../workflow/change.ts';
import type { RunEvent } from '../workflow/events.ts';
import type { JournalStore } from '../workflow/journal.ts';
import { assertRights, type Right } from './rights.ts';
import type { Work } from './work.ts';

/**
 * One write, complete: what it would do, what it needs to know beforehand, the write itself, the proof, the way back.
 * The modules perform it, the migration takes it as a step; there is no second way to write.
 */
export interface Operation<Before, Out> {
  /** Reads only: what `run` would do now. */
  readonly forecast: (work: Work) => Promise<Forecast<Out>>;
  /** Reads only: what the way back will need. Plain JSON without secrets. */
  readonly capture: (work: Work) => Promise<Before>;
  /** May be called twice. */
  readonly run: (work: Work, before: Before) => Promise<Out>;
  /** Rejects with `NOT_OBSERVED` until what `run` promised is seen in the cluster where it should be. */
  readonly verify: (work: Work, before: Before, out: Out) => Promise<void>;
  /** Restores `before`; `out` is absent where `run` failed half way. */
  readonly compensate: (work: Work, before: Before, out: Out | undefined) => Promise<void>;
  /** What is done only once something is written: whoever may not do it is refused before. @defaultValue nothing */
  readonly needs?: Needs | ((work: Work) => Promise<Needs>);
}

/** What an operation does besides its write, by what for. */
export interface Needs {
  /** From its first write on until it is proven: by `run` and `verify`. */
  readonly verify?: readonly Right[];
  /** To take it back. */
  readonly compensate?: readonly Right[];
}

/** What an operation needs, whatever it depends on. */
export const needsOf = async <Before, Out>({ needs = {} }: Operation<Before, Out>, work: Work): Promise<Needs> =>
  typeof needs === 'function' ? needs(work) : needs;

/**
 * The forecast of an operation that is to be run, by somebody who may see what comes of it.
 *
 * @param undone - whether it may be taken back later
 * @throws FederationError `FORBIDDEN`
 */
export async function foresee<Before, Out>(
  operation: Operation<Before, Out>,
  work: Work,
  undone: boolean,
): Promise<Forecast<Out>> {
  const foreseen = await operation.forecast(work);
  if (foreseen.effect === 'none' || foreseen.effect === 'blocked') return foreseen;
  await assertRights(await rightsToDo(operation, work, undone), work.signal);
  return foreseen;
}

/** What an operation needs the right to, besides its changes. */
export async function rightsToDo<Before, Out>(
  operation: Operation<Before, Out>,
  work: Work,
  undone: boolean,
): Promise<readonly Right[]> {
  const { verify = [], compensate = [] } = await needsOf(operation, work);
  return [...verify, ...(undone ? compensate : [])];
}

/** `run` and its proof: what a step does. */
export async function runAndVerify<Before, Out>(
  operation: Operation<Before, Out>,
  work: Work,
  before: Before,
): Promise<Out> {
  const out = await operation.run(work, before);
  await operation.verify(work, before, out);
  return out;
}

/** Options of every write of the modules. */
export interface WriteOptions extends CallOptions {
  /** Answers with the forecast and writes nothing. */
  readonly dryRun?: boolean;
  /**
   * Where a method of more than one write records what it does, so that `resume` and `rollback` can go on with it when the process dies.
   * @defaultValue `clusterJournal` on the host, in namespace kubesphere-system
   */
  readonly journal?: JournalStore;
  /**
   * Told of every event of the run of such a method, the run's id first: what it is at, while it takes minutes. What it throws is ignored.
   */
  readonly onEvent?: (event: RunEvent) => void;
}

/** What a write of a module resolves with. */
export type Written<Out> =
  | {
      readonly outcome: 'changed';
      readonly result: Out;
      /** Of a method of more than one write: the run in the journal. */
      readonly runId?: string;
    }
  /** It was so already. */
  | { readonly outcome: 'already'; readonly result: Out; readonly why: string }
  | { readonly outcome: 'dry-run'; readonly forecast: Forecast<Out> };

/**
 * What a dry run answers where a judgement was thrown: that it must not be done is what was asked. Whatever only failed is thrown on.
 */
export function blockedBy(error: unknown): Forecast<never> {
  if (!FederationError.is(error, 'KEPT_AT_RISK', 'UNSUPPORTED', 'WORLD_MOVED')) throw error;
  return { effect: 'blocked', why: error.message, remedy: 'Clear that first.' };
}

/**
 * Performs one operation outside any run.
 *
 * @throws FederationError `PLAN_BLOCKED` where the forecast says that it must not be done
 */
export async function perform<Before, Out>(
  operation: Operation<Before, Out>,
  what: string,
  options: WriteOptions = {},
  log: Logger = silent,
): Promise<Written<Out>> {
  using limit = deadline(options, what);
  const work: Work = { signal: limit.signal, log, runId: `call-${randomUUID()}`, confirmDriver: async () => {} };
  const foreseeing = foresee(operation, work, false);
  if (options.dryRun === true) return { outcome: 'dry-run', forecast: await foreseeing.catch(blockedBy) };
  const forecast = await foreseeing;
  if (forecast.effect === 'none') return { outcome: 'already', result: forecast.out, why: forecast.why };
  if (forecast.effect === 'blocked')
    throw new FederationError('PLAN_BLOCKED', `${what}: ${forecast.why} ${forecast.remedy}`);
  const before = await operation.capture(work);
  const out = await operation.run(work, before);
  try {
    await operation.verify(work, before, out);
  } catch (error) {
    if (!FederationError.is(error, 'FORBIDDEN')) throw error;
    // Written by whoever may not look: nobody would know what became of it. The call's own time may be over by now.
    const back: Work = { ...work, signal: AbortSignal.timeout(takeBackLimitMs) };
    const left = await operation.compensate(back, before, out).then(
      () => undefined,
      (failure: unknown) => (failure instanceof Error ? failure.message : String(failure)),
    );
    const became = left === undefined ? 'It was taken back.' : `It was written, and stands: ${left}`;
    throw new FederationError('FORBIDDEN', `${error.message} ${became}`, {
      cause: error,
      details: { takenBack: left === undefined },
    });
  }
  return { outcome: 'changed', result: out };
}

const takeBackLimitMs = 120_000;

/** A logger that says nothing: the default everywhere, for a library does not write to the console. */
const silent: Logger = Object.freeze({ debug() {}, info() {}, warn() {}, error() {} });
