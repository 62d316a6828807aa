import { describe, expect, it } from 'vitest';
import { each, seconds } from './entry.ts';
import { otherDelays, sameOrder } from './order.ts';

const taken = (times: readonly number[], ...more: [Parameters<typeof sameOrder>[1], number?]) =>
  times.filter((ms) => sameOrder(ms, more[0], more[1] ?? 1));

describe('whether a delay is of the order of the observed one', () => {
  it('takes what is within a factor of ten either way, and refuses the next order', () => {
    expect(taken([0, 799, 800, 8_000, 80_000, 80_001, 1_200_000], seconds(8))).toEqual([800, 8_000, 80_000]);
    expect(taken([2_299, 2_300, 330_000, 330_001], seconds(23, 33))).toEqual([2_300, 330_000]);
  });

  it('asks of what was observed in less than a second only that it is no order above a second', () => {
    expect(taken([0, 1, 10_000, 10_001], seconds(0.1, 0.4))).toEqual([0, 1, 10_000]);
    expect(taken([0, 100_000, 100_001], seconds(0.7, 10))).toEqual([0, 100_000]);
  });

  it('lets it be late by as much as Kubernetes lags behind, and never early', () => {
    expect(taken([799, 80_000, 1_600_000, 1_600_001], seconds(8), 20)).toEqual([80_000, 1_600_000]);
  });

  it('takes a client that is faster, and none that is slower by more than ten: it lags behind nobody', () => {
    expect(taken([0, 1, 200, 201], each(100, 2), 20)).toEqual([0, 1, 200]);
  });

  it('takes no delay that was not measured', () => {
    expect(taken([Number.NaN], seconds(8))).toEqual([]);
    expect(taken([Number.NaN], each(100, 2))).toEqual([]);
  });
});

it('names each delay of a replay that is of another order than the observed one, or was not measured', () => {
  const entry = { delays: { Terminating: seconds(0.8), gone: seconds(8), 'never seen': seconds(1) } };
  const seen = { outcome: {}, tookMs: { Terminating: 700, gone: 100_000 } };
  expect(otherDelays(entry, seen, 1)).toEqual(['gone: 100 s, observed 8 s', 'never seen: NaN s, observed 1 s']);
});
