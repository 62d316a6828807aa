import { inspect } from 'node:util';
import { FederationError } from '../../../src/errors.ts';
import type { ErasedState } from '../../../src/workflow/definition.ts';
import { createEngine } from '../../../src/workflow/engine.ts';
import type { RunEvent } from '../../../src/workflow/events.ts';
import type { Outcome } from '../../../src/workflow/handle.ts';
import type { Approval } from '../../../src/workflow/options.ts';
import type { Plan } from '../../../src/workflow/planned.ts';
import { type VirtualTime, virtualTime } from '../virtual-time.ts';
import { Durable } from './durable.ts';
import { judge, judgeRest, Violation } from './judge.ts';
import { type ModelWorkflow, workflowOf } from './model.ts';
import { canary, journalOf, type Place, Process, stuckMs } from './process.ts';
import type { DriveSpec, Scenario } from './scenario.ts';

/** What the driver was at when it was stopped. */
export type CrashKind = 'forward' | 'item' | 'undo' | 'resume' | 'pivot' | 'claim' | 'thaw';

/** What came of a scenario that was brought to a named state. */
export interface Survival {
  /** Where drivers were stopped. */
  readonly crashes: readonly CrashKind[];
  readonly faults: number;
  readonly state: Named['state'] | 'never begun';
  readonly firstStopped: boolean;
}

/** How a drive ended, from outside. */
type Rest =
  | { readonly how: 'stopped'; readonly place: Place }
  | { readonly how: 'rested'; readonly outcome: Outcome<ErasedState> }
  | { readonly how: 'refused'; readonly error: FederationError };
type Verb = 'run' | 'resume' | 'rollback';
/** An outcome that tells where the run stands for good. */
export type Named = Extract<
  Outcome<ErasedState>,
  { readonly state: 'completed' | 'rolled-back' | 'rollback-incomplete' | 'paused' }
>;

/** One scenario on its way: what is durable, which processes there were, what was done to them. */
export class Case {
  readonly scenario: Scenario;
  readonly durable: Durable;
  readonly time: VirtualTime = virtualTime({ deadlock: true });
  readonly workflow: ModelWorkflow;
  readonly crashes: CrashKind[] = [];
  faults = 0;
  /** Whether somebody else changed an object by now. */
  disturbed = false;
  /** What the run is held to. */
  plan: Plan | undefined;
  #drives = 0;
  readonly #frozen: { readonly process: Process; left: number; readonly ends: Promise<unknown> }[] = [];

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.durable = new Durable(scenario.start);
    this.workflow = workflowOf(scenario);
  }

  /** One drive in a process of its own, until it rests, is refused, or is stopped. */
  async drive(verb: Verb, spec: Omit<DriveSpec, 'next'>, approve: readonly Approval[] = []): Promise<Rest> {
    this.#drives += 1;
    this.#disturbBefore(this.#drives);
    const first = this.#drives === 1;
    const process = new Process(this.#drives, this.durable, this.time.clock, {
      ...(spec.stop && { stop: spec.stop }),
      ...(spec.faults && { faults: spec.faults }),
      onPoint: (points) => {
        if (first) this.#disturbAfter(points);
        this.#thawSome();
      },
    });
    const work = this.#work(verb, process, approve);
    const stopped = process.stopped.promise.then((place): Rest => ({ how: 'stopped', place }));
    const rest = await this.time.until(Promise.race([work, stopped]));
    this.faults += process.faulted;
    if (rest.how === 'stopped') {
      if (process.isFrozen)
        this.#frozen.push({ process, left: spec.thawAfter ?? Number.POSITIVE_INFINITY, ends: work });
      // Before the first record there is nothing to survive, and after the last one nothing is left of it.
      if (this.durable.records.length > 0 && !this.#isClosed())
        this.crashes.push(this.#kindOf(rest.place, verb, process.isFrozen));
    }
    return rest;
  }

  /** Everybody who is still frozen goes on, and all that is on its way lands. Answers how the thawed ended. */
  async thawAll(): Promise<readonly Rest[]> {
    for (const { process } of this.#frozen) if (process.isFrozen) process.thaw();
    const ends = await this.time.until(Promise.all(this.#frozen.map(({ ends }) => ends as Promise<Rest>)));
    this.durable.landAll();
    await this.wait();
    return ends;
  }

  /** Time passes, until attempts that were stuck have ended. */
  async wait(): Promise<void> {
    await this.time.until(new Promise<void>((resolve) => this.time.clock.after(2 * stuckMs, resolve)));
  }

  async #work(verb: Verb, process: Process, approve: readonly Approval[]): Promise<Rest> {
    const engine = createEngine({ clock: process.clock, graceMs: 1_000, groupSize: 2 });
    const options = { env: { process }, journal: journalOf(process) };
    const { held, onFailure } = this.scenario;
    try {
      if (held && verb === 'run') this.plan ??= await engine.plan(this.workflow, {}, options);
      if (JSON.stringify(this.plan ?? null).includes(canary)) throw new Violation('A secret stands in a plan.');
      const run =
        verb === 'run'
          ? await engine.run(
              this.workflow,
              {},
              { ...options, runId: 'r', onFailure, ...(this.plan && { plan: this.plan }) },
            )
          : verb === 'resume'
            ? await engine.resume(this.workflow, 'r', { ...options, approve })
            : await engine.rollback(this.workflow, 'r', options);
      run.on('*', (event) => this.#watch(event));
      const outcome = await run.settled();
      if (inspect(outcome, { depth: 9 }).includes(canary)) throw new Violation('A secret stands in an outcome.');
      return { how: 'rested', outcome };
    } catch (error) {
      if (!FederationError.is(error)) throw error;
      if (inspect(error, { depth: 9 }).includes(canary)) throw new Violation('A secret stands in an error.');
      return { how: 'refused', error };
    }
  }

  #watch(event: RunEvent): void {
    const record = recordOf(event);
    if (record !== undefined && !this.durable.recorded.has(record))
      this.#violations.push(`${event.type} came before its record.`);
    if (('error' in event || 'residue' in event || 'message' in event) && inspect(event, { depth: 9 }).includes(canary))
      this.#violations.push('A secret stands in an event.');
  }

  /** What stood there when the run came to its named state. */
  seen: { readonly values: Readonly<Record<string, string>>; readonly records: number } = { values: {}, records: 0 };

  mark(): void {
    this.seen = { values: this.durable.values(), records: this.durable.records.length };
  }

  /** What listeners found: they cannot throw into the run. */
  readonly #violations: string[] = [];

  /** @throws Violation for what was seen on the way. */
  check(): void {
    const [first] = [...this.#violations, ...this.durable.violations];
    if (first !== undefined) throw new Violation(first);
    if (this.durable.records.some((text) => text.includes(canary)))
      throw new Violation('A secret stands in the journal.');
  }

  #isClosed(): boolean {
    return this.durable.records.at(-1)?.includes('"type":"closed"') ?? false;
  }

  #thawSome(): void {
    for (const one of this.#frozen) {
      if (!one.process.isFrozen) continue;
      one.left -= 1;
      if (one.left < 0) one.process.thaw();
    }
  }

  #disturbBefore(drive: number): void {
    const { foreign } = this.scenario;
    if (foreign !== null && 'drive' in foreign.at && foreign.at.drive === drive) this.#disturb(foreign.object);
  }

  #disturbAfter(points: number): void {
    const { foreign } = this.scenario;
    if (foreign !== null && 'effect' in foreign.at && foreign.at.effect === points) this.#disturb(foreign.object);
  }

  #disturb(name: string): void {
    if (this.disturbed) return;
    this.disturbed = true;
    this.durable.disturb(name, foreignValue);
  }

  #kindOf({ what, step }: Place, verb: Verb, frozen: boolean): CrashKind {
    if (frozen) return 'thaw';
    if (['claim', 'driving', 'touched', 'opened'].includes(what)) return 'claim';
    const types = this.durable.records.map((text) => JSON.parse(text).type as string);
    if (types.includes('undoing')) return 'undo';
    if (verb !== 'run') return 'resume';
    const elements = this.workflow['~definition'].elements;
    const at = elements.findIndex(({ name }) => name === step);
    const pivot = elements.findIndex((element) => element.kind === 'step' && element.step.pivot === true);
    if (pivot >= 0 && at >= pivot) return 'pivot';
    return elements[at]?.kind === 'items' ? 'item' : 'forward';
  }
}

/** The record that an event speaks of, where there is just one that it can be. */
function recordOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run:started':
      return 'driving ';
    case 'step:completed':
      return `done ${event.step}`;
    case 'step:skipped':
      return `skipped ${event.step}`;
    case 'undo:completed':
      return `undone ${event.step}`;
    case 'undo:failed':
      return `residue ${event.step}`;
    case 'run:completed':
    case 'run:rolled-back':
      return 'closed ';
    default:
      return undefined;
  }
}

/** What somebody else writes. */
export const foreignValue = 'foreign';

/**
 * Runs a scenario: each of its drives is stopped and disturbed as it says; then drivers that nothing happens to bring the run to a
 * named state, and all that froze is thawed.
 * @throws Violation where a promise was broken
 */
export async function survive(scenario: Scenario): Promise<Survival> {
  return surviveAs(new Case(scenario));
}

/** {@link survive} for a case that its caller wants to look into. */
export async function surviveAs(it: Case): Promise<Survival> {
  const { scenario } = it;
  let verb: Verb = 'run';
  let rest: Rest | undefined;
  let firstStopped: boolean | undefined;
  for (const spec of scenario.drives) {
    rest = await it.drive(verb, spec, approvalsIn(rest));
    firstStopped ??= rest.how === 'stopped';
    if (it.durable.records.length === 0) break;
    verb = spec.next;
    if (isNamedForGood(rest)) break;
  }
  const state = await bringToRest(it, verb, rest);
  it.check();
  const survival = { crashes: it.crashes, faults: it.faults, firstStopped: firstStopped ?? false };
  if (state === 'never begun') {
    judgeRest(it, await it.thawAll(), undefined);
    return { ...survival, state };
  }
  judge(it, state);
  it.mark();
  judgeRest(it, await it.thawAll(), state);
  it.check();
  return { ...survival, state: state.state };
}

/** Each gate takes two drives, and whoever is still at work may be met before any. */
const patience = 24;

/** Drives on without any disturbance until the run stands in a state that it names. */
async function bringToRest(it: Case, wish: Verb, last: Rest | undefined): Promise<Named | 'never begun'> {
  let verb = wish;
  let rest = last;
  let shown = last;
  for (let round = 1; round <= patience; round += 1) {
    if (it.durable.records.length === 0) return 'never begun';
    rest = await it.drive(verb, {}, approvalsIn(shown));
    if (rest.how === 'stopped') throw new Violation('A drive that nothing was to happen to was stopped.');
    if (rest.how === 'refused') {
      const { code } = rest.error;
      if (code === 'PAST_PIVOT' && verb === 'rollback') verb = 'resume';
      // One that was thawed is still at work, or wrote last.
      else if (code !== 'JOURNAL_CONFLICT' && code !== 'DRIVER_LOST')
        throw new Violation(`${verb} was refused: ${rest.error.message}`);
      else await it.wait();
      continue;
    }
    shown = rest;
    const { outcome } = rest;
    if (outcome.state === 'driver-lost') continue;
    if (outcome.state === 'rollback-incomplete' && (verb !== 'rollback' || sawLateWrite(outcome))) {
      // What failed in an earlier drive is tried again, and so is what a late write brought back while it was undone.
      verb = 'rollback';
      continue;
    }
    if (outcome.state !== 'paused') return outcome;
    if (outcome.why === 'approval') continue;
    const code = outcome.error?.code;
    if (verb === 'rollback') throw new Violation(`A rollback paused (${outcome.why}): ${outcome.error?.message}`);
    const known = code === 'WORLD_MOVED' || code === 'PLAN_STALE' ? it.disturbed : it.scenario.bad !== null;
    if (!known)
      throw new Violation(`It paused (${outcome.why}) though nothing was in the way: ${outcome.error?.message}`);
    // Past the pivot there is no way back, and what is in the way is for a person to clear.
    if (isPastPivot(it)) return outcome;
    verb = 'rollback';
  }
  throw new Violation(`It came to no named state in ${patience} drives: ${JSON.stringify(rest)}`);
}

function sawLateWrite({ residue }: Extract<Named, { readonly state: 'rollback-incomplete' }>): boolean {
  return residue.some(({ code }) => code === 'NOT_OBSERVED');
}

function isPastPivot({ durable, workflow }: Case): boolean {
  const { elements } = workflow['~definition'];
  const pivot = elements.findIndex((element) => element.kind === 'step' && element.step.pivot === true);
  return (
    pivot >= 0 &&
    durable.records.some((text) => {
      const { type, step }: { readonly type: string; readonly step?: string } = JSON.parse(text);
      return type.endsWith('captured') && elements.findIndex(({ name }) => name === step) >= pivot;
    })
  );
}

function isNamedForGood(rest: Rest): boolean {
  return rest.how === 'rested' && rest.outcome.state === 'completed';
}

function approvalsIn(rest: Rest | undefined): readonly Approval[] {
  if (rest?.how !== 'rested' || rest.outcome.state !== 'paused' || rest.outcome.gate === undefined) return [];
  const { name, fingerprint } = rest.outcome.gate;
  return [{ gate: name, by: 'somebody', fingerprint }];
}
