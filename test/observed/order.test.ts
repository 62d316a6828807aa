import { describe, expect, it } from 'vitest';
import { seconds } from './entry.ts';
import { modelMs, sameOrder } from './order.ts';

const clock = { speed: 60, machineMs: 0 };

describe('whether a delay is of the order of the observed one', () => {
  it('is measured in the time of the model, where whoever writes takes the same everywhere', () => {
    expect(modelMs(100, seconds(8), clock)).toBe(6_000);
    expect(modelMs(100, { ...seconds(8), client: true }, clock)).toBe(100);
  });

  it('takes what is within a factor of ten either way, and nothing else', () => {
    const taken = [12, 14, 100, 1_333, 1_334].map((ms) => sameOrder(ms, seconds(8), clock));
    expect(taken).toEqual([false, true, true, true, false]);
  });

  it('lets the machine make it late, never early', () => {
    const slow = { ...clock, machineMs: 1_000 };
    expect(sameOrder(2_333, seconds(8), slow)).toBe(true);
    expect(sameOrder(2_334, seconds(8), slow)).toBe(false);
    expect(sameOrder(12, seconds(8), slow)).toBe(false);
  });

  it('takes a client that is faster, and none that is slower by more than ten', () => {
    const client = { ...seconds(8), client: true } as const;
    expect([1, 80_000, 80_001].map((ms) => sameOrder(ms, client, clock))).toEqual([true, true, false]);
  });

  it('takes no delay that was not measured', () => {
    expect(sameOrder(Number.NaN, seconds(8), clock)).toBe(false);
  });
});
