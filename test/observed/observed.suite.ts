import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ground } from '../grounds.ts';
import { slow } from '../testing/support.ts';
import { type Entry, titleOf } from './entry.ts';
import { otherDelays } from './order.ts';
import type { Scene } from './scenes.ts';
import { type Stage, startStage } from './stage.ts';

async function replay(entry: Entry, stage: Stage): Promise<void> {
  const seen = await entry.play(stage);
  expect(seen.outcome).toEqual(entry.outcome);
  if (entry.destroys === true) expect(seen.tookMs ?? {}).not.toEqual({});
  expect(otherDelays(entry, seen, stage.lag)).toEqual([]);
}

/** Every entry of some scenes, on one stage: the same outcome as on real controllers, and delays of the same order. */
export function describeObserved(ground: Ground, scenes: readonly Scene[]): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage(ground);
  }, slow.timeout);
  afterAll(() => stage?.[Symbol.asyncDispose](), slow.timeout);

  describe.each(scenes)(`$name, on ${ground.name}`, slow, ({ entries, prepare }) => {
    beforeAll(async () => {
      await stage.vacate();
      await prepare?.(stage);
    }, slow.timeout);

    for (const entry of entries) it(titleOf(entry), () => replay(entry, stage));
  });
}
