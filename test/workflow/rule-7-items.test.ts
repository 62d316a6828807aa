import { describe, expect, it } from 'vitest';
import { failureOf, harness } from './harness.ts';
import { changeOf, failing, setItems, worldOf } from './world.ts';

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
    expect((await h.records()).slice(2)).toEqual([
      'items-fixed many',
      'items-captured many',
      ...['items-captured many', 'items-done many', 'items-captured many', 'items-done many', 'items-done many'],
      'done many',
      'closed',
    ]);
  });

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
