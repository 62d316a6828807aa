/** Never run: `tsc` holds the composition to it. Every line under an expect-error comment must stay an error. */
import { FederationError } from '../../src/errors.ts';
import { compose, piece } from '../../src/workflow/compose.ts';
import type { Run } from '../../src/workflow/handle.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { run } from '../../src/workflow/run.ts';
import { defineItemStep, defineStep } from '../../src/workflow/step.ts';

interface Input {
  readonly m: string;
  readonly extra: number;
}
interface Env {
  readonly a: number;
  readonly b: string;
}
interface Report {
  readonly x: string;
  readonly list: readonly { readonly y?: number }[];
}
declare const report: Report;
declare const journal: JournalStore;
declare const unknown: unknown;
const unsure = async () => ({ effect: 'unknown', why: 'x', touches: [] }) as const;

const one = defineStep<{ input: { m: string } }, { a: number }>()({
  name: 'one',
  title: 'One',
  readOnly: true,
  forecast: async () => ({ effect: 'none', why: 'x', out: { v: 1 } }),
  run: async () => ({ v: 1 }),
});
const two = defineStep<{ one: { v: number } }, { b: string }>()({
  name: 'two',
  title: 'Two',
  forecast: unsure,
  capture: async () => ({ label: 'a' }),
  run: async ({ before, state }) => ({ w: state.one.v, l: before.label }),
  unseen: 'It is for the types.',
  compensate: async ({ before, out }) => {
    before.label satisfies string;
    out?.w satisfies number | undefined;
  },
});
const three = defineStep<{ two: { w: number } }, object>()({
  name: 'three',
  title: 'Three',
  irreversible: 'gone',
  pivot: true,
  forecast: unsure,
  run: async () => report,
});
const many = defineItemStep<{ one: { v: number } }, Env>()({
  name: 'unbind',
  title: 'Unbind',
  items: async () => [{ key: 'a', item: { ns: 'a' }, forecast: { effect: 'change', changes: [] } }],
  capture: async ({ item }) => ({ was: item.ns }),
  run: async ({ item, before }) => {
    (item.ns + before.was) satisfies string;
  },
  unseen: 'It is for the types.',
  compensate: async ({ item, before }) => {
    (item.ns + before.was) satisfies string;
  },
});
const start = compose<Input, Env>({ name: 'w', version: '1', identity: 'any' });
const part = piece<{ readonly input: { readonly m: string }; readonly one: { readonly v: number } }, Env>()
  .step(two)
  .each(many);
const whole = start
  .step(one)
  .include(part)
  .gate('go', 'Go?')
  .step(three)
  .returns((s) => ({ n: s.one.v, w: s.two.w, d: s.unbind.done, x: s.three.x }));

export async function use(): Promise<void> {
  const handle: Run<{ n: number; w: number; d: number; x: string }> = await run(
    whole,
    { m: 'a', extra: 1 },
    { env: { a: 1, b: '' }, journal },
  );
  handle.on('step:progress', (event) => event.count?.done satisfies number | undefined);
  handle.on('*', (event) => event.type satisfies string);
  const outcome = await handle.settled();
  if (outcome.state === 'completed') outcome.output.n satisfies number;
  if (outcome.state === 'paused') outcome.gate?.fingerprint satisfies string | undefined;
  // @ts-expect-error a handle is no promise
  handle.then;
}

// @ts-expect-error order: "two" needs the result of "one"
start.step(two);
// @ts-expect-error the needs of a piece
start.include(part);
// @ts-expect-error a name twice
start.step(one).step(one);
// @ts-expect-error a name twice, through a piece
start.step(one).step(two).include(part);
start.step(
  // @ts-expect-error the name "input" is taken
  defineStep<{ input: Input }, Env>()({
    name: 'input',
    title: '',
    readOnly: true,
    forecast: unsure,
    run: async () => 1,
  }),
);
// @ts-expect-error undo forgotten
defineStep<{ input: Input }, Env>()({ name: 'n', title: '', forecast: unsure, run: async () => 1 });
start.step(
  // @ts-expect-error the result is no plain JSON
  defineStep<{ input: Input }, Env>()({
    name: 'd',
    title: '',
    readOnly: true,
    forecast: unsure,
    run: async () => ({ when: new Date() }),
  }),
);
start.step(
  // @ts-expect-error what is captured is no plain JSON
  defineStep<{ input: Input }, Env>()({
    name: 'd',
    title: '',
    forecast: unsure,
    capture: async () => new Map(),
    run: async () => 1,
    unseen: 'It is for the types.',
    compensate: async () => undefined,
  }),
);
// @ts-expect-error a piece has no result
part.returns((s) => s);
// @ts-expect-error the env is not complete
run(whole, { m: 'a', extra: 1 }, { env: { b: '' }, journal });
// @ts-expect-error the input is not complete
run(whole, { m: 'a' }, { env: { a: 1, b: '' }, journal });
defineItemStep<{ input: Input }, Env>()({
  name: 'p',
  title: '',
  readOnly: true,
  // @ts-expect-error an item step is never the pivot
  pivot: true,
  items: async () => [],
  capture: async () => null,
  run: async () => undefined,
});

// Nested pieces: what the inner one needs, the outer one or those before it must bring.
const inner = piece<{ readonly input: { readonly m: string }; readonly one: { readonly v: number } }, Env>().step(two);
const outer = piece<{ readonly input: { readonly m: string } }, Env>().step(one).include(inner);
start.include(outer).step(three);
// @ts-expect-error the inner piece needs "one", which the outer one does not bring
piece<{ readonly input: { readonly m: string } }, Env>().include(inner);
// @ts-expect-error a step that comes only after the piece that needs it
start.include(inner).step(one);
// @ts-expect-error a name twice, through nested pieces
start.step(one).include(outer);
// @ts-expect-error a name twice, within a piece
piece<{ readonly input: { readonly m: string } }, Env>().step(one).step(one);
// @ts-expect-error the same piece twice
start.include(outer).include(outer);
// @ts-expect-error a piece for another env
compose<Input, { readonly a: number }>({ name: 'w', version: '1', identity: 'any' }).include(outer);
// @ts-expect-error a piece for another input
compose<{ readonly other: string }, Env>({ name: 'w', version: '1', identity: 'any' }).include(outer);

// A step must say how it is undone, and one way only.
const undoable = { name: 'u', title: '', forecast: unsure, run: async () => 1 } as const;
const step = defineStep<{ input: Input }, Env>();
step({ ...undoable, unseen: 'It is for the types.', compensate: async () => undefined });
step({ ...undoable, readOnly: true });
step({ ...undoable, irreversible: 'it is sent' });
// @ts-expect-error undo forgotten
step(undoable);
// @ts-expect-error a reason is needed
step({ ...undoable, irreversible: true });
// @ts-expect-error a step either reads only or not
step({ ...undoable, readOnly: false });

const items = defineItemStep<{ input: Input }, Env>();
const listed = {
  name: 'i',
  title: '',
  items: async () => [{ key: 'a', item: { ns: 'a' }, forecast: { effect: 'change', changes: [] } }] as const,
  capture: async () => null,
  run: async () => undefined,
} as const;
start.each(items({ ...listed, unseen: 'It is for the types.', compensate: async () => undefined }));
// @ts-expect-error undo forgotten
items(listed);
start.each(
  // @ts-expect-error what is captured of an item is no plain JSON
  items({
    ...listed,
    capture: async () => new Set<string>(),
    unseen: 'It is for the types.',
    compensate: async () => undefined,
  }),
);
start.each(
  // @ts-expect-error an item is no plain JSON
  items({
    ...listed,
    items: async () => [{ key: 'a', item: { since: new Date() }, forecast: { effect: 'change', changes: [] } }],
    unseen: 'It is for the types.',
    compensate: async () => undefined,
  }),
);
start.each(
  // @ts-expect-error an item holds a function
  items({
    ...listed,
    items: async () => [{ key: 'a', item: { go: () => 1 }, forecast: { effect: 'change', changes: [] } }],
    unseen: 'It is for the types.',
    compensate: async () => undefined,
  }),
);

// What a step foresees of itself is of the kind that it yields; what earlier ones will yield may not be known yet.
step({ ...undoable, readOnly: true, forecast: async () => ({ effect: 'none', why: 'x', out: 2 }) });
// @ts-expect-error the result foreseen is another than that of run
step({ ...undoable, readOnly: true, forecast: async () => ({ effect: 'none', why: 'x', out: 'two' }) });
defineStep<{ one: { v: number } }, Env>()({
  ...undoable,
  readOnly: true,
  forecast: async ({ state }) => ({ effect: 'none', why: 'x', out: state.one?.v ?? 0 }),
});
defineStep<{ one: { v: number } }, Env>()({
  ...undoable,
  readOnly: true,
  // @ts-expect-error while planning, "one" may not have a result yet
  forecast: async ({ state }) => ({ effect: 'none', why: 'x', out: state.one.v }),
});

if (FederationError.is(unknown, 'PLAN_STALE', 'DRIVER_LOST')) unknown.code satisfies 'PLAN_STALE' | 'DRIVER_LOST';
// @ts-expect-error no such code
FederationError.is(unknown, 'PLAN_STAEL');
