import { FederationError } from '../errors.ts';
import { canonical, digest } from '../internal/digest.ts';
import type { Json } from '../types.ts';
import type { Change, Forecast } from './change.ts';
import { nameOf } from './compare.ts';
import type { PlannedStep } from './planned.ts';

/** The part of a forecast that a plan is compared by. */
function deciding(forecast: Forecast<unknown>): unknown {
  switch (forecast.effect) {
    case 'none':
      return { effect: 'none', decides: forecast.decides ?? forecast.out ?? null };
    case 'change':
      return { effect: 'change', changes: sorted(forecast.changes) };
    case 'unknown':
      return { effect: 'unknown', touches: sorted(forecast.touches) };
    case 'blocked':
      return { effect: 'blocked' };
  }
}

/** What {@link fingerprintOf} covers besides the steps. */
interface PlanScope {
  readonly workflow: string;
  readonly version: string;
  readonly input: Json;
  readonly identity: Json;
}

/** Equal for two plans that decide the same. */
export function fingerprintOf(scope: PlanScope, steps: readonly PlannedStep[]): string {
  const { workflow, version, input, identity } = scope;
  return digest({ workflow, version, input, identity, steps: steps.map(decidingStep) });
}

/** The part of a planned step that decides. */
export function decidingStep({ name, forecast, items }: PlannedStep): unknown {
  if (items === undefined) return { name, forecast: deciding(forecast) };
  return { name, items: sorted(items.map((item) => ({ key: item.key, forecast: deciding(item.forecast) }))) };
}

/**
 * Holds a step to its plan, an item step item by item: what was known must be as it was, what was not may be anything that was announced
 * for it. Only where no item at all was known may other items take their place, within what was announced for the step.
 * @throws FederationError PLAN_STALE where what it would do now is not what was planned.
 */
export function holdTo(planned: PlannedStep, now: Pick<PlannedStep, 'forecast' | 'items'>): void {
  const why =
    planned.items === undefined || now.items === undefined || isUnknown(planned.items)
      ? difference(planned.forecast, now.forecast)
      : itemDifference(planned.items, now.items);
  if (why === undefined) return;
  throw new FederationError(
    'PLAN_STALE',
    `Step "${planned.name}" is no longer what was planned: ${why}. Nothing of it was done; make a new plan and look at it.`,
  );
}

type Items = NonNullable<PlannedStep['items']>;

/** Nothing was known of what the list would hold: it stands for what is to be found. */
function isUnknown(items: Items): boolean {
  return items.length > 0 && items.every(({ forecast }) => forecast.effect === 'unknown');
}

function itemDifference(planned: Items, now: Items): string | undefined {
  const before = new Map(planned.map((item) => [item.key, item.forecast]));
  for (const { key, forecast } of now) {
    const known = before.get(key);
    if (known === undefined) return `"${key}" has been added`;
    const why = difference(known, forecast);
    if (why !== undefined) return `of "${key}", ${why}`;
    before.delete(key);
  }
  const [gone] = before.keys();
  return gone === undefined ? undefined : `"${gone}" is gone`;
}

function difference(planned: Forecast<unknown>, now: Forecast<unknown>): string | undefined {
  if (planned.effect === 'unknown') return beyond(planned.touches, now);
  if (planned.effect !== now.effect) return `planned was "${planned.effect}", now it is "${now.effect}"`;
  if (planned.effect === 'change' && now.effect === 'change') return changesDifference(planned.changes, now.changes);
  return canonical(deciding(planned)) === canonical(deciding(now)) ? undefined : 'what it found has changed';
}

/** What was not known while planning may turn out to be anything that was announced. */
function beyond(
  touches: readonly { readonly verb: Change['verb']; readonly kind: string }[],
  now: Forecast<unknown>,
): string | undefined {
  const wants =
    now.effect === 'change'
      ? now.changes.map(({ verb, resource }) => ({ verb, kind: resource.kind }))
      : now.effect === 'unknown'
        ? now.touches
        : [];
  const extra = wants.find(({ verb, kind }) => !touches.some((touch) => touch.verb === verb && touch.kind === kind));
  return extra === undefined ? undefined : `it would ${extra.verb} a ${extra.kind}, which was not announced`;
}

function changesDifference(planned: readonly Change[], now: readonly Change[]): string | undefined {
  const exact = new Map<string, number>();
  const left = new Map<string, { readonly change: Change; count: number }>();
  for (const change of now) {
    const [key, loose] = [canonical(change), canonical(withoutUid(change))];
    exact.set(key, (exact.get(key) ?? 0) + 1);
    left.set(loose, { change, count: (left.get(loose)?.count ?? 0) + 1 });
  }
  // Those that name a UID choose first: the others take any.
  const [named, others] = [planned.filter(hasUid), planned.filter((change) => !hasUid(change))];
  for (const change of [...named, ...others]) {
    const key = canonical(change);
    const there = left.get(canonical(withoutUid(change)));
    const count = hasUid(change) ? exact.get(key) : there?.count;
    if (there === undefined || count === undefined || count === 0)
      return `the planned ${change.verb} of ${nameOf(change.resource)} is not what it would do now`;
    there.count -= 1;
    if (hasUid(change)) exact.set(key, count - 1);
  }
  const extra = [...left.values()].find(({ count }) => count > 0);
  return extra === undefined ? undefined : `it would also ${extra.change.verb} ${nameOf(extra.change.resource)}`;
}

function hasUid({ resource }: Change): boolean {
  return resource.uid !== undefined;
}

/** A plan that names no UID means any: before its object exists there is none. */
function withoutUid(change: Change): Change {
  const { uid: _, ...resource } = change.resource;
  return { ...change, resource };
}

function sorted(values: readonly unknown[]): readonly unknown[] {
  return values.map((value) => canonical(value)).sort();
}
