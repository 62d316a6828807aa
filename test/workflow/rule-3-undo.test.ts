import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { outlinesOf } from '../../src/workflow/outline.ts';
import { eventsOf, failureOf, harness } from './harness.ts';
import { failing, setItems, setStep, worldOf } from './world.ts';

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
      failing('two'),
    ]);
    await h.run();
    expect(seen).toContain('undoing');
    expect(seen.at(-1)).toBe('undone two');
  });

  it('is in the journal before the first compensation of a rollback, too: who takes that over undoes', async () => {
    const first = Promise.withResolvers<void>();
    let attempts = 0;
    const h = harness([
      setStep('one', 'a', '1', {
        timeoutMs: 100,
        compensate: async (ctx) => {
          attempts += 1;
          return attempts === 1 ? first.promise : worldOf(ctx).put('a', null);
        },
      }),
      setStep('two', 'b', '1', { run: async () => Promise.reject(new Error('stop')) }),
    ]);
    await h.run({ onFailure: 'pause' });
    expect(await h.rollback()).toMatchObject({ state: 'paused', why: 'stuck' });
    expect((await h.records()).filter((record) => record === 'undoing')).toHaveLength(1);
    first.reject(new Error('cut off'));
    expect(await h.resume()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
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
    const h = harness([setStep('one', 'a', '1'), stubborn, failing('three')]);
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
        failing('last'),
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

  it('records what a group of items left at once, and tells of each', async () => {
    const values = { k1: '1', k2: '1', k3: '1', k4: '1', k5: '1' };
    const h = harness(
      [setItems('many', values, { compensate: async () => Promise.reject(new Error('refused')) }), failing('last')],
      {},
      { groupSize: 4 },
    );
    const run = await h.begin();
    await h.time.until(run.settled());
    const left = (await h.entries()).flatMap((entry) => (entry.type === 'residue' ? [entry.residue] : []));
    expect(left.map((group) => group.map(({ item }) => item))).toEqual([['k5', 'k4', 'k3', 'k2'], ['k1']]);
    const told = (await eventsOf(run)).flatMap((event) => (event.type === 'undo:failed' ? [event.residue] : []));
    expect(told).toEqual(left.flat());
  });

  it('records in groups also what stands on something that is not undone', async () => {
    const values = { k1: '1', k2: '1', k3: '1', k4: '1', k5: '1' };
    const stuck = { compensate: async () => Promise.reject(new Error('refused')) };
    const h = harness(
      [
        setItems('many', values),
        setItems('again', { k1: '2', k2: '2', k3: '2', k4: '2', k5: '2' }, stuck),
        failing('last'),
      ],
      {},
      { groupSize: 4 },
    );
    expect(await h.run()).toMatchObject({ state: 'rollback-incomplete' });
    const sizes = (await h.entries()).flatMap((entry) => (entry.type === 'residue' ? [entry.residue.length] : []));
    expect(sizes).toEqual([4, 1, 4, 1]);
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
      failing('last'),
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
      failing('two'),
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
    let h = harness([slow(290), failing('two')]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
    h = harness([slow(310), failing('two')]);
    expect(await h.run()).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'one', code: 'TIMEOUT' }] });
  });

  it('does not begin while something it needs is silent: the run pauses, and resume and rollback finish once it answers', async () => {
    let silent = true;
    const reach = async (): Promise<void> => {
      if (silent) throw new FederationError('UNREACHABLE', 'm did not answer.');
    };
    for (const verb of ['resume', 'rollback'] as const) {
      silent = true;
      const h = harness([setStep('one', 'a', '1'), failing('two')], {}, { reach });
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

  it('does not wait for ever for a journal that does not say what was captured: the run pauses, and goes on later', async () => {
    const h = harness([setItems('many', { k1: '1' }), failing('two')]);
    const journal: JournalStore = {
      ...h.journal,
      async *read() {
        yield await new Promise<never>(() => undefined);
      },
    };
    expect(await h.run({ journal })).toMatchObject({ state: 'paused', why: 'time-limit', error: { code: 'TIMEOUT' } });
    expect(h.world.values()).toEqual({ k1: '1' });
    expect(await h.resume()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
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
    const before = harness([setStep('one', 'a', '1'), failing('two')], {}, { reach });
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

describe('an undo of items', () => {
  const start = { a: 'was a', b: 'was b', c: 'was c' };
  const elements = [setItems('many', { a: '1', b: '1', c: '1' }), failing('bad')];

  it('restores what was captured of each, read again from the journal, done or half done', async () => {
    let tries = 0;
    const half = setItems(
      'many',
      { a: '1', b: '1', c: '1' },
      {
        concurrency: 1,
        run: async (ctx) => {
          const { object } = ctx.item as { object: string };
          await worldOf(ctx).write('run', object, '1', worldOf(ctx).version(object));
          if (object === 'c') throw new Error('half way');
        },
      },
    );
    for (const one of [elements, [half]]) {
      const h = harness(one, start);
      const journal: JournalStore = {
        ...h.journal,
        async *read(...args) {
          tries += 1;
          if (tries % 2 === 1)
            throw new FederationError('UNREACHABLE', 'The journal did not answer.', { retryable: true });
          yield* h.journal.read(...args);
        },
      };
      expect(await h.run({ journal })).toMatchObject({ state: 'rolled-back' });
      expect(h.world.values()).toEqual(start);
    }
    expect(tries).toBe(4);
  });

  it('touches nothing where the journal lost what was captured', async () => {
    const h = harness(elements, start);
    const journal: JournalStore = {
      ...h.journal,
      async *read(...args) {
        for await (const entry of h.journal.read(...args)) if (entry.type !== 'items-captured') yield entry;
      },
    };
    expect(await h.run({ journal })).toMatchObject({
      state: 'paused',
      why: 'failed',
      error: {
        code: 'JOURNAL_INVALID',
        message: expect.stringContaining('item "c" of step "many"; it was not touched'),
      },
    });
    expect(h.world.values()).toMatchObject({ a: '1', b: '1', c: '1' });
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual(start);
  });
});

describe('rule 3: residue', () => {
  it.each([
    [{ url: 'https://grafana', contact: 'ops@example.org' }],
    [{ token: null, a: 1 }],
    [{ label: 'password:', next: 'abcd1234efgh' }],
  ])('is recorded whatever its text looks like: %j', async (before) => {
    let now: unknown = before;
    const resource = { cluster: 'm', apiVersion: 'v1', kind: 'Value', name: 'a' };
    const h = harness([
      setStep('zero', 'z', '1'),
      setStep('one', 'a', '1', {
        forecast: async () => ({
          effect: 'change',
          changes: [{ verb: 'update', resource, before, after: { x: 1 } }],
        }),
        capture: async () => null,
        run: async () => {
          now = { x: 1 };
          return null;
        },
        observe: async () => [now],
        touch: async () => undefined,
      }),
      setStep('two', 'b', '1', {
        run: async () => {
          now = { somebody: 'else' };
          throw new Error('no luck');
        },
      }),
    ]);
    expect(await h.run()).toMatchObject({
      state: 'rollback-incomplete',
      residue: [{ step: 'one', code: 'WORLD_MOVED' }],
    });
    expect(h.world.values()).toEqual({});
  });
});
