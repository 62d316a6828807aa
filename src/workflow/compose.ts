import { FederationError } from '../errors.ts';
import type { Json } from '../types.ts';
import type { Definition, Element, ErasedItemStep, ErasedStep, Gate } from './definition.ts';
import type { JournalStore } from './journal.ts';
import type { ItemStep, Step, StepContext } from './step.ts';
import { checkAddition, checkWhole } from './well-formed.ts';

/** A step name that the composition does not have yet; else a text that says what is wrong. */
export type Fresh<Name extends string, State> = string extends Name
  ? 'a step name must be a literal'
  : Name extends keyof State
    ? `step name already taken: ${Name}`
    : unknown;
/** `unknown` where a piece brings no step name that is already taken. */
export type NoClash<State, More> = [Extract<keyof State, keyof More>] extends [never]
  ? unknown
  : { readonly 'step name already taken': Extract<keyof State, keyof More> };
/** What a step adds to the state: its result under its name. */
export type Result<Name extends string, Out> = { readonly [K in Name]: Out };

/** Part of a workflow: what it needs from before, what it adds. A guard is kept in place by being needed. */
export interface Piece<Needs, Env, Adds> {
  readonly '~elements': readonly Element[];
  /** Types only. */
  readonly '~piece'?: (needs: Needs, env: Env) => Adds;
}

/** A composition under way. Immutable: every method returns a new value. Order, needs and names are checked by the compiler. */
export interface Builder<Input, Env, State, Needs, Adds> extends Piece<Needs, Env, Adds> {
  /** Adds a step; its result is in the state of later ones under its name. */
  step<Name extends string, Before, Out>(
    step: Step<Name, State, Env, Before, Out> & { readonly name: Fresh<Name, State> },
  ): Builder<Input, Env, State & Result<Name, Out>, Needs, Adds & Result<Name, Out>>;
  /** Adds a step over many items. */
  each<Name extends string, Item, Before>(
    step: ItemStep<Name, State, Env, Item, Before> & { readonly name: Fresh<Name, State> },
  ): Builder<
    Input,
    Env,
    State & Result<Name, { readonly done: number }>,
    Needs,
    Adds & Result<Name, { readonly done: number }>
  >;
  /** Adds all of a {@link piece}. */
  include<More>(
    piece: Piece<State, Env, More> & NoClash<State, More>,
  ): Builder<Input, Env, State & More, Needs, Adds & More>;
  /** The run pauses here until `resume` brings an approval, which the journal keeps with what was shown. */
  gate(
    name: string,
    title: string,
    show?: (ctx: StepContext<State, Env>) => Promise<unknown>,
  ): Builder<Input, Env, State, Needs, Adds>;
  /** Closes the composition; only for one begun by {@link compose}. */
  readonly returns: [Input] extends [never]
    ? never
    : <Output>(select: (state: State) => Output) => Workflow<Input, Env, Output>;
}

/** A composition that can be planned and run. */
export interface Workflow<Input, Env, Output> {
  readonly name: string;
  readonly version: string;
  /** Names of steps and gates, in order. */
  readonly steps: readonly string[];
  readonly '~definition': Definition;
  /** Types only. */
  readonly '~types'?: { readonly input: Input; readonly env: (env: Env) => void; readonly output: Output };
}

/** What {@link compose} starts from. */
export interface WorkflowIdentity<Env> {
  readonly name: string;
  /**
   * Of this definition: `1`, `1.2` or `1.2.3`, where the first number is the major. A run is resumed by the same version, and rolled
   * back by any of the same major.
   */
  readonly version: string;
  /**
   * Which world this is (UIDs of clusters, the path of a folder): a run is driven on in no other. `any` where there is but one, or an
   * undo may restore in one world what was captured in another.
   */
  readonly identity: ((env: Env) => Promise<Json>) | 'any';
  /**
   * Throws `UNREACHABLE` where something that the run still needs does not answer. Asked before the first compensation, and by resume
   * and rollback; `pastPivot` says that the run only goes forward. @defaultValue everything answers
   */
  readonly reach?: (env: Env, run: { readonly pastPivot: boolean }) => Promise<void>;
  /** Throws `INVALID` where this workflow must not be recorded in such a journal. Asked by run, before anything is recorded. @defaultValue any will do */
  readonly checkJournal?: (journal: Pick<JournalStore, 'volatile' | 'keptOn'>, env: Env) => void | Promise<void>;
  /**
   * How long, in milliseconds, a create may still take effect whose driver is gone or heard no answer. An undo waits that long, from its
   * beginning, before it looks for the last time for what was never seen to be created. @defaultValue 0
   */
  readonly lateMs?: (env: Env) => number;
}

interface Origin {
  readonly name: string;
  readonly version: string;
  readonly identity: Definition['identity'];
  readonly reach: Definition['reach'];
  readonly checkJournal: Definition['checkJournal'];
  readonly lateMs: Definition['lateMs'];
}

/**
 * Begins a workflow.
 *
 * @example
 * ```ts
 * import { compose, defineStep } from 'kubesphere-federation';
 *
 * interface Env {
 *   readonly names: Map<string, string>;
 * }
 * const count = defineStep<{ input: { to: string } }, Env>()({
 *   name: 'count',
 *   title: 'Count the names',
 *   readOnly: true,
 *   forecast: async ({ env }) => ({ effect: 'none', why: 'it only counts', out: env.names.size }),
 *   run: async ({ env }) => env.names.size,
 * });
 *
 * export const counting = compose<{ to: string }, Env>({ name: 'counting', version: '1.0.0', identity: 'any' })
 *   .step(count)
 *   .gate('approve', 'Go on?')
 *   .returns(({ input, count }) => ({ to: input.to, counted: count }));
 * ```
 * @throws FederationError WORKFLOW_INVALID where a name or version cannot be used; methods of the builder likewise.
 */
export function compose<Input, Env>(
  identity: WorkflowIdentity<Env>,
): Builder<Input, Env, { readonly input: Input }, { readonly input: Input }, object> {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(identity.name))
    throw new FederationError(
      'WORKFLOW_INVALID',
      `"${identity.name}" is no name for a workflow; use letters, digits, "-", "." and "_".`,
    );
  if (!/^\d+(\.\d+){0,2}$/.test(identity.version))
    throw new FederationError(
      'WORKFLOW_INVALID',
      `Version "${identity.version}" of workflow "${identity.name}" must look like 1, 1.2 or 1.2.3.`,
    );
  return extend(
    {
      name: identity.name,
      version: identity.version,
      // The engine hands both the very env that the compiler checked against Env.
      identity: identity.identity === 'any' ? undefined : (identity.identity as Definition['identity']),
      reach: identity.reach as Definition['reach'],
      checkJournal: identity.checkJournal as Definition['checkJournal'],
      lateMs: identity.lateMs as Definition['lateMs'],
    },
    [],
  );
}

/** Begins a reusable part with declared needs; it is included with {@link Builder.include} and has no result of its own. */
export function piece<Needs extends { readonly input: unknown }, Env>(): Builder<never, Env, Needs, Needs, object> {
  return extend(undefined, []);
}

function extend<Input, Env, State, Needs, Adds>(
  origin: Origin | undefined,
  elements: readonly Element[],
): Builder<Input, Env, State, Needs, Adds> {
  const add = <NewState, NewAdds>(...more: readonly Element[]): Builder<Input, Env, NewState, Needs, NewAdds> => {
    checkAddition(elements, more);
    return extend(origin, [...elements, ...more]);
  };
  const builder: Omit<Builder<Input, Env, State, Needs, Adds>, 'returns'> & { readonly returns: unknown } = {
    '~elements': elements,
    // Here the types of a step are forgotten: from now on its state, results and items are what the journal holds.
    step: (step) => add({ kind: 'step', name: step.name, step: step as unknown as ErasedStep }),
    each: (step) => add({ kind: 'items', name: step.name, step: step as unknown as ErasedItemStep }),
    include: (part) => add(...part['~elements']),
    gate: (name, title, show) => add({ kind: 'gate', name, title, ...(show && { show: show as Gate['show'] & {} }) }),
    returns: (select: Definition['select']): Workflow<Input, Env, unknown> => {
      if (origin === undefined)
        throw new FederationError(
          'WORKFLOW_INVALID',
          'A piece has no result; include it in a composition begun with compose().',
        );
      checkWhole(origin.name, elements);
      const { name, version, identity, reach, checkJournal, lateMs } = origin;
      return Object.freeze({
        name,
        version,
        steps: elements.map((element) => element.name),
        '~definition': { elements, identity, reach, checkJournal, lateMs, select },
      });
    },
  };
  // `returns` is typed by whether there is an Input, which only the compiler knows.
  return Object.freeze(builder) as Builder<Input, Env, State, Needs, Adds>;
}
