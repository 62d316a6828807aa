import { digest } from '../../../src/internal/digest.ts';
import { chance } from '../../../src/testing/chance.ts';
import { addTally, newTally, type Tally } from '../../workflow/crash/hunt.ts';
import type { Share } from '../../workflow/crash/share.ts';
import { everyScenario, inTurns, type Misfortune } from './every.ts';
import { judge, Violation } from './judge.ts';
import { type Played, play } from './play.ts';
import { inputs, type Scenario } from './scenario.ts';
import { type CrashWorld, startWorld } from './world.ts';

/** What a run takes hundreds of times over, on a machine that has nothing else to do: on a busy one nothing rests soon. */
const limitMs = 600_000;

/** One part of the search. */
export interface MigrationShare extends Omit<Share, 'slice'> {
  /** Every fault of reads, and pairs, too. */
  readonly all: boolean;
}

/** What a search came to besides its tally. */
export interface Reached {
  /** Scenarios that there are of each input in all shares together, and those of this share that were played. */
  readonly all: Partial<Record<Scenario['input'], number>>;
  played: number;
  /** How often each befell a run. */
  readonly befell: Map<Misfortune, number>;
}

/** Scenarios after which whoever searches is told how far it is. */
const often = 200;

/** Violations after which a search gives up: by then something is wrong throughout. */
const most = 10;

/** What whoever searches wants to know besides. */
interface Learned {
  readonly reached?: Reached;
  /** Goes on after its time until each of these befell a run. */
  readonly needed?: readonly Misfortune[];
  /** Told of every violation as soon as it is found. */
  readonly tell?: (found: string) => void;
  /** Called every so many scenarios. */
  readonly onProgress?: () => void;
}

export function newReached(): Reached {
  return { all: {}, played: 0, befell: new Map() };
}

/**
 * Searches this share for a crash, or a fault, that a migration does not survive: each stop, each fault of a write or watch, some of
 * lists and gets, each that befalls a whole cluster for a while; with `all` every fault of reads, and pairs, as well. Of runs of both
 * inputs, one of each kind in turn, in an order that the seed draws. Goes on after a violation. Ends when all were played, or the
 * time is over; the answer is what was found.
 */
export async function searchMigrations(
  world: CrashWorld,
  { part, of, seed, seconds, all: everything }: MigrationShare,
  tally: Tally,
  { reached = newReached(), needed = [], tell = () => {}, onProgress = () => {} }: Learned = {},
): Promise<readonly string[]> {
  const violations: string[] = [];
  const note = (found: string | undefined): void => {
    if (found === undefined) return;
    violations.push(found);
    tell(found);
  };
  const end = performance.now() + seconds * 1_000;
  const random = chance(seed);
  const all: ReturnType<typeof inTurns>[number][] = [];
  for (const input of Object.keys(inputs) as Scenario['input'][]) {
    const nothing = await tried(world, { input, stops: [], next: 'resume' }, tally, ({ extent }) => {
      // Drawn anew for each input: what one draws does not hang on how far the other one went.
      const these = [...everyScenario(input, extent, chance(seed))].filter(({ usual }) => everything || usual);
      all.push(...these);
      reached.all[input] = these.length;
      if (part === 0) tally.workflows += 1;
    });
    note(nothing);
  }
  const isMissing = (kind: Misfortune): boolean => (reached.befell.get(kind) ?? 0) === 0;
  // Shared out by what they are, for runs of one kind differ a little: no worker counts on another one's list.
  const mine = all.filter(({ scenario }) => Number.parseInt(digest(scenario).slice(0, 8), 16) % of === part);
  for (const { kind, scenario } of inTurns(mine, random)) {
    const late = performance.now() > end;
    if (violations.length >= most || (late && !needed.some(isMissing))) break;
    // A fault can miss its run, which makes fewer such requests: another one of its kind is what is wanted.
    if (late && !(needed.includes(kind) && isMissing(kind))) continue;
    const found = await tried(world, scenario, tally, ({ befell }) => {
      reached.played += 1;
      for (const kind of befell) reached.befell.set(kind, (reached.befell.get(kind) ?? 0) + 1);
    });
    note(found);
    if (reached.played % often === 0) onProgress();
  }
  return violations;
}

/** The same in a world of its own. */
export async function searchAlone(share: MigrationShare, tally: Tally, learned: Learned): Promise<readonly string[]> {
  await using world = await startWorld(share.seed * share.of + share.part);
  // Awaited here: the world lives only as long as this call.
  return await searchMigrations(world, share, tally, learned);
}

/** Plays one scenario on a world put back, and judges it: the answer is what was wrong. */
export async function tried(
  world: CrashWorld,
  scenario: Scenario,
  tally: Tally,
  learn: (played: Played) => void = () => {},
): Promise<string | undefined> {
  try {
    await world.putBack();
    const played = await inTime(play(world, scenario));
    await judge(world, scenario, played);
    const more = newTally();
    for (const kind of played.crashes) more.byKind[kind] += 1;
    more.crashPoints += played.crashes.length;
    more.faults += played.faults;
    const { state } = played.outcome;
    if (state !== 'driver-lost') more.ends[state] += 1;
    addTally(tally, more);
    learn(played);
    return undefined;
  } catch (error) {
    return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${JSON.stringify(scenario)}`;
  }
}

/** A run that goes on and on rests nowhere, either. */
async function inTime<T>(playing: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Violation(`It came to no rest in ${limitMs} ms.`)), limitMs);
  });
  return Promise.race([playing, late]).finally(() => clearTimeout(timer));
}
