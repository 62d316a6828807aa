import { describe, expect, it } from 'vitest';
import { type Delay, each, ofKubernetes, seconds } from './entry.ts';
import { otherDelays, sameOrder } from './order.ts';

const taken = (times: readonly number[], delay: Delay, lag = 0) => times.filter((ms) => sameOrder(ms, delay, lag));

describe('whether a delay is of the order of the observed one', () => {
  it('takes from a tenth to ten times, and nothing around that', () => {
    expect(taken([0, 799, 800, 8_000, 80_000, 80_001], seconds(8))).toEqual([800, 8_000, 80_000]);
    expect(taken([0, 2_299, 2_300, 330_000, 330_001], seconds(23, 33))).toEqual([2_300, 330_000]);
  });

  it('takes nothing at once that sometimes took a while: whoever looks too soon passes falsely', () => {
    expect(taken([0, 69, 70, 110_000, 110_001], seconds(0.7, 11))).toEqual([70, 110_000]);
    expect(taken([0, 59, 60], seconds(0.6))).toEqual([60]);
    expect(taken([0, 19, 20], seconds(0.2, 0.5))).toEqual([20]);
  });

  it('takes at once what always was immediate, and no later than ten times that', () => {
    expect(taken([0, 1, 4_000, 4_001, 10_000], seconds(0.1, 0.4))).toEqual([0, 1, 4_000]);
    expect(taken([0, 4_990, 4_991], seconds(0.2, 0.499))).toEqual([0, 4_990]);
    expect(taken([0, 10_000, 10_001], seconds(0, 1))).toEqual([0, 10_000]);
  });

  it('lets it be late by 4 s of the wall on real servers, whatever was observed, and never early', () => {
    expect(taken([799, 800, 160_000, 160_001, 1_600_000], seconds(8), 20)).toEqual([800, 160_000]);
    expect(taken([0, 84_000, 84_001], seconds(0.1, 0.4), 20)).toEqual([0, 84_000]);
    expect(taken([800, 100_000, 100_001], seconds(8), 5)).toEqual([800, 100_000]);
  });

  it('lets Kubernetes itself take twice the observed time of the wall besides, where servers are real', () => {
    expect(taken([79, 80, 480_000, 480_001, 1_600_000], ofKubernetes(0.8, 8), 20)).toEqual([80, 480_000]);
    expect(taken([80, 80_000, 80_001], ofKubernetes(0.8, 8))).toEqual([80, 80_000]);
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
  expect(otherDelays(entry, seen, 0)).toEqual(['gone: 100 s, observed 8 s', 'never seen: NaN s, observed 1 s']);
  expect(otherDelays(entry, seen, 5)).toEqual(['never seen: NaN s, observed 1 s']);
});
