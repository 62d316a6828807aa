/** The engine's only source of time; tests put another one in its place. */
export interface Clock {
  /** Monotonic, in milliseconds. Everything that is decided by time is decided by this. */
  now(): number;
  /** For people. */
  date(): string;
  /** Calls `run` once after `ms`; the result cancels it. `idle`: waiting for that alone does not keep the process alive. */
  after(ms: number, run: () => void, idle?: boolean): () => void;
}

/** The time of this machine. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  date: () => new Date().toISOString(),
  after(ms: number, run: () => void, idle = false): () => void {
    const timer = setTimeout(run, ms);
    if (idle) timer.unref();
    return () => clearTimeout(timer);
  },
});

/** Resolves after `ms`, or at once when `signal` is aborted: the caller looks at the signal anyway. */
export function pauseFor(clock: Clock, ms: number, signal?: AbortSignal, idle?: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end, idle);
    signal?.addEventListener('abort', end, { once: true });
  });
}
