import { FederationError } from '../errors.ts';

/** What was wrong with which argument of which call; thrown before anything is sent. */
export function invalid(field: string, why: string): FederationError {
  return new FederationError('INVALID', `${field} ${why} Nothing was sent.`, { details: { field } });
}

/** A text that is not empty. @throws FederationError `INVALID` naming `field` */
export function checkText(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '')
    throw invalid(field, `must be a text that is not empty; it is ${shown(value)}.`);
}

/** `true` or `false`. @throws FederationError `INVALID` naming `field` */
export function checkFlag(field: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalid(field, `must be true or false; it is ${shown(value)}.`);
}

/** An object as one writes it: no list, and no instance of a class. @throws FederationError `INVALID` naming `field` */
export function checkObject(field: string, value: unknown): asserts value is Readonly<Record<string, unknown>> {
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype === undefined || (prototype !== null && Object.getPrototypeOf(prototype) !== null))
    // A text that somebody gave in place of it may be a password.
    throw invalid(field, `must be an object of fields; it is ${typeof value === 'string' ? 'a text' : shown(value)}.`);
}

/**
 * Fields that are optional because a call means more without them: one that is there and undefined comes of a variable that nobody set.
 *
 * @throws FederationError `INVALID` naming the field
 */
export function refuseUndefined<T extends object>(
  at: string,
  value: T,
  ...fields: readonly (keyof T & string)[]
): void {
  const unset = fields.find((field) => field in value && value[field] === undefined);
  if (unset !== undefined)
    throw invalid(`${at}${unset}`, 'is undefined, as a variable that nobody set is. Give it a value, or leave it out.');
}

/** Fields that a call does not go by, and that say something else than it does. @throws FederationError `INVALID` naming the field */
export function refuseFields(at: string, value: object, fields: readonly string[], why: string): void {
  const given = fields.find((field) => field in value);
  if (given !== undefined) throw invalid(`${at}${given}`, why);
}

/** One of these. @throws FederationError `INVALID` naming `field` */
export function checkOneOf<const T extends string>(
  field: string,
  value: unknown,
  allowed: readonly T[],
): asserts value is T {
  if (!allowed.some((one) => one === value))
    throw invalid(field, `must be one of ${allowed.join(', ')}; it is ${shown(value)}.`);
}

/** Lower-case letters, digits and "-", 63 at the most: a namespace, workspace, cluster (RFC 1123 label). @throws FederationError `INVALID` */
export function checkName(field: string, value: unknown): asserts value is string {
  checkText(field, value);
  if (value.length > 63 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value))
    throw invalid(
      field,
      `must be a name of lower-case letters, digits and "-", of at most 63 characters, beginning and ending with a letter or digit; it is ${shown(value)}.`,
    );
}

/** What Kubernetes takes for most names: labels joined by dots, 253 at the most (RFC 1123 subdomain). @throws FederationError `INVALID` */
export function checkObjectName(field: string, value: unknown): asserts value is string {
  checkText(field, value);
  if (value.length > 253 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(value))
    throw invalid(field, `must be a name of lower-case letters, digits, "-" and "."; it is ${shown(value)}.`);
}

/** A list of names without a repetition; empty only where `emptyToo`. @throws FederationError `INVALID` */
export function checkNames(
  field: string,
  values: unknown,
  { emptyToo = false }: { readonly emptyToo?: boolean } = {},
): asserts values is readonly string[] {
  if (!Array.isArray(values)) throw invalid(field, `must be a list of names; it is ${shown(values)}.`);
  for (const [index, value] of values.entries()) checkObjectName(`${field}[${index}]`, value);
  if (values.length === 0 && !emptyToo) throw invalid(field, 'must name at least one.');
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw invalid(field, `names ${shown(twice)} twice.`);
}

/** Labels: a name, with a prefix where there is one, and a value of 63 characters at the most. @throws FederationError `INVALID` */
export function checkLabels(field: string, labels: unknown): asserts labels is Readonly<Record<string, string>> {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels))
    throw invalid(field, `must be texts by label; it is ${shown(labels)}.`);
  const part = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$/;
  for (const [key, value] of Object.entries(labels)) {
    const [name = '', prefix, more] = key.split('/').reverse();
    if (more !== undefined || name.length > 63 || !part.test(name))
      throw invalid(`${field}.${key}`, 'is no name of a label.');
    if (prefix !== undefined) checkObjectName(`${field}.${key}`, prefix);
    if (typeof value !== 'string' || value.length > 63 || (value !== '' && !part.test(value)))
      throw invalid(
        `${field}.${key}`,
        `must be letters, digits, "-", "_" and ".", 63 at the most, beginning and ending with a letter or digit; it is ${shown(value)}.`,
      );
  }
}

/** A value in a message: not all of a long text, and nothing of what is in an object, which may be a secret. */
export const shown = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};
