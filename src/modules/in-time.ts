import { deadline } from '../internal/signal.ts';
import type { CallOptions } from '../types.ts';

/** A call of several requests: its `timeoutMs` is the limit for all of them together, and for none of them alone it is more. */
export async function inTime<Options extends CallOptions, T>(
  options: Options,
  what: string,
  call: (options: Options & { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  using limit = deadline(options, what);
  return await call({ ...options, signal: limit.signal });
}
