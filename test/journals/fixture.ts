import type { Json } from '../../src/types.ts';
import { compose, piece, type Workflow } from '../../src/workflow/compose.ts';
import { defineItemStep, defineStep, type StepContext } from '../../src/workflow/step.ts';
import { changeOf, type World } from '../workflow/world.ts';

/** What the fixture works with: a world of named values, and who is made to fail. */
export interface FixtureEnv {
  readonly world: World;
  /** This step fails, or this item of an item step. */
  readonly fails?: string;
  /** The undo of this step fails. */
  readonly stubborn?: string;
}
interface Start {
  readonly input: { readonly host: string };
}
type Ctx = StepContext<Start, FixtureEnv>;

/** The world before any run. */
export const startWorld: Readonly<Record<string, string>> = {
  host: 'a',
  right: 'yes',
  'p-1': 'team-a',
  'p-2': 'team-a',
  'p-3': 'team-b',
  'p-4': 'none',
  leftover: 'old',
  'sweep-1': 'old',
};

/** Makes `object` have `value`, as carefully as a real step. */
function set(step: string, object: string, value: string | null) {
  const write = async ({ env: { world } }: Ctx, by: string, to: string | null): Promise<void> => {
    if (world.value(object) !== to) await world.write(`${by} ${step}`, object, to, world.version(object));
  };
  return {
    forecast: async ({ env: { world } }: { readonly env: FixtureEnv }) => {
      const now = world.value(object);
      if (now === value) return { effect: 'none', why: 'it is so already', out: { was: now } } as const;
      return { effect: 'change', changes: [changeOf(object, now, value)], expects: { was: now } } as const;
    },
    capture: async ({ env: { world } }: Ctx) => world.value(object),
    run: async (ctx: Ctx & { readonly before: string | null }) => {
      if (ctx.env.fails === step) throw new Error('It was made to fail.');
      await write(ctx, 'run', value);
      return { was: ctx.before };
    },
    observe: async ({ env: { world } }: Ctx): Promise<readonly Json[]> => [world.value(object)],
    touch: async ({ env: { world } }: Ctx) => world.touch(`touch ${step}`, object),
    compensate: async (ctx: Ctx & { readonly before: string | null }) => {
      if (ctx.env.stubborn === step) throw new Error('Its undo was made to fail.');
      await write(ctx, 'undo', ctx.before);
    },
  };
}

/** The same for several objects, each an item. */
function setEach(step: string, values: Readonly<Record<string, string | null>>) {
  type Item = { readonly item: { readonly object: string; readonly value: string | null } };
  const of = ({ object, value }: Item['item']) => set(step, object, value);
  return {
    concurrency: 2,
    items: async (ctx: { readonly env: FixtureEnv }) =>
      Promise.all(
        Object.entries(values).map(async ([object, value]) => {
          const forecast = await of({ object, value }).forecast(ctx);
          const own =
            forecast.effect === 'none' ? { ...forecast, out: undefined } : { ...forecast, expects: undefined };
          return { key: object, item: { object, value }, forecast: own };
        }),
      ),
    capture: (ctx: Ctx & Item) => of(ctx.item).capture(ctx),
    run: async (ctx: Ctx & Item & { readonly before: string | null }) => {
      if (ctx.env.fails === ctx.item.object) throw new Error('It was made to fail.');
      await of(ctx.item).run(ctx);
    },
    observe: (ctx: Ctx & Item) => of(ctx.item).observe(ctx),
    touch: (ctx: Ctx & Item) => of(ctx.item).touch(ctx),
    compensate: (ctx: Ctx & Item & { readonly before: string | null }) => of(ctx.item).compensate(ctx),
  };
}

function withoutUndo<T extends { readonly compensate: unknown }>({ compensate: _, ...rest }: T): Omit<T, 'compensate'> {
  return rest;
}

const step = defineStep<Start, FixtureEnv>();
const each = defineItemStep<Start, FixtureEnv>();

const look = step({
  name: 'look',
  title: 'Look',
  readOnly: true,
  forecast: async ({ env }) => ({ effect: 'none', why: 'it only looks', out: { objects: env.world.objects.size } }),
  run: async ({ env }) => ({ objects: env.world.objects.size }),
});
const wait = step({
  name: 'wait',
  title: 'A reading step that runs',
  readOnly: true,
  forecast: async () => ({ effect: 'unknown', why: 'it waits first', touches: [] }),
  run: async () => 'waited',
});
const fence = step({ name: 'fence', title: 'Fence', ...set('fence', 'fence', 'held'), undoNeeds: ['label', 'join'] });
const right = step({ name: 'right', title: 'Nothing to do', ...set('right', 'right', 'yes') });
const leave = step({ name: 'leave', title: 'Delete', ...set('leave', 'host', null), undoNeeds: ['join'] });
const label = each({
  name: 'label',
  title: 'Items: updated, deleted, made, and one with nothing to do',
  ...setEach('label', { 'p-1': 'team-x', 'p-2': null, 'p-3': 'team-x', 'p-4': 'none', 'p-5': 'team-x' }),
});
const join = step({ name: 'join', title: 'Create', ...set('join', 'host', 'b') });
const pivot = step({
  name: 'pivot',
  title: 'Pivot',
  pivot: true,
  irreversible: 'everything was verified',
  ...withoutUndo(set('pivot', 'phase', 'past-pivot')),
});
const retire = step({
  name: 'retire',
  title: 'Delete for good',
  irreversible: 'it is deleted',
  ...withoutUndo(set('retire', 'leftover', null)),
});
const sweep = each({
  name: 'sweep',
  title: 'Items for good',
  irreversible: 'they are deleted',
  ...withoutUndo(setEach('sweep', { 'sweep-1': null, 'sweep-2': 'new' })),
});

const prepare = piece<Start, FixtureEnv>().step(look).step(fence).step(right);
const move = piece<Start, FixtureEnv>().include(prepare).step(wait).step(leave).each(label);

/**
 * A workflow with every kind of element. Journals of it are kept for every release: change it only as a workflow in use may be changed,
 * and raise its version.
 */
export const fixture: Workflow<Start['input'], FixtureEnv, { readonly was: string | null; readonly labelled: number }> =
  compose<Start['input'], FixtureEnv>({ name: 'kept', version: '1.0.0', identity: async () => 'the world' })
    .include(move)
    .gate('approve', 'Go on?', async ({ env }) => env.world.values())
    .step(join)
    .step(pivot)
    .step(retire)
    .each(sweep)
    .returns((state) => ({ was: state.join.was, labelled: state.label.done }));
