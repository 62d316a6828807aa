import { FederationError } from '../errors.ts';
import type { Json } from '../types.ts';
import { pool } from '../workflow/pool.ts';
import { some } from './closure.ts';
import type { WriteOptions, Written } from './operation.ts';

/** Options of calls over many items. */
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

/**
 * Performs a write for each item. One that fails does not keep the others from being done; after the signal was aborted none is begun.
 *
 * @returns what became of each, in the order of `items`
 * @throws FederationError `BATCH_FAILED` where any failed: `details.items` holds every item's outcome, and the first error is the cause
 */
export async function performEach<Item extends Json, Out>(
  items: readonly Item[],
  what: string,
  write: (item: Item) => Promise<Written<Out>>,
  { concurrency = 8, onProgress, signal }: BatchOptions = {},
): Promise<readonly ItemOutcome<Item, Out>[]> {
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
        const written = await write(item);
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
    () => signal?.aborted !== true,
  );
  for (const { error } of result.failed) throw error;
  const outcomes = new Map<number, ItemOutcome<Item, Out>>(result.done.map(({ of, result: one }) => [of.index, one]));
  const all = indexed.map(
    ({ item, index }): ItemOutcome<Item, Out> =>
      outcomes.get(index) ?? {
        item,
        outcome: 'failed',
        error: new FederationError('ABORTED', 'The call was aborted before this item was begun.'),
      },
  );
  const failures = all.flatMap((one) => (one.outcome === 'failed' ? [one] : []));
  const [first] = failures;
  if (first === undefined) return all;
  throw new FederationError(
    'BATCH_FAILED',
    `${what}: ${failures.length} of ${items.length} failed: ${some(failures.map(({ item, error }) => `${labelOf(item)}: ${error.message}`))} Call again with the same items: those that are done are left as they are.`,
    {
      cause: first.error,
      retryable: failures.every(({ error }) => error.retryable),
      details: {
        items: all.map((one) => ({
          item: one.item,
          outcome: one.outcome,
          ...(one.outcome === 'failed' && { error: one.error.toJSON() }),
        })),
      },
    },
  );
}

function labelOf(item: Json): string {
  return typeof item === 'string' ? item : JSON.stringify(item);
}
