import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { pauseFor } from '../../src/workflow/time.ts';
import { eventsOf, failureOf, harness } from './harness.ts';
import { failing, lookStep, setItems, setStep, worldOf } from './world.ts';

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

  describe('of what may still be created', () => {
    /** What everything stands on, and a create whose answer is lost after `lostMs`; nobody may take it away without the former. */
    const creating = (more: { readonly lostMs?: number; readonly broken?: () => boolean } = {}) =>
      harness(
        [
          setStep('fence', 'f', '1', { undoNeeds: ['make'] }),
          setStep('make', 'a', '1', {
            run: async () => {
              await pauseFor(h.time.clock, more.lostMs ?? 0);
              h.time.clock.after(30_000, () => h.world.put('a', '1'));
              throw new Error('no answer');
            },
            compensate: async (ctx) => {
              if (worldOf(ctx).value('f') === null) throw new FederationError('FENCED', 'The fence is gone.');
              if (more.broken?.()) throw new Error('refused');
              worldOf(ctx).put('a', null);
            },
          }),
        ],
        {},
        { lateMs: 60_000 },
      );
    let h: ReturnType<typeof creating>;

    it('looks for it as long as it may come, before it undoes what that stands on', async () => {
      h = creating();
      await h.run({ onFailure: 'pause' });
      expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
      expect(h.world.values()).toEqual({});
      expect(h.time.clock.now()).toBeGreaterThanOrEqual(60_000);
      expect(h.time.clock.now()).toBeLessThan(65_000);
    });

    it('reckons from the beginning of the undo, and says that it waits', async () => {
      h = creating({ lostMs: 50_000 });
      const run = await h.begin();
      expect(await h.time.until(run.settled())).toMatchObject({ state: 'rolled-back' });
      expect(h.world.values()).toEqual({});
      expect(h.time.clock.now()).toBeGreaterThanOrEqual(110_000);
      const told = (await eventsOf(run)).flatMap((event) => (event.type === 'step:progress' ? [event.message] : []));
      expect(told).toEqual(['waiting 60 s: what this step sent may still take effect']);
    });

    it('leaves what that stands on while it cannot be taken away', async () => {
      let broken = true;
      h = creating({ broken: () => broken });
      expect(await h.run()).toMatchObject({
        state: 'rollback-incomplete',
        residue: [{ step: 'make' }, { step: 'fence', code: 'UNDO_NEEDS' }],
      });
      expect(h.world.values()).toEqual({ a: '1', f: '1' });
      broken = false;
      expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
      expect(h.world.values()).toEqual({});
    });

    it('does not wait where everything was done', async () => {
      h = harness(
        [setStep('fence', 'f', '1', { undoNeeds: ['make'] }), setStep('make', 'a', '1'), lookStep('look')],
        {},
        { lateMs: 60_000 },
      );
      const stop = h.workflow['~definition'].elements[2];
      if (stop?.kind === 'step')
        Object.assign(stop.step, {
          forecast: async () => ({ effect: 'unknown', why: 'It looks.', touches: [] }),
          run: async () => Promise.reject(new Error('no luck')),
        });
      expect(await h.run()).toMatchObject({ state: 'rolled-back' });
      expect(h.time.clock.now()).toBeLessThan(1_000);
    });

    it('waits no longer than it is the driver', async () => {
      h = creating();
      await h.run({ onFailure: 'pause' });
      const lost = new AbortController();
      const stolen: JournalStore = {
        ...h.journal,
        claim: async (...args) => {
          const claim = await h.journal.claim(...args);
          h.time.clock.after(5_000, () => lost.abort(new FederationError('DRIVER_LOST', 'Stolen.')));
          return { ...claim, lost: lost.signal };
        },
      };
      const before = h.time.clock.now();
      const run = await h.time.until(h.engine.rollback(h.workflow, 'r', { env: h.env, journal: stolen }));
      expect(await h.time.until(run.settled())).toEqual({ state: 'driver-lost' });
      expect(h.time.clock.now() - before).toBeLessThan(15_000);
      expect(h.world.value('f')).toBe('1');
    });
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
