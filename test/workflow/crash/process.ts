import { setImmediate as turn } from 'node:timers/promises';
import { FederationError } from '../../../src/errors.ts';
import { takeClaim } from '../../../src/workflow/claiming.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { conflictAt } from '../../../src/workflow/journal-check.ts';
import type { Clock } from '../../../src/workflow/time.ts';
import type { Durable } from './durable.ts';

/** A call that does not do what it should: it fails before or after its effect, or the effect comes after the caller gave up. */
export interface Fault {
  /** Number of the call, counted from 1 in its drive. */
  readonly at: number;
  readonly how: 'before' | 'after' | 'late';
  /** What the caller sees: an error that may be tried again, one that may not, nothing until its time is over, or nothing for so long that nobody waits any more. */
  readonly shows: 'retryable' | 'final' | 'nothing' | 'stuck';
}

/** Where a process ends: it dies or freezes right after its effect number `at`, or freezes while that is on its way. */
export interface Stop {
  readonly at: number;
  readonly how: 'die' | 'freeze' | 'freeze in flight';
}

/** What a call is for. */
export interface Place {
  /** Whether it is to leave something durable; else it reads. */
  readonly effect: boolean;
  /** The record, or the write, in a word. */
  readonly what: string;
  readonly step?: string;
}

const claimMs = 10_000;
/** Longer than the time limit of a step and the grace time together. */
export const stuckMs = 25_000;
/** Stands in errors; nothing that is kept or told may hold it. */
export const canary = 'eyJhbGciOiJub25lIn0.Y2FuYXJ5LWluLWEtY29hbC1taW5l.c2lnbmF0dXJl';

/** One process: everything it does to the outside passes {@link Process.call}. */
export class Process {
  readonly id: number;
  readonly durable: Durable;
  readonly clock: Clock;
  /** Resolves with the place where it stopped. */
  readonly stopped = Promise.withResolvers<Place>();
  /** Effects so far. */
  points = 0;
  /** Faults that took place. */
  faulted = 0;
  readonly #stop: Stop | undefined;
  readonly #faults: ReadonlyMap<number, Fault>;
  readonly #onPoint: (points: number) => void;
  #calls = 0;
  #dead = false;
  #ended = false;
  #thaw: PromiseWithResolvers<void> | undefined;
  #overdue: (() => void)[] = [];

  constructor(
    id: number,
    durable: Durable,
    time: Clock,
    {
      stop,
      faults = [],
      onPoint = () => undefined,
    }: { stop?: Stop; faults?: readonly Fault[]; onPoint?: (points: number) => void },
  ) {
    this.id = id;
    this.durable = durable;
    this.#stop = stop;
    this.#faults = new Map(faults.map((fault) => [fault.at, fault]));
    this.#onPoint = onPoint;
    this.clock = {
      now: () => time.now(),
      date: () => time.date(),
      after: (ms, run) => {
        let cancelled = false;
        const fire = (): void => {
          if (cancelled || this.#dead) return;
          if (this.#thaw === undefined) run();
          else this.#overdue.push(fire);
        };
        const cancel = time.after(ms, fire);
        return () => {
          cancelled = true;
          cancel();
        };
      },
    };
  }

  get isFrozen(): boolean {
    return this.#thaw !== undefined;
  }

  /** Goes on where it froze; its timers that are overdue fire a moment later. */
  thaw(): void {
    const thaw = this.#thaw;
    this.#thaw = undefined;
    thaw?.resolve();
    const overdue = this.#overdue.splice(0);
    void turn().then(() => {
      for (const fire of overdue) fire();
    });
  }

  async call<T>(place: Place, effect: () => T, signal?: AbortSignal): Promise<T> {
    await this.#running();
    this.durable.tick();
    const fault = this.#nextFault(place);
    if (fault?.shows === 'stuck') await this.#stuck();
    else if (fault?.how === 'before') return this.#fail(fault, signal);
    const stops = place.effect && this.#isStop();
    if (stops && this.#stop?.how === 'freeze in flight') {
      this.#end(place);
      await this.#running();
    }
    if (fault?.how === 'late' && fault.shows !== 'stuck') {
      this.durable.later(fault.at % 7, effect);
      return this.#fail(fault, signal);
    }
    const result = effect();
    if (place.effect && !this.#ended) this.#onPoint(this.points);
    if (stops && !this.#ended) this.#end(place);
    await this.#running();
    return fault === undefined || fault.shows === 'stuck' ? result : this.#fail(fault, signal);
  }

  #nextFault(place: Place): Fault | undefined {
    // Before a run is recorded there is nothing to survive.
    if (this.durable.records.length === 0 && place.what !== 'opened') return undefined;
    this.#calls += 1;
    return this.#faults.get(this.#calls);
  }

  #isStop(): boolean {
    this.points += 1;
    return this.points === this.#stop?.at;
  }

  #end(place: Place): void {
    this.#ended = true;
    if (this.#stop?.how === 'die') this.#dead = true;
    else this.#thaw = Promise.withResolvers();
    this.stopped.resolve(place);
  }

  async #running(): Promise<void> {
    if (this.#dead) await new Promise(() => undefined);
    while (this.#thaw !== undefined) await this.#thaw.promise;
  }

  /** It answers in the end, whatever signal was aborted meanwhile. */
  async #stuck(): Promise<void> {
    this.faulted += 1;
    await new Promise<void>((resolve) => {
      this.clock.after(stuckMs, resolve);
    });
    await this.#running();
  }

  async #fail({ shows }: Fault, signal: AbortSignal | undefined): Promise<never> {
    this.faulted += 1;
    if (shows === 'nothing' && signal !== undefined)
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
    await this.#running();
    const text = `https://admin:${canary}@m.example failed (Authorization: Bearer ${canary}, "token":"${canary}")`;
    if (shows === 'final') throw new FederationError('FORBIDDEN', text);
    throw new FederationError('UNREACHABLE', text, { retryable: true });
  }
}

/** The journal as a process sees it. */
export function journalOf(process: Process): JournalStore {
  const { durable, clock } = process;
  return {
    async append(runId, seq, entry, { signal } = {}) {
      const place = { effect: true, what: entry.type, ...('step' in entry && { step: entry.step }) };
      const land = (): void => {
        if (durable.records.length + 1 !== seq) throw conflictAt(runId, seq);
        durable.append(entry);
      };
      await process.call(place, land, signal);
    },
    async *read() {
      const texts = await process.call({ effect: false, what: 'read' }, () => [...durable.records]);
      for (const text of texts) yield JSON.parse(text) as JournalEntry;
    },
    async *runs() {
      if (durable.records.length > 0) yield 'r';
    },
    async claim(runId, driver, { signal } = {}) {
      const register = {
        read: async () => process.call({ effect: false, what: 'claim' }, () => durable.claim),
        write: async (record: NonNullable<Durable['claim']>) =>
          process.call({ effect: true, what: 'claim' }, () => {
            if (record.turn !== (durable.claim?.turn ?? 0) + 1) return false;
            durable.claim = record;
            return true;
          }),
      };
      return takeClaim(register, { runId, driver, clock, claimMs, ...(signal && { signal }) });
    },
  };
}
