import type { Clock } from '../clock.ts';

const everyMs = 60_000;
/** However fast the clock runs, nobody needs bookmarks more often, in milliseconds of the wall. */
const leastMs = 1_000;

/** Tells watches now and then how far the server is: one timer for all of them, while there are any. */
export class Bookmarks {
  readonly #clock: Clock;
  readonly #watches = new Set<() => void>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `send` every minute of real clusters until the answer is called. */
  follow(send: () => void): () => void {
    this.#watches.add(send);
    if (this.#cancel === undefined) this.#arm();
    return () => {
      this.#watches.delete(send);
      if (this.#watches.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  #arm(): void {
    this.#cancel = this.#clock.later(Math.max(everyMs, leastMs * this.#clock.speed), () => {
      this.#arm();
      for (const send of [...this.#watches]) send();
    });
  }
}
