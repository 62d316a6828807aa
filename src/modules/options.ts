import type { WatchOptions } from '../kube/connection.ts';
import { checkFlag, checkObject, invalid, shown } from '../kubesphere/validation.ts';
import type { CallOptions, RetryPolicy } from '../types.ts';
import type { BatchOptions } from './batch.ts';
import type { WriteOptions } from './operation.ts';

/** The fields of a type: the compiler asks for every one of them, and for no other. */
export type FieldsOf<T> = { readonly [Field in keyof T]-?: true };
type Fields = Readonly<Record<string, true>>;

/** What every read can be told. */
export const callOptions: FieldsOf<CallOptions> = { signal: true, timeoutMs: true, retry: true };

/** What every watch can be told. */
export const watchOptions: FieldsOf<WatchOptions> = {
  ...{ signal: true, retry: true, deadAfterMs: true },
  ...{ namespace: true, labelSelector: true, fieldSelector: true },
};

/** What every write can be told. */
export const writeOptions: FieldsOf<WriteOptions> = { ...callOptions, dryRun: true, journal: true, onEvent: true };

/** What every write over many items can be told. */
export const batchOptions: FieldsOf<BatchOptions> = { ...writeOptions, concurrency: true, onProgress: true };

/**
 * Options of a call, before anything is asked of any cluster: what is not understood must not turn a dry run into a real one, nor a limit
 * into none.
 *
 * @param known - those that the method has
 * @throws FederationError `INVALID` naming the option
 */
export function checkOptions(options: unknown, known: Fields = writeOptions): void {
  if (options === undefined) return;
  checkArgument('options', options, known);
  for (const [option, value] of Object.entries(options)) checks[option]?.(option, value);
}

/** The longest that a timer of Node waits, 24 days; one that is to wait longer is over at once. */
const longestMs = 2 ** 31 - 1;

function checkMs(field: string, value: unknown, fromMs = 1): void {
  if (typeof value !== 'number' || !(value >= fromMs && value <= longestMs))
    throw invalid(field, `must be milliseconds, from ${fromMs} to ${longestMs}; it is ${shown(value)}.`);
}

function checkFunction(field: string, value: unknown): void {
  if (typeof value !== 'function') throw invalid(field, `must be a function; it is ${shown(value)}.`);
}

/** Has these methods, whatever made it: a signal of another realm is none of ours. */
const checkMethods =
  (what: string, ...methods: readonly string[]) =>
  (field: string, value: unknown): void => {
    const given = Object(value) as Readonly<Record<string, unknown>>;
    const missing = methods.find((method) => typeof given[method] !== 'function');
    if (missing !== undefined) throw invalid(field, `must be ${what}; it is ${shown(value)}, without ${missing}().`);
  };

const retryFields: FieldsOf<RetryPolicy> = { retries: true, minDelayMs: true, maxDelayMs: true };

function checkRetry(field: string, value: unknown): void {
  if (value === false) return;
  checkArgument(field, value, retryFields, `${field}.`);
  const { retries, minDelayMs, maxDelayMs } = value;
  if (
    retries !== undefined &&
    !(retries === Number.POSITIVE_INFINITY || (Number.isInteger(retries) && Number(retries) >= 0))
  )
    throw invalid(`${field}.retries`, `must be a whole number from 0 on; it is ${shown(retries)}.`);
  for (const [name, delayMs] of Object.entries({ minDelayMs, maxDelayMs }))
    if (delayMs !== undefined) checkMs(`${field}.${name}`, delayMs, 0);
}

type Check = (field: string, value: unknown) => void;
/** One that is undefined is left out; a dry run that is undefined is one that somebody forgot to decide on. */
const unlessUndefined =
  (check: Check): Check =>
  (field, value) => {
    if (value !== undefined) check(field, value);
  };

/** What the options that many methods have may be. */
const checks: Readonly<Record<string, Check>> = {
  dryRun: checkFlag,
  signal: unlessUndefined(checkMethods('an AbortSignal', 'addEventListener', 'removeEventListener', 'throwIfAborted')),
  timeoutMs: unlessUndefined((field, value) => checkMs(field, value)),
  deadAfterMs: unlessUndefined((field, value) => checkMs(field, value)),
  retry: unlessUndefined(checkRetry),
  journal: unlessUndefined(checkMethods('a journal, such as fileJournal makes', 'append', 'read', 'runs', 'claim')),
  logger: unlessUndefined(checkMethods('a logger, as console is', 'debug', 'info', 'warn', 'error')),
  onEvent: unlessUndefined(checkFunction),
  onProgress: unlessUndefined(checkFunction),
  concurrency: unlessUndefined((field, value) => {
    if (!(Number.isInteger(value) && Number(value) > 0))
      throw invalid(field, `must be a whole number from 1 on; it is ${shown(value)}.`);
  }),
};

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
export function callOptionsIn({ signal, timeoutMs, retry }: CallOptions = {}): CallOptions {
  return {
    ...(signal !== undefined && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retry !== undefined && { retry }),
  };
}
