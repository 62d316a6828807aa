import { FederationError } from '../errors.ts';
import type { Json } from '../types.ts';
import type { Forecast, Touch } from './change.ts';
import { checkComparable } from './compare.ts';
import type { ErasedItemStep, ErasedState, ErasedStep } from './definition.ts';
import { plain } from './plain.ts';
import type { Meant } from './state.ts';
import type { ListedItem, StepContext } from './step.ts';

type Context = StepContext<ErasedState, unknown>;

/** What a step would do now: plain, without secrets, and comparable later. */
export async function forecastOf(step: ErasedStep, ctx: Context): Promise<Forecast<Json | undefined>> {
  return checked(await step.forecast(ctx), step, `The forecast of step "${step.name}"`);
}

/** What an item step would work on now, checked likewise. */
export async function listedItems(step: ErasedItemStep, ctx: Context): Promise<readonly ListedItem<Json>[]> {
  const listed = await step.items(ctx);
  const seen = new Set<string>();
  return listed.map(({ key, item, forecast }) => {
    if (seen.has(key))
      throw new FederationError(
        'WORKFLOW_INVALID',
        `Step "${step.name}" lists two items with the key "${key}"; keys must be unique.`,
      );
    seen.add(key);
    const what = `Item "${key}" of step "${step.name}"`;
    return {
      key,
      item: plain(item, what),
      forecast: checked(forecast, step, `The forecast of item "${key}" of step "${step.name}"`),
    };
  });
}

/** The forecasts of all items as one. */
export function together(
  items: readonly { readonly key: string; readonly forecast: Forecast<unknown> }[],
): Forecast<unknown> {
  const blocked = items.flatMap(({ key, forecast }) => (forecast.effect === 'blocked' ? [{ key, ...forecast }] : []));
  if (blocked.length > 0)
    return {
      effect: 'blocked',
      why: blocked.map(({ key, why }) => `${key}: ${why}`).join(' '),
      remedy: blocked.map(({ key, remedy }) => `${key}: ${remedy}`).join(' '),
    };
  const unknown = items.flatMap(({ forecast }) => (forecast.effect === 'unknown' ? [forecast] : []));
  const changes = items.flatMap(({ forecast }) => (forecast.effect === 'change' ? forecast.changes : []));
  if (unknown.length > 0)
    return {
      effect: 'unknown',
      why: [...new Set(unknown.map(({ why }) => why))].join(' '),
      touches: distinct([
        ...unknown.flatMap(({ touches }) => touches),
        ...changes.map(({ verb, resource }) => ({ verb, kind: resource.kind })),
      ]),
    };
  const done = items.filter(({ forecast }) => forecast.effect === 'change').length;
  if (done > 0) return { effect: 'change', changes, expects: { done } };
  return {
    effect: 'none',
    why: items.length === 0 ? 'There are no items.' : 'No item needs anything.',
    out: { done: 0 },
  };
}

/** What a forecast says it would change, as the journal keeps it. */
export function meantBy(forecast: Forecast<unknown>): Meant {
  if (forecast.effect === 'change') return { intends: forecast.changes };
  return forecast.effect === 'unknown' ? { intends: [], touches: forecast.touches } : { intends: [] };
}

/** The error of a step that cannot be done now. */
export function blockedError(
  step: string,
  { why, remedy }: Extract<Forecast<unknown>, { readonly effect: 'blocked' }>,
): FederationError {
  return new FederationError('PLAN_BLOCKED', `Step "${step}" cannot be done: ${why} ${remedy}`);
}

function checked<Out>(forecast: Forecast<Out>, step: ErasedStep | ErasedItemStep, what: string): Forecast<Out> {
  // The clone has the shape of what it was made from.
  const clone = plain(forecast, what) as unknown as Forecast<Out>;
  if ('readOnly' in step && writes(clone))
    throw new FederationError(
      'WORKFLOW_INVALID',
      `${what} announces changes, but the step is readOnly: nothing would undo them. Give it a compensate instead, or announce none.`,
    );
  if (clone.effect === 'change' && step.observe !== undefined) checkComparable(clone.changes, step.name);
  return clone;
}

function writes(forecast: Forecast<unknown>): boolean {
  if (forecast.effect === 'change') return forecast.changes.length > 0;
  return forecast.effect === 'unknown' && forecast.touches.length > 0;
}

function distinct(touches: readonly Touch[]): readonly Touch[] {
  return [...new Map(touches.map(({ verb, kind }) => [`${verb} ${kind}`, { verb, kind }])).values()];
}
