import { expect, it } from 'vitest';
import { sleep } from '../../src/internal/signal.ts';
import { Clock } from '../../src/testing/index.ts';
import { Moments } from '../../src/testing/moment.ts';

it('a moment is put back although the clock brings work faster than it gets done; then it runs on', async () => {
  const clock = new Clock({ speed: 60 });
  const moments = new Moments([], clock, { clear: async () => {} });
  const moment = moments.take();
  let over = false;
  const fall = (): void => {
    if (over) return;
    void clock.during(sleep(20));
    clock.later(60, fall);
  };
  fall();
  await moments.putBack(moment);
  expect(clock.running).toBe(true);
  over = true;
});
