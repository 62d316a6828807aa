/**
 * Does each of `works` in turn, whatever became of those before.
 *
 * @throws AggregateError with `message` and what went wrong, once all are done
 */
export async function inTurn(works: Iterable<() => unknown>, message: string): Promise<void> {
  const failures: unknown[] = [];
  for (const work of works) {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, message);
}
