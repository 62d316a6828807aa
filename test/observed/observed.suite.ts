import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ground } from '../grounds.ts';
import { slow } from '../testing/support.ts';
import { titleOf } from './entry.ts';
import { sameOrder } from './order.ts';
import type { Scene } from './scenes.ts';
import type { Stage } from './stage.ts';

/** Every entry of a scene: the same outcome as on real controllers, and delays of the same order. */
export function describeObserved(ground: Ground, scene: Scene, { machineMs }: { readonly machineMs: number }): void {
  describe(`${scene.name}, on ${ground.name}`, slow, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await scene.open(ground);
    }, slow.timeout);
    afterAll(() => stage?.[Symbol.asyncDispose](), slow.timeout);

    for (const entry of scene.entries) {
      it(titleOf(entry), async () => {
        const { outcome, tookMs = {} } = await entry.play(stage);
        expect(outcome).toEqual(entry.outcome);
        if (entry.destroys === true) expect(tookMs).not.toEqual({});
        expect(Object.keys(tookMs)).toEqual(expect.arrayContaining(Object.keys(entry.delays ?? {})));
        const clock = { speed: ground.speed, machineMs };
        const other = Object.entries(entry.delays ?? {}).filter(
          ([name, delay]) => !sameOrder(tookMs[name] ?? Number.NaN, delay, clock),
        );
        expect(other.map(([name]) => `${name}: ${Math.round(tookMs[name] ?? 0)} ms here`)).toEqual([]);
      });
    }
  });
}
