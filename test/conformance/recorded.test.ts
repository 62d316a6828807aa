import { describe, expect, test } from 'vitest';
import { allowances, mostAllowed } from './allowed.ts';
import { allCases } from './cases/all.ts';
import { judge, titleOf } from './judge.ts';
import { readRecord } from './record.ts';
import { playOnSandbox } from './sandbox.ts';

describe('the API server of the sandbox', () => {
  test('answers every case as a real kube-apiserver did when it was recorded', { timeout: 300_000 }, async () => {
    const record = await readRecord();
    expect([...record.keys()].sort()).toEqual(allCases.map(titleOf).sort());
    const { different, unused } = judge(allCases, record, await playOnSandbox(allCases));
    expect(different).toEqual([]);
    expect(unused).toEqual([]);
  });

  test('is played more cases than were asked for, with few differences allowed, each with a reason', () => {
    expect(allCases.length).toBeGreaterThanOrEqual(250);
    expect(new Set(allCases.map(titleOf)).size).toBe(allCases.length);
    expect(allowances.length).toBeLessThanOrEqual(mostAllowed);
    for (const { why } of allowances) expect(why).not.toBe('');
  });
});
