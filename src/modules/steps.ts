import { FederationError } from '../errors.ts';
import type { Change, Forecast } from '../workflow/change.ts';
import type { ListedItem, StepContext } from '../workflow/step.ts';
import { observeChanges, touchChanges } from './changes.ts';
import { clusterByName, type FederationEnv } from './env.ts';
import { foresee, type Operation, runAndVerify } from './operation.ts';
import type { Work } from './work.ts';

/** What a step of a module's workflow is given: while planning, an earlier step's result may be missing. */
export type Known<State> = StepContext<State, FederationEnv>;

/** The work of a step: every write is preceded by the question whether this driver still is the driver. */
const held = <State>(ctx: Known<State>): Known<State> & Work => ({ ...ctx, assertHeld: ctx.confirmDriver });

const looks = {
  observe: ({ env, ...ctx }: Known<unknown> & { readonly intends: readonly Change[] }) =>
    observeChanges(clusterByName(env), ctx),
  touch: ({ env, ...ctx }: Known<unknown> & { readonly intends: readonly Change[] }): Promise<void> =>
    touchChanges(clusterByName(env), ctx),
};

/** How the operations of a step are performed. */
interface Performing {
  /** They are taken back when a later step fails: `false` where the step is `irreversible`. @defaultValue true */
  readonly undone?: boolean;
}

/** What an operation would do. Rights are asked for while planning: a run that is under way goes as far as it may, and no check undoes it. */
export const foreseen = <Before, Out>(
  operation: Operation<Before, Out>,
  ctx: StepContext<unknown, FederationEnv>,
  undone: boolean,
): Promise<Forecast<Out>> => (ctx.epoch === 0 ? foresee(operation, ctx, undone) : operation.forecast(ctx));

/** The functions of a step that performs one operation; `make` yields nothing while planning does not know enough. */
export function operates<State extends object, Before, Out>(
  make: (known: Known<State>) => Promise<Operation<Before, Out> | undefined>,
  { undone = true }: Performing = {},
) {
  const made = async (known: Known<State>): Promise<Operation<Before, Out>> => {
    const operation = await make(known);
    if (operation === undefined)
      throw new FederationError('WORKFLOW_INVALID', 'A step ran before what it needs was known.');
    return operation;
  };
  return {
    ...looks,
    async forecast(ctx: StepContext<unknown, FederationEnv>): Promise<Forecast<Out>> {
      // What is known for sure is known while planning, too; the compiler cannot see that of an open State.
      const operation = await make(ctx as Known<State>);
      if (operation !== undefined) return foreseen(operation, ctx, undone);
      return { effect: 'unknown', why: 'it depends on what earlier steps find', touches: [] };
    },
    capture: async (ctx: Known<State>): Promise<Before> => (await made(ctx)).capture(ctx),
    run: async (ctx: Known<State> & { readonly before: Before }): Promise<Out> =>
      runAndVerify(await made(ctx), held(ctx), ctx.before),
    compensate: async (ctx: Known<State> & { readonly before: Before; readonly out: Out | undefined }): Promise<void> =>
      (await made(ctx)).compensate(held(ctx), ctx.before, ctx.out),
  };
}

/** The functions of an item step that performs one operation for each item. `list` yields items by key. */
export function operatesOnEach<State extends object, Item, Before>(
  list: (known: Known<State>) => Promise<readonly { readonly key: string; readonly item: Item }[]>,
  make: (known: Known<State>, item: Item) => Promise<Operation<Before, void>>,
  { undone = true }: Performing = {},
) {
  type Of = Known<State> & { readonly item: Item };
  return {
    ...looks,
    items: async (ctx: StepContext<unknown, FederationEnv>): Promise<readonly ListedItem<Item>[]> => {
      const known = ctx as Known<State>;
      return Promise.all(
        (await list(known)).map(async ({ key, item }) => ({
          key,
          item,
          forecast: await foreseen(await make(known, item), known, undone),
        })),
      );
    },
    capture: async (ctx: Of): Promise<Before> => (await make(ctx, ctx.item)).capture(ctx),
    run: async (ctx: Of & { readonly before: Before }): Promise<void> => {
      await runAndVerify(await make(ctx, ctx.item), held(ctx), ctx.before);
    },
    compensate: async (ctx: Of & { readonly before: Before }): Promise<void> =>
      (await make(ctx, ctx.item)).compensate(held(ctx), ctx.before, undefined),
  };
}
