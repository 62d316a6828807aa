import { checkFlag, checkObject, invalid } from '../kubesphere/validation.ts';
import type { CallOptions } from '../types.ts';
import type { BatchOptions } from './batch.ts';
import type { WriteOptions } from './operation.ts';

/** The fields of a type: the compiler asks for every one of them, and for no other. */
export type FieldsOf<T> = { readonly [Field in keyof T]-?: true };
type Fields = Readonly<Record<string, true>>;

/** What every write can be told. */
export const writeOptions: FieldsOf<WriteOptions> = {
  ...{ signal: true, timeoutMs: true, retry: true },
  ...{ dryRun: true, journal: true, onEvent: true },
};

/** What every write over many items can be told. */
export const batchOptions: FieldsOf<BatchOptions> = { ...writeOptions, concurrency: true, onProgress: true };

/**
 * Options of a write, before anything is asked of any cluster: what is not understood must not turn a dry run into a real one.
 *
 * @param known - those that the method has
 * @throws FederationError `INVALID` naming the option
 */
export function checkOptions(options: unknown, known: Fields = writeOptions): void {
  if (options === undefined) return;
  checkArgument('options', options, known);
  if ('dryRun' in options) checkFlag('dryRun', options.dryRun);
  const { concurrency } = options;
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && Number(concurrency) > 0))
    throw invalid('concurrency', 'must be a whole number from 1 on.');
}

/**
 * An argument that takes these fields and no others.
 *
 * @param at - what the names of its fields are told with
 * @throws FederationError `INVALID` naming the field
 */
export function checkArgument(
  argument: string,
  value: unknown,
  known: Fields,
  at = '',
): asserts value is Readonly<Record<string, unknown>> {
  checkObject(argument, value);
  const unknown = Object.keys(value).find((field) => !Object.hasOwn(known, field));
  if (unknown === undefined) return;
  if (argument !== 'options') refuseOptions(value, at);
  throw invalid(`${at}${unknown}`, `is unknown: ${argument} may have ${Object.keys(known).join(', ')}.`);
}

/**
 * An argument that names something, with whatever a list told about it besides.
 *
 * @param options - those that the method has
 * @throws FederationError `INVALID` naming the field, where an option stands in it
 */
export function checkItem(item: unknown, at = '', options?: Fields): void {
  if (typeof item !== 'object' || item === null)
    throw invalid(at === '' ? 'item' : at.slice(0, -1), 'must be an object.');
  refuseOptions(item, at, options);
}

const spelling = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

function refuseOptions(value: object, at: string, options: Fields = batchOptions): void {
  const spelled = new Set(Object.keys(options).map(spelling));
  const option = Object.keys(value).find((field) => spelled.has(spelling(field)));
  if (option !== undefined)
    throw invalid(`${at}${option}`, 'belongs into the options, which are the last argument; here it would be ignored.');
}

/** What calls of any kind can be told, and nothing else that somebody gave. */
export function callOptionsIn({ signal, timeoutMs, retry }: CallOptions): CallOptions {
  return {
    ...(signal !== undefined && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retry !== undefined && { retry }),
  };
}
