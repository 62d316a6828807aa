import { FederationError } from '../errors.ts';
import type { Json } from '../types.ts';
import type { Change } from './change.ts';
import { nameOf, type Standing, standings } from './compare.ts';
import type { ErasedItemStep, ErasedStep } from './definition.ts';
import type { Call, Context } from './drive.ts';
import type { ItemRecord, StepRecord } from './state.ts';

/** What is captured, run and undone as one: a step, or one item of an item step. */
export interface Target {
  readonly step: ErasedStep | ErasedItemStep;
  readonly key: string | undefined;
  readonly item: Json;
  /** Sequence number of its capture. */
  readonly seq: number;
  readonly before: Json;
  readonly intends: readonly Change[];
  readonly done: boolean;
  /** Undefined where undo has nothing to do. */
  readonly compensate: ((ctx: Context) => Promise<void>) | undefined;
}

/** Runs one function of a step under rule 10, forward or to undo. */
export type Way = <T>(what: Call, work: (ctx: Context) => Promise<T>) => Promise<T>;

/** A captured step as a target. */
export function stepTarget(step: ErasedStep, { captured, finished }: StepRecord): Target | undefined {
  if (captured === undefined) return undefined;
  const { before } = captured;
  const out = finished?.out;
  const compensate = 'compensate' in step ? (ctx: Context) => step.compensate({ ...ctx, before, out }) : undefined;
  return { step, key: undefined, item: null, ...captured, done: finished !== undefined, compensate };
}

/** A captured item as a target; of one that is done, `before` has to be given. */
export function itemTarget(
  step: ErasedItemStep,
  record: ItemRecord,
  before: Json = record.before,
): Target & { readonly key: string } {
  const { key, item, intends, captured, done } = record;
  const compensate =
    'compensate' in step ? (ctx: Context) => step.compensate({ ...ctx, item, before, out: undefined }) : undefined;
  return { step, key, item, intends, seq: captured, before, done, compensate };
}

/** Where the objects of a target stand; `undefined` where the step cannot tell. */
export async function look({ step, item, intends }: Target, way: Way): Promise<readonly Standing[] | undefined> {
  const { observe } = step;
  if (observe === undefined || intends.length === 0) return undefined;
  return way('The observation', async (ctx) => standings(intends, await observe({ ...ctx, item, intends }), step.name));
}

/** Fences the objects of a target against late writes. */
export async function fence({ step, item, intends }: Target, way: Way): Promise<void> {
  const { touch } = step;
  if (touch !== undefined && intends.length > 0) await way('The touch', (ctx) => touch({ ...ctx, item, intends }));
}

/**
 * Rule 2's guard of `run` on resume.
 * @throws FederationError WORLD_MOVED where an object is neither what it was nor what was intended.
 */
export async function refuseMoved(target: Target, way: Way): Promise<void> {
  const standing = await look(target, way);
  const moved = target.intends.filter((_, index) => standing?.[index] === 'moved');
  if (moved.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${moved.map(({ resource }) => nameOf(resource)).join(', ')} is neither what it was nor what this run would make of it: somebody else changed it while the run rested. Make it one of the two and resume, or roll back.`,
  );
}
