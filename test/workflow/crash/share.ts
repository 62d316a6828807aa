import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { smallWorkflows } from './enumerate.ts';
import { Found, rotating, stopEverywhere, type Tally } from './hunt.ts';
import { anyScenario, type DriveSpec, type Scenario } from './scenario.ts';

/** One part of the whole search. */
export interface Share {
  readonly part: number;
  readonly of: number;
  readonly seed: number;
  readonly seconds: number;
  /** Some of the small workflows are enough. @defaultValue all */
  readonly slice: boolean;
}

/** Elements of the workflows that are enumerated fully. */
const mostEnumerated = 4;

/** Searches this share until its time is over, or something was found: the answer is what. */
export async function searchShare(share: Share, tally: Tally): Promise<string | undefined> {
  const { part, of, seed, seconds, slice } = share;
  if (slice) return searchSlice({ seed: seed * of + part, seconds }, tally);
  const isOver = lasting(seconds);
  const all = [...smallWorkflows(mostEnumerated)].filter((_, index) => index % of === part);
  const found = await searchSmall(all, { seed, isOver }, tally);
  if (found !== undefined) return found;
  if (isOver()) return `Time was over before all workflows of up to ${mostEnumerated} elements were enumerated.`;
  return searchGenerated({ seed: seed * of + part, isOver }, tally);
}

/**
 * Searches a while: half of the time some of the small workflows, which depends on the seed, then generated ones, and longer where
 * a kind of stop, a fault or a state was not met yet: on a busy machine little is tried in the time.
 */
export async function searchSlice(
  { seed, seconds }: Pick<Share, 'seed' | 'seconds'>,
  tally: Tally,
): Promise<string | undefined> {
  const all = [...smallWorkflows(mostEnumerated)];
  const some = all.map((_, index) => all[(seed + index * 101) % all.length]).filter((one) => one !== undefined);
  return (
    (await searchSmall(some, { seed, isOver: lasting(seconds / 2) }, tally)) ??
    (await searchGenerated({ seed, isOver: metAll(tally, lasting(seconds / 2)) }, tally))
  );
}

function metAll(tally: Tally, isLate: () => boolean): () => boolean {
  const counts = ({ byKind, ends, faults }: Tally): readonly number[] => [
    ...Object.values(byKind),
    ...[ends.completed, ends['rolled-back'], ends['rollback-incomplete'], faults],
  ];
  return () => isLate() && counts(tally).every((count) => count > 0);
}

interface Hunt {
  readonly seed: number;
  readonly isOver: () => boolean;
}

async function searchSmall(
  scenarios: readonly Scenario[],
  { seed, isOver }: Hunt,
  tally: Tally,
): Promise<string | undefined> {
  let turn = seed;
  const later = (): readonly DriveSpec[] => {
    turn += 1;
    return rotating(turn);
  };
  for (const scenario of scenarios) {
    if (isOver()) return undefined;
    try {
      await stopEverywhere(scenario, tally, { later });
    } catch (error) {
      if (error instanceof Found) return error.message;
      throw error;
    }
  }
  return undefined;
}

function lasting(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1_000;
  return () => performance.now() >= end;
}

/** Searches generated workflows until it is over; what is found is made as small as it can be. */
async function searchGenerated({ seed, isOver }: Hunt, tally: Tally): Promise<string | undefined> {
  const property = fc.asyncProperty(anyScenario, (scenario) => stopEverywhere(scenario, tally, { isOver }));
  for (let round = 0; !isOver(); round += 1) {
    const details = await fc.check(property, { seed: (seed * 7_919 + round) | 0, numRuns: 10 });
    if (!details.failed) continue;
    const why = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
    return `seed ${details.seed}, path ${details.counterexamplePath}, shrunk ${details.numShrinks} times: ${why}`;
  }
  return undefined;
}

/** The seed of a search that is the same for everybody at this commit. */
export function seedOfCommit(): number {
  const { KSF_SEED } = process.env;
  if (KSF_SEED !== undefined) return Number(KSF_SEED);
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number.parseInt(commit.slice(0, 6), 16);
  } catch {
    // Not in a clone: any seed will do, and it is printed.
    return Date.now() % 1_000_000;
  }
}
