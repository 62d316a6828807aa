import { expect, it } from 'vitest';
import { Clock } from '../../../src/testing/clock.ts';
import { Gate } from '../../../src/testing/gate.ts';
import { WorkQueue } from '../../../src/testing/server/manager/work-queue.ts';
import { Pace } from '../../../src/testing/server/pace.ts';

/** A queue on a clock that stands: works a second after it is asked, and waits 10 s, 20 s ... 60 s after failures. */
function standing(work: (run: number) => Promise<void>) {
  const clock = new Clock();
  clock.pause();
  const begun = clock.elapsed();
  const runs: number[] = [];
  const pace = new Pace(clock, 1, new Gate());
  const delays = { minMs: 1_000, maxMs: 1_000, retryMs: 10_000, maxRetryMs: 60_000 };
  const queue = new WorkQueue(pace, 'test', delays, () => {
    runs.push(clock.elapsed() - begun);
    return work(runs.length);
  });
  return { clock, queue, runs, pace };
}

const failing = (...failures: readonly number[]) => {
  return async (run: number): Promise<void> => {
    if (failures.includes(run)) throw new Error('not now');
  };
};

it('waits twice as long after each failure in a row, and starts over after a success', async () => {
  const { clock, queue, runs } = standing(failing(1, 2, 4));
  queue.add('key');
  await clock.advance(40_000);
  expect(runs).toEqual([1_000, 11_000, 31_000]);
  queue.add('key');
  await clock.advance(20_000);
  expect(runs.slice(3)).toEqual([41_000, 51_000]);
});

it('is asked for once while it waits, and sooner where it waits out a failure', async () => {
  const { clock, queue, runs } = standing(failing(1));
  queue.add('key');
  await clock.advance(500);
  queue.add('key');
  await clock.advance(1_500);
  expect(runs).toEqual([1_000]);
  queue.add('key');
  await clock.advance(500);
  // It waits as usual now, and asking again puts nothing off.
  queue.add('key');
  await clock.advance(30_000);
  expect(runs).toEqual([1_000, 3_000]);
});

it('works again on what was asked for meanwhile', async () => {
  let asked = (): void => {};
  const { clock, queue, runs } = standing(async (run) => {
    if (run === 1) asked();
  });
  asked = () => queue.add('key');
  queue.add('key');
  await clock.advance(10_000);
  expect(runs).toEqual([1_000, 2_000]);
});

it('does nothing more once it is stopped', async () => {
  const { clock, queue, runs, pace } = standing(failing(1));
  queue.add('key');
  await clock.advance(2_000);
  queue.add('other');
  pace.stop();
  queue.add('third');
  await clock.advance(100_000);
  expect(runs).toEqual([1_000]);
});

it('a pace that is stopped calls off what waits, begins nothing, and tells who follows', async () => {
  const { clock, pace } = standing(failing());
  const done: string[] = [];
  pace.onStop(() => done.push('told'));
  pace.later(1_000, 1_000, () => done.push('waited'));
  pace.stop();
  pace.later(1_000, 1_000, () => done.push('late'));
  await clock.advance(10_000);
  expect(done).toEqual(['told']);
});
