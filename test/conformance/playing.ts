import type { Case } from './case.ts';
import { titleOf } from './judge.ts';
import { type Outcome, play } from './play.ts';
import type { Target } from './target.ts';

/** Plays cases against one server, `atOnce` at a time; those that must be alone first, one by one. */
export async function playAll(target: Target, cases: readonly Case[], atOnce: number): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const playOne = async (one: Case): Promise<void> => {
    try {
      outcomes.set(titleOf(one), await play(target, one));
    } catch (error) {
      throw new Error(`${titleOf(one)} could not be played`, { cause: error });
    }
  };
  for (const one of cases) if (one.alone === true) await playOne(one);
  const queue = cases.filter((one) => one.alone !== true);
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await playOne(next);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}
