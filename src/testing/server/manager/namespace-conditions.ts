import type { ServedType } from '../catalogue.ts';
import { type ApiObject, recordAt, timestamp } from '../object.ts';

/** What is left of a namespace's contents after an attempt to delete them. */
export interface Rest {
  readonly remaining: readonly { readonly type: ServedType; readonly object: ApiObject }[];
  readonly failures: readonly string[];
}

/** `status.conditions` of a namespace after an attempt to empty it: what remains, and why. */
export function conditionsOf(namespace: ApiObject, { remaining, failures }: Rest, at: number): object[] {
  const finalizers = Map.groupBy(
    remaining.flatMap(({ object }) => object.metadata.finalizers ?? []),
    (name) => name,
  );
  const kinds = Map.groupBy(remaining, ({ type }) => `${type.plural}.${type.group}`);
  const known = recordAt(namespace, 'status')['conditions'];
  const condition = (
    type: string,
    bad: boolean,
    reasons: readonly [string, string],
    messages: readonly [string, string],
  ) => {
    const status = bad ? 'True' : 'False';
    const [reason, message] = bad ? [reasons[0], messages[0]] : [reasons[1], messages[1]];
    const before: unknown = Array.isArray(known)
      ? known.find((item: unknown) => recordAt(item)['type'] === type && recordAt(item)['status'] === status)
      : undefined;
    return {
      type,
      status,
      reason,
      message,
      lastTransitionTime: recordAt(before)['lastTransitionTime'] ?? timestamp(at),
    };
  };
  const count = (list: Map<string, readonly unknown[]>, say: (name: string, count: number) => string): string =>
    [...list]
      .map(([name, items]) => say(name, items.length))
      .sort()
      .join(', ');
  return [
    condition(
      'NamespaceDeletionDiscoveryFailure',
      false,
      ['', 'ResourcesDiscovered'],
      ['', 'All resources successfully discovered'],
    ),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      ['', 'ParsedGroupVersions'],
      ['', 'All legacy kube types successfully parsed'],
    ),
    condition(
      'NamespaceDeletionContentFailure',
      failures.length > 0,
      ['ContentDeletionFailed', 'ContentDeleted'],
      [
        `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`,
        'All content successfully deleted, may be waiting on finalization',
      ],
    ),
    condition(
      'NamespaceContentRemaining',
      remaining.length > 0,
      ['SomeResourcesRemain', 'ContentRemoved'],
      [
        `Some resources are remaining: ${count(kinds, (kind, n) => `${kind} has ${n} resource instances`)}`,
        'All content successfully removed',
      ],
    ),
    condition(
      'NamespaceFinalizersRemaining',
      finalizers.size > 0,
      ['SomeFinalizersRemain', 'ContentHasNoFinalizers'],
      [
        `Some content in the namespace has finalizers remaining: ${count(finalizers, (name, n) => `${name} in ${n} resource instances`)}`,
        'All content-preserving finalizers finished',
      ],
    ),
  ];
}
