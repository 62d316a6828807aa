import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { RetryPolicy } from '../../src/types.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { eventsOf, failureOf, harness } from './harness.ts';
import { setItems, setStep, worldOf } from './world.ts';

const busy = (message = 'busy') => new FederationError('RATE_LIMITED', message, { retryable: true });

describe('rule 10: attempts', () => {
  it('repeats what may be repeated, as the step says, and tells', async () => {
    let attempts = 0;
    const h = harness([
      setStep('one', 'a', '1', {
        retry: { retries: 2 },
        run: async ({ attempt }) => {
          attempts = attempt;
          if (attempt < 3) throw busy();
          return null;
        },
      }),
    ]);
    const run = await h.begin();
    expect(await h.time.until(run.settled())).toMatchObject({ state: 'completed' });
    expect(attempts).toBe(3);
    expect((await eventsOf(run)).filter(({ type }) => type === 'step:retrying')).toMatchObject([
      { attempt: 1, retriesLeft: 2, error: { code: 'RATE_LIMITED' } },
      { attempt: 2, retriesLeft: 1 },
    ]);
  });

  it('repeats as often as by default where a step says that it is undefined', async () => {
    let attempts = 0;
    const h = harness([
      setStep('one', 'a', '1', {
        retry: { retries: undefined } as unknown as RetryPolicy,
        run: async () => {
          attempts += 1;
          throw busy();
        },
      }),
    ]);
    const run = await h.begin();
    expect(await h.time.until(run.settled())).toMatchObject({ state: 'rolled-back' });
    expect(attempts).toBe(5);
  });

  it('repeats nothing that is not retryable, nor with retry false', async () => {
    for (const [error, retry] of [
      [new Error('x'), undefined],
      [busy(), false],
    ] as const) {
      let attempts = 0;
      const h = harness([
        setStep('one', 'a', '1', {
          ...(retry === false && { retry }),
          run: async () => {
            attempts += 1;
            throw error;
          },
        }),
      ]);
      expect(await h.run()).toMatchObject({ state: 'rolled-back' });
      expect(attempts).toBe(1);
    }
  });

  it('aborts the signal of an attempt that takes too long, and begins no other before it has ended', async () => {
    const log: string[] = [];
    const h = harness([
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        retry: { retries: 1 },
        run: ({ attempt, signal }) =>
          new Promise((_, reject) => {
            log.push(`begin ${attempt}`);
            signal.addEventListener('abort', () => {
              log.push(`abort ${attempt}`);
              h.time.clock.after(500, () => {
                log.push(`end ${attempt}`);
                reject(new Error('cut off'));
              });
            });
          }),
      }),
    ]);
    const outcome = await h.run();
    expect(outcome).toMatchObject({
      state: 'paused',
      why: 'time-limit',
      error: { code: 'TIMEOUT', message: expect.stringContaining('longer than 100 ms') },
    });
    expect(log).toEqual(['begin 1', 'abort 1', 'end 1', 'begin 2', 'abort 2', 'end 2']);
  });

  it('takes what an attempt yields after its time for what it is: done', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        run: (ctx) =>
          new Promise((resolve) => {
            h.time.clock.after(300, () => {
              worldOf(ctx).put('a', '1');
              resolve('late');
            });
          }),
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'completed', output: { one: 'late' } });
  });

  it('pauses as stuck where an aborted attempt does not end in the grace time: no second attempt, no undo', async () => {
    let attempts = 0;
    const h = harness([
      setStep('zero', 'z', '1'),
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        run: () => {
          attempts += 1;
          return new Promise(() => undefined);
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({
      state: 'paused',
      why: 'stuck',
      error: { code: 'STEP_STUCK', message: expect.stringContaining('"one"') },
    });
    expect(attempts).toBe(1);
    expect(h.time.clock.now()).toBeGreaterThanOrEqual(1_100);
    expect(h.world.values()).toEqual({ z: '1' });
    expect(await h.records()).not.toContain('undoing');
  });

  it('pauses an undo as stuck likewise, and the next driver goes on with it once the attempt has ended', async () => {
    const first = Promise.withResolvers<void>();
    let attempts = 0;
    const h = harness([
      setStep('zero', 'z', '1'),
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        compensate: async (ctx) => {
          attempts += 1;
          return attempts === 1 ? first.promise : worldOf(ctx).put('a', null);
        },
      }),
      setStep('two', 'b', '1', { run: async () => Promise.reject(new Error('no luck')) }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'paused', why: 'stuck' });
    expect(h.world.values()).toEqual({ a: '1', z: '1' });
    expect((await failureOf(h.resume())).code).toBe('JOURNAL_CONFLICT');
    expect(attempts).toBe(1);
    first.reject(new Error('cut off'));
    expect(await h.resume()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
  });

  it('keeps the run from every other driver while a stuck attempt lasts, however long, and confirms it nothing', async () => {
    const go = Promise.withResolvers<void>();
    const told = Promise.withResolvers<string>();
    const h = harness([
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        run: async (ctx) => {
          await go.promise;
          try {
            await ctx.confirmDriver();
            worldOf(ctx).put('a', 'late');
            told.resolve('confirmed');
          } catch (error) {
            told.resolve(FederationError.is(error) ? error.code : String(error));
          }
          return null;
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'paused', why: 'stuck' });
    await h.time.until(new Promise<void>((resolve) => void h.time.clock.after(60_000, resolve)));
    expect((await failureOf(h.rollback())).code).toBe('JOURNAL_CONFLICT');
    go.resolve();
    expect(await told.promise).toBe('DRIVER_LOST');
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
  });

  it('confirms nothing to what a step left behind that has ended', async () => {
    let late: (() => Promise<void>) | undefined;
    const h = harness([
      setStep('one', 'a', '1', {
        run: async ({ confirmDriver }) => {
          late = confirmDriver;
          return null;
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'completed' });
    expect((await failureOf(late?.() ?? Promise.resolve())).code).toBe('DRIVER_LOST');
  });

  it('lets the next driver have the run of a process that ended while an attempt was stuck', async () => {
    let attempts = 0;
    const h = harness([
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        run: async () => {
          attempts += 1;
          return attempts === 1 ? new Promise(() => undefined) : null;
        },
      }),
    ]);
    let dead = false;
    const journal: JournalStore = {
      ...h.journal,
      claim: async (...args) => {
        const claim = await h.journal.claim(...args);
        return {
          ...claim,
          renew: (options) => (dead ? new Promise(() => undefined) : claim.renew(options)),
        };
      },
    };
    expect(await h.run({ journal })).toMatchObject({ state: 'paused', why: 'stuck' });
    dead = true;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
  });

  it('pauses as stuck for one stuck item, after those beside it ended and were recorded', async () => {
    const h = harness([
      setItems(
        'many',
        { k1: '1', k2: '1' },
        {
          timeoutMs: 100,
          run: async (ctx) => {
            const { object } = ctx.item as { object: string };
            if (object === 'k1') await new Promise(() => undefined);
            worldOf(ctx).put(object, '1');
          },
        },
      ),
    ]);
    expect(await h.run()).toMatchObject({
      state: 'paused',
      why: 'stuck',
      error: { message: expect.stringContaining('Item "k1"') },
    });
    expect(await h.entries()).toContainEqual(expect.objectContaining({ type: 'items-done', keys: ['k2'] }));
  });

  it('begins no further attempt once the caller has aborted', async () => {
    const caller = new AbortController();
    let attempts = 0;
    const h = harness([
      setStep('one', 'a', '1', {
        run: async () => {
          attempts += 1;
          caller.abort();
          throw busy();
        },
      }),
    ]);
    expect(await h.run({ signal: caller.signal })).toEqual({ state: 'paused', why: 'requested' });
    expect(attempts).toBe(1);
  });
});
