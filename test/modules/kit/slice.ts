import { chance } from '../../../src/testing/chance.ts';
import { seedOfCommit } from '../../workflow/crash/share.ts';

/** All of these; with KSF_SLICE, as CI has it, some of them, drawn by the commit. */
export function sliceOf<T>(all: readonly T[], count: number): readonly T[] {
  if (process.env['KSF_SLICE'] === undefined) return all;
  const random = chance(seedOfCommit());
  const left = [...all];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}
