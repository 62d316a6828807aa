import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { failureOf, harness } from './harness.ts';
import { changeOf, failing, setItems, setStep, unseen, worldOf } from './world.ts';

describe('rule 7: item steps', () => {
  const six = { k1: '1', k2: '1', k3: '1', k4: '1', k5: '1', k6: '1' };

  it('fixes the whole list, with what has nothing to do, before the first capture', async () => {
    const h = harness([setItems('many', six)], { k3: '1' });
    await h.run();
    const entries = await h.entries();
    const fixed = entries.find((entry) => entry.type === 'items-fixed');
    expect(fixed).toMatchObject({ step: 'many' });
    expect(
      fixed?.type === 'items-fixed' && fixed.items.map(({ key, skipped }) => [key, skipped !== undefined]),
    ).toEqual(Object.keys(six).map((key) => [key, key === 'k3']));
    expect(h.world.writes.map(({ name }) => name)).not.toContain('k3');
  });

  it('runs no item before its own capture is durable, and captures one group ahead', async () => {
    const captured: string[][] = [];
    const h = harness([
      setItems('many', six, {
        concurrency: 1,
        run: async (ctx) => {
          const entries = await h.entries();
          captured.push(
            entries.flatMap((entry) => (entry.type === 'items-captured' ? entry.items.map(({ key }) => key) : [])),
          );
          const { object } = ctx.item as { object: string };
          expect(captured.at(-1)).toContain(object);
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'completed', output: { many: { done: 6 } } });
    const records = (await h.records()).slice(2);
    expect(records.slice(0, 2)).toEqual(['items-fixed many', 'items-captured many']);
    // While one group runs the next is captured: which of the two is recorded first is open.
    expect(new Set(records.slice(2, 4))).toEqual(new Set(['items-captured many', 'items-done many']));
    expect(new Set(records.slice(4, 6))).toEqual(new Set(['items-captured many', 'items-done many']));
    expect(records.slice(6)).toEqual(['items-done many', 'done many', 'closed']);
  });

  it('halts before an item that somebody changed after the list was fixed, in the same drive', async () => {
    const h = harness(
      [
        setItems('many', six, {
          concurrency: 1,
          run: async (ctx) => {
            const { object } = ctx.item as { object: string };
            if (object === 'k1') worldOf(ctx).put('k6', 'another');
            worldOf(ctx).put(object, '1');
          },
        }),
      ],
      { k6: '0' },
    );
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(await h.run({ plan })).toMatchObject({
      state: 'paused',
      error: { code: 'WORLD_MOVED', message: expect.stringContaining('k6') },
    });
    expect(h.world.value('k6')).toBe('another');
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({ k6: 'another' });
  });

  it('halts before an item that somebody changed while the run rested, though it was not captured yet', async () => {
    let bad = true;
    const h = harness([
      setItems('many', six, {
        concurrency: 1,
        run: async (ctx) => {
          if (bad) throw new Error('not now');
          worldOf(ctx).put((ctx.item as { object: string }).object, '1');
        },
      }),
    ]);
    await h.run({ onFailure: 'pause' });
    bad = false;
    h.world.put('k6', 'another');
    expect(await h.resume()).toMatchObject({ state: 'paused', error: { code: 'WORLD_MOVED' } });
    expect(h.world.value('k6')).toBe('another');
  });

  it('asks again on resume what can be done: what is blocked by now is not begun', async () => {
    let later = false;
    const h = harness([
      setItems('many', six, {
        concurrency: 1,
        items: async () =>
          Object.keys(six).map((key) => ({
            key,
            item: { object: key, value: '1' },
            forecast:
              later && key === 'k6'
                ? { effect: 'blocked', why: 'It is kept now.', remedy: 'Leave it.' }
                : { effect: 'change', changes: [changeOf(key, null, '1')] },
          })),
        run: async (ctx) => {
          if (!later) throw new Error('not now');
          worldOf(ctx).put((ctx.item as { object: string }).object, '1');
        },
      }),
    ]);
    await h.run({ onFailure: 'pause' });
    later = true;
    expect(await h.resume()).toMatchObject({
      state: 'paused',
      error: { code: 'PLAN_BLOCKED', message: expect.stringContaining('k6: It is kept now.') },
    });
    expect(h.world.values()).toEqual({});
  });

  it('refuses on resume an item that would do something else, where nothing can look at its object', async () => {
    let later = false;
    const step = setItems('many', six, {
      concurrency: 1,
      items: async () =>
        Object.keys(six).map((key) => ({
          key,
          item: { object: key, value: '1' },
          forecast: { effect: 'change', changes: [changeOf(key, later && key === 'k6' ? 'another' : null, '1')] },
        })),
      run: async (ctx) => {
        if (!later) throw new Error('not now');
        worldOf(ctx).put((ctx.item as { object: string }).object, '1');
      },
    });
    const h = harness([unseen(step)]);
    await h.run({ onFailure: 'pause' });
    later = true;
    expect(await h.resume()).toMatchObject({ state: 'paused', error: { code: 'WORLD_MOVED' } });
    expect(h.world.values()).toEqual({});
  });

  it.each(['KEPT_AT_RISK', 'WORLD_MOVED', 'FENCED', 'UNREACHABLE'] as const)(
    'is decided by the gravest of its failures: %s beside one that would only be undone',
    async (code) => {
      const grave = new FederationError(code, 'k2 is in danger.');
      const failsBeside = harness([
        setStep('zero', 'z', '1'),
        setItems('many', six, {
          run: async (ctx) => {
            if ((ctx.item as { object: string }).object === 'k1') throw new Error('only this');
            await Promise.resolve();
            throw grave;
          },
        }),
      ]);
      expect(await failsBeside.run()).toMatchObject({ state: 'paused', error: { code } });
      expect(await failsBeside.records()).not.toContain('undoing');
      const failsAhead = harness([
        setItems('many', six, {
          run: async () => {
            throw new Error('only this');
          },
          capture: async (ctx) => {
            if ((ctx.item as { object: string }).object === 'k3') throw grave;
            return null;
          },
        }),
      ]);
      expect(await failsAhead.run()).toMatchObject({ state: 'paused', error: { code } });
    },
  );

  it('works on as many at once as it says', async () => {
    let now = 0;
    let most = 0;
    const h = harness(
      [
        setItems('many', six, {
          concurrency: 3,
          run: async () => {
            now += 1;
            most = Math.max(most, now);
            await new Promise((resolve) => setImmediate(resolve));
            now -= 1;
          },
        }),
      ],
      {},
      { groupSize: 6 },
    );
    await h.run();
    expect(most).toBe(3);
  });

  it('names the bad item, keeps what the others did, and does not redo it on resume', async () => {
    let bad = true;
    const h = harness([
      setItems('many', six, {
        concurrency: 1,
        run: async (ctx) => {
          const { object } = ctx.item as { object: string };
          if (object === 'k4' && bad) throw new Error('no luck');
          await worldOf(ctx).write('run many', object, '1', 0);
        },
      }),
    ]);
    const outcome = await h.run({ onFailure: 'pause' });
    expect(outcome).toMatchObject({
      state: 'paused',
      error: { code: 'STEP_FAILED', message: 'Step "many" of run "r": Item "k4" failed: no luck' },
    });
    expect(h.world.values()).toEqual({ k1: '1', k2: '1', k3: '1' });
    bad = false;
    expect(await h.resume()).toMatchObject({ state: 'completed', output: { many: { done: 6 } } });
    expect(h.world.writes.filter(({ by }) => by === 'run many').map(({ name }) => name)).toEqual(Object.keys(six));
  });

  it('halts when a key appears that was not fixed, on resume and before the step is done', async () => {
    const values: Record<string, string> = { k1: '1', k2: '1' };
    const h = harness([
      setItems('many', () => values, {
        run: async () => {
          values.late = '1';
        },
      }),
    ]);
    const moved = {
      state: 'paused',
      why: 'failed',
      error: { code: 'WORLD_MOVED', message: expect.stringContaining('"late"') },
    };
    expect(await h.run()).toMatchObject(moved);
    expect(await h.resume()).toMatchObject(moved);
    expect(h.world.value('late')).toBeNull();
    delete values.late;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
  });

  it('takes the list from the journal on resume, though a key is gone', async () => {
    const values: Record<string, string> = { k1: '1', k2: '1', k3: '1' };
    let stop = true;
    const h = harness([
      setItems('many', () => values, {
        concurrency: 1,
        run: async (ctx) => {
          const { object } = ctx.item as { object: string };
          if (object === 'k2' && stop) throw new Error('stop');
          worldOf(ctx).put(object, '1');
        },
      }),
    ]);
    await h.run({ onFailure: 'pause' });
    stop = false;
    delete values.k3;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    expect(h.world.value('k3')).toBe('1');
  });

  it('captures nothing before the list is in the journal', async () => {
    const seen: string[][] = [];
    const h = harness([
      setItems('many', six, {
        capture: async () => {
          seen.push(await h.records());
          return null;
        },
      }),
    ]);
    await h.run();
    expect(seen).toHaveLength(6);
    for (const records of seen) expect(records).toContain('items-fixed many');
  });

  it('runs no other item on resume once a key has appeared', async () => {
    const values: Record<string, string> = { k1: '1', k2: '1' };
    let stop = true;
    const h = harness([
      setItems('many', () => values, {
        concurrency: 1,
        run: async (ctx) => {
          const { object } = ctx.item as { object: string };
          if (object === 'k2' && stop) throw new Error('stop');
          worldOf(ctx).put(object, '1');
        },
      }),
    ]);
    await h.run({ onFailure: 'pause' });
    stop = false;
    values['late'] = '1';
    expect(await h.resume()).toMatchObject({ state: 'paused', error: { code: 'WORLD_MOVED' } });
    expect(h.world.values()).toEqual({ k1: '1' });
  });

  it('lets any item run twice: done records lag by a group at most', async () => {
    const ran: string[] = [];
    const h = harness([
      setItems('many', six, {
        concurrency: 1,
        run: async (ctx) => {
          const { object } = ctx.item as { object: string };
          ran.push(object);
          worldOf(ctx).put(object, '1');
          const known = (await h.entries()).flatMap((entry) => (entry.type === 'items-done' ? entry.keys : []));
          expect(ran.length - 1 - known.length).toBeLessThanOrEqual(2);
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'completed' });
    expect(ran).toEqual(Object.keys(six));
  });

  it('undoes items in the reverse order of the list', async () => {
    const h = harness([setItems('many', six, { concurrency: 1 }), failing('last')]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    const undone = h.world.writes.filter(({ by }) => by === 'undo many').map(({ name }) => name);
    expect(undone).toEqual(Object.keys(six).toReversed());
  });

  it('refuses a list with the same key twice', async () => {
    const item = {
      key: 'k',
      item: { object: 'k', value: '1' },
      forecast: { effect: 'change', changes: [changeOf('k', null, '1')] },
    } as const;
    const h = harness([setItems('many', {}, { items: async () => [item, item] })]);
    expect(await failureOf(h.run())).toMatchObject({
      code: 'WORKFLOW_INVALID',
      message: expect.stringContaining('two items with the key "k"'),
    });
  });
});
