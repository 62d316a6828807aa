import { FederationError } from '../../../src/errors.ts';
import type { Json } from '../../../src/types.ts';
import type { Change } from '../../../src/workflow/change.ts';
import { compose, type Piece, piece, type Workflow } from '../../../src/workflow/compose.ts';
import type { ErasedItemStep, ErasedState, ErasedStep } from '../../../src/workflow/definition.ts';
import type { StepContext } from '../../../src/workflow/step.ts';
import { changeOf } from '../world.ts';
import type { Author, Stored, Value } from './durable.ts';
import { canary, type Process } from './process.ts';
import { type ElementSpec, flat, type Scenario, type SetSpec } from './scenario.ts';

/** What the generated steps work with: the process that they run in. */
interface Env {
  readonly process: Process;
}
/** A workflow made of a scenario. */
export type ModelWorkflow = Workflow<Json, Env, ErasedState>;

type Ctx = StepContext<ErasedState, unknown>;
type Role = Author['role'];

/** One object as a step of this run sees and changes it, by the recipe of rule 9: read, make sure of the claim, write what was read. */
class Handle {
  readonly #ctx: Ctx;
  readonly #process: Process;
  readonly #by: Author;
  readonly #name: string;

  constructor(ctx: Ctx, role: Role, step: string, name: string) {
    this.#ctx = ctx;
    this.#process = (ctx.env as Env).process;
    this.#by = { process: this.#process.id, role, step };
    this.#name = name;
  }

  async read(): Promise<Stored | undefined> {
    return this.#call(false, () => this.#process.durable.read(this.#name));
  }

  async touch(): Promise<void> {
    await this.#call(true, () => this.#process.durable.touch(this.#by, this.#name));
  }

  /** Makes the object hold `wanted`; refuses where it holds something that is none of `expected` (if given). */
  async make(wanted: Value, expected?: readonly Value[]): Promise<void> {
    const { durable } = this.#process;
    for (let attempt = 1; ; attempt += 1) {
      const now = await this.read();
      if (now === undefined ? wanted === null : !now.inert && now.value === wanted) return;
      if (expected !== undefined && now?.inert !== true && !expected.includes(now?.value ?? null))
        throw new FederationError('WORLD_MOVED', `${this.#name} was changed by somebody else.`);
      await this.#ctx.confirmDriver();
      try {
        if (wanted === null) await this.#call(true, () => durable.remove(this.#by, this.#name, now?.version ?? 0));
        else {
          const version = now?.version ?? (await this.#call(true, () => durable.create(this.#by, this.#name)));
          if (now === undefined) await this.#ctx.confirmDriver();
          await this.#call(true, () => durable.update(this.#by, this.#name, wanted, version));
        }
        return;
      } catch (error) {
        if (!FederationError.is(error, 'CONFLICT') || attempt > 5) throw error;
        await this.#ctx.confirmDriver();
      }
    }
  }

  #call<T>(effect: boolean, work: () => T): Promise<T> {
    const { role, step } = this.#by;
    return this.#process.call({ effect, what: role, step }, work, this.#ctx.signal);
  }
}

/** The workflow of a scenario, put together by the public builder; nested pieces stay nested. */
export function workflowOf(scenario: Scenario): ModelWorkflow {
  const names = flat(scenario.elements).map((_, index) => `s${index}`);
  const all = namedElements(scenario, names);
  const walk = (elements: readonly ElementSpec[], start: Part): Part =>
    elements.reduce((part: Part, element) => {
      if (element.kind === 'piece') return part.include(walk(element.parts, piece() as unknown as Part));
      const [make] = all.splice(0, 1);
      return make === undefined ? part : make(part);
    }, start);
  const identity = async ({ process }: Env): Promise<Json> =>
    process.call({ effect: false, what: 'identity' }, () => 'the world');
  const origin = compose<Json, Env>({ name: 'model', version: '1.0.0', identity });
  return walk(scenario.elements, origin as unknown as Part).returns((state) => state);
}

/** The builder without the types that only the compiler needs. */
interface Part extends Piece<object, Env, object> {
  step(step: ErasedStep): Part;
  each(step: ErasedItemStep): Part;
  gate(name: string, title: string, show: (ctx: Ctx) => Promise<unknown>): Part;
  include(part: Part): Part;
  readonly returns: (select: (state: ErasedState) => ErasedState) => ModelWorkflow;
}

function namedElements(scenario: Scenario, names: readonly string[]): ((part: Part) => Part)[] {
  const { pivot, bad, foreign } = scenario;
  // Where others may change things at any moment a step has to look for itself; else it may trust the engine.
  const careful = foreign !== null && 'effect' in foreign.at;
  let single = -1;
  let past = false;
  return flat(scenario.elements).map((element, index) => {
    const name = names[index] ?? '';
    const fails = bad?.element === index ? bad.when : null;
    if (element.kind === 'gate')
      return (part) =>
        part.gate(name, name, async ({ env }) => {
          const { process } = env as Env;
          return process.call({ effect: false, what: 'show' }, () => process.durable.values());
        });
    if (element.kind === 'look') return (part) => part.step(lookStep(name));
    if (element.kind === 'items') {
      const step = itemStep(name, element.sets, element.concurrency, {
        fails,
        careful,
        irreversible: past,
        blind: false,
      });
      return (part) => part.each(step);
    }
    single += 1;
    const isPivot = pivot === single;
    const irreversible = past || isPivot;
    past ||= isPivot;
    const blind = element.blind === true;
    const step = setStep(name, element.sets, { fails, careful: careful || blind, irreversible, blind });
    return (part) => part.step(isPivot ? { ...step, pivot: true } : step);
  });
}

interface Manner {
  readonly fails: 'before' | 'after' | null;
  readonly careful: boolean;
  readonly irreversible: boolean;
  readonly blind: boolean;
}

const timeoutMs = 5_000;
/** What steps of other people throw and tell: with what they should not. */
const careless = `It prints its header: Authorization: Bearer ${canary}`;
const failure = (when: 'before' | 'after'): Error =>
  when === 'before'
    ? new Error(careless)
    : new FederationError('STEP_FAILED', careless, { cause: new Error(careless) });

function setStep(name: string, sets: readonly SetSpec[], manner: Manner): ErasedStep {
  const of = (ctx: Ctx, role: Role, object: string): Handle => new Handle(ctx, role, name, object);
  const values = async (ctx: Ctx): Promise<Value[]> => {
    const now: Value[] = [];
    for (const { object } of sets) now.push((await of(ctx, 'run', object).read())?.value ?? null);
    return now;
  };
  const step = {
    name,
    title: name,
    timeoutMs,
    forecast: async (ctx: Ctx) => {
      const now = await values(ctx);
      const changes = changesOf(sets, now);
      if (changes.length === 0) return { effect: 'none', why: 'It is so already.', out: null };
      if (manner.blind)
        return {
          effect: 'unknown',
          why: 'It will see.',
          touches: [{ verb: 'update', kind: changes[0]?.resource.kind }],
        };
      return { effect: 'change', changes, expects: null };
    },
    capture: values,
    run: async (ctx: Ctx & { readonly before: Json }) => {
      ctx.progress(careless);
      if (manner.fails === 'before') throw failure('before');
      for (const { object, value, before } of changedOf(sets, ctx.before))
        await of(ctx, 'run', object).make(value, manner.careful ? [before, value] : undefined);
      if (manner.fails === 'after') throw failure('after');
      return null;
    },
    ...(manner.blind ? {} : looks(name)),
    ...(manner.irreversible
      ? { irreversible: 'It is past the pivot.' }
      : {
          compensate: async (ctx: Ctx & { readonly before: Json }) => {
            for (const { object, value, before } of changedOf(sets, ctx.before).toReversed())
              await of(ctx, 'undo', object).make(before, manner.careful ? [before, value] : undefined);
          },
        }),
  };
  return step as unknown as ErasedStep;
}

function itemStep(name: string, sets: readonly SetSpec[], concurrency: number, manner: Manner): ErasedItemStep {
  const specOf = (ctx: { readonly item: Json }): SetSpec => ctx.item as unknown as SetSpec;
  type ItemCtx = Ctx & { readonly item: Json };
  const step = {
    name,
    title: name,
    timeoutMs,
    concurrency,
    items: async (ctx: Ctx) => {
      const listed = [];
      for (const spec of sets) {
        const now = (await new Handle(ctx, 'run', name, spec.object).read())?.value ?? null;
        const changes = changesOf([spec], [now]);
        const forecast =
          changes.length === 0
            ? { effect: 'none', why: 'It is so already.', out: undefined }
            : { effect: 'change', changes };
        listed.push({ key: spec.object, item: { ...spec }, forecast });
      }
      return listed;
    },
    capture: async (ctx: ItemCtx) => (await new Handle(ctx, 'run', name, specOf(ctx).object).read())?.value ?? null,
    run: async (ctx: ItemCtx & { readonly before: Json }) => {
      if (manner.fails === 'before') throw failure('before');
      const { object, value } = specOf(ctx);
      const expected = manner.careful ? [textOf(ctx.before), value] : undefined;
      await new Handle(ctx, 'run', name, object).make(value, expected);
      if (manner.fails === 'after') throw failure('after');
    },
    ...looks(name),
    ...(manner.irreversible
      ? { irreversible: 'It is past the pivot.' }
      : {
          compensate: async (ctx: ItemCtx & { readonly before: Json }) => {
            const { object, value } = specOf(ctx);
            const before = textOf(ctx.before);
            const expected = manner.careful ? [before, value] : undefined;
            await new Handle(ctx, 'undo', name, object).make(before, expected);
          },
        }),
  };
  return step as unknown as ErasedItemStep;
}

function lookStep(name: string): ErasedStep {
  const step = {
    name,
    title: name,
    timeoutMs,
    readOnly: true,
    forecast: async (ctx: Ctx) => {
      await new Handle(ctx, 'run', name, 'a').read();
      return { effect: 'unknown', why: 'It looks when it runs.', touches: [] };
    },
    run: async (ctx: Ctx) => ({ inert: (await new Handle(ctx, 'run', name, 'a').read())?.inert ?? false }),
  };
  return step as unknown as ErasedStep;
}

/** How the engine sees and fences the objects of a step. What this run created and did not make effective yet counts as intended: undo must take it away. */
function looks(name: string) {
  type LookCtx = Ctx & { readonly intends: readonly Change[] };
  return {
    observe: async (ctx: LookCtx) => {
      const now: unknown[] = [];
      for (const { resource, after } of ctx.intends) {
        const stored = await new Handle(ctx, 'run', name, resource.name).read();
        now.push(stored?.inert === true ? (after ?? null) : (stored?.value ?? null));
      }
      return now;
    },
    touch: async (ctx: LookCtx) => {
      for (const { resource } of ctx.intends) await new Handle(ctx, 'touch', name, resource.name).touch();
    },
  };
}

function changesOf(sets: readonly SetSpec[], now: readonly Value[]): Change[] {
  return sets.flatMap(({ object, value }, index) => {
    const before = now[index] ?? null;
    return before === value ? [] : [changeOf(object, before, value)];
  });
}

/** What a step changes, by its capture: nothing that was as it should be. */
function changedOf(sets: readonly SetSpec[], captured: Json): readonly (SetSpec & { readonly before: Value })[] {
  const befores = Array.isArray(captured) ? captured : [];
  return sets
    .map((spec, index) => ({ ...spec, before: textOf(befores[index] ?? null) }))
    .filter(({ value, before }) => value !== before);
}

function textOf(value: Json): Value {
  return typeof value === 'string' ? value : null;
}
