import type { ResourceRef } from '../types.ts';
import type { Change } from './change.ts';
import type { RunState, StepRecord } from './state.ts';

/** Tells objects apart. */
export function keyOf({ cluster, kind, namespace = '', name }: ResourceRef): string {
  return [cluster, kind, namespace, name].join('\n');
}

/** What a step said it would change, for each of its captured targets that `counts`. */
export function intentsOf(
  { captured, items, undone }: StepRecord,
  counts: 'captured' | 'not undone',
): readonly (readonly Change[])[] {
  const all = counts === 'captured';
  if (captured !== undefined) return all || !undone ? [captured.intends] : [];
  return [...(items?.all.values() ?? [])].flatMap((item) =>
    item.captured > 0 && (all || !(undone || item.undone)) ? [item.intends] : [],
  );
}

/**
 * What was captured after step `name` and is not undone, as a look-up: which step still has the object of a change. An undo that
 * went before would be taken for done, since the object is as it was in between; the later one would then destroy it.
 */
export function heldAfter(state: RunState, name: string): (intends: readonly Change[]) => string | undefined {
  const restores = new Set(state.opened.steps.filter(({ undo }) => undo === 'restores').map((step) => step.name));
  const holders = new Map<string, string>();
  for (const later of state.order.slice(state.order.indexOf(name) + 1)) {
    const record = state.steps.get(later);
    if (record === undefined || !restores.has(later)) continue;
    for (const { resource } of intentsOf(record, 'not undone').flat()) holders.set(keyOf(resource), later);
  }
  return (intends) => intends.map(({ resource }) => holders.get(keyOf(resource))).find((one) => one !== undefined);
}
