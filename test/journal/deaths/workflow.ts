import type { Change, Forecast } from '../../../src/workflow/change.ts';
import { compose } from '../../../src/workflow/compose.ts';
import { defineItemStep, defineStep } from '../../../src/workflow/step.ts';
import type { FileWorld, Version } from './file-world.ts';

interface Env {
  readonly world: FileWorld;
  /** Told before and after every write. */
  readonly tell: (what: string) => Promise<void>;
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
async function set({ world, tell }: Env, name: string, value: string, verb: Version['verb']): Promise<void> {
  const now = await world.read(name);
  if (now.value === value && verb !== 'touch') return;
  await tell(`${verb} ${name}`);
  await world.write(name, now.version, value, verb);
  await tell(`${verb} ${name} done`);
}
const namesIn = (intends: readonly Change[]): string[] => intends.map(({ resource }) => resource.name);
const looks = {
  observe: async ({ env, intends }: { readonly env: Env; readonly intends: readonly Change[] }) =>
    Promise.all(namesIn(intends).map(async (name) => (await env.world.read(name)).value)),
  touch: async ({ env, intends }: { readonly env: Env; readonly intends: readonly Change[] }) => {
    for (const name of namesIn(intends)) await set(env, name, (await env.world.read(name)).value, 'touch');
  },
};

const single = <const Name extends string>(name: Name) =>
  defineStep<State, Env>()({
    name,
    title: name,
    ...looks,
    forecast: async ({ env }) => forecast(env, name, { set: name }),
    capture: async ({ env }) => (await env.world.read(name)).value,
    run: async ({ env }) => {
      await set(env, name, 'new', 'run');
      return { set: name };
    },
    compensate: async ({ env, before }) => set(env, name, before, 'undo'),
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
  run: async ({ env, item }) => set(env, item, 'new', 'run'),
  compensate: async ({ env, item, before }) => set(env, item, before, 'undo'),
});

/** Sets every object of the world from old to new. */
export const settingAll = compose<null, Env>({ name: 'setting-all', version: '1.0.0' })
  .step(single('first'))
  .each(many)
  .step(single('last'))
  .returns(({ many: { done } }) => ({ done }));
