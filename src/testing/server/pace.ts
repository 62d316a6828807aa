import { chance } from '../chance.ts';
import type { Clock } from '../clock.ts';
import type { Gate } from '../gate.ts';

/** Waits the way the real controllers do; the same seed waits the same. */
export class Pace {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #waiting = new Set<() => void>();
  readonly #ends: (() => void)[] = [];
  readonly #gate: Gate;
  readonly #stop = new AbortController();

  constructor(clock: Clock, seed: number, gate: Gate) {
    this.#clock = clock;
    this.#gate = gate;
    this.#random = chance(seed);
  }

  /** Calls `work` after between `minMs` and `maxMs`; the answer calls it off. */
  later(minMs: number, maxMs: number, work: () => void): () => void {
    if (this.stopped) return () => {};
    const cancel = this.#clock.later(minMs + (maxMs - minMs) * this.#random(), () => {
      this.#waiting.delete(cancel);
      work();
    });
    this.#waiting.add(cancel);
    return () => {
      cancel();
      this.#waiting.delete(cancel);
    };
  }

  /** Time of day of this server, in milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Whether nothing is to be begun any more. */
  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Where the controller of this name waits until it may work, or it is stopped. */
  passage(controller: string): () => Promise<void> {
    const pass = this.#gate.passage(['kube-controller-manager', controller], this.#clock);
    return () => pass(this.#stop.signal);
  }

  /** Counts as going on for whoever moves the clock. */
  during<T>(work: Promise<T>): Promise<T> {
    return this.#clock.during(work);
  }

  /** Calls `end` when it is stopped. */
  onStop(end: () => void): void {
    this.#ends.push(end);
  }

  /** Calls off everything that waits, for good. */
  stop(): void {
    this.#stop.abort();
    for (const end of this.#ends.splice(0)) end();
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
  }
}
