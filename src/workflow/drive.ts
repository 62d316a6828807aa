import { FederationError } from '../errors.ts';
import { redact } from '../internal/redact.ts';
import { type StepTrace, traced, tracing } from '../internal/tracing.ts';
import type { Logger } from '../types.ts';
import { attempted } from './attempts.ts';
import type { Definition, Element, ErasedItemStep, ErasedState, ErasedStep, Gate } from './definition.ts';
import type { RunEvent, StepEventBase } from './events.ts';
import type { Claim } from './journal.ts';
import type { Ledger } from './ledger.ts';
import type { Approval } from './options.ts';
import { undoKind } from './outline.ts';
import type { StepContext } from './step.ts';
import type { Clock } from './time.ts';
import { within } from './within.ts';

/** What tests may turn. */
export interface Tuning {
  readonly clock: Clock;
  /** How long an aborted attempt may take to settle before the run pauses as `STEP_STUCK`. */
  readonly graceMs: number;
  /** Items captured in one record, and done records held back at most. */
  readonly groupSize: number;
}

/** Logs nothing. */
export const silentLogger: Logger = Object.freeze({ debug() {}, info() {}, warn() {}, error() {} });

type Body<T> = T extends unknown ? Omit<T, 'runId' | 'seq' | 'at' | 'index' | 'total'> : never;
/** An event before the drive adds what all have. */
type EventBody = Body<RunEvent>;

/** What every context of this drive has; the rest is added per attempt. */
export type Context = StepContext<ErasedState, unknown>;

/** Everything that one drive works with. */
interface DriveParts {
  readonly runId: string;
  readonly definition: Definition;
  readonly env: unknown;
  readonly log: Logger;
  readonly ledger: Ledger;
  readonly claim: Claim;
  readonly tuning: Tuning;
  readonly approvals: readonly Approval[];
  /** Aborted by a wish to pause and by loss of the claim. */
  readonly forward: AbortSignal;
  /** Aborted by loss of the claim only. */
  readonly backward: AbortSignal;
  readonly tell: (event: RunEvent) => void;
}

/** The functions of a step, as messages and traces name them. */
const calls = {
  'The forecast': 'forecast',
  'The list of items': 'items',
  'The capture': 'capture',
  'The run': 'run',
  'The observation': 'observe',
  'The touch': 'touch',
  'The undo': 'compensate',
} as const satisfies Record<string, StepTrace['call']>;

/** One function of a step, in words. */
export type Call = keyof typeof calls;

type AnyStep = ErasedStep | ErasedItemStep;

interface Attempt {
  readonly step: AnyStep;
  readonly what: Call;
  readonly item: string | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs: number | undefined;
}

/** An undo gets this many times the time limit of its step. */
const undoPatience = 3;

/** One drive: hands every function of a step its context, and runs it under rule 10. */
export class Drive {
  readonly parts: DriveParts;
  /** Why this drive undoes, with its cause; the journal keeps only its message. */
  failure: FederationError | undefined;
  readonly #elements: ReadonlyMap<string, Element>;
  readonly #started = new Map<string, number>();
  readonly #unsettled: Promise<unknown>[] = [];
  #undoingSince: number;
  #ended = false;
  readonly #numbers: ReadonlyMap<string, Pick<StepEventBase, 'index' | 'total'>>;

  constructor(parts: DriveParts) {
    this.parts = parts;
    this.#undoingSince = parts.tuning.clock.now();
    const { elements } = parts.definition;
    this.#elements = new Map(elements.map((element) => [element.name, element]));
    const steps = elements.filter(({ kind }) => kind !== 'gate');
    this.#numbers = new Map(steps.map(({ name }, index) => [name, { index: index + 1, total: steps.length }]));
  }

  get ledger(): Ledger {
    return this.parts.ledger;
  }

  /** The element of this name; the core only names those of the definition. */
  element(name: string): Element {
    const element = this.#elements.get(name);
    if (element === undefined) throw new TypeError(`The workflow has no "${name}".`);
    return element;
  }

  single(name: string): ErasedStep {
    const element = this.element(name);
    if (element.kind !== 'step') throw new TypeError(`"${name}" is no single step.`);
    return element.step;
  }

  many(name: string): ErasedItemStep {
    const element = this.element(name);
    if (element.kind !== 'items') throw new TypeError(`"${name}" is no item step.`);
    return element.step;
  }

  gate(name: string): Gate {
    const element = this.element(name);
    if (element.kind !== 'gate') throw new TypeError(`"${name}" is no gate.`);
    return element;
  }

  /** Whether this step may change anything. */
  writes(name: string): boolean {
    const element = this.element(name);
    return element.kind !== 'gate' && undoKind(element.step) !== 'reads only';
  }

  /** How long ago this drive said that the step started, in whole milliseconds. */
  sinceStarted(name: string): number {
    const now = this.parts.tuning.clock.now();
    return Math.round(now - (this.#started.get(name) ?? now));
  }

  tell(body: EventBody): void {
    if (body.type === 'step:started') this.#started.set(body.step, this.parts.tuning.clock.now());
    const { runId, ledger, tuning, tell } = this.parts;
    const base = { runId, seq: ledger.state.seq, at: tuning.clock.date() };
    const numbers = 'step' in body ? this.#numbers.get(body.step) : undefined;
    // Event bodies are events without exactly these fields.
    tell({ ...body, ...base, ...numbers } as RunEvent);
  }

  /** From now on it undoes what it has done. */
  undoes(): void {
    this.#undoingSince = this.parts.tuning.clock.now();
  }

  /** How much longer something may be created by what was sent before this drive undid anything. */
  lateForMs(): number {
    const { definition, env, tuning } = this.parts;
    return (definition.lateMs?.(env) ?? 0) - (tuning.clock.now() - this.#undoingSince);
  }

  /** From now on nobody is told that this driver may write. The answer is what has not ended yet: aborted attempts that are stuck. */
  end(): readonly Promise<unknown>[] {
    this.#ended = true;
    return this.#unsettled;
  }

  /** Whether `error` ends the drive whatever the step: nobody may write on. */
  isFatal(error: unknown): boolean {
    const { lost, broken } = this.ledger;
    return lost !== undefined || broken !== undefined || FederationError.is(error, 'STEP_STUCK');
  }

  /** Runs one function of a step, forward; `item` is the key of the item it works on. */
  work<T>(step: AnyStep, what: Call, work: (ctx: Context) => Promise<T>, item?: string): Promise<T> {
    return this.#attempt({ step, what, item, signal: this.parts.forward, timeoutMs: step.timeoutMs }, work);
  }

  /** Runs one function of a step to undo: no pause reaches it, and it has more time. */
  undo<T>(step: AnyStep, what: Call, work: (ctx: Context) => Promise<T>, item?: string): Promise<T> {
    const timeoutMs = step.timeoutMs === undefined ? undefined : step.timeoutMs * undoPatience;
    return this.#attempt({ step, what, item, signal: this.parts.backward, timeoutMs }, work);
  }

  /** The context of one attempt. */
  context(signal: AbortSignal, attempt: number, step: string): Context {
    const { runId, env, log, claim, ledger } = this.parts;
    const { clock } = this.parts.tuning;
    return {
      state: ledger.state.results,
      env,
      signal,
      log,
      runId,
      attempt,
      epoch: ledger.state.epoch,
      confirmDriver: async () => {
        if (ledger.lost !== undefined) throw ledger.lost;
        if (this.#ended) throw endedError(runId);
        try {
          await within(() => claim.renew(), {
            what: 'Confirming the driver',
            signal,
            clock,
            timeoutMs: claim.renewEveryMs * 3,
          });
        } catch (error) {
          throw FederationError.is(error, 'DRIVER_LOST') ? ledger.lose(error) : error;
        }
        // It may have ended while the claim was asked.
        if (this.#ended) throw endedError(runId);
      },
      progress: (message, count) => {
        this.tell({ type: 'step:progress', step, message: redact(message), ...(count && { count }) });
      },
    };
  }

  async #attempt<T>({ step, what, item, signal, timeoutMs }: Attempt, work: (ctx: Context) => Promise<T>): Promise<T> {
    const { runId, tuning, ledger } = this.parts;
    const { clock, graceMs } = tuning;
    const { epoch } = ledger.state;
    const once = (own: AbortSignal, attempt: number): Promise<T> =>
      traced(
        tracing.step,
        () => ({ runId, step: step.name, ...(item !== undefined && { item }), call: calls[what], attempt, epoch }),
        () => work(this.context(own, attempt, step.name)),
      );
    return attempted(once, {
      what,
      signal,
      clock,
      graceMs,
      timeoutMs,
      retry: step.retry,
      onRetry: ({ attempt, retriesLeft, error }) =>
        this.tell({ type: 'step:retrying', step: step.name, attempt, retriesLeft, error }),
      onStuck: (running) => this.#unsettled.push(running),
    });
  }
}

function endedError(runId: string): FederationError {
  return new FederationError(
    'DRIVER_LOST',
    `This drive of run "${runId}" has ended: an attempt that outlived it must not write any more.`,
  );
}
