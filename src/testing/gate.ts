import type { Clock } from './clock.ts';

/** What holds control loops up. */
interface Hindrance {
  readonly matches: (name: string) => boolean;
  /** `undefined`: they do nothing at all. */
  readonly slowMs: number | undefined;
}

/** Waits until a control loop may work, or `signal` is aborted. */
export type Passage = (signal?: AbortSignal) => Promise<void>;

/** Where every control loop of a cluster asks whether it may go on: those that are down, or slow, are held up here. */
export class Gate {
  readonly #hindrances = new Set<Hindrance>();
  readonly #waiting = new Set<() => void>();
  readonly #names = new Set<string>();

  /** Names of control loops, and of programs that they are part of. */
  get names(): readonly string[] {
    return [...this.#names].sort();
  }

  /** The way through for a control loop; `names` are its own, and those of what it is part of. */
  passage(names: readonly string[], clock: Pick<Clock, 'sleep'>): Passage {
    for (const name of names) this.#names.add(name);
    return async (signal) => {
      if (this.#hindrances.size === 0) return;
      const hindrances = (): Hindrance[] => [...this.#hindrances].filter(({ matches }) => names.some(matches));
      await this.#until(() => !hindrances().some(({ slowMs }) => slowMs === undefined), signal);
      const slowMs = hindrances().reduce((sum, hindrance) => sum + (hindrance.slowMs ?? 0), 0);
      if (slowMs > 0) await clock.sleep(slowMs, signal).catch(() => {});
    };
  }

  /** Whether what bears one of `names` does nothing at all now. */
  blocks(names: readonly string[]): boolean {
    return [...this.#hindrances].some(({ matches, slowMs }) => slowMs === undefined && names.some(matches));
  }

  /** Holds up what is called as `matches` says, for `slowMs` of real clusters at each piece of work or for good, until the answer is called. */
  hinder(matches: (name: string) => boolean, slowMs?: number): () => void {
    const hindrance = { matches, slowMs };
    this.#hindrances.add(hindrance);
    return () => {
      this.#hindrances.delete(hindrance);
      for (const look of [...this.#waiting]) look();
    };
  }

  #until(free: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (signal?.aborted !== true && !free()) return;
        this.#waiting.delete(look);
        signal?.removeEventListener('abort', look);
        resolve();
      };
      this.#waiting.add(look);
      signal?.addEventListener('abort', look);
      look();
    });
  }
}
