import { FederationError } from '../../../src/errors.ts';
import type { ClaimRecord } from '../../../src/workflow/claiming.ts';
import type { JournalEntry } from '../../../src/workflow/journal.ts';

/** What an object holds; `null`: it is not there. */
export type Value = string | null;

/** An object as a server keeps it. One that is inert was created and not yet made effective: it holds nothing, and harms nobody. */
export interface Stored {
  readonly value: Value;
  readonly inert: boolean;
  readonly version: number;
}

/** Who writes: which process, and what for. */
export interface Author {
  readonly process: number;
  readonly role: 'run' | 'undo' | 'touch';
  readonly step: string;
}

/** A write that took effect. */
interface Write {
  readonly by: Author;
  readonly name: string;
  readonly from: Value;
  readonly to: Value;
}

/** What a record is, and of which step or gate it speaks. */
function placeOf(entry: JournalEntry): string {
  const residue = entry.type === 'residue' ? entry.residue[0]?.step : '';
  return `${entry.type} ${'step' in entry ? entry.step : 'gate' in entry ? entry.gate : residue}`;
}

/** What outlives every process: the records of one run, its claim, and a world of objects with preconditions like an API server's. */
export class Durable {
  readonly records: string[] = [];
  /** Type and place of every record there is. */
  readonly recorded = new Set<string>();
  /** Broken promises that were seen when a record came. */
  readonly violations: string[] = [];
  claim: ClaimRecord | undefined;
  readonly objects = new Map<string, Stored>();
  readonly writes: Write[] = [];
  readonly #shown = new Map<string, string>();
  #version = 0;
  #late: { calls: number; readonly land: () => void }[] = [];

  constructor(start: Readonly<Record<string, Value>>) {
    for (const [name, value] of Object.entries(start)) if (value !== null) this.#store(name, value, false);
  }

  append(entry: JournalEntry): void {
    this.records.push(JSON.stringify(entry));
    this.recorded.add(placeOf(entry));
    if (entry.type === 'paused' && entry.gate !== undefined) this.#shown.set(entry.gate, JSON.stringify(entry.shown));
    if (entry.type === 'approved' && this.#shown.get(entry.gate) !== JSON.stringify(this.values()))
      this.violations.push(`Gate ${entry.gate} was passed by an approval of something else than what is there.`);
  }

  read(name: string): Stored | undefined {
    return this.objects.get(name);
  }

  /** Somebody else's doing. */
  disturb(name: string, value: Value): void {
    if (value === null) this.objects.delete(name);
    else this.#store(name, value, false);
  }

  create(by: Author, name: string): number {
    if (this.objects.has(name)) throw new FederationError('CONFLICT', `${name} exists.`);
    this.writes.push({ by, name, from: null, to: null });
    return this.#store(name, null, true);
  }

  update(by: Author, name: string, value: string, version: number): void {
    const { value: from } = this.#at(name, version);
    this.writes.push({ by, name, from, to: value });
    this.#store(name, value, false);
  }

  remove(by: Author, name: string, version: number): void {
    const { value: from } = this.#at(name, version);
    this.writes.push({ by, name, from, to: null });
    this.objects.delete(name);
  }

  /** Changes nothing but the version. */
  touch(by: Author, name: string): void {
    const stored = this.objects.get(name);
    if (stored === undefined) return;
    this.writes.push({ by, name, from: stored.value, to: stored.value });
    this.#store(name, stored.value, stored.inert);
  }

  /** The effective objects. */
  values(): Readonly<Record<string, string>> {
    const entries = [...this.objects].flatMap(([name, { value }]): [string, string][] =>
      value === null ? [] : [[name, value]],
    );
    return Object.fromEntries(entries.sort());
  }

  inert(): string[] {
    return [...this.objects].flatMap(([name, { inert }]) => (inert ? [name] : []));
  }

  /** A request that is still on its way: it lands after that many calls of whomever. */
  later(calls: number, land: () => void): void {
    this.#late.push({ calls, land });
  }

  /** One call happens; what was on its way for long enough lands before it. */
  tick(): void {
    if (this.#late.length === 0) return;
    for (const one of this.#late) one.calls -= 1;
    this.#land(this.#late.filter(({ calls }) => calls < 0));
    this.#late = this.#late.filter(({ calls }) => calls >= 0);
  }

  /** All that is still on its way lands. */
  landAll(): void {
    this.#land(this.#late);
    this.#late = [];
  }

  #land(due: readonly { readonly land: () => void }[]): void {
    for (const { land } of due) {
      try {
        land();
      } catch {
        // Nobody waits for the answer: a precondition that failed is the end of it.
      }
    }
  }

  #at(name: string, version: number): Stored {
    const stored = this.objects.get(name);
    if (stored?.version !== version) throw new FederationError('CONFLICT', `${name} has changed.`);
    return stored;
  }

  #store(name: string, value: Value, inert: boolean): number {
    this.#version += 1;
    this.objects.set(name, { value, inert, version: this.#version });
    return this.#version;
  }
}
