import { describe, expect, it } from 'vitest';
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

describe('a rewind', () => {
  /** Clusters that only tell what is done with them, and when the clock stands meanwhile. */
  const told = (clock: Clock, ...stopped: readonly string[]) => {
    const done: string[] = [];
    const tell = (what: string): void => void done.push(clock.running ? what : `${what}, standing`);
    const clusters = ['a', 'm'].map((name) => ({
      name,
      capture: () => new Map(),
      restoreCapture: () => tell(`${name} is as it was`),
      restore: async () => tell(`${name} can be reached`),
      controllersRun: () => !stopped.includes(name),
      startControllers: async () => tell(`${name} starts`),
      async stopControllers() {
        // A reconcile whose request a fault delays.
        await clock.sleep(10);
        tell(`${name} stops`);
      },
    }));
    return { done, moments: new Moments(clusters, clock, { clear: async () => tell('no faults') }) };
  };

  it('lifts faults and makes clusters reachable, ends controllers while time goes on, and then puts back', async () => {
    const clock = new Clock();
    const { done, moments } = told(clock);
    clock.pause();
    await moments.putBack(moments.take());
    expect(done).toEqual([
      ...['no faults, standing', 'a can be reached, standing', 'm can be reached, standing'],
      ...['a stops', 'm stops'],
      ...['a is as it was, standing', 'm is as it was, standing', 'a starts, standing', 'm starts, standing'],
    ]);
    expect(clock.running).toBe(false);
  });

  it('starts no controllers that were stopped', async () => {
    const { done, moments } = told(new Clock(), 'm');
    await moments.putBack(moments.take());
    expect(done.filter((what) => /starts|stops/.test(what))).toEqual(['a stops', 'a starts']);
  });

  it('is done when what controllers do at their start is done', async () => {
    const clock = new Clock();
    const { moments } = told(clock);
    let over = false;
    void clock.during(sleep(50)).then(() => {
      over = true;
    });
    await moments.putBack(moments.take());
    expect(over).toBe(true);
    expect(clock.running).toBe(true);
  });

  it('can come after one that did not end well', async () => {
    const { done, moments } = told(new Clock());
    const moment = moments.take();
    const failing = new Moments([], new Clock(), { clear: () => Promise.reject(new Error('a port is taken')) });
    const other = failing.take();
    await expect(failing.putBack(other)).rejects.toThrow(AggregateError);
    await expect(failing.putBack(other)).rejects.toThrow(AggregateError);
    await moments.putBack(moment);
    expect(done).toContain('m starts');
  });
});
