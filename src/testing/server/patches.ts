import type { Call } from './call.ts';
import { jsonName } from './content/content.ts';
import { shapeOf } from './content/shape.ts';
import { decodePatched } from './decode.ts';
import { jsonPatched } from './json-patch.ts';
import { type ApiObject, copy, type Draft, isRecord } from './object.ts';
import { badRequest, invalid, StatusError, unsupportedMediaType } from './status.ts';
import { goText, strategicMerge } from './strategic-merge.ts';

const mediaTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** Refuses what no API server, or this one, applies. @throws StatusError 415, 422 */
export function checkPatchType({ type: { custom }, query }: Call, mediaType: string): void {
  const { json, merge, strategic, apply } = mediaTypes;
  const takes: readonly string[] = custom ? [json, merge] : [json, merge, strategic];
  if (takes.includes(mediaType)) {
    if (query.get('force') === null) return;
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { field: 'force', type: 'FieldValueForbidden', detail: 'may not be specified for non-apply patch' },
    ]);
  }
  if (custom) throw unsupportedMediaType([json, merge, apply]);
  throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}

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

/** Applies a patch of the media type of the request. @throws StatusError */
export function patched(call: Call, object: ApiObject, mediaType: string, patch: unknown): Draft {
  switch (mediaType) {
    case mediaTypes.json: {
      const outcome = jsonPatched(object, patch);
      return decodePatched(call, outcome, JSON.stringify(outcome), 'json');
    }
    case mediaTypes.merge: {
      if (!isRecord(patch)) throw badRequest(`error decoding patch: ${noMap(patch)}`);
      const outcome = mergePatch(object, patch);
      return decodePatched(call, outcome, JSON.stringify(outcome), 'json');
    }
    default: {
      if (!isRecord(patch)) throw badRequest(noMap(patch));
      const outcome = strategicMerge(object, patch, shapeOf(call.type));
      return decodePatched(call, outcome, goText(patch), 'converted');
    }
  }
}

function noMap(patch: unknown): string {
  return `json: cannot unmarshal ${jsonName(patch)} into Go value of type map[string]interface {}`;
}
