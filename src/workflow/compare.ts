import { FederationError } from '../errors.ts';
import { canonical } from '../internal/digest.ts';
import type { Change } from './change.ts';

/** Where an object stands between what it was and what it was meant to be. */
export type Standing = 'before' | 'intended' | 'moved';

/**
 * Rule 2's comparison: for each intended change, where its object stands now.
 * @throws FederationError WORKFLOW_INVALID where `now` does not answer for each change.
 */
export function standings(intends: readonly Change[], now: readonly unknown[], step: string): readonly Standing[] {
  if (now.length !== intends.length)
    throw new FederationError(
      'WORKFLOW_INVALID',
      `observe of step "${step}" answered for ${now.length} objects where ${intends.length} were asked; it must answer for each, null where absent.`,
    );
  return intends.map((change, index) => {
    const is = canonical(now[index] ?? null);
    if (is === canonical(change.before ?? null)) return 'before';
    return is === canonical(change.after ?? null) ? 'intended' : 'moved';
  });
}

/** Refuses changes that could not be compared later: an object that stays or comes needs `after`, one that was needs `before`. */
export function checkComparable(changes: readonly Change[], step: string): void {
  for (const { verb, resource, before, after } of changes) {
    const lacks =
      verb !== 'create' && before === undefined ? 'before' : verb !== 'delete' && after === undefined ? 'after' : null;
    if (lacks !== null)
      throw new FederationError(
        'WORKFLOW_INVALID',
        `Step "${step}" has observe, but its ${verb} of ${nameOf(resource)} gives no "${lacks}"; without it nobody can tell whether it took place.`,
      );
  }
}

/** An object in words. */
export function nameOf({ cluster, kind, namespace, name }: Change['resource']): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} on ${cluster}`;
}
