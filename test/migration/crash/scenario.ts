import type { MigrationInput } from '../../../src/migration/input.ts';
import type { Fault } from '../../../src/testing/index.ts';

/** Which workspaces go which way. */
export const inputs = {
  adopt: { retain: 'all' },
  'both ways': { retain: 'all', workspaces: { 'team-b': { mode: 'rebind' } } },
} as const satisfies Record<string, MigrationInput>;

/** Where the first driver of a run ends for good. */
export type Stop =
  /** At a record of its journal: lost before it is kept, or right after. */
  | { readonly record: number; readonly when: 'before' | 'after' }
  /** At a write to a cluster: before it takes effect, right after, or while it is on its way and takes effect when others are at work. */
  | { readonly write: number; readonly when: 'before' | 'after' | 'late' };

/** One run with its misfortunes, as plain data. */
export interface Scenario {
  readonly input: keyof typeof inputs;
  /** What befalls one of the driver's requests, counted over all clusters from 1. */
  readonly fault?: { readonly of: 'write' | 'list' | 'watch'; readonly nth: number; readonly fault: Fault };
  /** What ends the first drivers, one after the other. */
  readonly stops: readonly Stop[];
  /** What whoever comes next does. */
  readonly next: 'resume' | 'rollback';
}

/** How many there were of each in a run that nothing befell. */
export interface Extent {
  readonly records: number;
  readonly writes: number;
  readonly lists: number;
  readonly watches: number;
}

/** What can befall a write. Times are those of real clusters. */
export const writeFaults: readonly Fault[] = [
  'reset-before',
  'reset-after',
  { status: 409 },
  { status: 429, retryAfterSeconds: 1 },
  { status: 500 },
  { status: 503 },
  { status: 504 },
  { lateMs: 5_000 },
  { lateMs: 5_000, answer: 'timeout' },
  { truncateAt: 20 },
  { delayMs: 20_000 },
];
const listFaults: readonly Fault[] = [{ staleBy: 3 }, { truncateAt: 200 }, { status: 503 }];
const watchFaults: readonly Fault[] = [{ dropEvents: 2 }, 'reset-after', { truncateAt: 30 }];

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Every stop, and every fault of every request, of runs of that extent. */
export function* everyScenario(input: Scenario['input'], extent: Extent): Generator<Scenario> {
  const nexts = ['resume', 'rollback'] as const;
  for (const next of nexts) {
    for (const record of numbers(extent.records))
      for (const when of ['before', 'after'] as const) yield { input, stops: [{ record, when }], next };
    for (const write of numbers(extent.writes))
      for (const when of ['before', 'after', 'late'] as const) yield { input, stops: [{ write, when }], next };
  }
  const faulty = { write: writeFaults, list: listFaults, watch: watchFaults } as const;
  const counts = { write: extent.writes, list: extent.lists, watch: extent.watches } as const;
  for (const kind of ['write', 'list', 'watch'] as const)
    for (const nth of numbers(counts[kind]))
      for (const fault of faulty[kind]) yield { input, fault: { of: kind, nth, fault }, stops: [], next: 'resume' };
}
