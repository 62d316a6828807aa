import { FederationError } from '../errors.ts';
import { abortError, deadline } from '../internal/signal.ts';
import type { Json } from '../types.ts';
import { pool } from '../workflow/pool.ts';
import { some } from './closure.ts';
import type { WriteOptions, Written } from './operation.ts';

/** Options of calls over many items; `timeoutMs` is the limit for all of them together. */
export interface BatchOptions extends WriteOptions {
  /** Items worked on at once. @defaultValue 8 */
  readonly concurrency?: number;
  /** Called after each item; what it throws is ignored. */
  readonly onProgress?: (progress: BatchProgress) => void;
}

/** How far a call over many items is. */
export interface BatchProgress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
}

/** What became of one item. */
export type ItemOutcome<Item, Out> =
  | ({ readonly item: Item } & Written<Out>)
  | { readonly item: Item; readonly outcome: 'failed'; readonly error: FederationError };

/** What each of many items is written with: the signal that ends when the whole call does. */
export type ItemOptions = Omit<WriteOptions, 'timeoutMs' | 'signal'> & { readonly signal: AbortSignal };

/**
 * Performs a write for each item. One that fails does not keep the others from being done; once the signal was aborted or `timeoutMs`,
 * which is that of the whole call, is over, none is begun.
 *
 * @returns what became of each, in the order of `items`
 * @throws FederationError `BATCH_FAILED` where any failed: `details.items` holds every item's outcome, and the first error is the cause
 */
export async function performEach<Item extends Json, Out>(
  items: readonly Item[],
  what: string,
  write: (item: Item, call: ItemOptions) => Promise<Written<Out>>,
  { concurrency = 8, onProgress, timeoutMs, signal: own, ...options }: BatchOptions = {},
): Promise<readonly ItemOutcome<Item, Out>[]> {
  using limit = deadline({ ...(timeoutMs !== undefined && { timeoutMs }), ...(own && { signal: own }) }, what);
  const { signal } = limit;
  let [done, failed] = [0, 0];
  const told = (): void => {
    try {
      onProgress?.({ done, failed, total: items.length });
    } catch {
      // Whoever listens cannot fail the work.
    }
  };
  const indexed = items.map((item, index) => ({ item, index }));
  const result = await pool(
    indexed,
    concurrency,
    async ({ item }) => {
      try {
        const written = await write(item, { ...options, signal });
        done += 1;
        return { item, ...written };
      } catch (error) {
        failed += 1;
        if (!FederationError.is(error)) throw error;
        return { item, outcome: 'failed' as const, error };
      } finally {
        told();
      }
    },
    () => !signal.aborted,
  );
  for (const { error } of result.failed) throw error;
  const outcomes = new Map<number, ItemOutcome<Item, Out>>(result.done.map(({ of, result: one }) => [of.index, one]));
  const all = indexed.map(
    ({ item, index }): ItemOutcome<Item, Out> =>
      outcomes.get(index) ?? {
        item,
        outcome: 'failed',
        error: new FederationError(abortError(signal).code, `${abortError(signal).message} This item was not begun.`),
      },
  );
  const failures = all.flatMap((one) => (one.outcome === 'failed' ? [one] : []));
  const [first] = failures;
  if (first === undefined) return all;
  throw new FederationError(
    'BATCH_FAILED',
    `${what}: ${failures.length} of ${items.length} failed: ${some(failures.map(({ item, error }) => `${labelOf(item)}: ${sentence(error.message)}`))} What is done is left as it is when the same items are given again.`,
    {
      cause: first.error,
      retryable: failures.every(({ error }) => error.retryable),
      details: {
        items: all.map((one) => ({
          item: one.item,
          outcome: one.outcome,
          ...(one.outcome === 'failed' ? { error: one.error.toJSON() } : resultOf(one)),
        })),
      },
    },
  );
}

/** What a write resolved with, or would do, where that is anything. */
function resultOf<Out>(written: Written<Out>): object {
  const { result, forecast } = written as { readonly result?: Json; readonly forecast?: Json };
  return { ...(result !== undefined && { result }), ...(forecast !== undefined && { forecast }) };
}

/** A name, or what an item says with a name in it. */
function labelOf(item: Json): string {
  if (typeof item === 'string') return item;
  const { cluster, name } = (item ?? {}) as { readonly cluster?: unknown; readonly name?: unknown };
  return typeof name === 'string' ? `${typeof cluster === 'string' ? `${cluster}/` : ''}${name}` : JSON.stringify(item);
}

/** Another sentence follows. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
