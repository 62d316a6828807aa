import { expect, it } from 'vitest';
import { sleep } from '../../src/internal/signal.ts';
import { Clock } from '../../src/testing/index.ts';
import { inSteps } from './steps.ts';

it('what is due in 40 s comes then; the clock stands while there is work, and runs by itself afterwards', async () => {
  const clock = new Clock({ speed: 60 });
  const steps = inSteps(clock);
  const since = clock.elapsed();
  await clock.sleep(40_000);
  expect(clock.elapsed() - since).toBeGreaterThanOrEqual(40_000);
  expect(clock.elapsed() - since).toBeLessThan(41_000);

  const before = clock.elapsed();
  await clock.during(sleep(100));
  // One step may have been under way.
  expect(clock.elapsed() - before).toBeLessThanOrEqual(250);

  await steps[Symbol.asyncDispose]();
  expect(clock.running).toBe(true);
});
