import type { ManagedFields } from '../../kube/objects.ts';
import type { Call } from './call.ts';
import {
  changesOf,
  exclude,
  type FieldSet,
  isEmptySet,
  readFields,
  subtract,
  unite,
  writeSet,
} from './content/fields.ts';
import { nothingOf, shapeOf } from './content/shape.ts';
import { sameJson, timestamp } from './object.ts';
import { apiVersionOfType } from './registry.ts';

/** Who writes. */
type Writer = Pick<Call, 'manager' | 'operation' | 'subresource' | 'type' | 'at'>;

/** An entry as the server writes it. */
interface Entry extends ManagedFields {
  readonly apiVersion?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
}

interface Owned {
  readonly metadata: { readonly managedFields?: readonly Entry[] };
}

/**
 * Notes who wrote what of an object now (`before`: what it was; `after`: what was asked for, before the server gives it
 * what it alone decides), one entry per writer, version and subresource: the fields that changed are the writer's and
 * nobody else's any more. Whoever owns nothing is not named, and an object without entries never gets any again.
 */
export function written(call: Writer, before: Owned | undefined, after: Owned): ManagedFields[] {
  const { manager, operation = 'Update', subresource, type, at } = call;
  const apiVersion = apiVersionOfType(type);
  const known = entriesOf(call, before, after);
  if (known === undefined || (known.length === 0 && before !== undefined)) return [];
  const { written: own, removed } = changesOf(before ?? nothingOf(type), after, shapeOf(type));
  for (const path of resetBy(call)) for (const set of [own, removed]) exclude(set, path);
  const same = (entry: Entry): boolean =>
    entry.manager === manager &&
    entry.operation === operation &&
    entry.apiVersion === apiVersion &&
    entry.subresource === subresource;
  const entries = known.flatMap((entry) => {
    const set = readFields(entry.fieldsV1);
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

/** Whether the same fields have the same owners, whenever they became so. */
export function sameOwners(one: readonly ManagedFields[] = [], other: readonly ManagedFields[] = []): boolean {
  const timeless = (entries: readonly Entry[]): object[] => entries.map(({ time: _t, ...entry }) => entry);
  const others = timeless(other);
  return (
    one.length === other.length &&
    timeless(one).every((entry) => others.some((candidate) => sameJson(entry, candidate)))
  );
}

/** Whoever sends one empty entry wants nobody to own anything. */
function disowned(entries: readonly Entry[]): boolean {
  return entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0;
}

/** The entries to go on from: those sent, if they can be read, else those that are there. `undefined`: given up. */
function entriesOf(call: Writer, before: Owned | undefined, after: Owned): readonly Entry[] | undefined {
  const { subresource, type } = call;
  const sent = subresource === undefined ? (after.metadata.managedFields ?? []) : [];
  if (disowned(sent)) return [];
  const entries = sent.length > 0 && sent.every(isReadable) ? sent : (before?.metadata.managedFields ?? []);
  const versions = type.versions.map((version) => apiVersionOfType({ ...type, version }));
  const isKnown = ({ apiVersion = '' }: Entry): boolean => versions.includes(apiVersion);
  if (entries.every(isKnown)) return entries;
  // The real server drops what another version of a built-in kind wrote, and knows no way on with a custom resource.
  return type.custom ? undefined : entries.filter(isKnown);
}

function isReadable({ operation, apiVersion, fieldsType }: Entry): boolean {
  return (operation === 'Apply' || operation === 'Update') && Boolean(apiVersion) && fieldsType === 'FieldsV1';
}

/** What a write through this address leaves as it was, whatever was sent: nobody owns it for having sent it. */
function resetBy({ type, subresource }: Writer): readonly (readonly string[])[] {
  if (subresource !== 'status') return type.status ? [['f:status']] : [];
  switch (type.storage) {
    case 'customresourcedefinitions.apiextensions.k8s.io':
      return [['f:spec'], ['f:metadata']];
    case 'deployments.apps':
      return [['f:spec'], ['f:metadata', 'f:labels']];
    default:
      return [['f:spec']];
  }
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
