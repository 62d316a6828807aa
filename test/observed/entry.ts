import { type Row, sectionOf } from './reference.ts';
import type { Stage } from './stage.ts';

/** Hazards of the domain reference. */
type Hazard = `H${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19 | 20 | 21}`;

/** How long something took when it was observed, from and to, in milliseconds. */
export interface Delay {
  readonly fromMs: number;
  readonly toMs: number;
  /** Whose time it is but that of KubeSphere's controllers: it passes here as fast as there. */
  readonly of?: 'client' | 'Kubernetes';
}

/** What a cluster says after an act: statement and value. */
type Outcome = Readonly<Record<string, string | number | boolean>>;

/** What was read after an act, and how long it took until then. */
export interface Seen {
  readonly outcome: Outcome;
  /** Milliseconds of real clusters, by the names that the entry's delays have; of what a client does, of the wall. */
  readonly tookMs?: Readonly<Record<string, number>>;
  /** What is not the same every time, as it was this time. */
  readonly note?: string;
}

/** An act that is replayed with plain API calls, as a person would type it. */
export interface Entry {
  /** Row of the domain reference; none for what only a hazard describes. */
  readonly row?: Row;
  readonly hazards?: readonly Hazard[];
  readonly act: string;
  /** What was observed on real controllers, or what the hazard describes. */
  readonly observed: string;
  /** That, as the replay reads it. */
  readonly outcome: Outcome;
  readonly delays?: Readonly<Record<string, Delay>>;
  /** A client that means no harm loses something by it; the replay says how fast. */
  readonly destroys?: true;
  readonly play: (stage: Stage) => Promise<Seen>;
}

/** Seconds, as the tables have them. */
export const seconds = (from: number, to = from): Delay => ({ fromMs: from * 1000, toMs: to * 1000 });

/** Seconds in which Kubernetes itself does the work: it collects garbage, empties namespaces, forgets tokens. */
export const ofKubernetes = (from: number, to = from): Delay => ({ ...seconds(from, to), of: 'Kubernetes' });

/** Something done `times` times by hand in so many seconds altogether: what one of them takes. */
export const each = (times: number, took: number): Delay => {
  const ms = (took * 1000) / times;
  return { fromMs: ms, toMs: ms, of: 'client' };
};

/** Title of the test of an entry: its hazards first. */
export function titleOf({ hazards = [], row, act }: Pick<Entry, 'hazards' | 'row' | 'act'>): string {
  const section = row === undefined ? undefined : sectionOf(row);
  const from = section === undefined ? '' : ` (${section})`;
  return hazards.length === 0 ? `${section}: ${act}` : `${hazards.join(', ')}: ${act}${from}`;
}
