import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/workflow/time.ts';

/** Time that only passes when nothing else happens. */
export interface VirtualTime {
  readonly clock: Clock;
  /** Lets time pass until `work` settles. */
  until<T>(work: Promise<T>): Promise<T>;
}

/** With `deadlock`, waiting for what nothing can bring about any more is an error; only where nothing but this time is waited for. */
export function virtualTime({ deadlock = false }: { readonly deadlock?: boolean } = {}): VirtualTime {
  let now = 0;
  let count = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  const clock: Clock = {
    now: () => now,
    date: () => new Date(Date.UTC(2026, 0, 1) + now).toISOString(),
    after(ms, run) {
      count += 1;
      const id = count;
      timers.set(id, { at: now + ms, run });
      return () => void timers.delete(id);
    },
  };
  const jump = (): void => {
    let first: [number, { at: number; run: () => void }] | undefined;
    for (const timer of timers) if (first === undefined || timer[1].at < first[1].at) first = timer;
    if (first === undefined) return;
    const [id, { at, run }] = first;
    timers.delete(id);
    now = Math.max(now, at);
    run();
  };
  return {
    clock,
    async until(work) {
      let settled = false;
      let silent = 0;
      const since = now;
      const mark = (): void => {
        settled = true;
      };
      work.then(mark, mark);
      // Two turns without anything settled: all that is left to happen waits for time.
      for (let idle = 0; !settled; idle += 1) {
        await turn();
        if (settled) break;
        silent = timers.size === 0 ? silent + 1 : 0;
        if (deadlock && (silent > 100 || now - since > 3_600_000)) throw new Error('It waits for ever.');
        if (idle % 2 === 1) jump();
      }
      return work;
    },
  };
}
