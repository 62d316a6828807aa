import type { Jsonable, Logger, RetryPolicy } from '../types.ts';
import type { Change, Forecast } from './change.ts';

/** What every function of a step is given. */
export interface StepContext<State, Env> {
  /** The input, and what each earlier step yielded, by step name. */
  readonly state: State;
  readonly env: Env;
  /** Aborted when the run pauses, when the attempt's time is over, and when the driver lost its claim. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly runId: string;
  /** Counted from 1. */
  readonly attempt: number;
  /** Sequence number of this drive's `driving` record; 0 while planning. */
  readonly epoch: number;
  /**
   * Asked before a conflict (409) is answered by reading again. A step without another fence of its own also asks between reading an
   * object and writing it with the version that was read: a driver that was frozen anywhere and overtaken then writes nothing, since
   * its successor touches what is half done. Calls made at the same time share one renewal.
   * @throws FederationError DRIVER_LOST unless this driver's claim was renewed after the call began, TIMEOUT where the journal does not
   *   answer for as long as a claim lasts, or the error of `signal` once that is aborted.
   */
  readonly confirmDriver: () => Promise<void>;
  /** Tells listeners how far this step is. */
  readonly progress: (message: string, count?: { readonly done: number; readonly total: number }) => void;
}

/** While planning, what an earlier step will yield may not be known yet. */
export type Foreseen<State> = { readonly [K in keyof State]: K extends 'input' ? State[K] : State[K] | undefined };

/** How the engine, which knows no Kubernetes, sees and fences what a step changes. */
export interface Looks<Ctx> {
  /**
   * Reads only. The objects of `intends` as they are now, in the same order, `null` where absent, in the form of
   * `Change.before`. Compared before a compensation, and before `run` on resume.
   */
  readonly observe?: (ctx: Ctx & { readonly intends: readonly Change[] }) => Promise<readonly unknown[]>;
  /**
   * Really changes each existing object of `intends` (an annotation with `ctx.epoch`), so that a late write of a former
   * attempt or driver fails its precondition. Called on takeover, and before the undo of what is captured and not done.
   */
  readonly touch?: (ctx: Ctx & { readonly intends: readonly Change[] }) => Promise<void>;
}

/** Forgetting how to undo is a compile error, and so is forgetting to look before it, without a word about that. */
export type Undo<Ctx, Before, Out> = Looks<Ctx> &
  (
    | ({
        /** Restores `before`. May be called twice, and also where `run` failed half way: `out` is then absent. */
        readonly compensate: (ctx: Ctx & { readonly before: Before; readonly out: Out | undefined }) => Promise<void>;
        /** What a person does where this undo fails. @defaultValue a sentence naming the objects */
        readonly remedy?: string;
      } & (
        | Required<Pick<Looks<Ctx>, 'observe'>>
        | {
            /** Why nothing can be compared before the undo, for the plan: it then overwrites what others made of the objects. */
            readonly unseen: string;
          }
      ))
    | { readonly readOnly: true }
    | {
        /** Why it cannot be undone, for the plan. Allowed from the pivot on only. */
        readonly irreversible: string;
      }
  );

/** What every step says of itself. */
export interface StepBase<Name extends string> {
  /** Key of the step in journal and state. */
  readonly name: Name;
  readonly title: string;
  /** Later steps that must be undone for this undo to stand on: while one of them is not, this one is residue. */
  readonly undoNeeds?: readonly string[];
  /** For each function of the step. */
  readonly retry?: RetryPolicy | false;
  /** Per attempt; an undo gets three times as long. @defaultValue no limit */
  readonly timeoutMs?: number;
}

/** One named, recorded, undoable part of a workflow. Function-typed properties on purpose: methods are bivariant. */
export type Step<Name extends string, State, Env, Before, Out> = StepBase<Name> &
  Undo<StepContext<State, Env>, Before, Out> & {
    /** From its `captured` record on the run goes only forward. At most one in a workflow. */
    readonly pivot?: boolean;
    /** Reads only. What `run` would do now: asked by `plan`, and again before `run`, so that finished work is skipped. */
    readonly forecast: (ctx: StepContext<Foreseen<State>, Env>) => Promise<Forecast<Out>>;
    /** Reads only. What undo will need; in the journal before `run` starts, and never taken again. */
    readonly capture?: (ctx: StepContext<State, Env>) => Promise<Before>;
    /** May be called twice; recognises its own half-finished work. */
    readonly run: (ctx: StepContext<State, Env> & { readonly before: Before }) => Promise<Out>;
  };

/** One of the things an item step works on. */
export interface ListedItem<Item> {
  /** Unique in its step. */
  readonly key: string;
  readonly item: Item;
  readonly forecast: Forecast<void>;
}

/** One step over many items: each has its own capture, retry, record and outcome; a bad one is named, the others are not redone. */
export type ItemStep<Name extends string, State, Env, Item, Before> = StepBase<Name> &
  Undo<StepContext<State, Env> & { readonly item: Item }, Before, undefined> & {
    /** Items worked on at once. @defaultValue 8 */
    readonly concurrency?: number;
    /**
     * Reads only. Journalled whole before the first capture; resume takes the list from there. Asked again on resume and
     * before the step is done: a key that was not there halts with `WORLD_MOVED`.
     */
    readonly items: (ctx: StepContext<Foreseen<State>, Env>) => Promise<readonly ListedItem<Item>[]>;
    /** Reads only. */
    readonly capture: (ctx: StepContext<State, Env> & { readonly item: Item }) => Promise<Before>;
    /** May be called twice. */
    readonly run: (ctx: StepContext<State, Env> & { readonly item: Item; readonly before: Before }) => Promise<void>;
  };

/** Whether `T` survives JSON unchanged. */
export type IsPlain<T> = unknown extends T
  ? true
  : // biome-ignore lint/suspicious/noConfusingVoidType: a step without a result yields void, which is plain.
    [T] extends [void]
    ? true
    : [T] extends [Jsonable<T>]
      ? true
      : false;

/** Results travel through the journal: what is not plain JSON yields a type that no composition takes. */
export type Checked<S, Before, Out> =
  IsPlain<Before> extends false
    ? { readonly 'not plain JSON': 'capture' }
    : IsPlain<Out> extends false
      ? { readonly 'not plain JSON': 'run' }
      : S;

/**
 * Makes a step. `State` is what it needs from before, `Env` what it works with.
 *
 * Write `forecast`, `capture`, `run`, and only then `observe`, `touch` and `compensate`: types are inferred from top to bottom, so that
 * what `capture` and `run` yield is what `compensate` is given.
 *
 * @example
 * ```ts
 * import { defineStep } from 'kubesphere-federation';
 *
 * export const rename = defineStep<{ input: { to: string } }, { names: Map<string, string> }>()({
 *   name: 'rename',
 *   title: 'Rename it',
 *   forecast: async ({ env, state }) => {
 *     const resource = { cluster: 'here', apiVersion: 'v1', kind: 'Name', name: 'it' };
 *     const before = env.names.get('it');
 *     const change = before === undefined ? { verb: 'create' as const } : { verb: 'update' as const, before };
 *     return { effect: 'change', changes: [{ ...change, resource, after: state.input.to }] };
 *   },
 *   capture: async ({ env }) => env.names.get('it') ?? null,
 *   run: async ({ env, state }) => void env.names.set('it', state.input.to),
 *   observe: async ({ env, intends }) => intends.map(({ resource }) => env.names.get(resource.name) ?? null),
 *   compensate: async ({ env, before }) => void (before === null ? env.names.delete('it') : env.names.set('it', before)),
 * });
 * ```
 * A step that also fences what a former driver may still write, with `touch`: `examples/own-workflow.ts` in the repository.
 */
export function defineStep<State extends object, Env>() {
  return <const Name extends string, Before = null, Out = void>(
    step: Step<Name, State, Env, Before, Out>,
  ): Checked<Step<Name, State, Env, Before, Out>, Before, Out> =>
    // The compiler cannot resolve a conditional type of open parameters; at run time it is the step itself.
    step as Checked<Step<Name, State, Env, Before, Out>, Before, Out>;
}

/** Makes a step over many items; see {@link defineStep}. */
export function defineItemStep<State extends object, Env>() {
  return <const Name extends string, Item, Before>(
    step: ItemStep<Name, State, Env, Item, Before>,
  ): Checked<ItemStep<Name, State, Env, Item, Before>, Before, Item> =>
    step as Checked<ItemStep<Name, State, Env, Item, Before>, Before, Item>;
}
