import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { outlinesOf } from '../../src/workflow/outline.ts';
import { failureOf, harness } from './harness.ts';
import { lookStep, setItems, setStep, workflowOf, worldOf } from './world.ts';

const fails = (name: string) =>
  setStep(name, `${name}-object`, '1', {
    run: async () => {
      throw new Error('no luck');
    },
  });

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
    const h = harness([many, fails('bad')], {}, { groupSize: 3 });
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
    const {
      observe: _o,
      touch: _t,
      ...step
    } = (setStep('one', 'a', '1') as Extract<ReturnType<typeof setStep>, { kind: 'step' }>).step;
    const h = harness([{ kind: 'step', name: 'one', step }, fails('two')], { a: '0' });
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

describe('rule 3: how undo goes', () => {
  it('is in the journal before the first compensation', async () => {
    let seen: string[] = [];
    const h = harness([
      setStep('one', 'a', '1', {
        compensate: async (ctx) => {
          seen = await h.records();
          worldOf(ctx).put('a', null);
        },
      }),
      fails('two'),
    ]);
    await h.run();
    expect(seen).toContain('undoing');
    expect(seen.at(-1)).toBe('undone two');
  });

  it('goes on past a failed undo, reports what is left with its remedy, and a second rollback tries just that', async () => {
    let broken = true;
    const stubborn = setStep('two', 'b', '1', {
      remedy: 'Delete b by hand.',
      compensate: async (ctx) => {
        if (broken) throw new FederationError('FORBIDDEN', 'Not allowed to delete b.');
        await worldOf(ctx).write('undo two', 'b', null, worldOf(ctx).version('b'));
      },
    });
    const h = harness([setStep('one', 'a', '1'), stubborn, fails('three')]);
    expect(await h.run()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        {
          step: 'two',
          code: 'FORBIDDEN',
          why: 'Not allowed to delete b.',
          remedy: 'Delete b by hand.',
          resource: { name: 'b' },
        },
      ],
    });
    expect(h.world.values()).toEqual({ b: '1' });
    expect(await h.resume()).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'two' }] });
    expect(await h.rollback()).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'two' }] });
    broken = false;
    const before = h.world.writes.length;
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.writes.slice(before).filter(({ verb }) => verb !== 'touch')).toEqual([
      { by: 'undo two', verb: 'delete', name: 'b' },
    ]);
    expect(h.world.values()).toEqual({});
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
  });

  it('does not undo what stands on an undo that failed', async () => {
    let broken = true;
    const h = harness(
      [
        setStep('join', 'a', null, { undoNeeds: ['import'] }),
        setStep('import', 'b', '1', {
          compensate: async (ctx) => (broken ? Promise.reject(new Error('silent')) : worldOf(ctx).put('b', null)),
        }),
        fails('last'),
      ],
      { a: 'joined' },
    );
    expect(await h.run()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [
        { step: 'import', code: 'STEP_FAILED' },
        { step: 'join', code: 'UNDO_NEEDS', why: expect.stringContaining('"import"') },
      ],
    });
    expect(h.world.value('a')).toBeNull();
    broken = false;
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({ a: 'joined' });
  });

  it('undoes the other items past a bad one', async () => {
    let broken = true;
    const values = { k1: '1', k2: '1', k3: '1', k4: '1', k5: '1' };
    const h = harness([
      setItems('many', values, {
        compensate: async (ctx) => {
          const { object } = ctx.item as { object: string };
          if (object === 'k2' && broken) throw new Error('silent');
          worldOf(ctx).put(object, null);
        },
      }),
      fails('last'),
    ]);
    expect(await h.run()).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'many', item: 'k2' }] });
    expect(h.world.values()).toEqual({ k2: '1' });
    broken = false;
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
  });

  it('runs under a signal of its own: the wish to pause does not reach it', async () => {
    const caller = new AbortController();
    const aborted: boolean[] = [];
    const h = harness([
      setStep('one', 'a', '1', {
        compensate: async (ctx) => {
          caller.abort();
          aborted.push(ctx.signal.aborted);
          worldOf(ctx).put('a', null);
        },
      }),
      setStep('zero', 'b', '1'),
      fails('two'),
    ]);
    expect(await h.run({ signal: caller.signal })).toMatchObject({ state: 'rolled-back' });
    expect(aborted).toEqual([false]);
    expect(h.world.values()).toEqual({});
  });

  it('has three times the time of the step', async () => {
    const slow = (ms: number) =>
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        retry: false,
        compensate: (ctx) =>
          new Promise((resolve, reject) => {
            ctx.signal.addEventListener('abort', () => reject(new Error('cut off')));
            h.time.clock.after(ms, () => {
              worldOf(ctx).put('a', null);
              resolve();
            });
          }),
      });
    let h = harness([slow(290), fails('two')]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    h = harness([slow(310), fails('two')]);
    expect(await h.run()).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'one', code: 'TIMEOUT' }] });
  });

  it('does not begin while something it needs is silent: the run pauses, and resume and rollback finish once it answers', async () => {
    let silent = true;
    const reach = async (): Promise<void> => {
      if (silent) throw new FederationError('UNREACHABLE', 'm did not answer.');
    };
    for (const verb of ['resume', 'rollback'] as const) {
      silent = true;
      const h = harness([setStep('one', 'a', '1'), fails('two')], {}, { reach });
      const outcome = await h.run();
      expect(outcome).toMatchObject({
        state: 'paused',
        why: 'unreachable',
        error: { code: 'UNREACHABLE', message: expect.stringContaining('m did not answer.') },
      });
      expect(h.world.values()).toEqual({ a: '1' });
      expect((await failureOf(h[verb]())).code).toBe('UNREACHABLE');
      expect((await h.records()).filter((record) => record === 'driving')).toHaveLength(1);
      silent = false;
      expect(await h[verb]()).toMatchObject({ state: 'rolled-back' });
      expect(h.world.values()).toEqual({});
    }
  });

  it('asks who answers by where the run stands: past the pivot only what the way forward needs', async () => {
    const asked: boolean[] = [];
    const reach = async (_: unknown, { pastPivot }: { readonly pastPivot: boolean }): Promise<void> => {
      asked.push(pastPivot);
      if (!pastPivot) throw new FederationError('UNREACHABLE', 'The old host did not answer.');
    };
    let ready = false;
    const twoTries = setStep('late', 'b', '1', {
      run: async () => (ready ? null : Promise.reject(new Error('not yet'))),
    });
    const h = harness([setStep('one', 'a', '1', { pivot: true }), twoTries], {}, { reach });
    expect(await h.run()).toMatchObject({ state: 'paused', why: 'failed' });
    ready = true;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    expect(asked).toEqual([true]);
    const before = harness([setStep('one', 'a', '1'), fails('two')], {}, { reach });
    expect(await before.run()).toMatchObject({ state: 'paused', why: 'unreachable' });
    expect((await failureOf(before.resume())).code).toBe('UNREACHABLE');
    expect(asked).toEqual([true, false, false]);
  });

  it('is gone on with by resume, which never runs forward again', async () => {
    const h = harness([setStep('one', 'a', '1'), setStep('two', 'b', '1')]);
    await h.journal.append('r', 1, {
      at: '',
      driver: 'x',
      type: 'opened',
      format: 1,
      release: '0',
      workflow: 'test',
      version: '1.0.0',
      steps: outlinesOf(h.workflow['~definition'].elements),
      fingerprint: '',
      identity: null,
      input: {},
      onFailure: 'rollback',
    });
    h.world.put('a', '1');
    for (const [index, body] of (
      [
        { type: 'driving' },
        { type: 'captured', step: 'one', before: null, intends: [] },
        { type: 'done', step: 'one', out: null },
        { type: 'undoing', why: '' },
      ] as const
    ).entries())
      await h.journal.append('r', index + 2, { at: '', driver: 'x', ...body });
    expect(await h.resume()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
  });
});

describe('rule 8 in an undo', () => {
  it('writes no secret into residue, and ends', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        remedy: 'Use password=hunter2 by hand.',
        compensate: async () => Promise.reject(new Error('refused token: abc')),
      }),
      fails('two'),
    ]);
    const outcome = await h.run();
    expect(outcome).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'one' }] });
    expect(JSON.stringify([outcome, await h.entries()])).not.toMatch(/hunter2|abc/);
  });
});

describe('rule 4: the pivot', () => {
  const workflow = (onPivot: (ctx: { env: unknown }) => Promise<null>, after = lookStep('after')) => [
    setStep('before', 'a', '1'),
    setStep('pivot', 'p', '1', { pivot: true, run: onPivot }),
    after,
  ];

  it('counts from its captured record: a failure of the pivot itself pauses, and rollback is refused', async () => {
    let fail = true;
    const h = harness(
      workflow(async (ctx) => {
        if (fail) throw new Error('the answer was lost');
        worldOf(ctx).put('p', '1');
        return null;
      }),
    );
    expect(await h.run()).toMatchObject({ state: 'paused', why: 'failed' });
    const error = await failureOf(h.rollback());
    expect(error).toMatchObject({ code: 'PAST_PIVOT', message: expect.stringContaining('resume()') });
    expect(await h.records()).not.toContain('undoing');
    fail = false;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    expect((await failureOf(h.rollback())).code).toBe('PAST_PIVOT');
  });

  it('lets a failure before it undo', async () => {
    const h = harness([setStep('before', 'a', '1'), fails('bad'), setStep('pivot', 'p', '1', { pivot: true })]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
  });

  it('lets every failure after it pause', async () => {
    const h = harness(
      workflow(async (ctx) => {
        worldOf(ctx).put('p', '1');
        return null;
      }, fails('after')),
    );
    expect(await h.run()).toMatchObject({ state: 'paused', why: 'failed' });
    expect(h.world.value('a')).toBe('1');
  });

  it('is shown in the plan, as is what cannot be undone from there on', async () => {
    const gone = setStep('gone', 'g', '1');
    if (gone.kind !== 'step') throw new Error('a step');
    const { compensate: _, ...rest } = gone.step as typeof gone.step & { compensate: unknown };
    const irreversible = {
      kind: 'step' as const,
      name: 'gone',
      step: { ...rest, irreversible: 'It is deleted.' } as typeof gone.step,
    };
    const h = harness([
      setStep('a', 'a', '1'),
      setStep('p', 'p', '1', { pivot: true }),
      irreversible,
      setStep('late', 'l', '1'),
    ]);
    const plan = await h.engine.plan(h.workflow, {}, { env: h.env });
    expect(plan.steps.map(({ undo, pivot }) => [undo, pivot])).toEqual([
      ['restores', false],
      [{ irreversible: expect.stringContaining('pivot') }, true],
      [{ irreversible: 'It is deleted.' }, false],
      [{ irreversible: expect.stringContaining('pivot') }, false],
    ]);
    expect(() => workflowOf([irreversible])).toThrow(expect.objectContaining({ code: 'WORKFLOW_INVALID' }));
  });

  it('is one at most, and never an item step', () => {
    const pivot = (name: string) => setStep(name, name, '1', { pivot: true });
    expect(() => workflowOf([pivot('a'), pivot('b')])).toThrow(/2 pivots/);
    expect(() => workflowOf([setItems('many', {}, { pivot: true } as object)])).toThrow(/cannot be the pivot/);
  });
});
