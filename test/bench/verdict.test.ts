import { expect, it } from 'vitest';
import { faultsOfPatches, faultsOfSize } from './verdict.ts';

const size = { members: 300, projects: 6_000, asked: 6_000, joined: false, startMs: 9_999, peakMiB: 900 };

it('a large sandbox must start within 10 s and 1 GB, unless it joins, with every project that was asked for', () => {
  expect(faultsOfSize(size)).toEqual([]);
  const large = { ...size, startMs: 10_000, peakMiB: 954 };
  expect(faultsOfSize(large)).toEqual([
    '10000 ms is over the limit of 10000 ms',
    '954 MiB is over the limit of 953 MiB',
  ]);
  expect(faultsOfSize({ ...large, joined: true })).toEqual([]);
  const fewer = ['5999 projects are there, and 6000 were to be'];
  expect(faultsOfSize({ ...size, projects: 5_999 })).toEqual(fewer);
  expect(faultsOfSize({ ...size, projects: 5_999, joined: true })).toEqual(fewer);
});

it('the sandbox’s API server must be faster than a real one, where there is one', () => {
  const slower = '200 ms for PATCHes is not less than the 200 ms of a real API server';
  expect(faultsOfPatches({ sandbox: { ms: 199 }, real: { ms: 200 } })).toEqual([]);
  expect(faultsOfPatches({ sandbox: { ms: 200 }, real: { ms: 200 } })).toEqual([slower]);
  expect(faultsOfPatches({ sandbox: { ms: 200 }, real: { why: 'no Go' } })).toEqual([]);
  expect(faultsOfPatches({ sandbox: { why: 'it did not start' }, real: { ms: 200 } })).toEqual([
    'the sandbox was not measured: it did not start',
  ]);
});
