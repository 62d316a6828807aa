import { parseJson } from '../content/json-text.ts';
import { type Draft, recordAt, text } from '../object.ts';
import type { FieldError } from '../status.ts';

const largest = 1024 * 1024;

const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  type: 'FieldValueInvalid',
  value,
  detail,
});
const required = (field: string): FieldError => ({ field, type: 'FieldValueRequired', detail: '' });
const tooLong = (field: string): FieldError => ({
  field,
  type: 'FieldValueTooLong',
  detail: `may not be more than ${largest} bytes`,
});

function keyProblems(key: string): string[] {
  const problems: string[] = [];
  if (key.length > 253) problems.push('must be no more than 253 characters');
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    problems.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (key === '.') problems.push("must not be '.'");
  else if (key === '..') problems.push("must not be '..'");
  else if (key.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

const sizeOf = (data: Record<string, unknown>, encoding: BufferEncoding): number =>
  Object.values(data).reduce((size: number, value) => size + Buffer.byteLength(String(value), encoding), 0);

const keyErrors = (field: string, data: Record<string, unknown>): FieldError[] =>
  Object.keys(data).flatMap((key) => keyProblems(key).map((problem) => invalid(`${field}[${key}]`, key, problem)));

/** What is wrong with the contents of a ConfigMap. */
export function configMapErrors(draft: Draft): FieldError[] {
  const data = recordAt(draft, 'data');
  const binary = recordAt(draft, 'binaryData');
  const twice = Object.keys(data).filter((key) => key in binary);
  const size = sizeOf(data, 'utf8') + sizeOf(binary, 'base64');
  return [
    ...keyErrors('data', data),
    ...twice.map((key) => invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...keyErrors('binaryData', binary),
    ...(size > largest ? [tooLong('[]')] : []),
  ];
}

const accountAnnotation = 'kubernetes.io/service-account.name';
const keysOfType: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** What is wrong with the contents of a Secret, for its type. */
export function secretErrors(draft: Draft): FieldError[] {
  const data = recordAt(draft, 'data');
  const type = text(draft['type']) ?? '';
  const errors = keyErrors('data', data);
  if (sizeOf(data, 'base64') > largest) errors.push(tooLong('data'));
  for (const key of keysOfType[type] ?? []) if (data[key] === undefined) errors.push(required(`data[${key}]`));
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined) {
    errors.push(required('data[username]'), required('data[password]'));
  }
  if (type === 'kubernetes.io/service-account-token' && !draft.metadata.annotations?.[accountAnnotation]) {
    errors.push(required(`metadata.annotations[${accountAnnotation}]`));
  }
  if (type === 'kubernetes.io/dockerconfigjson' || type === 'kubernetes.io/dockercfg') {
    const key = keysOfType[type]?.[0] ?? '';
    const why = data[key] === undefined ? undefined : jsonProblem(String(data[key]));
    if (why !== undefined) errors.push(invalid(`data[${key}]`, '<secret contents redacted>', why));
  }
  return errors;
}

function jsonProblem(base64: string): string | undefined {
  try {
    parseJson(Buffer.from(base64, 'base64').toString('utf8'));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

/** What the server says beside its answer about a Secret of certificates. */
export function secretWarnings(draft: Draft): string[] {
  if (draft['type'] !== 'kubernetes.io/tls') return [];
  const certificate = Buffer.from(String(recordAt(draft, 'data')['tls.crt'] ?? ''), 'base64').toString('utf8');
  return certificate.includes('-----BEGIN') ? [] : ['tls: failed to find any PEM data in certificate input'];
}
