import { applyPatch } from 'rfc6902';
import { type ApiObject, copy, isRecord } from './object.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status.ts';

const mediaTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return copy(patch);
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}

/** Lists that a strategic merge patch merges: by an element's key, or (without key) as a set. */
const mergedLists: Readonly<Record<string, string | undefined>> = {
  'metadata.ownerReferences': 'uid',
  'metadata.finalizers': undefined,
};

/**
 * Strategic merge of Kubernetes, as far as metadata needs it: finalizers and ownerReferences merge, with
 * `$patch: delete|replace` and `$deleteFromPrimitiveList/…`; every other list is replaced, as in a merge patch.
 */
function strategicPatch(target: unknown, patch: unknown, path: string): unknown {
  if (!isRecord(patch)) return copy(patch);
  if (patch['$patch'] === 'replace') return mergePatch({}, withoutDirective(patch));
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith('$setElementOrder/') || field === '$retainKeys') continue;
    const from = field.startsWith('$deleteFromPrimitiveList/')
      ? field.slice('$deleteFromPrimitiveList/'.length)
      : undefined;
    const at = path === '' ? field : `${path}.${field}`;
    if (from !== undefined) {
      const gone: readonly unknown[] = Array.isArray(value) ? value : [];
      const list: readonly unknown[] = Array.isArray(result[from]) ? result[from] : [];
      result[from] = list.filter((item) => !gone.includes(item));
    } else if (value === null) delete result[field];
    else if (Array.isArray(value) && at in mergedLists)
      result[field] = mergeList(result[field], value, mergedLists[at]);
    else result[field] = strategicPatch(result[field], value, at);
  }
  return result;
}

function withoutDirective(patch: Record<string, unknown>): Record<string, unknown> {
  const { $patch: _directive, ...rest } = patch;
  return rest;
}

/** New elements come first, as the real server has it. */
function mergeList(target: unknown, patch: readonly unknown[], key: string | undefined): unknown[] {
  const isReplace = (item: unknown): boolean => isRecord(item) && item['$patch'] === 'replace';
  if (patch.some(isReplace)) return patch.filter((item) => !isReplace(item));
  let rest: readonly unknown[] = Array.isArray(target) ? target : [];
  const first: unknown[] = [];
  for (const item of patch) {
    const same = (known: unknown): boolean =>
      key === undefined ? known === item : isRecord(known) && isRecord(item) && known[key] === item[key];
    const found = rest.find(same);
    rest = rest.filter((known) => !same(known));
    if (!isRecord(item)) first.push(item);
    else if (item['$patch'] !== 'delete') first.push(strategicPatch(found, item, ''));
  }
  return [...first, ...rest];
}

function jsonPatch(object: ApiObject, patch: unknown): unknown {
  if (!Array.isArray(patch) || !patch.every(isOperation)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  }
  const target = copy<unknown>(object);
  for (const operation of patch) {
    const failure = applyPatch(target, [operation])[0];
    // Why it failed is not told: the real server keeps it to itself as well.
    if (failure)
      throw new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
  return target;
}

type JsonOperation = Parameters<typeof applyPatch>[1][number];

function isOperation(value: unknown): value is JsonOperation {
  return isRecord(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string';
}

/** Applies a patch of the media type of the request. Custom resources take no strategic merge. */
export function patched(object: ApiObject, mediaType: string, patch: unknown, custom: boolean): unknown {
  switch (mediaType) {
    case mediaTypes.json:
      return jsonPatch(object, patch);
    case mediaTypes.merge:
      if (!isRecord(patch))
        throw badRequest(
          'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
        );
      return mergePatch(object, patch);
    case mediaTypes.strategic:
      if (!custom && isRecord(patch)) return strategicPatch(object, patch, '');
  }
  const { json, merge, apply } = mediaTypes;
  if (custom) throw unsupportedMediaType([json, merge, apply]);
  throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}
