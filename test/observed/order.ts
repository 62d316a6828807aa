import type { Delay, Entry, Seen } from './entry.ts';

/** What was observed to be over sooner waited for nobody: it took what requests take, and where a clock stands for them that is nothing. */
const immediateMs = 500;
const order = 10;
/**
 * What real API servers and a busy machine add, by the wall: up to 2.5 s were measured beyond ten times what was observed, on two cores
 * with work for seventeen.
 */
const machineMs = 4_000;
/** So many times as long as it was observed to take Kubernetes took for its own work on that machine. */
const slower = 2;

/**
 * Whether a time is of the order of the observed one: at least a tenth of the shortest, unless all of it was immediate, and at most ten
 * times the longest. Besides, it may be late by what takes the wall's time, however fast KubeSphere's controllers are made.
 *
 * @param tookMs milliseconds of real clusters, by the time of the stage; of a client by the wall's
 * @param lag how much of the stage's time passes in a millisecond of the wall while servers work
 */
export function sameOrder(tookMs: number, { fromMs, toMs, of }: Delay, lag: number): boolean {
  // How fast a client is says nothing of the controllers, and a machine may be faster than the one of that time.
  if (of === 'client') return tookMs <= toMs * order;
  const early = toMs < immediateMs ? 0 : fromMs / order;
  const lateMs = machineMs + (of === 'Kubernetes' ? toMs * slower : 0);
  return tookMs >= early && tookMs <= toMs * order + lateMs * lag;
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
