import { abortError } from '../internal/signal.ts';

/** Waits for `promise` until `signal` is aborted; the work behind the promise goes on unheard. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  using aborted = whenAborted(signal);
  return await Promise.race([promise, aborted.promise]);
}

/** A signal that follows both; disposing it removes the listeners. */
export function either(a: AbortSignal, b: AbortSignal | undefined): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const followers = [a, b].flatMap((signal) => {
    if (signal === undefined) return [];
    const follow = (): void => controller.abort(signal.reason);
    if (signal.aborted) follow();
    signal.addEventListener('abort', follow, { once: true });
    return [() => signal.removeEventListener('abort', follow)];
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const remove of followers) remove();
    },
  };
}

function whenAborted(signal: AbortSignal): { readonly promise: Promise<never> } & Disposable {
  let listener = (): void => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    listener = () => reject(abortError(signal));
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  promise.catch(() => undefined);
  return { promise, [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
}
