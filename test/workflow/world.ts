import { FederationError } from '../../src/errors.ts';
import type { Json } from '../../src/types.ts';
import type { Change } from '../../src/workflow/change.ts';
import type { Workflow } from '../../src/workflow/compose.ts';
import type { Element, ErasedItemStep, ErasedState, ErasedStep } from '../../src/workflow/definition.ts';
import type { StepContext } from '../../src/workflow/step.ts';
import { checkAddition, checkWhole } from '../../src/workflow/well-formed.ts';

/** One object: its value decides; `version` is what preconditions look at. */
interface Stored {
  readonly value: string;
  readonly version: number;
}

/** A tiny world of named values, with preconditions like those of an API server, and a record of every write. */
export class World {
  readonly objects: Map<string, Stored>;
  readonly writes: { readonly by: string; readonly verb: 'set' | 'delete' | 'touch'; readonly name: string }[];
  /** Called around every write of the steps; may throw in place of the answer, or never end. */
  around: (when: 'before' | 'after', what: string) => Promise<void> = async () => undefined;
  readonly #clock = { version: 0 };

  /** With `same`, another view of that world with its own {@link World.around}: what one process sees of it. */
  constructor(start: Readonly<Record<string, string>> = {}, same?: World) {
    this.objects = same?.objects ?? new Map();
    this.writes = same?.writes ?? [];
    if (same !== undefined) this.#clock = same.#clock;
    for (const [name, value] of Object.entries(start)) this.put(name, value);
  }

  /** What somebody else does. */
  put(name: string, value: string | null): void {
    this.#clock.version += 1;
    if (value === null) this.objects.delete(name);
    else this.objects.set(name, { value, version: this.#clock.version });
  }

  value(name: string): string | null {
    return this.objects.get(name)?.value ?? null;
  }

  version(name: string): number {
    return this.objects.get(name)?.version ?? 0;
  }

  values(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.objects].map(([name, { value }]): [string, string] => [name, value]).sort());
  }

  /** Writes `value` (`null` deletes) if the object is still at `version`. */
  async write(by: string, name: string, value: string | null, version: number): Promise<void> {
    await this.around('before', `${by} ${name}`);
    if (this.version(name) !== version) throw new FederationError('CONFLICT', `${name} has changed.`);
    this.put(name, value);
    this.writes.push({ by, verb: value === null ? 'delete' : 'set', name });
    await this.around('after', `${by} ${name}`);
  }

  async touch(by: string, name: string): Promise<void> {
    const stored = this.objects.get(name);
    if (stored === undefined) return;
    await this.around('before', `${by} touch ${name}`);
    this.put(name, stored.value);
    this.writes.push({ by, verb: 'touch', name });
    await this.around('after', `${by} touch ${name}`);
  }
}

export interface Env {
  readonly world: World;
}
type Ctx = StepContext<ErasedState, unknown>;

/** The world of a context: every test workflow has an {@link Env}. */
export function worldOf(ctx: { readonly env: unknown }): World {
  return (ctx.env as Env).world;
}

/** The change that makes `name` have `after`. */
export function changeOf(name: string, before: string | null, after: string | null): Change {
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  return {
    verb,
    resource: { cluster: 'm', apiVersion: 'v1', kind: 'Value', name },
    ...(before !== null && { before }),
    ...(after !== null && { after }),
  };
}

function textOrNull(value: Json): string | null {
  return typeof value === 'string' ? value : null;
}

/** A step that makes object `object` have `value` (`null`: be gone), as carefully as a real one. */
export function setStep(name: string, object: string, value: string | null, more: Partial<ErasedStep> = {}): Element {
  const step = {
    name,
    title: name,
    forecast: async (ctx: Ctx) => {
      const now = worldOf(ctx).value(object);
      return now === value
        ? { effect: 'none', why: 'It is so already.', out: { was: now } }
        : { effect: 'change', changes: [changeOf(object, now, value)], expects: { was: now } };
    },
    capture: async (ctx: Ctx) => worldOf(ctx).value(object),
    run: async (ctx: Ctx & { readonly before: Json }) => {
      const world = worldOf(ctx);
      if (world.value(object) !== value) await world.write(`run ${name}`, object, value, world.version(object));
      return { was: ctx.before };
    },
    observe: async (ctx: Ctx) => [worldOf(ctx).value(object)],
    touch: async (ctx: Ctx) => worldOf(ctx).touch(`touch ${name}`, object),
    compensate: async (ctx: Ctx & { readonly before: Json }) => {
      const world = worldOf(ctx);
      await world.write(`undo ${name}`, object, textOrNull(ctx.before), world.version(object));
    },
    ...more,
  };
  return { kind: 'step', name, step: step as ErasedStep };
}

/** A step that fails before it has done anything. */
export function failing(name: string): Element {
  return setStep(name, `${name}-object`, '1', {
    run: async () => {
      throw new Error('no luck');
    },
  });
}

/** The same element, which nobody can look at or fence. */
export function unseen(element: Element): Element {
  if (element.kind === 'gate') return element;
  const { observe: _observe, touch: _touch, ...rest } = element.step;
  // Of a step that was one without them.
  return { ...element, step: { ...rest, unseen: 'Nobody can look.' } } as Element;
}

/** An item step that does the same for each of `values`. */
export function setItems(
  name: string,
  values: Readonly<Record<string, string | null>> | (() => Readonly<Record<string, string | null>>),
  more: Partial<ErasedItemStep> = {},
): Element {
  const list = typeof values === 'function' ? values : () => values;
  const of = (item: Json): { object: string; value: string | null } => item as { object: string; value: string | null };
  const step = {
    name,
    title: name,
    items: async (ctx: Ctx) =>
      Object.entries(list()).map(([object, value]) => {
        const now = worldOf(ctx).value(object);
        return {
          key: object,
          item: { object, value },
          forecast:
            now === value
              ? { effect: 'none', why: 'It is so already.', out: undefined }
              : { effect: 'change', changes: [changeOf(object, now, value)] },
        };
      }),
    capture: async (ctx: Ctx & { readonly item: Json }) => worldOf(ctx).value(of(ctx.item).object),
    run: async (ctx: Ctx & { readonly item: Json }) => {
      const { object, value } = of(ctx.item);
      const world = worldOf(ctx);
      if (world.value(object) !== value) await world.write(`run ${name}`, object, value, world.version(object));
    },
    observe: async (ctx: Ctx & { readonly item: Json }) => [worldOf(ctx).value(of(ctx.item).object)],
    touch: async (ctx: Ctx & { readonly item: Json }) => worldOf(ctx).touch(`touch ${name}`, of(ctx.item).object),
    compensate: async (ctx: Ctx & { readonly item: Json; readonly before: Json }) => {
      const world = worldOf(ctx);
      const { object } = of(ctx.item);
      await world.write(`undo ${name}`, object, textOrNull(ctx.before), world.version(object));
    },
    ...more,
  };
  return { kind: 'items', name, step: step as ErasedItemStep };
}

/** A step that only looks. */
export function lookStep(name: string, more: Partial<ErasedStep> = {}): Element {
  const step = {
    name,
    title: name,
    readOnly: true,
    forecast: async () => ({ effect: 'none', why: 'It only looks.', out: { seen: name } }),
    run: async () => ({ seen: name }),
    ...more,
  };
  return { kind: 'step', name, step: step as ErasedStep };
}

/** What a test may choose of a workflow. */
export interface WorkflowOptions {
  readonly name?: string;
  readonly version?: string;
  readonly identity?: (env: Env) => Promise<Json>;
  readonly reach?: (env: Env, run: { readonly pastPivot: boolean }) => Promise<void>;
  readonly lateMs?: number;
}

/** A workflow put together at run time: the types of its steps are forgotten, its rules are checked. */
export function workflowOf(
  elements: readonly Element[],
  options: WorkflowOptions = {},
): Workflow<Json, Env, ErasedState> {
  const { name = 'test', version = '1.0.0', identity, reach, lateMs } = options;
  checkAddition([], elements);
  checkWhole(name, elements);
  return {
    name,
    version,
    steps: elements.map((element) => element.name),
    '~definition': {
      elements,
      identity: identity && ((env) => identity(env as Env)),
      reach: reach && ((env, run) => reach(env as Env, run)),
      checkJournal: undefined,
      lateMs: lateMs === undefined ? undefined : () => lateMs,
      select: (state) => state,
    },
  };
}
