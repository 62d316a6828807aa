import type { Call } from './call.ts';
import type { ServedType } from './catalogue.ts';
import type { ApiObject, Draft } from './object.ts';
import { ownerErrors } from './owners.ts';
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
  if (type.storage === 'namespaces' && name.includes('.')) return ['must not contain dots'];
  return [...(name.length > limit ? [tooLong(limit)] : []), ...(pattern.test(name) ? [] : [message])];
}

/** What is wrong with the key of a label or annotation. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/');
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1] ?? ''] : [undefined, key];
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const problems: string[] = [];
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    if (prefix.length > 253) problems.push(`prefix part ${tooLong(253)}`);
    if (!subdomain.test(prefix)) problems.push(`prefix part ${says.subdomain}`);
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push(`name part ${tooLong(63)}`);
  if (!namePart.test(name)) problems.push(says.namePart);
  return problems;
}

/** What is wrong with a name of the form that groups have. */
export function subdomainProblems(name: string): string[] {
  return [...(name.length > 253 ? [tooLong(253)] : []), ...(subdomain.test(name) ? [] : [says.subdomain])];
}

/** What is wrong with a name of the form that versions and plurals have. */
export function label1035Problems(name: string): string[] {
  return [...(name.length > 63 ? [tooLong(63)] : []), ...(label1035.test(name) ? [] : [says.label1035])];
}

/** What is wrong with the value of a label. */
export function labelValueProblems(value: string): string[] {
  return [...(value.length > 63 ? [tooLong(63)] : []), ...(labelValue.test(value) ? [] : [says.labelValue])];
}

const wrong = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  type: 'FieldValueInvalid',
  value,
  detail,
});

const largestAnnotations = 256 * 1024;

/** What is wrong with the labels, annotations and owners of an object: looked at again with every update. */
function commonErrors({ metadata }: Draft): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    for (const problem of qualifiedNameProblems(key)) errors.push(wrong('metadata.labels', key, problem));
    for (const problem of labelValueProblems(value)) errors.push(wrong('metadata.labels', value, problem));
  }
  let size = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const problem of qualifiedNameProblems(key.toLowerCase()))
      errors.push(wrong('metadata.annotations', key, problem));
  }
  if (size > largestAnnotations) {
    const detail = `may not be more than ${largestAnnotations} bytes`;
    errors.push({ field: 'metadata.annotations', type: 'FieldValueTooLong', detail });
  }
  return [...errors, ...ownerErrors(metadata.ownerReferences ?? [])];
}

/** What is wrong with an object's metadata, in the real server's words. */
export function metadataErrors(type: ServedType, draft: Draft): FieldError[] {
  const { name, generateName, finalizers = [] } = draft.metadata;
  const errors: FieldError[] = [];
  if (generateName) {
    const prefix = generateName.replace(/-$/, 'a');
    for (const problem of nameProblems(type, prefix))
      errors.push(wrong('metadata.generateName', generateName, problem));
  }
  for (const problem of nameProblems(type, name)) errors.push(wrong('metadata.name', name, problem));
  errors.push(...commonErrors(draft));
  for (const finalizer of finalizers) {
    for (const problem of qualifiedNameProblems(finalizer))
      errors.push(wrong('metadata.finalizers', finalizer, problem));
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const detail = 'finalizer orphan and foregroundDeletion cannot be both set';
    errors.push(wrong('metadata.finalizers', finalizers, detail));
  }
  if (type.custom) return errors;
  for (const [i, finalizer] of finalizers.entries()) {
    if (isStandardFinalizer(finalizer)) continue;
    errors.push(wrong(`metadata.finalizers[${i}]`, finalizer, unqualified));
  }
  return errors;
}

const unqualified = 'name is neither a standard finalizer name nor is it fully qualified';

function isStandardFinalizer(finalizer: string): boolean {
  return finalizer.includes('/') || standardFinalizers.has(finalizer);
}

/** What is wrong with the finalizers of a namespace's spec. */
export function specFinalizerErrors(finalizers: readonly string[]): FieldError[] {
  return finalizers.flatMap((finalizer, i) =>
    isStandardFinalizer(finalizer) ? [] : [wrong(`spec.finalizers[${i}]`, finalizer, unqualified)],
  );
}

/** Tells a client of finalizers whose names others might take as well. */
export function warnOfFinalizers({ type, warn }: Pick<Call, 'type' | 'warn'>, { metadata }: Draft): void {
  if (!type.custom) return;
  for (const finalizer of metadata.finalizers ?? []) {
    if (isStandardFinalizer(finalizer)) continue;
    warn(
      `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    );
  }
}

/**
 * What is wrong with the metadata of an updated object. The real server looks twice at what an update may not do, and
 * at built-in kinds twice as a whole, and names every cause as often.
 */
export function updatedMetadataErrors(type: ServedType, draft: Draft, forbidden: readonly FieldError[]): FieldError[] {
  const whole = metadataErrors(type, draft);
  const again = [...commonErrors(draft), ...forbidden];
  return [...whole, ...again, ...again, ...(type.custom ? [] : whole)];
}

/** What an update may not do to metadata. */
export function metadataUpdateErrors(current: ApiObject, { metadata }: Draft): FieldError[] {
  const errors: FieldError[] = [];
  const own = current.metadata;
  if (own.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !own.finalizers?.includes(finalizer));
    const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
    if (added.length > 0) errors.push({ field: 'metadata.finalizers', type: 'FieldValueForbidden', detail });
  }
  for (const field of ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const value = metadata[field];
    if (value && value !== own[field]) errors.push(wrong(`metadata.${field}`, value, 'field is immutable'));
  }
  return errors;
}
