import type { Json } from '../types.ts';
import { redact } from './redact.ts';

/** On every error of ours; the same symbol in two copies of this package. */
export const brand: unique symbol = Symbol.for('kubesphere-federation.error');

/** Of a foreign error: what says where and why it failed. The rest may hold a request, with its headers. */
const kept = ['code', 'errno', 'syscall', 'address', 'hostname', 'port', 'status', 'statusCode'] as const;
const deepest = 5;

/**
 * What of something thrown may be shown: an error of ours as it is, for it holds no secret; of another error a copy with its name, its
 * message, stack and causes redacted, and the fields that say where it failed; of anything else redacted plain data. Never throws.
 */
export function shownError(error: unknown): unknown {
  return shown(error, []);
}

function shown(error: unknown, above: readonly unknown[]): unknown {
  try {
    if (!(error instanceof Error)) return shownData(error);
    if (brand in error) return error;
    return copyOf(error, [...above, error]);
  } catch {
    return '[not readable]';
  }
}

function copyOf(error: Error, path: readonly unknown[]): Error {
  const text = String(error.message);
  const message = redact(text);
  const inner = (cause: unknown): unknown => {
    if (path.includes(cause)) return '[circular]';
    return path.length < deepest ? shown(cause, path) : '[more causes]';
  };
  const copy = error.cause === undefined ? new Error(message) : new Error(message, { cause: inner(error.cause) });
  hide(copy, 'name', redact(String(error.name)));
  const stack = String(error.stack ?? '');
  const at = stack.indexOf(text);
  // The message by itself, as above: an open quote in it must not take the frames along.
  const parts = at < 0 ? [stack] : [stack.slice(0, at), stack.slice(at + text.length)];
  hide(copy, 'stack', parts.map((part) => redact(part)).join(message));
  const fields = new Map<string, unknown>(Object.entries(error));
  for (const field of kept) if (fields.has(field)) Object.assign(copy, { [field]: shownData(fields.get(field)) });
  if (error instanceof AggregateError) hide(copy, 'errors', error.errors.slice(0, 10).map(inner));
  return copy;
}

/** Like what `Error` has by itself: not enumerable. */
function hide(copy: Error, field: string, value: unknown): void {
  Object.defineProperty(copy, field, { value, configurable: true, writable: true });
}

function shownData(value: unknown): Json | undefined {
  const text = JSON.stringify(value);
  if (text !== undefined) return redact(JSON.parse(text) as Json);
  return value === undefined ? undefined : redact(String(value));
}
