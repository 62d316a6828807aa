import type { ManagedFields } from '../../kube/objects.ts';
import type { Call } from './call.ts';
import { changesOf, type FieldSet, isEmptySet, readSet, subtract, unite, writeSet } from './content/fields.ts';
import { nothingOf, shapeOf } from './content/shape.ts';
import { timestamp } from './object.ts';
import { apiVersionOfType } from './registry.ts';

/** Who writes. */
type Writer = Pick<Call, 'manager' | 'operation' | 'subresource' | 'type' | 'at'>;

/** An entry as the server writes it. */
interface Entry extends ManagedFields {
  readonly apiVersion?: string;
  readonly fieldsV1?: unknown;
}

/**
 * Notes who wrote what of an object now (`before`: what it was), one entry per writer, version and subresource: the
 * fields that changed are the writer's and nobody else's any more. Whoever owns nothing is not named.
 */
export function written(
  call: Writer,
  before: { readonly metadata: object } | undefined,
  after: object,
): ManagedFields[] {
  const { manager, operation = 'Update', subresource, type, at } = call;
  const apiVersion = apiVersionOfType(type);
  const known = before === undefined ? [] : entriesOf(before);
  const { written: own, removed } = changesOf(before ?? nothingOf(type), after, shapeOf(type));
  const same = (entry: Entry): boolean =>
    entry.manager === manager &&
    entry.operation === operation &&
    entry.apiVersion === apiVersion &&
    entry.subresource === subresource;
  const entries = known.flatMap((entry) => {
    const set = readSet(entry.fieldsV1);
    subtract(set, removed);
    if (same(entry)) {
      unite(own, set);
      return [];
    }
    subtract(set, own);
    return isEmptySet(set) ? [] : [{ ...entry, fieldsV1: writeSet(set) }];
  });
  if (isEmptySet(own)) return entries;
  return [...entries, entryOf({ manager, operation, apiVersion, subresource, time: timestamp(at), set: own })];
}

function entriesOf({
  metadata,
}: {
  readonly metadata: { readonly managedFields?: readonly Entry[] };
}): readonly Entry[] {
  return metadata.managedFields ?? [];
}

function entryOf(of: {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  readonly time: string;
  readonly set: FieldSet;
}): Entry & Record<string, unknown> {
  const { manager, operation, apiVersion, subresource, time, set } = of;
  return {
    manager,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: writeSet(set),
    ...(subresource === undefined ? {} : { subresource }),
  };
}
