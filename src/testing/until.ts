import { FederationError } from '../errors.ts';
import { sleep } from '../internal/signal.ts';

/** Options of {@link until}. */
export interface UntilOptions {
  /** @defaultValue 60000 */
  readonly timeoutMs?: number;
  /** @defaultValue 50 */
  readonly everyMs?: number;
}

/**
 * Asks `check` again and again until it answers something other than `undefined` or `false`, and resolves with that.
 * What `check` throws is thrown. @throws FederationError `NOT_OBSERVED` after `timeoutMs`; `what` names what was awaited.
 */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  { timeoutMs = 60_000, everyMs = 50 }: UntilOptions = {},
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new FederationError('NOT_OBSERVED', `Not observed in ${timeoutMs} ms: ${what}.`);
    await sleep(everyMs);
  }
}
