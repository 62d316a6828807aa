import { describe, expect, it } from 'vitest';
import { failureOf, harness } from './harness.ts';
import { failing, setItems, setStep, unseen, worldOf } from './world.ts';

describe('rule 2: undo', () => {
  it('runs in the reverse order of capture, half-done steps included, and leaves what was skipped', async () => {
    const half = setStep('three', 'c', '1', {
      run: async (ctx) => {
        await worldOf(ctx).write('run three', 'c', '1', 0);
        throw new Error('half way');
      },
    });
    const h = harness([setStep('skip', 's', '1'), setStep('one', 'a', '1'), setStep('two', 'b', null), half], {
      s: '1',
      b: 'kept',
    });
    expect(await h.run()).toMatchObject({
      state: 'rolled-back',
      error: { message: 'Step "three" of run "r" failed: half way' },
    });
    expect(h.world.values()).toEqual({ s: '1', b: 'kept' });
    expect(h.world.writes.map(({ by }) => by)).toEqual([
      'run one',
      'run two',
      'run three',
      'touch three',
      'undo three',
      'undo two',
      'undo one',
    ]);
  });

  it('of items is in the reverse order of their list, which is that of capture, however the captures overtake each other', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const many = setItems(
      'many',
      { a: '1', b: '1', c: '1' },
      {
        concurrency: 3,
        capture: async ({ item }) => {
          const { object } = item as { object: string };
          // The first waits for the second, which waits for the third.
          const index = ['a', 'b', 'c'].indexOf(object);
          await gates[index]?.promise;
          gates[index - 1]?.resolve();
          return null;
        },
      },
    );
    const h = harness([many, failing('bad')], {}, { groupSize: 3 });
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    const captured = (await h.entries()).flatMap((entry) => (entry.type === 'items-captured' ? entry.items : []));
    expect(captured.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    const undone = h.world.writes.filter(({ by }) => by === 'undo many').map(({ name }) => name);
    expect(undone).toEqual(['c', 'b', 'a']);
  });

  it('does nothing but touch where an object is as it was before', async () => {
    const h = harness([setStep('one', 'a', '1', { run: async () => Promise.reject(new Error('not begun')) })], {
      a: '0',
    });
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.writes.map(({ by }) => by)).toEqual(['touch one']);
  });

  it('touches before it looks: a late write that came first is seen and undone', async () => {
    const h = harness(
      [
        setStep('one', 'a', '1', {
          run: async () => Promise.reject(new Error('the answer was lost')),
          touch: async (ctx) => worldOf(ctx).put('a', '1'),
        }),
      ],
      { a: '0' },
    );
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({ a: '0' });
  });

  it('leaves an object that is neither as before nor as intended, and says so', async () => {
    const h = harness(
      [
        setStep('one', 'a', '1'),
        setStep('two', 'b', '1', {
          run: async (ctx) => {
            worldOf(ctx).put('a', 'somebody');
            throw new Error('no luck');
          },
        }),
      ],
      { a: '0' },
    );
    const outcome = await h.run();
    expect(outcome).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'one',
          code: 'WORLD_MOVED',
          resource: { name: 'a' },
          remedy: expect.stringContaining('before this run it was "0"'),
        },
      ],
    });
    expect(h.world.value('a')).toBe('somebody');
  });

  it('always compensates where a step cannot look', async () => {
    const h = harness([unseen(setStep('one', 'a', '1')), failing('two')], { a: '0' });
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({ a: '0' });
  });

  it('gives the undo what was captured first, and the result where there is one', async () => {
    const seen: unknown[] = [];
    const spy = (name: string, more = {}) =>
      setStep(name, name, '1', { compensate: async ({ before, out }) => void seen.push([name, before, out]), ...more });
    const half = {
      run: async (ctx: Parameters<typeof worldOf>[0]) => {
        worldOf(ctx).put('b', '1');
        throw new Error('half way');
      },
    };
    const h = harness([spy('a'), spy('b', half)], { a: '0', b: '0' });
    await h.run();
    expect(seen).toEqual([
      ['b', '0', undefined],
      ['a', '0', { was: '0' }],
    ]);
  });

  it('looks once more for a create that came late, before it closes', async () => {
    let looks = 0;
    const h = harness([
      setStep('one', 'a', '1', {
        run: async () => Promise.reject(new Error('the answer was lost')),
        observe: async (ctx) => {
          looks += 1;
          const now = worldOf(ctx).value('a');
          // The create arrives right after the first look.
          if (looks === 1) worldOf(ctx).put('a', '1');
          return [now];
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
  });

  it('takes no object for a late create that is there because it was put back', async () => {
    const again = setStep('again', 'a', '1', { run: async () => Promise.reject(new Error('not begun')) });
    const h = harness([setStep('gone', 'a', null), again], { a: '1' });
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({ a: '1' });
  });

  it('takes no object for a late create that a step may have put back which could not say what it changes', async () => {
    const touches = [{ verb: 'delete', kind: 'Value' }] as const;
    const forecast = async () => ({ effect: 'unknown', why: 'It looks first.', touches }) as const;
    const again = setStep('again', 'a', '1', { run: async () => Promise.reject(new Error('not begun')) });
    const h = harness([unseen(setStep('gone', 'a', null, { forecast })), again], { a: '1' });
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({ a: '1' });
  });

  it('restores what was captured of an item first, should it be captured again', async () => {
    const h = harness([setItems('many', { k: '1' }), failing('last')], { k: '0' });
    await h.run({ onFailure: 'pause' });
    const items = [{ key: 'k', before: 'later' }];
    const seq = (await h.entries()).length + 1;
    await h.journal.append('r', seq, { at: '', driver: 'd', type: 'items-captured', step: 'many', items });
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({ k: '0' });
  });

  it('refuses a step that could not be compared later', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        forecast: async () => ({
          effect: 'change',
          changes: [{ verb: 'update', resource: { cluster: 'm', apiVersion: 'v1', kind: 'V', name: 'a' }, after: 1 }],
        }),
      }),
    ]);
    expect(await failureOf(h.run())).toMatchObject({
      code: 'WORKFLOW_INVALID',
      message: expect.stringMatching(/step "one".*update of V a on m gives no "before"/i),
    });
  });

  it('refuses an observation that does not answer for each object', async () => {
    const h = harness([setStep('one', 'a', '1', { observe: async () => [] }), failing('two')]);
    expect(await h.run()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        { step: 'one', code: 'WORKFLOW_INVALID', why: expect.stringContaining('0 objects where 1 were asked') },
      ],
    });
    expect(h.world.values()).toEqual({ a: '1' });
  });
});

describe('rule 2: the guard of run on resume', () => {
  const stopping = (object: string) => {
    const state = { stop: true };
    const step = setStep('one', object, '1', {
      run: async (ctx) => {
        if (state.stop) throw new Error('stop');
        await worldOf(ctx).write('run one', object, '1', worldOf(ctx).version(object));
        return null;
      },
    });
    return { state, step };
  };

  it('halts where an object is neither as before nor as intended, and undoes nothing by itself', async () => {
    const { state, step } = stopping('a');
    const h = harness([step], { a: '0' });
    await h.run({ onFailure: 'pause' });
    state.stop = false;
    h.world.put('a', 'somebody');
    expect(await h.resume()).toMatchObject({
      state: 'paused',
      why: 'failed',
      error: { code: 'WORLD_MOVED', message: expect.stringContaining('Value a on m') },
    });
    expect(h.world.value('a')).toBe('somebody');
    expect(await h.records()).not.toContain('undoing');
  });

  it('goes on where it is as before, or as intended, and never captures again', async () => {
    for (const now of ['0', '1']) {
      const { state, step } = stopping('a');
      const h = harness([step], { a: '0' });
      await h.run({ onFailure: 'pause' });
      state.stop = false;
      h.world.put('a', now);
      expect(await h.resume()).toMatchObject({ state: 'completed' });
      expect((await h.records()).filter((record) => record === 'captured one')).toHaveLength(1);
    }
  });

  it('guards each item', async () => {
    let stop = true;
    const items = setItems(
      'many',
      { k: '1', l: '1' },
      {
        concurrency: 1,
        run: async (ctx) => {
          const { object } = ctx.item as { object: string };
          if (object === 'l' && stop) throw new Error('stop');
          worldOf(ctx).put(object, '1');
        },
      },
    );
    const h = harness([items]);
    await h.run({ onFailure: 'pause' });
    stop = false;
    h.world.put('l', 'somebody');
    expect(await h.resume()).toMatchObject({
      state: 'paused',
      error: { code: 'WORLD_MOVED', message: expect.stringContaining('Item "l"') },
    });
    expect(await h.rollback()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [{ step: 'many', item: 'l', code: 'WORLD_MOVED' }],
    });
    expect(h.world.values()).toEqual({ l: 'somebody' });
  });
});

describe('rule 2: the first capture wins', () => {
  it('whatever a step does to what it is given', async () => {
    const given: unknown[] = [];
    const h = harness([
      setStep('one', 'a', '1', {
        capture: async () => ({ labels: { owner: 'me' } }),
        run: async (ctx) => {
          worldOf(ctx).put('a', '1');
          Object.assign((ctx.before as { labels: object }).labels, { owner: 'you' });
          return null;
        },
        compensate: async (ctx) => {
          given.push(ctx.before);
          worldOf(ctx).put('a', null);
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back', error: { message: expect.stringContaining('owner') } });
    expect(given).toEqual([{ labels: { owner: 'me' } }]);
  });

  it('nor can a step change the input or the results of others', async () => {
    const h = harness([
      setStep('one', 'a', '1', { run: async () => ({ list: ['x'] }) }),
      setStep('two', 'b', '1', {
        run: async ({ state }) => {
          (state['one'] as { list: string[] }).list.push('y');
          return null;
        },
      }),
    ]);
    expect(await h.run({ onFailure: 'pause' })).toMatchObject({ state: 'paused' });
    expect((await h.entries()).find((entry) => entry.type === 'done')).toMatchObject({ out: { list: ['x'] } });
  });
});

describe('rule 2: an undo that ended', () => {
  it('is no proof: what is not as it was is residue, and a second rollback tries it again', async () => {
    let idle = true;
    const h = harness([
      setStep('one', 'a', '1', {
        compensate: async (ctx) => {
          if (!idle) worldOf(ctx).put('a', null);
        },
      }),
      failing('two'),
    ]);
    expect(await h.run()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'one',
          code: 'NOT_OBSERVED',
          resource: { name: 'a' },
          remedy: expect.stringContaining('did not exist'),
        },
      ],
    });
    idle = false;
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
  });

  it('says in the plan where nothing can be compared', async () => {
    const touches = [{ verb: 'update', kind: 'Value' }] as const;
    const h = harness([
      setStep('seen', 'a', '1'),
      unseen(setStep('blind', 'b', '1')),
      setStep('later', 'c', '1', { forecast: async () => ({ effect: 'unknown', why: 'It depends.', touches }) }),
    ]);
    const { steps } = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(steps.map(({ undo }) => undo)).toEqual([
      'restores',
      { unseen: 'Nobody can look.' },
      { unseen: 'It depends.' },
    ]);
  });
});
