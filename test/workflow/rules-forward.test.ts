import { describe, expect, it } from 'vitest';
import { failureOf, harness } from './harness.ts';
import { changeOf, lookStep, setItems, setStep, workflowOf, worldOf } from './world.ts';

describe('rule 1: what will run is captured before it runs', () => {
  it('records captured, runs, and records done, in that order', async () => {
    const seen: string[] = [];
    const h = harness([
      setStep('one', 'a', '1', {
        run: async () => {
          seen.push(...(await h.records()));
          return null;
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'completed' });
    expect(seen).toEqual(['opened', 'driving', 'captured one']);
    expect(await h.records()).toEqual(['opened', 'driving', 'captured one', 'done one', 'closed']);
  });

  it('records captured with null where a step captures nothing', async () => {
    const { capture: _, ...rest } = (setStep('one', 'a', '1') as Extract<ReturnType<typeof setStep>, { kind: 'step' }>)
      .step;
    const h = harness([{ kind: 'step', name: 'one', step: rest }]);
    await h.run();
    expect(await h.entries()).toContainEqual(expect.objectContaining({ type: 'captured', step: 'one', before: null }));
  });

  it('skips what has nothing to do: no capture, no run, and its foreseen result stands in', async () => {
    const h = harness([setStep('one', 'a', '1'), lookStep('two')], { a: '1' });
    expect(await h.run()).toEqual({
      state: 'completed',
      output: { input: {}, one: { was: '1' }, two: { seen: 'two' } },
    });
    expect(await h.records()).toEqual(['opened', 'driving', 'skipped one', 'skipped two', 'closed']);
    expect(h.world.writes).toEqual([]);
  });

  it('asks no forecast again once captured: half-finished work is not booked as skipped', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          const world = worldOf(ctx);
          if (ctx.attempt === 1 && ctx.epoch === 2) {
            world.put('a', '1');
            throw new Error('the answer was lost');
          }
          return null;
        },
      }),
    ]);
    expect(await h.run({ onFailure: 'pause' })).toMatchObject({ state: 'paused', why: 'failed' });
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    expect(await h.records()).not.toContain('skipped one');
  });
});

describe('rule 6: plans', () => {
  it('names every blocker at once, touches nothing and records nothing', async () => {
    const blocked = (name: string) =>
      lookStep(name, {
        forecast: async () => ({ effect: 'blocked', why: `${name} is in the way.`, remedy: `Take ${name} away.` }),
      });
    const h = harness([setStep('first', 'x', '1'), blocked('one'), blocked('two')]);
    const error = await failureOf(h.run());
    expect(error.code).toBe('PLAN_BLOCKED');
    expect(error.message).toContain('one is in the way. Take one away.');
    expect(error.message).toContain('two is in the way. Take two away.');
    expect(h.world.writes).toEqual([]);
    expect(await h.records()).toEqual([]);
  });

  it('names every blocked item', async () => {
    const h = harness([
      setItems(
        'many',
        {},
        {
          items: async () =>
            ['k', 'l'].map((key) => ({
              key,
              item: key,
              forecast: { effect: 'blocked', why: `${key} is kept.`, remedy: 'Release it.' },
            })),
        },
      ),
    ]);
    const error = await failureOf(h.run());
    expect(error.message).toContain('k: k is kept.');
    expect(error.message).toContain('l: l is kept.');
  });

  it('is plain data, made without a write, and survives JSON', async () => {
    const h = harness([setStep('one', 'a', '1'), setItems('many', { b: '1', c: '2' })], { b: '1' });
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(plan.steps.map(({ name, forecast, undo }) => [name, forecast.effect, undo])).toEqual([
      ['one', 'change', 'restores'],
      ['many', 'change', 'restores'],
    ]);
    expect(plan.steps[1]?.items?.map(({ key, forecast }) => [key, forecast.effect])).toEqual([
      ['b', 'none'],
      ['c', 'change'],
    ]);
    expect(h.world.writes).toEqual([]);
  });

  it('has a fingerprint that stays while nothing that decides changes, and changes with what does', async () => {
    const h = harness([setStep('one', 'a', '1')], { a: '0' });
    const planned = async () => (await h.engine.plan(h.workflow, {}, { env: h.env })).fingerprint;
    const first = await planned();
    h.world.put('a', '0');
    expect(await planned()).toBe(first);
    h.world.put('a', '0.5');
    expect(await planned()).not.toBe(first);
    h.world.put('a', '0');
    expect((await h.engine.plan(h.workflow, { other: true }, { env: h.env })).fingerprint).not.toBe(first);
    expect(
      (await h.engine.plan(workflowOf(h.workflow['~definition'].elements, { version: '1.0.1' }), {}, { env: h.env }))
        .fingerprint,
    ).not.toBe(first);
    expect(
      (
        await h.engine.plan(
          workflowOf(h.workflow['~definition'].elements, { identity: async () => 'other' }),
          {},
          { env: h.env },
        )
      ).fingerprint,
    ).not.toBe(first);
  });

  it('covers of a finding only what it says decides', async () => {
    let at = 0;
    const look = lookStep('look', {
      forecast: async () => {
        at += 1;
        return { effect: 'none', why: `seen at ${at}`, out: { at }, decides: 'same' };
      },
    });
    const h = harness([look]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(await h.run({ plan })).toMatchObject({ state: 'completed' });
  });

  it('is stale at the start when the world has moved: nothing is touched, and the steps are named', async () => {
    const h = harness([setStep('one', 'a', '1'), setStep('two', 'b', '1')]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    h.world.put('b', '7');
    const error = await failureOf(h.run({ plan }));
    expect(error.code).toBe('PLAN_STALE');
    expect(error.message).toMatch(/these steps .*: two/);
    expect(await h.records()).toEqual([]);
  });

  it('is checked again at every step, also after a resume', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          worldOf(ctx).put('a', '1');
          worldOf(ctx).put('b', '7');
          return null;
        },
      }),
      setStep('two', 'b', '1'),
    ]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    const stale = { state: 'paused', why: 'failed', error: expect.objectContaining({ code: 'PLAN_STALE' }) };
    expect(await h.run({ plan, onFailure: 'pause' })).toMatchObject(stale);
    expect(await h.resume()).toMatchObject(stale);
    h.world.put('b', null);
    expect(await h.resume()).toMatchObject({ state: 'completed' });
  });

  it('is stale when an item has joined', async () => {
    const values: Record<string, string> = { k: '1' };
    const h = harness([
      setStep('one', 'a', '1', {
        run: async () => {
          values.l = '1';
          return null;
        },
      }),
      setItems('many', () => values),
    ]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    const outcome = await h.run({ plan, onFailure: 'pause' });
    expect(outcome).toMatchObject({
      state: 'paused',
      error: { code: 'PLAN_STALE', message: expect.stringContaining('"l" has been added') },
    });
    expect(h.world.value('k')).toBeNull();
  });

  it('lets what could not be known while planning be no more than was announced', async () => {
    const touches = [{ verb: 'create', kind: 'Value' }] as const;
    const late = (object: string) =>
      setStep('late', object, '1', {
        forecast: async (ctx) =>
          ctx.state.one === undefined
            ? { effect: 'unknown', why: 'It depends on one.', touches }
            : { effect: 'change', changes: [changeOf(object, worldOf(ctx).value(object), '1')] },
      });
    const one = setStep('one', 'a', '1', {
      forecast: async () => ({ effect: 'change', changes: [changeOf('a', null, '1')] }),
    });
    const good = harness([one, late('x')]);
    const plan = await good.engine.plan(good.workflow, {}, { env: good.env });
    expect(await good.run({ plan })).toMatchObject({ state: 'completed' });
    const bad = harness([one, late('x')], { x: '0' });
    expect(await bad.run({ plan: await bad.engine.plan(bad.workflow, {}, { env: bad.env }) })).toMatchObject({
      state: 'rolled-back',
      error: {
        code: 'PLAN_STALE',
        message: expect.stringContaining('it would update a Value, which was not announced'),
      },
    });
  });
});

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
});

describe('rule 8: no credential in the journal', () => {
  const secret = { jwtSecret: 'top' };

  it.each([
    ['capture', setStep('one', 'a', '1', { capture: async () => secret })],
    ['forecast', lookStep('one', { forecast: async () => ({ effect: 'none', why: '', out: secret }) })],
  ])('refuses a %s that looks like one, names the step, and runs nothing', async (_, step) => {
    const h = harness([setStep('zero', 'z', '1'), step]);
    const work = h.run({ onFailure: 'pause' });
    const error = await work.then(
      (outcome) => (outcome.state === 'paused' ? outcome.error : undefined),
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'WORKFLOW_INVALID', message: expect.stringMatching(/step "one".*jwtSecret/i) });
    expect(h.world.value('a')).toBeNull();
    expect(JSON.stringify(await h.entries())).not.toContain('top');
  });

  it('refuses one in the input, before anything is recorded', async () => {
    const h = harness([lookStep('one')]);
    const error = await failureOf(
      h.engine.run(h.workflow, { password: 'x' }, { env: h.env, journal: h.journal, runId: 'r' }),
    );
    expect(error).toMatchObject({ code: 'WORKFLOW_INVALID', message: expect.stringContaining('at password') });
    expect(await h.records()).toEqual([]);
  });

  it('refuses one in a result: what was done is undone', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          worldOf(ctx).put('a', '1');
          return secret;
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back', error: { code: 'WORKFLOW_INVALID' } });
    expect(h.world.values()).toEqual({});
  });

  it('refuses what is no plain JSON', async () => {
    const h = harness([setStep('one', 'a', '1', { capture: async () => new Date() as never })]);
    expect(await h.run()).toMatchObject({
      state: 'rolled-back',
      error: { code: 'WORKFLOW_INVALID', message: expect.stringContaining('at before') },
    });
  });
});
