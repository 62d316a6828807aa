/** What came of a pool's work. */
interface PoolResult<T, R> {
  readonly done: readonly { readonly of: T; readonly result: R }[];
  readonly failed: readonly { readonly of: T; readonly error: unknown }[];
}

/**
 * Works on `all`, at most `concurrency` at once. After `mayGoOn` says no, none is begun; those under way are waited for.
 * Never rejects.
 */
export async function pool<T, R>(
  all: readonly T[],
  concurrency: number,
  work: (one: T) => Promise<R>,
  mayGoOn: (failures: number) => boolean,
): Promise<PoolResult<T, R>> {
  const done: { of: T; result: R }[] = [];
  const failed: { of: T; error: unknown }[] = [];
  const waiting = all.values();
  const worker = async (): Promise<void> => {
    while (mayGoOn(failed.length)) {
      const one = waiting.next();
      if (one.done) return;
      try {
        done.push({ of: one.value, result: await work(one.value) });
      } catch (error) {
        failed.push({ of: one.value, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, all.length) }, worker));
  return { done, failed };
}
