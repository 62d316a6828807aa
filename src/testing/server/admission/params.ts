import type { AdmissionRequest, Ground } from '../call.ts';
import { type ApiObject, isRecord, recordAt, text } from '../object.ts';
import { structuredSelector } from '../selectors.ts';
import { keyOf } from '../store.ts';

/**
 * The objects that a policy is asked with, one after the other: those of its `paramKind` that the binding's `paramRef`
 * names or selects, in the namespace it says or that of the request. One `null` where either is missing.
 *
 * @throws Error where they cannot be told, or are not there and the binding says `Deny`
 */
export function paramsFor(
  { registry, store }: Ground,
  paramKind: unknown,
  paramRef: unknown,
  { call }: AdmissionRequest,
): readonly (ApiObject | null)[] {
  if (!isRecord(paramKind)) return [null];
  const apiVersion = text(paramKind['apiVersion']) ?? '';
  const kind = text(paramKind['kind']) ?? '';
  const type = registry.findKind(apiVersion, kind);
  if (type === undefined) {
    throw new Error(
      `failed to configure policy: failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`,
    );
  }
  if (!isRecord(paramRef)) return [null];
  const asked = text(paramRef['namespace']) ?? '';
  if (asked !== '' && !type.namespaced)
    throw new Error(
      'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    );
  const namespace = asked || call.namespace || (call.type.storage === 'namespaces' ? call.name : '');
  if (type.namespaced && namespace === '') {
    throw new Error(
      'failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  }
  const around = type.namespaced ? namespace : undefined;
  const table = store.table(type.storage);
  const name = text(paramRef['name']) ?? '';
  const selects = structuredSelector(recordAt(paramRef, 'selector'));
  const named = name === '' ? undefined : table.get(keyOf(around, name));
  const found =
    name === ''
      ? table.all().filter(({ metadata }) => metadata.namespace === around && selects(metadata.labels ?? {}))
      : named === undefined
        ? []
        : [named];
  if (found.length === 0 && paramRef['parameterNotFoundAction'] === 'Deny') {
    throw new Error(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  }
  return found;
}
