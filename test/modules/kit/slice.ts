import { chance } from '../../../src/testing/chance.ts';
import { seedOfCommit } from '../../workflow/crash/share.ts';

/** Some of these, drawn by the commit; all of them with KSF_EXHAUSTIVE. */
export function sliceOf<T>(
  all: readonly T[],
  count: number,
  random: () => number = chance(seedOfCommit()),
): readonly T[] {
  if (process.env['KSF_EXHAUSTIVE'] !== undefined) return all;
  const left = [...all];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}
