import type { Change, Forecast } from '../../../src/workflow/change.ts';
import { compose } from '../../../src/workflow/compose.ts';
import { defineItemStep, defineStep } from '../../../src/workflow/step.ts';
import type { FileWorld, Version } from './file-world.ts';

interface Env {
  readonly world: FileWorld;
  /** Told before and after every write, and before it is asked for. */
  readonly tell: () => Promise<void>;
}
interface State {
  readonly input: null;
}

/** Objects of the world, in the order in which the workflow sets them. */
export const names = ['first', ...Array.from({ length: 8 }, (_, index) => `item-${index}`), 'last'] as const;

async function forecast<Out>({ world }: Env, name: string, out: Out): Promise<Forecast<Out>> {
  const { value } = await world.read(name);
  if (value === 'new') return { effect: 'none', why: 'It is so already.', out };
  return { effect: 'change', changes: [changeOf(name, value)] };
}
function changeOf(name: string, before: string): Change {
  const resource = { cluster: 'files', apiVersion: 'v1', kind: 'Value', name };
  return { verb: 'update', resource, before, after: 'new' };
}
/** What {@link set} needs of a step's context. */
interface Writing {
  readonly env: Env;
  readonly confirmDriver: () => Promise<void>;
}

/**
 * Reads, asks whether this driver still holds the run, and writes upon what it has read. Frozen before the answer, it learns that it was
 * overtaken; frozen after it, what it has read is older than the touch of whoever overtook it.
 */
async function set({ env, confirmDriver }: Writing, name: string, value: string, verb: Version['verb']): Promise<void> {
  const { world, tell } = env;
  const now = await world.read(name);
  if (now.value === value && verb !== 'touch') return;
  await tell();
  await confirmDriver();
  await tell();
  await world.write(name, now.version, value, verb);
  await tell();
}
const namesIn = (intends: readonly Change[]): string[] => intends.map(({ resource }) => resource.name);
const looks = {
  observe: async ({ env, intends }: { readonly env: Env; readonly intends: readonly Change[] }) =>
    Promise.all(namesIn(intends).map(async (name) => (await env.world.read(name)).value)),
  touch: async (ctx: Writing & { readonly intends: readonly Change[] }) => {
    for (const name of namesIn(ctx.intends)) await set(ctx, name, (await ctx.env.world.read(name)).value, 'touch');
  },
};

const single = <const Name extends string>(name: Name) =>
  defineStep<State, Env>()({
    name,
    title: name,
    ...looks,
    forecast: async ({ env }) => forecast(env, name, { set: name }),
    capture: async ({ env }) => (await env.world.read(name)).value,
    run: async (ctx) => {
      await set(ctx, name, 'new', 'run');
      return { set: name };
    },
    compensate: async (ctx) => set(ctx, name, ctx.before, 'undo'),
  });

const many = defineItemStep<State, Env>()({
  name: 'many',
  title: 'many',
  concurrency: 3,
  ...looks,
  items: async ({ env }) =>
    Promise.all(
      names
        .slice(1, -1)
        .map(async (name) => ({ key: name, item: name, forecast: await forecast(env, name, undefined) })),
    ),
  capture: async ({ env, item }) => (await env.world.read(item)).value,
  run: async (ctx) => set(ctx, ctx.item, 'new', 'run'),
  compensate: async (ctx) => set(ctx, ctx.item, ctx.before, 'undo'),
});

/** Sets every object of the world from old to new. */
export const settingAll = compose<null, Env>({ name: 'setting-all', version: '1.0.0', identity: 'any' })
  .step(single('first'))
  .each(many)
  .step(single('last'))
  .returns(({ many: { done } }) => ({ done }));
