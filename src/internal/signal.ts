import { setTimeout as delay } from 'node:timers/promises';
import { FederationError } from '../errors.ts';
import type { CallOptions } from '../types.ts';

/** A signal that follows the caller's and a time limit; disposing it removes every listener and timer. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** The error that an aborted signal stands for: the one it was aborted with if that is ours, else `ABORTED`. */
export function abortError(signal: AbortSignal): FederationError {
  if (FederationError.is(signal.reason)) return signal.reason;
  return new FederationError('ABORTED', 'The call was aborted by its caller.', { cause: signal.reason });
}

/** Derives a signal from the caller's `signal` and `timeoutMs`. `what` names the call in the message of `TIMEOUT`. */
export function deadline({ signal, timeoutMs }: Pick<CallOptions, 'signal' | 'timeoutMs'>, what: string): Deadline {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) follow();
  else signal?.addEventListener('abort', follow, { once: true });
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => controller.abort(new FederationError('TIMEOUT', `${what} took longer than ${timeoutMs} ms.`)),
          timeoutMs,
        );
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', follow);
    },
  };
}

/** Waits `ms`; rejects at once with the error of `signal` when that is aborted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) throw abortError(signal);
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted) throw abortError(signal);
    throw error;
  }
}
