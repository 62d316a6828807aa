import type { Call } from './call.ts';
import type { ServedType } from './catalogue.ts';
import { objectMeta, structs } from './content/kinds.ts';
import { Misfit, type Reading, readStruct, type Wording } from './content/read.ts';
import { copy, type Draft, isRecord } from './object.ts';
import { apiVersionOfType } from './registry.ts';
import { badRequest, invalid, type StatusError } from './status.ts';

/** Content with what a strict reader objects to in it already. */
export interface Content {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/**
 * Makes a draft of the content of a create or update: right kind, well-formed fields, unknown ones dropped where the
 * kind's fields are known. What a strict reader objects to becomes warnings, or a refusal, as the request asks for.
 *
 * @throws StatusError 400
 */
export function decodeObject(call: Call, { value, duplicates }: Content): Draft {
  const { type } = call;
  const refuse = (why: string): StatusError =>
    badRequest(`${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: ${why}`);
  if (!isRecord(value)) throw badRequest('the object provided is unrecognized (must be of type object)');
  const findings = duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`);
  if (isOfUnknownVersion(type, value)) {
    const fields = Object.keys(value).filter((field) => !['apiVersion', 'kind', 'metadata'].includes(field));
    report(call, [...findings, ...fields.map((field) => `unknown field ${JSON.stringify(field)}`)], refuse);
  }
  checkKind(type, value, refuse);
  const draft = attempt(() => read(type, value, 'json', findings), refuse);
  report(call, findings, refuse);
  return draft;
}

/** Whether content is of a custom resource in a version that nobody declared: such a version has no fields at all. */
function isOfUnknownVersion({ custom, group, kind, versions }: ServedType, value: Record<string, unknown>): boolean {
  const [found, version, ...rest] = String(value['apiVersion']).split('/');
  if (!custom || value['kind'] !== kind || found !== group || rest.length > 0) return false;
  return version !== undefined && !versions.includes(version);
}

/** Makes a draft of what a patch made of an object. @throws StatusError 422 */
export function decodePatched(call: Call, value: unknown, patch: string, wording: Wording): Draft {
  const { type } = call;
  const refuse = (why: string): StatusError =>
    invalid({ group: '', kind: '' }, '', [{ field: 'patch', type: 'FieldValueInvalid', value: patch, detail: why }]);
  if (!isRecord(value)) throw refuse('not an object');
  const { kind, apiVersion } = value;
  // A strategic merge patch is merged field by field into an object whose kind is settled.
  const settled = wording === 'converted' ? { ...value, kind: type.kind, apiVersion: apiVersionOfType(type) } : value;
  if (wording === 'json') checkPatchedKind(type, value, kind, apiVersion, refuse);
  const findings: string[] = [];
  const draft = attempt(() => read(type, settled, wording, findings), refuse);
  report(call, findings, refuse);
  return draft;
}

function attempt<T>(work: () => T, refuse: (why: string) => StatusError): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Misfit) throw refuse(error.message);
    throw error;
  }
}

function report({ query, warn }: Call, findings: readonly string[], refuse: (why: string) => StatusError): void {
  if (findings.length === 0) return;
  const validation = query.get('fieldValidation') || 'Warn';
  if (validation === 'Strict') throw refuse(`strict decoding error: ${findings.join(', ')}`);
  if (validation === 'Warn') for (const finding of findings) warn(finding);
}

function read(type: ServedType, value: Record<string, unknown>, wording: Wording, findings: string[]): Draft {
  const reading: Reading = { wording, unknown: (path) => void findings.push(`unknown field ${JSON.stringify(path)}`) };
  const node = structs[type.storage];
  if (node !== undefined) return drafted(type, readStruct(node, value, '', reading));
  const body = copy(value);
  const { metadata } = value;
  if (metadata !== undefined && metadata !== null && !isRecord(metadata)) {
    const found = Array.isArray(metadata) ? 'array' : typeof metadata === 'boolean' ? 'bool' : typeof metadata;
    const into = type.custom ? 'value of type' : `struct field ${type.kind}.metadata of type`;
    throw new Misfit(`json: cannot unmarshal ${found} into Go ${into} v1.ObjectMeta`);
  }
  // The metadata of a custom resource is read by itself: paths begin there.
  const nested: Reading = { ...reading, unknown: (path) => reading.unknown(type.custom ? `metadata.${path}` : path) };
  return drafted(type, {
    ...body,
    metadata: readStruct(objectMeta, isRecord(metadata) ? metadata : {}, type.custom ? '' : 'metadata', nested),
  });
}

function drafted(type: ServedType, value: Record<string, unknown>): Draft {
  const { metadata, ...rest } = value;
  const draft: Record<string, unknown> = {
    ...rest,
    apiVersion: apiVersionOfType(type),
    kind: type.kind,
    metadata: isRecord(metadata) ? metadata : {},
  };
  if (!isDraft(draft)) throw new Misfit('no object');
  delete (draft.metadata as Record<string, unknown>)['selfLink'];
  return draft;
}

function isDraft(value: Record<string, unknown>): value is Draft {
  return isRecord(value['metadata']) && typeof value['kind'] === 'string' && typeof value['apiVersion'] === 'string';
}

const scheme = 'in scheme "pkg/runtime/scheme.go:110"';

/** Which kinds a built-in version has besides: the real server knows them all, and says so in another way. */
function unregistered(kind: string, apiVersion: string): string {
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} ${scheme}`;
}

function checkKind(type: ServedType, value: Record<string, unknown>, refuse: (why: string) => StatusError): void {
  const { apiVersion, kind, metadata } = value;
  const expected = apiVersionOfType(type);
  if (type.custom) {
    if (kind === undefined || kind === '') {
      const source = JSON.stringify(value);
      throw badRequest(
        `the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing in '${source}' (${source.slice(0, 30)}${source.length > 30 ? ' ...' : ''})`,
      );
    }
    if (kind !== type.kind) throw wrongCustomKind(type, String(kind), metadata);
    if (apiVersion !== expected) {
      throw badRequest(
        `the API version in the data (${String(apiVersion ?? '')}) does not match the expected API version (${expected})`,
      );
    }
    return;
  }
  if ((kind ?? type.kind) === type.kind && (apiVersion ?? expected) === expected) return;
  const found = String(kind ?? type.kind);
  const version = String(apiVersion ?? expected);
  const { message } = refuse(unregistered(found, version));
  throw badRequest(
    message.replace(/^.*? in version ".*?"/, `${found} in version ${JSON.stringify(version.split('/').at(-1))}`),
  );
}

function wrongCustomKind({ group, kind: expected }: ServedType, kind: string, metadata: unknown): StatusError {
  const name = isRecord(metadata) ? metadata['name'] : undefined;
  return invalid({ group, kind }, typeof name === 'string' ? name : '', [
    { field: 'kind', type: 'FieldValueInvalid', value: kind, detail: `must be ${expected}` },
  ]);
}

function checkPatchedKind(
  type: ServedType,
  value: Record<string, unknown>,
  kind: unknown,
  apiVersion: unknown,
  refuse: (why: string) => StatusError,
): void {
  const expected = apiVersionOfType(type);
  if (!type.custom) {
    if ((kind ?? type.kind) !== type.kind || (apiVersion ?? expected) !== expected) {
      throw refuse(unregistered(String(kind ?? type.kind), String(apiVersion ?? expected)));
    }
    return;
  }
  if (kind === undefined) throw refuse(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  if (kind !== type.kind) throw wrongCustomKind(type, String(kind), value['metadata']);
  if (apiVersion === expected) return;
  const name = isRecord(value['metadata']) ? String(value['metadata']['name']) : '';
  const group = String(apiVersion).includes('/') ? type.group : '';
  throw invalid({ group, kind: type.kind }, name, [
    { field: 'apiVersion', type: 'FieldValueInvalid', value: apiVersion, detail: `must be ${expected}` },
  ]);
}
