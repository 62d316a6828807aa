import type { Delay, Entry, Seen } from './entry.ts';

/** From here on an observed time says something about the order; below it, about the watch. */
const meaningfulMs = 1_000;

/**
 * Whether a time is of the order of the observed one: within a factor of ten either way, of at least a second.
 *
 * @param tookMs milliseconds of real clusters, by the time of the stage; of a client by the wall's
 * @param lag how much of that passes while Kubernetes itself does a millisecond's work: by so much it may be late
 */
export function sameOrder(tookMs: number, { fromMs, toMs, client }: Delay, lag: number): boolean {
  // How fast a client is says nothing of the controllers, and a machine may be faster than the one of that time.
  if (client === true) return tookMs <= toMs * 10;
  const early = fromMs < meaningfulMs ? 0 : fromMs / 10;
  return tookMs >= early && tookMs <= Math.max(toMs, meaningfulMs) * 10 * lag;
}

/** What took another time than was observed, in words. */
export function otherDelays({ delays = {} }: Pick<Entry, 'delays'>, { tookMs = {} }: Seen, lag: number): string[] {
  return Object.entries(delays).flatMap(([name, delay]) => {
    const took = tookMs[name] ?? Number.NaN;
    return sameOrder(took, delay, lag) ? [] : [`${name}: ${took / 1000} s, observed ${observedText(delay)}`];
  });
}

/** The observed time, `0.2-1 s`. */
export function observedText({ fromMs, toMs }: Delay): string {
  return `${[...new Set([fromMs, toMs])].map((ms) => Math.round(ms) / 1000).join('-')} s`;
}
