import type { ServedType } from './catalogue.ts';
import { copy, type Draft, isRecord } from './object.ts';
import { apiVersionOfType } from './registry.ts';
import { badRequest, invalid, type StatusError } from './status.ts';

const textFields = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'deletionTimestamp',
  'creationTimestamp',
];

function isTextMap(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((item) => typeof item === 'string');
}

function isOwnerReference(value: unknown): boolean {
  return isRecord(value) && ['apiVersion', 'kind', 'name', 'uid'].every((field) => typeof value[field] === 'string');
}

/** What is wrong with the shape of `metadata`, as the real decoder words it. */
function shapeError(metadata: Record<string, unknown>): string | undefined {
  for (const field of textFields) {
    const value = metadata[field];
    if (value !== undefined && typeof value !== 'string')
      return goError(value, `ObjectMeta.metadata.${field}`, 'string');
  }
  for (const field of ['labels', 'annotations']) {
    const value = metadata[field];
    if (value === undefined || isTextMap(value)) continue;
    const first = isRecord(value) ? Object.values(value).find((item) => typeof item !== 'string') : undefined;
    const at = `ObjectMeta.metadata.${field}`;
    return first === undefined ? goError(value, at, 'map[string]string') : goError(first, at, 'string');
  }
  const { finalizers, ownerReferences } = metadata;
  if (
    finalizers !== undefined &&
    !(Array.isArray(finalizers) && finalizers.every((item) => typeof item === 'string'))
  ) {
    return goError(finalizers, 'ObjectMeta.metadata.finalizers', '[]string');
  }
  if (ownerReferences !== undefined && !(Array.isArray(ownerReferences) && ownerReferences.every(isOwnerReference))) {
    return goError(ownerReferences, 'ObjectMeta.metadata.ownerReferences', '[]v1.OwnerReference');
  }
  return undefined;
}

function goError(value: unknown, field: string, type: string): string {
  const found = Array.isArray(value)
    ? 'array'
    : isRecord(value)
      ? 'object'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;
  return `json: cannot unmarshal ${found} into Go struct field ${field} of type ${type}`;
}

function dropNulls(metadata: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(metadata)) if (value === null) delete metadata[field];
  for (const field of ['labels', 'annotations']) {
    const map = metadata[field];
    if (isRecord(map)) for (const [key, value] of Object.entries(map)) if (value === null) delete map[key];
  }
}

function isDraft(value: Record<string, unknown>): value is Draft {
  return isRecord(value['metadata']) && typeof value['kind'] === 'string' && typeof value['apiVersion'] === 'string';
}

function wrongKind(type: ServedType, apiVersion: string, kind: string, metadata: unknown): StatusError {
  const expected = apiVersionOfType(type);
  if (type.custom && kind !== type.kind) {
    const name = isRecord(metadata) ? metadata['name'] : undefined;
    return invalid({ group: type.group, kind }, typeof name === 'string' ? name : '', [
      { field: 'kind', type: 'FieldValueInvalid', value: kind, detail: `must be ${type.kind}` },
    ]);
  }
  if (type.custom) {
    return badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  const version = apiVersion.split('/').at(-1) ?? '';
  const why =
    kind === type.kind
      ? `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:110"`
      : `converting (${version}.${kind}) to (${type.group === '' ? 'core' : type.group.split('.')[0]}.${type.kind}): unknown conversion`;
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: ${why}`);
}

/**
 * Makes a draft of a request's body: right kind, well-formed metadata, fields without a value removed.
 *
 * @throws StatusError 400
 */
export function decodeObject(body: unknown, type: ServedType): Draft {
  if (!isRecord(body)) throw badRequest('the object provided is unrecognized (must be of type object)');
  const expected = apiVersionOfType(type);
  const draft = copy(body);
  if (type.custom && draft['kind'] === undefined) {
    const source = JSON.stringify(body);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing in '${source}' (${source.slice(0, 100)})`,
    );
  }
  draft['apiVersion'] ??= expected;
  draft['kind'] ??= type.kind;
  draft['metadata'] ??= {};
  const { apiVersion, kind, metadata } = draft;
  if (kind !== type.kind || apiVersion !== expected) throw wrongKind(type, String(apiVersion), String(kind), metadata);
  if (isRecord(metadata)) dropNulls(metadata);
  const wrong = isRecord(metadata) ? shapeError(metadata) : goError(metadata, 'ObjectMeta.metadata', 'v1.ObjectMeta');
  if (wrong !== undefined || !isDraft(draft)) {
    throw badRequest(
      `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: ${wrong}`,
    );
  }
  return draft;
}
