import type { MigrationInput } from '../../../src/migration/input.ts';
import type { ClusterFault, Fault } from '../../../src/testing/index.ts';

/** Which workspaces go which way. */
export const inputs = {
  adopt: { retain: 'all' },
  'both ways': { retain: 'all', workspaces: { 'team-b': { mode: 'rebind' } } },
} as const satisfies Record<string, MigrationInput>;

/** Where a driver of a run ends for good. */
export type Stop =
  /** At a record of its journal: lost before it is kept, or right after. */
  | { readonly record: number; readonly when: 'before' | 'after' }
  /** At a write to a cluster: before it takes effect, right after, or while it is on its way and takes effect when others are at work. */
  | { readonly write: number; readonly when: 'before' | 'after' | 'late' };

/** Requests that a fault can befall. */
export const asked = ['write', 'list', 'watch', 'get'] as const;
export type Asked = (typeof asked)[number];

/** What befalls one of a driver's requests, counted over all clusters from 1. */
export interface Struck {
  /** Whose request it is: the first driver's, or that of whoever comes next. */
  readonly drive: 1 | 2;
  readonly of: Asked;
  readonly nth: number;
  readonly fault: Fault;
}

export const clusters = ['a', 'b', 'm'] as const;

/** What befalls a whole cluster from a record of the first driver's on, and ends by itself. */
export interface Lasting {
  readonly record: number;
  readonly cluster: (typeof clusters)[number];
  readonly fault: ClusterFault['fault'];
  /** In milliseconds of real clusters. */
  readonly forMs: number;
}

/** One run with its misfortunes, as plain data. */
export interface Scenario {
  readonly input: keyof typeof inputs;
  readonly fault?: Struck;
  readonly lasting?: Lasting;
  /** What ends the first drivers, one after the other. */
  readonly stops: readonly Stop[];
  /** What whoever comes next does. */
  readonly next: 'resume' | 'rollback';
}

/** How many records and requests of each kind there were in a run that nothing befell. */
export type Extent = Readonly<Record<'record' | Asked, number>>;

/** What can befall each kind of request. Times are those of real clusters. */
export const faultsOf: Readonly<Record<Asked, readonly Fault[]>> = {
  write: [
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
  ],
  list: [{ staleBy: 3 }, { truncateAt: 200 }, { status: 503 }],
  watch: [{ dropEvents: 1 }, 'reset-after', { truncateAt: 30 }],
  get: [{ staleBy: 3 }, { truncateAt: 20 }, { status: 503 }],
};
