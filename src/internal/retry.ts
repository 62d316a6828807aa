import pRetry from 'p-retry';
import { ApiError, FederationError } from '../errors.ts';
import type { CallOptions, RetryPolicy } from '../types.ts';
import { abortError, sleep } from './signal.ts';

/** The policy where the caller names none. */
const defaultRetry: Required<RetryPolicy> = Object.freeze({ retries: 4, minDelayMs: 200, maxDelayMs: 5_000 });

/** The policy of a caller: what it does not say, or says to be undefined, is as by default. */
export const policyOf = ({
  retries = defaultRetry.retries,
  minDelayMs = defaultRetry.minDelayMs,
  maxDelayMs = defaultRetry.maxDelayMs,
}: RetryPolicy = {}): Required<RetryPolicy> => ({ retries, minDelayMs, maxDelayMs });

/** What is told about a failed attempt that will be repeated. */
export interface FailedAttempt {
  readonly error: FederationError;
  /** Counted from 1. */
  readonly attempt: number;
  readonly retriesLeft: number;
}

/** How {@link withRetry} works. */
export interface RetryOptions extends Pick<CallOptions, 'signal' | 'retry'> {
  readonly onRetry?: (failed: FailedAttempt) => void;
}

/**
 * Repeats `attempt` while it fails with a `retryable` {@link FederationError}; a `Retry-After` of the server is honoured.
 * Anything else is thrown at once and unchanged.
 */
export async function withRetry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, onRetry } = options;
  if (signal?.aborted) throw abortError(signal);
  if (options.retry === false) return attempt(1);
  const policy = policyOf(options.retry);
  // p-retry rejects with plain wrappers for non-errors and for aborts: the true failure is kept here.
  let last: unknown;
  const keep = async (number: number): Promise<T> => {
    try {
      return await attempt(number);
    } catch (error) {
      last = error;
      throw error instanceof Error ? error : new Error('a value that is no Error was thrown', { cause: error });
    }
  };
  try {
    return await pRetry(keep, {
      retries: policy.retries,
      minTimeout: policy.minDelayMs,
      maxTimeout: policy.maxDelayMs,
      randomize: true,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: () => FederationError.is(last) && last.retryable,
      onFailedAttempt: async ({ attemptNumber, retriesLeft }) => {
        if (!FederationError.is(last) || !last.retryable || retriesLeft === 0) return;
        onRetry?.({ error: last, attempt: attemptNumber, retriesLeft });
        if (last instanceof ApiError && last.retryAfterMs !== undefined) await sleep(last.retryAfterMs, signal);
      },
    });
  } catch (error) {
    if (signal?.aborted) throw abortError(signal);
    throw last ?? error;
  }
}
