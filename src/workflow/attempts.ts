import { ApiError, FederationError } from '../errors.ts';
import { type FailedAttempt, policyOf } from '../internal/retry.ts';
import { abortError } from '../internal/signal.ts';
import type { RetryPolicy } from '../types.ts';
import { type Clock, pauseFor } from './time.ts';

/** How {@link attempted} works. */
interface AttemptOptions {
  /** Names the work in messages. */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** How long an aborted attempt may take to settle. */
  readonly graceMs: number;
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy | false | undefined;
  readonly onRetry?: (failed: FailedAttempt) => void;
  /** Given the work that did not end in the grace time; it may settle yet. */
  readonly onStuck?: (work: Promise<unknown>) => void;
}

/** The work of one attempt. */
type Attempt<T> = (signal: AbortSignal, attempt: number) => Promise<T>;

/**
 * Rule 10. Repeats `work` while it fails with a retryable error. An attempt ends when its promise settles: its time limit and
 * `signal` only abort the signal it was given, and there is never a second attempt while one is unsettled.
 * @throws FederationError STEP_STUCK where an aborted attempt does not settle in the grace time.
 */
export async function attempted<T>(work: Attempt<T>, options: AttemptOptions): Promise<T> {
  const { signal, clock, onRetry } = options;
  const policy = policyOf(options.retry === false ? { retries: 0 } : options.retry);
  for (let attempt = 1; ; attempt += 1) {
    if (signal.aborted) throw abortError(signal);
    try {
      return await once(work, attempt, options);
    } catch (error) {
      const retriesLeft = policy.retries + 1 - attempt;
      if (!FederationError.is(error) || !error.retryable || signal.aborted || retriesLeft <= 0) throw error;
      onRetry?.({ error, attempt, retriesLeft });
      const delayMs = Math.min(policy.minDelayMs * 2 ** Math.min(attempt - 1, 30), policy.maxDelayMs);
      const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
      await pauseFor(clock, Math.max(delayMs, askedMs), signal);
    }
  }
}

async function once<T>(work: Attempt<T>, attempt: number, options: AttemptOptions): Promise<T> {
  const { what, signal, clock, graceMs, timeoutMs, onStuck } = options;
  const controller = new AbortController();
  const stuck = Promise.withResolvers<never>();
  const cancels: (() => void)[] = [];
  const abort = (reason: unknown): void => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    const giveUp = (): void => {
      onStuck?.(running);
      stuck.reject(stuckError(what, graceMs));
    };
    cancels.push(clock.after(graceMs, giveUp));
  };
  const follow = (): void => abort(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  let late: FederationError | undefined;
  if (timeoutMs !== undefined)
    cancels.push(
      clock.after(timeoutMs, () => {
        late ??= new FederationError('TIMEOUT', `${what} took longer than ${timeoutMs} ms.`, { retryable: true });
        abort(late);
      }),
    );
  const running = (async () => work(controller.signal, attempt))();
  try {
    return await Promise.race([running, stuck.promise]);
  } catch (error) {
    if (FederationError.is(error, 'STEP_STUCK') || late === undefined) throw error;
    throw late;
  } finally {
    for (const cancel of cancels) cancel();
    signal.removeEventListener('abort', follow);
  }
}

function stuckError(what: string, graceMs: number): FederationError {
  return new FederationError(
    'STEP_STUCK',
    `${what} was aborted and did not end within ${graceMs} ms; what it does meanwhile is not known, and nobody else may drive the run while it lasts. Wait for it or end this process, then resume or roll back.`,
  );
}
