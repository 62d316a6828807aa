import { setImmediate as turn } from 'node:timers/promises';
import { FederationError } from '../errors.ts';

interface Timer {
  /** Model time. */
  readonly at: number;
  readonly work: () => void;
  native: NodeJS.Timeout | undefined;
}

/** Native timers that shall wait longer do not wait at all. */
const longestMs = 2 ** 31 - 1;

/** Turns of the event loop without any work after which everything is at rest: an answer takes a few to be read. */
const quietTurns = 20;

/**
 * The time that servers and controllers of a sandbox live in. It runs by itself, `speed` times as fast as the wall's, and can be
 * stopped and moved forward: a resync of two minutes then takes as long as its work does.
 *
 * @example
 * ```ts
 * import { createSandbox } from 'kubesphere-federation/testing';
 *
 * await using sandbox = await createSandbox({ clusters: { a: { role: 'host' } } });
 * await sandbox.clock.advance(120_000);
 * ```
 */
export class Clock {
  /** How much faster than on real clusters every delay passes. */
  readonly speed: number;
  readonly #timers = new Set<Timer>();
  /** Model time at `#since`. */
  #base = 0;
  /** `performance.now()` when the clock was last set going; `undefined` while it stands. */
  #since: number | undefined = performance.now();
  #advanced = 0;
  #busy = 0;
  #advancing = false;

  /** @throws FederationError `INVALID` for a speed that is no positive number */
  constructor(options: { readonly speed?: number } = {}) {
    const { speed = 1 } = options;
    if (!(speed > 0 && Number.isFinite(speed)))
      throw new FederationError(
        'INVALID',
        `speed is ${speed}: give a positive number, 1 for the delays of real clusters.`,
      );
    this.speed = speed;
  }

  /**
   * Time of day, in milliseconds since 1970: the wall's, and what the clock was moved forward. It does not run at `speed`, or
   * certificates and tokens of the sandbox would be over in minutes: only moving the clock makes them so.
   */
  now(): number {
    return Date.now() + this.#advanced;
  }

  /** How far the clock has run, in milliseconds of real clusters. */
  elapsed(): number {
    return this.#since === undefined ? this.#base : this.#base + (performance.now() - this.#since) * this.speed;
  }

  /** Calls `work` in `ms` of real clusters; the answer calls it off. */
  later(ms: number, work: () => void): () => void {
    const timer: Timer = { at: this.elapsed() + ms, work, native: undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => this.#drop(timer);
  }

  /** Resolves in `ms` of real clusters; rejects with the reason of `signal` when that is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.later(ms, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      if (signal?.aborted === true) aborted();
      else signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Counts `work` as going on: {@link Clock.advance} waits for it before it goes further. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await work;
    } finally {
      this.#busy -= 1;
    }
  }

  /** While work that counts as going on waits for the clock itself, {@link Clock.advance} does not wait for it. */
  async aside<T>(waiting: Promise<T>): Promise<T> {
    this.#busy -= 1;
    try {
      return await waiting;
    } finally {
      this.#busy += 1;
    }
  }

  /** Whether {@link Clock.advance} is under way. */
  get advancing(): boolean {
    return this.#advancing;
  }

  /** Whether it runs by itself. */
  get running(): boolean {
    return this.#since !== undefined;
  }

  /** Stops the clock: what waits goes on waiting, and requests are answered as ever. */
  pause(): void {
    if (this.#since === undefined) return;
    // In whole milliseconds: what is due three times 0.1 later would miss an end 0.3 later by a rounding.
    this.#base = Math.ceil(this.elapsed());
    this.#since = undefined;
    for (const timer of this.#timers) this.#disarm(timer);
  }

  /** Lets it run again. */
  resume(): void {
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    for (const timer of this.#timers) this.#arm(timer);
  }

  /**
   * Moves the clock forward by `ms` of real clusters. What becomes due happens in its order, and all that servers and controllers
   * then have to do is done before the next. Running or standing, the clock is afterwards as it was.
   *
   * @throws FederationError `INVALID` for a time that is no positive number, or while it is being moved already
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms)))
      throw new FederationError('INVALID', `The clock cannot be moved forward by ${ms} ms: give a positive number.`);
    if (this.#advancing)
      throw new FederationError('INVALID', 'The clock is being moved forward already: await that first.');
    const running = this.#since !== undefined;
    this.#advancing = true;
    this.pause();
    const end = this.#base + ms;
    try {
      await this.rest();
      for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
        this.#stepTo(next.at);
        this.#fire(next);
        await this.rest();
      }
      this.#stepTo(end);
    } finally {
      this.#advancing = false;
      if (running) this.resume();
    }
  }

  #stepTo(at: number): void {
    if (at <= this.#base) return;
    this.#advanced += at - this.#base;
    this.#base = at;
  }

  #earliest(end: number): Timer | undefined {
    let first: Timer | undefined;
    // Sums of fractions differ in their last digits: what is due at the very end is due.
    for (const timer of this.#timers)
      if (timer.at <= end + 1e-6 && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }

  #arm(timer: Timer): void {
    if (this.#since === undefined) return;
    // Native timers may be early by a part of a millisecond.
    const due = (): void => (this.elapsed() < timer.at ? this.#arm(timer) : this.#fire(timer));
    const ms = Math.max(0, (timer.at - this.elapsed()) / this.speed);
    timer.native = setTimeout(due, Math.min(ms, longestMs));
  }

  #disarm(timer: Timer): void {
    clearTimeout(timer.native);
    timer.native = undefined;
  }

  #drop(timer: Timer): void {
    this.#disarm(timer);
    this.#timers.delete(timer);
  }

  #fire(timer: Timer): void {
    this.#drop(timer);
    timer.work();
  }

  /** Resolves once nothing has been going on for a moment: what waits for the clock does not count. */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      await turn();
      if (this.#busy > 0) quiet = -1;
    }
  }
}
