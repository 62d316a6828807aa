import type { Pace } from '../pace.ts';

/** How long a queue waits, before the server's speed divides it. */
interface QueueDelays {
  readonly minMs: number;
  readonly maxMs: number;
  /** The first wait after a failure; each further one is twice as long. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
}

/** Keys to be worked on: each once at a time, again if it was added meanwhile, and after failures for ever. */
export class WorkQueue {
  readonly #pace: Pace;
  readonly #passage: () => Promise<void>;
  readonly #delays: QueueDelays;
  readonly #work: (key: string) => Promise<void>;
  readonly #waiting = new Map<string, () => void>();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  /** Keys that wait out a failure. */
  readonly #backingOff = new Set<string>();

  /** `name` is that of the controller. */
  constructor(pace: Pace, name: string, delays: QueueDelays, work: (key: string) => Promise<void>) {
    this.#pace = pace;
    this.#passage = pace.passage(name);
    this.#delays = delays;
    this.#work = work;
  }

  /** Asks for `key` to be worked on. What waits out a failure is worked on sooner. */
  add(key: string): void {
    if (this.#running.has(key)) this.#again.add(key);
    else if (!this.#waiting.has(key) || this.#backingOff.has(key)) this.#scheduleSoon(key);
  }

  #scheduleSoon(key: string): void {
    this.#backingOff.delete(key);
    this.#schedule(key, this.#delays.minMs, this.#delays.maxMs);
  }

  #schedule(key: string, minMs: number, maxMs: number): void {
    this.#waiting.get(key)?.();
    this.#waiting.set(
      key,
      this.#pace.later(minMs, maxMs, () => void this.#run(key)),
    );
  }

  async #run(key: string): Promise<void> {
    this.#waiting.delete(key);
    this.#backingOff.delete(key);
    this.#running.add(key);
    await this.#passage();
    if (this.#pace.stopped) return;
    let failed = false;
    try {
      await this.#pace.during(this.#work(key));
    } catch {
      failed = true;
    }
    this.#running.delete(key);
    const failures = failed ? (this.#failures.get(key) ?? 0) + 1 : 0;
    if (failed) this.#failures.set(key, failures);
    else this.#failures.delete(key);
    if (this.#again.delete(key)) this.#scheduleSoon(key);
    else if (failed) {
      const wait = Math.min(this.#delays.maxRetryMs, this.#delays.retryMs * 2 ** (failures - 1));
      this.#backingOff.add(key);
      this.#schedule(key, wait, wait);
    }
  }
}
