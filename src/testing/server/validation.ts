import type { ServedType } from './catalogue.ts';
import type { ApiObject, Draft } from './object.ts';
import type { FieldError } from './status.ts';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

const says = {
  label:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  label1035:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  subdomain:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  labelValue:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  namePart:
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
} as const;

const tooLong = (limit: number): string => `must be no more than ${limit} characters`;

function nameProblems(type: ServedType, name: string): string[] {
  if (type.group === 'rbac.authorization.k8s.io') {
    if (name === '.' || name === '..') return [`may not be '${name}'`];
    return /[/%]/.test(name) ? [`may not contain '${/[/%]/.exec(name)?.[0]}'`] : [];
  }
  const [pattern, limit, message] =
    type.storage === 'namespaces'
      ? ([label, 63, says.label] as const)
      : type.storage === 'services'
        ? ([label1035, 63, says.label1035] as const)
        : ([subdomain, 253, says.subdomain] as const);
  return [...(name.length > limit ? [tooLong(limit)] : []), ...(pattern.test(name) ? [] : [message])];
}

function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/');
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1] ?? ''] : [undefined, key];
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const problems: string[] = [];
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined && !subdomain.test(prefix)) problems.push(`prefix part ${says.subdomain}`);
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push(`name part ${tooLong(63)}`);
  if (!namePart.test(name)) problems.push(says.namePart);
  return problems;
}

const wrong = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  type: 'FieldValueInvalid',
  value,
  detail,
});

/** What is wrong with an object's metadata, in the real server's words. */
export function metadataErrors(type: ServedType, { metadata }: Draft): FieldError[] {
  const errors = nameProblems(type, metadata.name).map((problem) => wrong('metadata.name', metadata.name, problem));
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    for (const problem of qualifiedNameProblems(key)) errors.push(wrong('metadata.labels', key, problem));
    if (value.length > 63) errors.push(wrong('metadata.labels', value, tooLong(63)));
    if (!labelValue.test(value)) errors.push(wrong('metadata.labels', value, says.labelValue));
  }
  for (const key of Object.keys(metadata.annotations ?? {})) {
    for (const problem of qualifiedNameProblems(key.toLowerCase()))
      errors.push(wrong('metadata.annotations', key, problem));
  }
  for (const finalizer of metadata.finalizers ?? []) {
    for (const problem of qualifiedNameProblems(finalizer))
      errors.push(wrong('metadata.finalizers', finalizer, problem));
  }
  if (!type.custom) {
    for (const [i, finalizer] of (metadata.finalizers ?? []).entries()) {
      if (finalizer.includes('/') || standardFinalizers.has(finalizer)) continue;
      const problem = 'name is neither a standard finalizer name nor is it fully qualified';
      errors.push(wrong(`metadata.finalizers[${i}]`, finalizer, problem));
    }
  }
  for (const owner of metadata.ownerReferences ?? []) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      const problem = field === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
      if (owner[field] === '') errors.push(wrong(`metadata.ownerReferences.${field}`, '', problem));
    }
  }
  return errors;
}

/** What an update may not do to metadata. The real server checks this twice, and names every cause twice. */
export function metadataUpdateErrors(current: ApiObject, { metadata }: Draft): FieldError[] {
  const errors: FieldError[] = [];
  const own = current.metadata;
  if (own.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !own.finalizers?.includes(finalizer));
    const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
    if (added.length > 0) errors.push({ field: 'metadata.finalizers', type: 'FieldValueForbidden', detail });
  }
  for (const field of ['uid', 'deletionTimestamp'] as const) {
    const value = metadata[field];
    if (value && value !== own[field]) errors.push(wrong(`metadata.${field}`, value, 'field is immutable'));
  }
  return [...errors, ...errors];
}
