import { describe, expect, it } from 'vitest';
import { harness } from './harness.ts';
import { lookStep, setStep, worldOf } from './world.ts';

describe('rule 1: what will run is captured before it runs', () => {
  it('records captured, runs, and records done, in that order', async () => {
    const seen: string[] = [];
    const h = harness([
      setStep('one', 'a', '1', {
        run: async () => {
          seen.push(...(await h.records()));
          return null;
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'completed' });
    expect(seen).toEqual(['opened', 'driving', 'captured one']);
    expect(await h.records()).toEqual(['opened', 'driving', 'captured one', 'done one', 'closed']);
  });

  it('records captured with null where a step captures nothing', async () => {
    const { capture: _, ...rest } = (setStep('one', 'a', '1') as Extract<ReturnType<typeof setStep>, { kind: 'step' }>)
      .step;
    const h = harness([{ kind: 'step', name: 'one', step: rest }]);
    await h.run();
    expect(await h.entries()).toContainEqual(expect.objectContaining({ type: 'captured', step: 'one', before: null }));
  });

  it('skips what has nothing to do: no capture, no run, and its foreseen result stands in', async () => {
    const h = harness([setStep('one', 'a', '1'), lookStep('two')], { a: '1' });
    expect(await h.run()).toEqual({
      state: 'completed',
      output: { input: {}, one: { was: '1' }, two: { seen: 'two' } },
    });
    expect(await h.records()).toEqual(['opened', 'driving', 'skipped one', 'skipped two', 'closed']);
    expect(h.world.writes).toEqual([]);
  });

  it('asks no forecast again once captured: half-finished work is not booked as skipped', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          const world = worldOf(ctx);
          if (ctx.attempt === 1 && ctx.epoch === 2) {
            world.put('a', '1');
            throw new Error('the answer was lost');
          }
          return null;
        },
      }),
    ]);
    expect(await h.run({ onFailure: 'pause' })).toMatchObject({ state: 'paused', why: 'failed' });
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    expect(await h.records()).not.toContain('skipped one');
  });
});
