import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/workflow/change.ts';
import { holdTo } from '../../src/workflow/deciding.ts';
import { failureOf, harness } from './harness.ts';
import { changeOf, lookStep, setItems, setStep, workflowOf, worldOf } from './world.ts';

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

  it('says so where it was made for another input, though the steps would do something else', async () => {
    const input = setStep('one', 'a', '1', {
      forecast: async ({ state }) => ({
        effect: 'change',
        changes: [changeOf('a', null, JSON.stringify(state['input']))],
      }),
    });
    const h = harness([input]);
    const plan = await h.engine.plan(h.workflow, { edition: '2' }, { env: h.env });
    expect(await failureOf(h.run({ plan }))).toMatchObject({
      code: 'PLAN_STALE',
      message: expect.stringContaining('no longer holds: it was made for another input. Nothing was touched'),
    });
    const placed = harness([input], {}, { identity: async () => 'here' });
    const there = workflowOf([input], { identity: async () => 'there' });
    const elsewhere = await h.engine.plan(there, {}, { env: h.env });
    expect(await failureOf(placed.run({ plan: elsewhere }))).toMatchObject({
      code: 'PLAN_STALE',
      message: expect.stringContaining('it was made for another input or in another world. Nothing'),
    });
    const newer = await h.engine.plan(workflowOf([input], { version: '1.0.1' }), {}, { env: h.env });
    expect((await failureOf(h.run({ plan: newer }))).message).toContain('it is of test 1.0.1, and this is test 1.0.0');
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

  it('lets no step begin that is blocked by the time its turn comes, single or over items', async () => {
    const blocked = { effect: 'blocked', why: 'It is in use.', remedy: 'Wait.' } as const;
    const change = (object: string) => ({ effect: 'change', changes: [changeOf(object, null, '1')] }) as const;
    const forecast = (ctx: Parameters<typeof worldOf>[0], object: string) =>
      worldOf(ctx).value('a') === '1' ? blocked : change(object);
    const late = [
      setStep('late', 'b', '1', { forecast: async (ctx) => forecast(ctx, 'b') }),
      setItems(
        'late',
        { b: '1' },
        { items: async (ctx) => [{ key: 'b', item: { object: 'b', value: '1' }, forecast: forecast(ctx, 'b') }] },
      ),
    ];
    for (const step of late) {
      const h = harness([setStep('one', 'a', '1'), step]);
      expect(await h.run()).toMatchObject({
        state: 'rolled-back',
        error: { code: 'PLAN_BLOCKED', message: expect.stringMatching(/It is in use\..*Wait\./) },
      });
      expect(h.world.writes.map(({ name }) => name)).not.toContain('b');
    }
  });

  it('is stale when a step would do more than was planned', async () => {
    const both = setStep('two', 'b', '1', {
      forecast: async (ctx) => ({
        effect: 'change',
        changes: [changeOf('b', null, '1'), ...(worldOf(ctx).value('a') === '1' ? [changeOf('c', null, '1')] : [])],
      }),
      observe: async (ctx) => ctx.intends.map(({ resource }) => worldOf(ctx).value(resource.name)),
    });
    const h = harness([setStep('one', 'a', '1'), both]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(await h.run({ plan })).toMatchObject({
      state: 'rolled-back',
      error: { code: 'PLAN_STALE', message: expect.stringContaining('it would also create Value c on m') },
    });
    expect(h.world.values()).toEqual({});
  });

  it('is stale when an item is gone', async () => {
    const values: Record<string, string> = { k: '1', l: '1' };
    const one = setStep('one', 'a', '1', {
      run: async (ctx) => {
        worldOf(ctx).put('a', '1');
        delete values['l'];
        return null;
      },
    });
    const h = harness([one, setItems('many', () => values)]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(await h.run({ plan })).toMatchObject({
      state: 'rolled-back',
      error: { code: 'PLAN_STALE', message: expect.stringContaining('"l" is gone') },
    });
    expect(h.world.values()).toEqual({});
  });

  it('compares nothing that does not decide: the order of changes, and UIDs not known while planning', async () => {
    const changes = [changeOf('b', null, '1'), changeOf('c', null, '1')] as const;
    const one = setStep('one', 'a', '1');
    const two = setStep('two', 'b', '1', {
      forecast: async (ctx) => {
        const [first, second] = changes;
        if (worldOf(ctx).value('a') === null) return { effect: 'change', changes };
        return { effect: 'change', changes: [{ ...second, resource: { ...second.resource, uid: 'u' } }, first] };
      },
      observe: async (ctx) => ctx.intends.map(({ resource }) => worldOf(ctx).value(resource.name)),
    });
    const h = harness([one, two]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(await h.run({ plan })).toMatchObject({ state: 'completed' });
  });

  describe('of items some of which could not be known while planning', () => {
    type Listed = Readonly<Record<string, string | null>>;
    /** What is planned, and what step "many" finds after step "one": items by key with the value to write, or what is not known. */
    const drive = async (planned: Listed, found: Listed) => {
      const touches = [{ verb: 'update', kind: 'Value' }] as const;
      const many = setItems(
        'many',
        {},
        {
          items: async (ctx) =>
            Object.entries(worldOf(ctx).value('a') === '1' ? found : planned).map(([key, value]) => ({
              key,
              item: { object: key, value: value ?? '1' },
              forecast:
                value === null
                  ? { effect: 'unknown', why: 'It depends on one.', touches }
                  : { effect: 'change', changes: [changeOf(key, worldOf(ctx).value(key), value)] },
            })),
        },
      );
      const h = harness([setStep('one', 'a', '1'), many], { k: '0', l: '0', m: '0' });
      const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
      return { h, outcome: await h.run({ plan }) };
    };
    const stale = (why: string) => ({
      state: 'rolled-back',
      error: { code: 'PLAN_STALE', message: expect.stringContaining(why) },
    });

    it('is kept where the known are as planned and the others do what was announced', async () => {
      const { h, outcome } = await drive({ k: '1', l: null }, { k: '1', l: '2' });
      expect(outcome).toMatchObject({ state: 'completed' });
      expect(h.world.values()).toMatchObject({ k: '1', l: '2' });
    });

    it.each<[what: string, planned: Listed, found: Listed, why: string]>([
      ['a known one would become another', { k: '1', l: null }, { k: 'evil', l: '2' }, 'of "k", the planned update'],
      ['another joined', { k: '1', l: null }, { k: '1', l: '2', m: '1' }, '"m" has been added'],
      ['one is gone', { k: '1', l: null }, { k: '1' }, '"l" is gone'],
      [
        'an unknown one does what was not announced',
        { k: '1', n: null },
        { k: '1', n: '2' },
        'of "n", it would create',
      ],
      ['others take the place of all and do more', { l: null }, { n: '1' }, 'it would create a Value'],
    ])('is stale where %s', async (_, planned, found, why) => {
      const { h, outcome } = await drive(planned, found);
      expect(outcome).toMatchObject(stale(why));
      expect(h.world.values()).toEqual({ k: '0', l: '0', m: '0' });
    });

    it('lets others take the place where none was known', async () => {
      const { h, outcome } = await drive({ l: null }, { k: '2', m: '3' });
      expect(outcome).toMatchObject({ state: 'completed' });
      expect(h.world.values()).toMatchObject({ k: '2', l: '0', m: '3' });
    });
  });

  it('holds one change to one change: a repeated one, and one with a UID, is not made up for by another', () => {
    const change = (name: string, uid?: string) => {
      const plain = changeOf(name, null, '1');
      return { ...plain, resource: { ...plain.resource, ...(uid !== undefined && { uid }) } };
    };
    const held = (planned: readonly Change[], now: readonly Change[]) => () =>
      holdTo(
        { name: 's', title: '', undo: 'restores', pivot: false, forecast: { effect: 'change', changes: planned } },
        { forecast: { effect: 'change', changes: now } },
      );
    const [a, u, v] = [change('a'), change('a', 'u'), change('a', 'v')];
    expect(held([a, u], [u, v])).not.toThrow();
    expect(held([a, a], [v, a])).not.toThrow();
    expect(held([u], [a])).toThrow('the planned create of Value a');
    expect(held([u, u], [u, v])).toThrow('the planned create of Value a');
    expect(held([a], [u, v])).toThrow('it would also create Value a');
    expect(held([a, a], [u])).toThrow('the planned create of Value a');
    // Each against each would be 10^10 comparisons.
    const many = Array.from({ length: 20_000 }, (_, index) => change(`o${index}`));
    expect(held(many, many.toReversed())).not.toThrow();
  });
});
