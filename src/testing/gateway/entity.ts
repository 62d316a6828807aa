import type { KubeObject } from '../../kube/objects.ts';
import { isRecord, text } from '../server/object.ts';
import { Refusal } from './refusal.ts';
import { patchTypes, type RoutedRequest } from './routes.ts';

/**
 * The body of a request as go-restful reads it: only under a content type that has a reader. Without one, even good JSON
 * is not read. @throws Refusal 400
 */
export function entityOf({ headers, body }: Pick<RoutedRequest, 'headers' | 'body'>): unknown {
  const type = headers['content-type'] ?? '';
  if (!patchTypes.some((known) => type.includes(known)))
    throw new Refusal(400, `Unable to unmarshal content of type:${type}`);
  if (body.trim() === '') throw new Refusal(400, 'EOF');
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, error instanceof Error ? error.message : 'invalid JSON');
  }
}

/** The body as a JSON object. @throws Refusal 400 */
export function recordEntity(request: Pick<RoutedRequest, 'headers' | 'body'>): Record<string, unknown> {
  const entity = entityOf(request);
  if (isRecord(entity)) return entity;
  throw new Refusal(400, `json: cannot unmarshal ${kindOf(entity)} into a Go value`);
}

/**
 * The body as a Kubernetes object with a name, read into Go's types: `null` is as if nothing was said, and in a map of
 * strings it is the empty one, so that a patch takes off no label. @throws Refusal 400
 */
export function objectEntity(request: Pick<RoutedRequest, 'headers' | 'body'>): KubeObject {
  const entity = withoutNull(recordEntity(request));
  const metadata = isRecord(entity['metadata']) ? entity['metadata'] : {};
  return { ...entity, metadata: { ...metadata, name: text(metadata['name']) ?? '' } } as unknown as KubeObject;
}

const textMaps: ReadonlySet<string> = new Set(['labels', 'annotations']);

function withoutNull(record: Record<string, unknown>, ofText = false): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(record)) {
    if (value === null && ofText) result[field] = '';
    else if (isRecord(value)) result[field] = withoutNull(value, textMaps.has(field));
    else if (value !== null) result[field] = value;
  }
  return result;
}

/** {@link objectEntity} of a PUT, whose name must be that of the path. @throws Refusal 400 */
export function namedEntity(request: Pick<RoutedRequest, 'headers' | 'body'>, name: string): KubeObject {
  const object = objectEntity(request);
  if (object.metadata.name === name) return object;
  throw mismatch(object.metadata.name, name);
}

/** The refusal of a body that names another object than the path. */
export function mismatch(named: string, name: string): Refusal {
  return new Refusal(400, `the name of the object (${named}) does not match the name on the URL (${name})`);
}

/** What Go's JSON reader calls a value. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
}
