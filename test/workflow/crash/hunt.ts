import type { Stop } from './process.ts';
import { canBeFenced, type DriveSpec, type Scenario } from './scenario.ts';
import { type CrashKind, type Survival, survive } from './survive.ts';

/** What was searched so far. */
export interface Tally {
  workflows: number;
  /** Places where a driver was stopped, and a later one brought the run to a named state. */
  crashPoints: number;
  readonly byKind: Record<CrashKind, number>;
  faults: number;
  /** How often runs ended so. */
  readonly ends: Record<Survival['state'], number>;
}

export function newTally(): Tally {
  return {
    workflows: 0,
    crashPoints: 0,
    byKind: { forward: 0, item: 0, undo: 0, resume: 0, pivot: 0, claim: 0, thaw: 0 },
    faults: 0,
    ends: { completed: 0, 'rolled-back': 0, 'rollback-incomplete': 0, paused: 0, 'never begun': 0 },
  };
}

/** Adds what another one counted. */
export function addTally(to: Tally, more: Tally): void {
  to.workflows += more.workflows;
  to.crashPoints += more.crashPoints;
  to.faults += more.faults;
  for (const kind of keys(to.byKind)) to.byKind[kind] += more.byKind[kind];
  for (const end of keys(to.ends)) to.ends[end] += more.ends[end];
}

/** A scenario in which a promise was broken, and how. */
export class Found extends Error {
  readonly scenario: Scenario;

  constructor(scenario: Scenario, cause: unknown) {
    super(`${cause instanceof Error ? cause.message : String(cause)}\n${JSON.stringify(scenario)}`, { cause });
    this.scenario = scenario;
  }
}

/** In each place the driver dies, freezes after its effect, or freezes while that is on its way; others go on, or roll back. */
const turns = [
  { how: 'die', next: 'resume' },
  { how: 'die', next: 'rollback' },
  { how: 'freeze', next: 'resume' },
  { how: 'freeze in flight', next: 'rollback' },
  { how: 'freeze', next: 'rollback' },
  { how: 'freeze in flight', next: 'resume' },
] as const satisfies readonly { readonly how: Stop['how']; readonly next: DriveSpec['next'] }[];
/** Of the four ways to freeze one is tried in each place, by turns. */
const turnsAt = (at: number, fenced: boolean): readonly (typeof turns)[number][] =>
  turns.filter((_, index) => index < 2 || (fenced && index - 2 === at % 4));

/**
 * Stops the first drive of a scenario at each of its effects in turn, in each way; what befalls the later drives is as the scenario
 * says, or as `later` says for each place.
 */
export async function stopEverywhere(
  scenario: Scenario,
  tally: Tally,
  { later = () => scenario.drives.slice(1), isOver = () => false }: HuntOptions = {},
): Promise<void> {
  tally.workflows += 1;
  const [first = { next: 'resume' }] = scenario.drives;
  const fenced = canBeFenced(scenario);
  for (let at = 1; !isOver(); at += 1) {
    for (const [index, { how, next }] of turnsAt(at, fenced).entries()) {
      const stopped = await tried(
        { ...scenario, drives: [{ ...first, stop: { at, how }, next }, ...later(at * turns.length + index)] },
        tally,
      );
      if (!stopped) return;
    }
  }
}

/** How {@link stopEverywhere} goes. */
interface HuntOptions {
  readonly later?: (turn: number) => readonly DriveSpec[];
  readonly isOver?: () => boolean;
}

/** Runs one scenario; answers whether its first drive was stopped. */
async function tried(scenario: Scenario, tally: Tally): Promise<boolean> {
  try {
    const { crashes, faults, state, firstStopped } = await survive(scenario);
    for (const kind of crashes) tally.byKind[kind] += 1;
    tally.crashPoints += crashes.length;
    tally.faults += faults;
    tally.ends[state] += 1;
    return firstStopped;
  } catch (error) {
    throw new Found(scenario, error);
  }
}

/** What befalls the later drives of an enumerated workflow: the second is stopped a little further on each turn, every third one, too. */
export function rotating(turn: number): readonly DriveSpec[] {
  const [how, next] = [turns[turn % turns.length]?.how ?? 'die', turn % 5 < 2 ? 'rollback' : 'resume'] as const;
  const second: DriveSpec = {
    stop: { at: 1 + (turn % 23), how },
    next,
    ...(turn % 4 === 0 && { thawAfter: turn % 9 }),
  };
  return turn % 3 === 0 ? [second, { stop: { at: 1 + (turn % 13), how: 'die' }, next: 'resume' }] : [second];
}

function keys<K extends string>(record: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(record) as K[];
}
