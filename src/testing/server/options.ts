import type { Call } from './call.ts';
import { deleteOptions } from './content/kinds.ts';
import { Misfit, readStruct } from './content/read.ts';
import { isRecord, strings } from './object.ts';
import { badRequest, type FieldError, invalid, unreasoned } from './status.ts';

const kinds: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'DeleteOptions',
};

const unsupported = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  type: 'FieldValueNotSupported',
  value,
  detail: `supported values: ${detail}`,
});
const forbidden = (field: string, detail: string): FieldError => ({ field, type: 'FieldValueForbidden', detail });

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
}

function dryRunErrors(value: readonly string[]): FieldError[] {
  return value.every((item) => item === 'All') ? [] : [unsupported('dryRun', value, '"All"')];
}

const longestManager = 128;

function managerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > longestManager) {
    errors.push({
      field: 'fieldManager',
      type: 'FieldValueTooLong',
      detail: `may not be more than ${longestManager} bytes`,
    });
  }
  for (const [i, char] of [...manager].entries()) {
    if (!/\p{C}/u.test(char)) continue;
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const detail = `invalid character U+${code} (at position ${i})`;
    errors.push({ field: 'fieldManager', type: 'FieldValueInvalid', value: manager, detail });
  }
  return errors;
}

/** Checks the options that a writing request carries in its query. @throws StatusError 400, 422 */
export function checkWriteOptions({ query }: Call, verb: string): void {
  const kind = kinds[verb];
  if (kind === undefined) return;
  const errors: FieldError[] = [];
  const isDelete = kind === 'DeleteOptions';
  if (!isDelete) errors.push(...managerErrors(query.get('fieldManager') ?? ''));
  errors.push(...dryRunErrors(query.getAll('dryRun').filter((item) => item !== '')));
  const validation = query.get('fieldValidation') ?? '';
  if (!isDelete && !['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    errors.push(unsupported('fieldValidation', validation, '"", "Ignore", "Strict", "Warn"'));
  }
  refuse(kind, errors);
}

/** Reads a whole number of a query. @throws StatusError 400 */
export function integerOf(query: URLSearchParams, name: string): number | undefined {
  const source = query.get(name);
  if (source === null || source === '') return undefined;
  if (!/^[+-]?\d+$/.test(source))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(source)}: invalid syntax`);
  return Number(source);
}

/** Checks how a list or a watch asks for the past. @throws StatusError 422 */
export function checkListOptions(query: URLSearchParams, isWatch: boolean): void {
  integerOf(query, 'timeoutSeconds');
  const match = query.get('resourceVersionMatch') ?? '';
  const errors: FieldError[] = [];
  const field = 'resourceVersionMatch';
  const initial = query.get('sendInitialEvents') !== null;
  const goesOn = (query.get('continue') ?? '') !== '';
  const quoted = ['Exact', 'NotOlderThan', ''].map((item) => JSON.stringify(item)).join(', ');
  if (isWatch) {
    const version = query.get('resourceVersion') ?? '';
    // A watch that begins with what there is counts as one that asks for nothing older.
    if (goesOn && !initial && match === '' && (version === '' || version === '0')) {
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
    }
    if (initial && match !== 'NotOlderThan') {
      errors.push(forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
    }
    if (match !== '') {
      if (!initial)
        errors.push(
          forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
        );
      if (match !== 'NotOlderThan') errors.push(unsupported(field, match, '"NotOlderThan"'));
      if (goesOn) errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
    }
  } else {
    if (match !== '') {
      const version = query.get('resourceVersion') ?? '';
      if (version === '')
        errors.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
      if (goesOn) errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
      if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(unsupported(field, match, quoted));
      if (match === 'Exact' && version === '0') {
        errors.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
      }
    }
    if (initial) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  refuse('ListOptions', errors);
}

/** DeleteOptions, from body and query. */
export interface RemoveOptions {
  readonly policy: 'Orphan' | 'Background' | 'Foreground' | undefined;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly dryRun: boolean;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Reads DeleteOptions; the body counts where there is one, else the query, as in the real server. @throws StatusError */
export function removeOptions(query: URLSearchParams, body: unknown): RemoveOptions {
  const raw = isRecord(body) ? optionsOf(body) : {};
  const from = (field: string): unknown => (isRecord(body) ? raw[field] : (query.get(field) ?? undefined));
  if (!isRecord(body)) integerOf(query, 'gracePeriodSeconds');
  const named = from('propagationPolicy');
  const orphan = from('orphanDependents');
  const kind = 'DeleteOptions';
  const dryRun = strings(raw['dryRun']);
  if (named !== undefined && orphan !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    refuse(kind, [{ field: 'propagationPolicy', type: 'FieldValueInvalid', value: named, detail }]);
  }
  const policy = named ?? (orphan === undefined ? undefined : String(orphan) === 'true' ? 'Orphan' : 'Background');
  if (policy !== undefined && policy !== 'Orphan' && policy !== 'Background' && policy !== 'Foreground') {
    throw invalid({ group: 'meta.k8s.io', kind }, '', [
      unsupported('propagationPolicy', policy, '"Foreground", "Background", "Orphan", "nil"'),
    ]);
  }
  refuse(kind, dryRunErrors(dryRun));
  const { uid, resourceVersion } = isRecord(raw['preconditions']) ? raw['preconditions'] : {};
  return {
    policy,
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    dryRun: dryRun.includes('All') || query.getAll('dryRun').includes('All'),
    raw,
  };
}

function optionsOf(body: Record<string, unknown>): Record<string, unknown> {
  const { kind } = body;
  if (kind !== undefined && kind !== 'DeleteOptions') {
    throw unreasoned(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(body['apiVersion'] ?? '')} in scheme "pkg/runtime/scheme.go:110"`,
    );
  }
  try {
    return readStruct(deleteOptions, body, '', { wording: 'json', unknown() {} });
  } catch (error) {
    throw error instanceof Misfit ? unreasoned(error.message) : error;
  }
}
