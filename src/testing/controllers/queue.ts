import type { Clock } from '../clock.ts';

/** What a reconcile may ask for besides being done: another look soon (`retry`, with growing delay) or at a time. */
export type Outcome = undefined | 'retry' | { readonly againAfterMs: number };

/** Work by key: coalesced while it waits, repeated when asked for during its run, slowed down when it fails. */
export class Queue {
  readonly #run: (key: string) => Promise<Outcome>;
  readonly #workers: number;
  readonly #delay: (failures: number) => number;
  readonly #waiting = new Set<string>();
  readonly #active = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  readonly #clock: Clock;
  readonly #failures = new Map<string, number>();
  #closed = false;

  constructor(
    run: (key: string) => Promise<Outcome>,
    { workers, delay, clock }: { workers: number; delay: (failures: number) => number; clock: Clock },
  ) {
    this.#run = run;
    this.#workers = workers;
    this.#delay = delay;
    this.#clock = clock;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#active.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#next();
  }

  /** Adds it in `ms` of real clusters; an earlier time wins over a later one. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    const at = this.#clock.elapsed() + ms;
    const planned = this.#timers.get(key);
    if (planned !== undefined && planned.at <= at) return;
    planned?.cancel();
    const fire = (): void => {
      this.#timers.delete(key);
      this.add(key);
    };
    this.#timers.set(key, { at, cancel: this.#clock.later(ms, fire) });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { cancel } of this.#timers.values()) cancel();
    await Promise.all(this.#active.values());
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#active.size >= this.#workers) return;
      this.#waiting.delete(key);
      this.#active.set(key, this.#work(key));
    }
  }

  async #work(key: string): Promise<void> {
    const failures = this.#failures.get(key) ?? 0;
    const outcome = await this.#run(key);
    this.#active.delete(key);
    if (outcome === 'retry') {
      this.#failures.set(key, failures + 1);
      this.addAfter(key, this.#delay(failures));
    } else {
      this.#failures.delete(key);
      if (outcome !== undefined) this.addAfter(key, outcome.againAfterMs);
    }
    if (this.#again.delete(key)) this.add(key);
    this.#next();
  }
}
