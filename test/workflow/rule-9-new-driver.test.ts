import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { failureOf, harness } from './harness.ts';
import { failing, setItems, setStep, worldOf } from './world.ts';

describe('rule 9: a new driver', () => {
  it('touches what is captured and not done before anything else, with its epoch', async () => {
    let stop = true;
    const epochs: number[] = [];
    const h = harness(
      [
        setItems(
          'many',
          { k1: '1', k2: '1', k3: '1' },
          {
            concurrency: 1,
            run: async (ctx) => {
              const { object } = ctx.item as { object: string };
              if (object === 'k2' && stop) throw new Error('stop');
              await worldOf(ctx).write('run', object, '1', worldOf(ctx).version(object));
            },
            touch: async (ctx) => {
              epochs.push(ctx.epoch);
              await worldOf(ctx).touch('touch', (ctx.item as { object: string }).object);
            },
          },
        ),
      ],
      { k2: '0', k3: '0' },
    );
    await h.run({ onFailure: 'pause' });
    stop = false;
    const before = h.world.writes.length;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    const writes = h.world.writes.slice(before).map(({ by, name }) => `${by} ${name}`);
    expect(writes.slice(0, 2).sort()).toEqual(['touch k2', 'touch k3']);
    expect(writes).not.toContain('touch k1');
    const drives = (await h.entries()).flatMap(({ type }, index) => (type === 'driving' ? [index + 1] : []));
    expect(new Set(epochs)).toEqual(new Set(drives.slice(1)));
  });

  it('makes a late write of the former driver fail its precondition', async () => {
    let late: (() => Promise<void>) | undefined;
    const h = harness(
      [
        setStep('one', 'a', '1', {
          run: async (ctx) => {
            const world = worldOf(ctx);
            const version = world.version('a');
            if (late === undefined) {
              late = () => world.write('late', 'a', 'late', version);
              throw new Error('given up');
            }
            return null;
          },
        }),
      ],
      { a: '0' },
    );
    await h.run({ onFailure: 'pause' });
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect((await failureOf(late?.() ?? Promise.resolve())).code).toBe('CONFLICT');
    expect(h.world.values()).toEqual({ a: '0' });
  });

  it('fences what was done too, once a former driver was undoing: its undo may still be under way', async () => {
    let late: (() => Promise<void>) | undefined;
    const h = harness(
      [
        setStep('one', 'a', '1', {
          compensate: async (ctx) => {
            const world = worldOf(ctx);
            const version = world.version('a');
            late ??= () => world.write('late', 'a', '0', version);
            throw new Error('stop');
          },
        }),
        failing('two'),
      ],
      { a: '0' },
    );
    expect(await h.run()).toMatchObject({ state: 'rollback-incomplete' });
    expect(h.world.writes.map(({ by }) => by)).not.toContain('touch one');
    expect(await h.rollback()).toMatchObject({ state: 'rollback-incomplete' });
    expect((await failureOf(late?.() ?? Promise.resolve())).code).toBe('CONFLICT');
    expect(h.world.values()).toEqual({ a: '1' });
  });

  it('pauses where it cannot fence: it neither runs nor undoes what may still be written', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async () => Promise.reject(new Error('stop')),
        touch: async () => Promise.reject(new FederationError('FORBIDDEN', 'Not allowed to touch.')),
      }),
    ]);
    await h.run({ onFailure: 'pause' });
    expect(await h.resume()).toMatchObject({ state: 'paused', why: 'failed', error: { code: 'FORBIDDEN' } });
    expect(await h.rollback()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [{ step: 'one', code: 'FORBIDDEN' }],
    });
  });

  it('confirms its claim to a step that asks, and learns so that it lost it', async () => {
    const told: unknown[] = [];
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          await ctx.confirmDriver();
          told.push('ours');
          steal = true;
          await ctx.confirmDriver();
          told.push('still ours');
          return null;
        },
      }),
    ]);
    let steal = false;
    const stealing: JournalStore = {
      ...h.journal,
      claim: async (...args) => {
        const claim = await h.journal.claim(...args);
        return {
          ...claim,
          renew: async (options) => {
            if (steal) throw new FederationError('DRIVER_LOST', 'Stolen.');
            return claim.renew(options);
          },
        };
      },
    };
    expect(await h.run({ journal: stealing })).toEqual({ state: 'driver-lost' });
    expect(told).toEqual(['ours']);
    expect(await h.records()).toEqual(['opened', 'driving', 'captured one']);
  });

  it('does not wait for ever for a claim that cannot be renewed, nor once the attempt is aborted', async () => {
    const never = () => new Promise<never>(() => undefined);
    for (const timeoutMs of [60_000, 100]) {
      const told: unknown[] = [];
      let hang = false;
      const h = harness([
        setStep('one', 'a', '1', {
          timeoutMs,
          retry: false,
          run: async (ctx) => {
            hang = true;
            const error = await failureOf(ctx.confirmDriver());
            told.push(error.message);
            throw error;
          },
        }),
      ]);
      const hanging: JournalStore = {
        ...h.journal,
        claim: async (...args) => {
          const claim = await h.journal.claim(...args);
          return { ...claim, renew: (options) => (hang && options === undefined ? never() : claim.renew(options)) };
        },
      };
      expect(await h.run({ journal: hanging })).toMatchObject({ state: 'paused', why: 'time-limit' });
      expect(told).toEqual([expect.stringMatching(timeoutMs === 100 ? /The run took/ : /Confirming the driver took/)]);
      expect(h.time.clock.now()).toBeLessThan(20_000);
    }
  });

  it('waits for a silent driver exactly as long as its claim lasts, by its own clock', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: (ctx) => (ctx.epoch === 2 ? new Promise(() => undefined) : Promise.resolve(null)),
      }),
    ]);
    const dead: JournalStore = {
      ...h.journal,
      claim: async (...args) => {
        const claim = await h.journal.claim(...args);
        let calls = 0;
        const renew: typeof claim.renew = (options) => {
          calls += 1;
          return calls > 1 ? new Promise(() => undefined) : claim.renew(options);
        };
        return { ...claim, renew };
      },
    };
    await h.begin({ journal: dead });
    const before = h.time.clock.now();
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    expect(h.time.clock.now() - before).toBeGreaterThanOrEqual(10_000);
    expect(h.time.clock.now() - before).toBeLessThan(12_000);
  });
});
