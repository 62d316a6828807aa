import type { ResourceRef } from '../types.ts';
import type { Meant, RunState, StepRecord } from './state.ts';

/** Tells objects apart. */
function keyOf({ cluster, kind, namespace = '', name }: ResourceRef): string {
  return [cluster, kind, namespace, name].join('\n');
}

/** What a step was to change, for each of its captured targets that `counts`. */
function meantIn({ captured, items, undone }: StepRecord, counts: 'captured' | 'not undone'): readonly Meant[] {
  const all = counts === 'captured';
  if (captured !== undefined) return all || !undone ? [captured] : [];
  return [...(items?.all.values() ?? [])].filter((item) => item.captured > 0 && (all || !(undone || item.undone)));
}

/**
 * What was captured after step `name` and is not undone, as a look-up: which step still holds an object that a target was to change.
 * An undo that went before would be taken for done, since the object is as it was in between; the later one would then destroy it.
 * Where a step could not say what it would change, every object of a kind that it may touch counts.
 */
export function heldAfter(state: RunState, name: string): (target: Meant) => string | undefined {
  const restores = new Set(state.opened.steps.filter(({ undo }) => undo === 'restores').map((step) => step.name));
  const byObject = new Map<string, string>();
  const byKind = new Map<string, string>();
  const byUnknown = new Map<string, string>();
  for (const later of state.order.slice(state.order.indexOf(name) + 1)) {
    const record = state.steps.get(later);
    if (record === undefined || !restores.has(later)) continue;
    for (const { intends, touches = [] } of meantIn(record, 'not undone')) {
      for (const { resource } of intends) {
        byObject.set(keyOf(resource), later);
        byKind.set(resource.kind, later);
      }
      for (const { kind } of touches) byUnknown.set(kind, later);
    }
  }
  return ({ intends, touches = [] }) =>
    [
      ...intends.map(({ resource }) => byObject.get(keyOf(resource)) ?? byUnknown.get(resource.kind)),
      ...touches.map(({ kind }) => byKind.get(kind) ?? byUnknown.get(kind)),
    ].find((one) => one !== undefined);
}

/** Which objects one target of the run names, and no other may touch: what is there can only come from that one. */
export function namedOnce(state: RunState): (resource: ResourceRef) => boolean {
  const names = new Map<string, number>();
  const unknown = new Set<string>();
  const writing = new Set(state.opened.steps.filter(({ undo }) => undo !== 'reads only').map(({ name }) => name));
  for (const [, record] of [...state.steps].filter(([name]) => writing.has(name)))
    for (const { intends, touches = [] } of meantIn(record, 'captured')) {
      for (const { resource } of intends) names.set(keyOf(resource), (names.get(keyOf(resource)) ?? 0) + 1);
      for (const { kind } of touches) unknown.add(kind);
    }
  return (resource) => names.get(keyOf(resource)) === 1 && !unknown.has(resource.kind);
}
