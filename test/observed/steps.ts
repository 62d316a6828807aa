import { sleep } from '../../src/internal/signal.ts';
import type { Clock } from '../../src/testing/index.ts';

/** Time of the model in one step: nothing is told apart that lies closer together. */
const stepMs = 250;
/** How much faster than the wall's it may run, so that whoever looks now and then does not look too late. */
const most = 100;

/**
 * Lets a clock go forward step by step until disposed, and no further before all the work is done that falls due: what the machine takes for
 * that is no part of the time.
 */
export function inSteps(clock: Clock): AsyncDisposable {
  let over = false;
  const run = async (): Promise<void> => {
    clock.pause();
    while (!over) {
      await clock.advance(stepMs);
      // Whoever waits for something gets to look.
      await sleep(stepMs / most);
    }
    clock.resume();
  };
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      over = true;
      await running;
    },
  };
}
