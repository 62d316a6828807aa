import { chance } from '../../../src/testing/chance.ts';
import { addTally, newTally, type Tally } from '../../workflow/crash/hunt.ts';
import type { Share } from '../../workflow/crash/share.ts';
import { judge } from './judge.ts';
import { play } from './play.ts';
import { everyScenario, inputs, type Scenario, type Stop } from './scenario.ts';
import { type CrashWorld, startWorld } from './world.ts';

/**
 * Searches this share for a crash, or a fault, that a migration does not survive: each stop and each fault of runs of both kinds,
 * in an order that the seed draws, a second stop here and there. Ends when the time is over and `atLeast` so many were played; the
 * answer is what was found.
 */
export async function searchMigrations(
  { part, of, seed, seconds }: Share,
  tally: Tally,
  atLeast = 0,
): Promise<string | undefined> {
  const end = performance.now() + seconds * 1_000;
  await using world = await startWorld(seed * of + part);
  const all: Scenario[] = [];
  for (const input of Object.keys(inputs) as Scenario['input'][]) {
    const quiet: Scenario = { input, stops: [], next: 'resume' };
    const found = await tried(world, quiet, tally, async ({ extent }) => {
      all.push(...everyScenario(input, extent));
      if (part === 0) tally.workflows += 1;
    });
    if (found !== undefined) return found;
  }
  const random = chance(seed);
  const mine = shuffled(all, random).filter((_, index) => index % of === part);
  for (const [index, scenario] of mine.entries()) {
    if (index >= atLeast && performance.now() > end) return undefined;
    const found = await tried(world, furtherStopped(scenario, random), tally);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Plays one scenario on a world put back, and judges it: the answer is what was wrong. */
export async function tried(
  world: CrashWorld,
  scenario: Scenario,
  tally: Tally,
  learn: (played: Awaited<ReturnType<typeof play>>) => Promise<void> = async () => {},
): Promise<string | undefined> {
  try {
    await world.putBack();
    const played = await play(world, scenario);
    await judge(world, scenario, played);
    const more = newTally();
    for (const kind of played.crashes) more.byKind[kind] += 1;
    more.crashPoints += played.crashes.length;
    more.faults += played.faults;
    const { state } = played.outcome;
    if (state !== 'driver-lost') more.ends[state] += 1;
    addTally(tally, more);
    await learn(played);
    return undefined;
  } catch (error) {
    return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${JSON.stringify(scenario)}`;
  }
}

/** Every third of the stopped ones is stopped again, somewhere. */
function furtherStopped(scenario: Scenario, random: () => number): Scenario {
  if (scenario.stops.length === 0 || random() > 1 / 3) return scenario;
  const when = (['before', 'after'] as const)[Math.floor(random() * 2)] ?? 'after';
  const at = 1 + Math.floor(random() * 30);
  const second: Stop = random() < 0.5 ? { record: at, when } : { write: at, when };
  return { ...scenario, stops: [...scenario.stops, second] };
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}
