/** Waits the way the real controllers do, divided by the server's speed; the same seed waits the same. */
export class Pace {
  readonly #speed: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: number;
  #stopped = false;

  constructor(speed: number, seed: number) {
    this.#speed = speed;
    this.#state = seed >>> 0;
  }

  /** Calls `work` after between `minMs` and `maxMs`; the answer calls it off. */
  later(minMs: number, maxMs: number, work: () => void): () => void {
    if (this.#stopped) return () => {};
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        work();
      },
      (minMs + (maxMs - minMs) * this.#random()) / this.#speed,
    );
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Calls off everything that waits, for good. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}
