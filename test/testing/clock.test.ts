import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Clock } from '../../src/testing/clock.ts';

describe('a clock that stands', () => {
  const standing = (): Clock => {
    const clock = new Clock();
    clock.pause();
    return clock;
  };

  it('does what becomes due in its order, and no more', async () => {
    const clock = standing();
    const done: string[] = [];
    const at = clock.elapsed();
    for (const ms of [3000, 1000, 2000, 4000])
      clock.later(ms, () => done.push(`${ms} at ${Math.round(clock.elapsed() - at)}`));
    await clock.advance(3000);
    expect(done).toEqual(['1000 at 1000', '2000 at 2000', '3000 at 3000']);
    await clock.advance(999);
    expect(done).toHaveLength(3);
    await clock.advance(1);
    expect(done.at(-1)).toBe('4000 at 4000');
  });

  it('does what becomes due at the very end of its way, whatever fractions it stood at', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(0.0411);
    const clock = standing();
    now.mockRestore();
    let ticks = 0;
    const again = (): void => {
      ticks += 1;
      clock.later(120_000, again);
    };
    clock.later(120_000, again);
    await clock.advance(360_000);
    expect(ticks).toBe(3);
  });

  it('does nothing by itself, whatever was planned while it ran', async () => {
    const clock = new Clock({ speed: 1_000_000 });
    const other = new Clock({ speed: 1_000_000 });
    const done: string[] = [];
    clock.later(20_000, () => done.push('planned'));
    clock.pause();
    await other.sleep(100_000_000);
    expect(done).toEqual([]);
    await clock.advance(20_000);
    expect(done).toEqual(['planned']);
  });

  it('does what was asked for on the way, at its time', async () => {
    const clock = standing();
    const done: string[] = [];
    const again = (count: number): void => {
      done.push(`tick ${count}`);
      clock.later(1000, () => again(count + 1));
    };
    again(0);
    clock.later(2500, () => done.push('between'));
    await clock.advance(4000);
    expect(done).toEqual(['tick 0', 'tick 1', 'tick 2', 'between', 'tick 3', 'tick 4']);
  });

  it('waits for work that is going on before it goes further, but not for work that waits for the clock', async () => {
    const clock = standing();
    const done: string[] = [];
    const work = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await turn();
      done.push('worked');
      await clock.aside(clock.sleep(10_000));
      done.push('slept');
    };
    clock.later(1000, () => void clock.during(work()));
    clock.later(1001, () => done.push('next'));
    await clock.advance(20_000);
    expect(done).toEqual(['worked', 'next', 'slept']);
  });

  it('calls off what is no longer wanted', async () => {
    const clock = standing();
    const done: string[] = [];
    const cancel = clock.later(10, () => done.push('never'));
    cancel();
    const stop = new AbortController();
    const slept = clock.sleep(10, stop.signal);
    await clock.advance(10);
    await slept;
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    const sleeping = clock.sleep(10, stop.signal).catch((error: unknown) => done.push(String(error)));
    stop.abort('enough');
    await sleeping;
    await clock.advance(100);
    expect(done).toEqual(['enough']);
  });

  it('moves the time of day along', async () => {
    const clock = standing();
    const before = clock.now();
    await clock.advance(86_400_000);
    expect(clock.now() - before).toBeGreaterThanOrEqual(86_400_000);
  });

  it('is moved by one at a time, and never back', async () => {
    const clock = standing();
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toMatchObject({ code: 'INVALID' });
    await first;
    await expect(clock.advance(-1)).rejects.toMatchObject({ code: 'INVALID' });
    await expect(clock.advance(Number.NaN)).rejects.toMatchObject({ code: 'INVALID' });
  });
});

describe('a clock that runs', () => {
  it('goes as much faster as it was told', async () => {
    const clock = new Clock({ speed: 1000 });
    const done: number[] = [];
    clock.later(50_000, () => done.push(50));
    clock.later(10_000, () => done.push(10));
    await clock.sleep(100_000);
    expect(done).toEqual([10, 50]);
    expect(clock.elapsed()).toBeGreaterThanOrEqual(100_000);
  });

  it('goes on running after it was moved forward, and stands after it was stopped', async () => {
    const clock = new Clock({ speed: 100 });
    await clock.advance(60_000);
    const at = clock.elapsed();
    await clock.sleep(100);
    expect(clock.elapsed()).toBeGreaterThan(at);
    clock.pause();
    const stopped = clock.elapsed();
    for (let i = 0; i < 50; i++) await turn();
    expect(clock.elapsed()).toBe(stopped);
    clock.resume();
    await clock.sleep(100);
    expect(clock.elapsed()).toBeGreaterThan(stopped);
  });

  it('waits for what is months away, and does nothing until then', async () => {
    const clock = new Clock();
    const native = vi.spyOn(globalThis, 'setTimeout');
    const cancel = clock.later(100 * 24 * 3_600_000, () => {});
    cancel();
    // A native timer that is to wait longer fires at once, again and again.
    expect(native.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1]);
    native.mockRestore();
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a speed of %s', (speed) => {
    expect(() => new Clock({ speed })).toThrow(expect.objectContaining({ code: 'INVALID' }));
  });
});
