import { FederationError } from '../errors.ts';
import { abortError } from '../internal/signal.ts';
import { attempted } from './attempts.ts';
import type { Clock } from './time.ts';

/** How long somebody waits for an answer. */
interface Patience {
  /** Names what is waited for in messages. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
  readonly timeoutMs?: number | undefined;
}

/** Longest wait for what a workflow asks outside its steps: who it works with, and whether all answer. */
export const askTimeoutMs = 60_000;

/**
 * Waits for the end of `work` no longer than that: only for what may go on unheeded, since it only reads or is safe to repeat. Its
 * signal is aborted too.
 * @throws FederationError TIMEOUT, or the error of `signal`
 */
export async function within<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { what, signal, clock, timeoutMs }: Patience,
): Promise<T> {
  if (signal?.aborted) throw abortError(signal);
  const own = new AbortController();
  const over = Promise.withResolvers<never>();
  const end = (error: FederationError): void => {
    over.reject(error);
    own.abort(error);
  };
  const follow = (): void => {
    if (signal !== undefined) end(abortError(signal));
  };
  signal?.addEventListener('abort', follow, { once: true });
  const late = (): void =>
    end(new FederationError('TIMEOUT', `${what} took longer than ${timeoutMs} ms.`, { retryable: true }));
  const cancel = timeoutMs === undefined ? undefined : clock.after(timeoutMs, late);
  try {
    return await Promise.race([over.promise, (async () => work(own.signal))()]);
  } finally {
    cancel?.();
    signal?.removeEventListener('abort', follow);
  }
}

/** {@link within} for a question: repeated while its failure is retryable, all that in the one time. */
export function asked<T>(work: (signal: AbortSignal) => Promise<T>, patience: Patience): Promise<T> {
  const { what, clock } = patience;
  // Nobody waits for the end of what was aborted, so there is no grace.
  const more = { what, clock, graceMs: 0, timeoutMs: undefined, retry: undefined };
  return within((signal) => attempted(work, { ...more, signal }), patience);
}
