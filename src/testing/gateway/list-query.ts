import type { KubeObject } from '../../kube/objects.ts';
import { parseLabelSelector } from '../server/label-selector.ts';

/** What ks-apiserver's lists answer. */
export interface ListResult<T> {
  readonly items: readonly T[];
  /** On all pages together. */
  readonly totalItems: number;
}

/** A filter of a list by something else than metadata; `undefined` where `field` is nothing it knows. */
export type ExtraFilter<T> = (object: T, field: string, value: string) => boolean | undefined;

const ownParameters: ReadonlySet<string> = new Set(['page', 'limit', 'sortBy', 'ascending', 'labelSelector']);

/**
 * Selects, sorts and cuts a list as ks-apiserver's lists do (pkg/apiserver/query, pkg/models/resources/v1alpha3): newest
 * first unless told otherwise, pages counted from 1, every other parameter a filter, and one that is unknown matches nothing.
 */
export function listResult<T extends KubeObject>(
  objects: readonly T[],
  query: URLSearchParams,
  extra?: ExtraFilter<T>,
): ListResult<T> {
  const selected = selector(query.get('labelSelector') ?? '');
  const filters = [...query].filter(([field]) => !ownParameters.has(field));
  const found = objects.filter(
    (object) =>
      selected(object.metadata.labels ?? {}) &&
      filters.every(([field, value]) => extra?.(object, field, value) ?? metadataFilter(object, field, value)),
  );
  const greatestFirst = query.get('sortBy') === 'name' ? byName : byTime;
  const ascending = query.get('ascending') === 'true';
  found.sort((one, other) => (ascending ? greatestFirst(other, one) : greatestFirst(one, other)));
  const limit = whole(query.get('limit')) ?? -1;
  const offset = ((whole(query.get('page')) ?? 1) - 1) * limit;
  const items = limit === -1 ? found : limit < 0 || offset < 0 ? [] : found.slice(offset, offset + limit);
  return { items, totalItems: found.length };
}

function whole(value: string | null): number | undefined {
  return value !== null && /^[+-]?\d+$/.test(value) ? Number(value) : undefined;
}

/** A selector that cannot be read selects everything. */
function selector(source: string): (labels: Readonly<Record<string, string>>) => boolean {
  try {
    return parseLabelSelector(source);
  } catch {
    return () => true;
  }
}

function byName(one: KubeObject, other: KubeObject): number {
  const [a, b] = [one.metadata.name, other.metadata.name];
  return a < b ? 1 : a > b ? -1 : 0;
}

function byTime(one: KubeObject, other: KubeObject): number {
  const at = ({ metadata }: KubeObject): number => Date.parse(metadata.creationTimestamp ?? '');
  return at(other) - at(one) || byName(one, other);
}

function metadataFilter({ metadata }: KubeObject, field: string, value: string): boolean {
  const { name, namespace = '', uid, labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  switch (field) {
    case 'names':
      return value.split(',').includes(name);
    case 'name':
      return name.includes(value);
    case 'uid':
      return uid === value;
    case 'namespace':
      return namespace === value;
    case 'ownerReference':
      return ownerReferences.some((owner) => owner.uid === value);
    case 'ownerKind':
      return ownerReferences.some(({ kind }) => kind === value);
    case 'label':
      return selector(value)(labels);
    case 'annotation':
      return selector(value)(annotations);
    default:
      return false;
  }
}
