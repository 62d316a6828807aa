import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { createEngine } from '../../src/workflow/engine.ts';
import type { RunEvent } from '../../src/workflow/events.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { eventsOf, harness, type TestRun } from './harness.ts';
import { failing, lookStep, setItems, setStep, worldOf } from './world.ts';

/** The record that an event speaks of. */
function proofOf(event: RunEvent): object {
  switch (event.type) {
    case 'run:started':
      return { type: 'driving' };
    case 'run:completed':
    case 'run:rolled-back':
      return { type: 'closed' };
    case 'run:paused':
      return { type: 'paused', why: event.why };
    case 'step:started':
      return { type: event.step === 'many' ? 'items-fixed' : 'captured', step: event.step };
    case 'step:progress':
      return { type: 'items-done', step: event.step };
    case 'step:completed':
      return { type: 'done', step: event.step };
    case 'step:skipped':
      return { type: 'skipped', step: event.step };
    case 'step:failed':
    case 'undo:started':
      return { type: 'undoing' };
    case 'undo:completed':
      return { type: 'undone', step: event.step };
    case 'undo:failed':
      return { type: 'residue', residue: expect.arrayContaining([event.residue]) };
    default:
      return { type: 'none' };
  }
}

const types = (events: readonly RunEvent[]) =>
  events.map((event) => ('step' in event ? `${event.type} ${event.step}` : event.type));

describe('the events of a run', () => {
  it('tell what happened, in order', async () => {
    const h = harness([lookStep('look'), setStep('one', 'a', '1'), setItems('many', { k1: '1', k2: '1', k3: '1' })]);
    const run = await h.begin();
    await h.time.until(run.settled());
    const events = await eventsOf(run);
    expect(types(events)).toEqual([
      'run:started',
      'step:skipped look',
      'step:started one',
      'step:completed one',
      'step:started many',
      'step:progress many',
      'step:progress many',
      'step:completed many',
      'run:completed',
    ]);
    expect(events[0]).toMatchObject({ runId: 'r', workflow: 'test', resumed: false });
    expect(events[2]).toMatchObject({ index: 2, total: 3 });
    expect(events[6]).toMatchObject({ count: { done: 3, total: 3 }, remainingMs: 0 });
  });

  it('tell of an undo and what is left', async () => {
    const h = harness([
      setStep('one', 'a', '1', { compensate: async () => Promise.reject(new Error('silent')) }),
      setStep('two', 'b', '1'),
      setStep('three', 'c', '1', { run: async () => Promise.reject(new Error('no luck')) }),
    ]);
    const run = await h.begin();
    await h.time.until(run.settled());
    const events = await eventsOf(run);
    expect(types(events).slice(6)).toEqual([
      'step:failed three',
      'undo:started three',
      'undo:completed three',
      'undo:started two',
      'undo:completed two',
      'undo:started one',
      'undo:failed one',
      'run:rolled-back',
    ]);
    expect(events.at(-1)).toMatchObject({ residue: [{ step: 'one' }] });
  });

  it('are never ahead of the journal', async () => {
    const h = harness([setStep('one', 'a', '1'), setItems('many', { k1: '1', k2: '1', k3: '1' }), lookStep('look')]);
    const proof: Record<string, string> = {
      'step:started one': 'captured one',
      'step:completed one': 'done one',
      'step:started many': 'items-fixed many',
      'step:progress many': 'items-done many',
      'step:completed many': 'done many',
      'step:skipped look': 'skipped look',
      'run:completed': 'closed',
    };
    const run = await h.begin();
    const checks: Promise<void>[] = [];
    run.on('*', (event) => {
      const [name = ''] = types([event]);
      // The memory journal is read in the same turn: what is not in it now was not durable when the event came.
      checks.push(
        h.records().then((records) => {
          expect(records.length).toBeGreaterThanOrEqual(event.seq);
          if (name !== 'run:started') expect(records.slice(0, event.seq)).toContain(proof[name]);
        }),
      );
    });
    await h.time.until(run.settled());
    await Promise.all(checks);
    expect(checks).toHaveLength(9);
  });

  it('are never ahead of the journal in an undo either, nor when the run rests', async () => {
    const h = harness([
      setStep('one', 'a', '1', { compensate: async () => Promise.reject(new Error('silent')) }),
      setStep('two', 'b', '1'),
      setItems('many', { k1: '1' }),
      failing('three'),
    ]);
    const proof: Record<string, string> = {
      'step:failed three': 'undoing',
      'undo:completed three': 'undone three',
      'undo:completed many': 'undone many',
      'undo:completed two': 'undone two',
      'undo:failed one': 'residue one',
      'run:rolled-back': 'closed',
    };
    const run = await h.begin();
    const checks: Promise<string>[] = [];
    run.on('*', (event) => {
      const [name = ''] = types([event]);
      const record = proof[name];
      if (record === undefined) return;
      checks.push(
        h.records().then((records) => {
          expect(records.slice(0, event.seq)).toContain(record);
          return name;
        }),
      );
    });
    await h.time.until(run.settled());
    expect((await Promise.all(checks)).sort()).toEqual(Object.keys(proof).sort());
  });

  it('find in the journal what they speak of: forward, in an undo, at a gate and at the end', async () => {
    const told: string[] = [];
    let stuck = true;
    const h = harness(
      [
        { kind: 'gate', name: 'go', title: 'Go?' },
        lookStep('look'),
        setStep('one', 'a', '1', { compensate: async () => (stuck ? Promise.reject(new Error('stuck')) : undefined) }),
        setItems('many', { k1: '1', k2: '1', k3: '1' }),
        failing('bad'),
      ],
      {},
      { groupSize: 1 },
    );
    const durable: JournalEntry[] = [];
    const journal: JournalStore = {
      ...h.journal,
      append: async (runId, seq, entry) => {
        await h.journal.append(runId, seq, entry);
        durable.push(entry);
      },
    };
    const listen = async (begun: Promise<TestRun>) => {
      const run = await h.time.until(begun);
      run.on('*', (event) => {
        told.push(event.type);
        expect(event.seq).toBe(durable.length);
        expect(durable.slice(0, event.seq)).toContainEqual(expect.objectContaining(proofOf(event)));
        if (event.type !== 'step:progress') return;
        const done = durable.flatMap((entry) => (entry.type === 'items-done' ? entry.keys : []));
        expect(event.count?.done).toBe(done.length);
      });
      return h.time.until(run.settled());
    };
    const errors: string[] = [];
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
    const options = {
      env: h.env,
      journal,
      logger: { ...quiet, error: (_: string, data?: object) => void errors.push(JSON.stringify(data)) },
    };
    const waiting = await listen(h.engine.run(h.workflow, {}, { ...options, runId: 'r' }));
    const fingerprint = waiting.state === 'paused' ? (waiting.gate?.fingerprint ?? '') : '';
    const approve = [{ gate: 'go', by: 'me', fingerprint }];
    expect(await listen(h.engine.resume(h.workflow, 'r', { ...options, approve }))).toMatchObject({
      state: 'rollback-incomplete',
    });
    stuck = false;
    h.world.put('a', null);
    expect(await listen(h.engine.rollback(h.workflow, 'r', options))).toMatchObject({ state: 'rolled-back' });
    // What a listener throws is only logged: here it would be an expectation that failed.
    expect(errors).toEqual([]);
    const all: readonly RunEvent['type'][] = [
      'run:started',
      'run:paused',
      'run:rolled-back',
      'step:started',
      'step:progress',
      'step:completed',
      'step:skipped',
      'step:failed',
      'undo:started',
      'undo:completed',
      'undo:failed',
    ];
    expect([...new Set(told)].sort()).toEqual([...all].sort());
  });

  it('do not come before the run is recorded', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    const order: string[] = [];
    const journal: JournalStore = {
      ...h.journal,
      append: async (runId, seq, entry) => {
        await new Promise<void>((resolve) => void h.time.clock.after(100, resolve));
        await h.journal.append(runId, seq, entry);
        order.push(entry.type);
      },
    };
    const run = await h.begin({ journal });
    order.push('run() resolved');
    run.on('run:started', () => order.push('run:started'));
    await h.time.until(run.settled());
    expect(order.slice(0, 4)).toEqual(['opened', 'driving', 'run() resolved', 'run:started']);
  });

  it('of item steps estimate the rest by the rate of this drive', async () => {
    let ms = 100;
    const items = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`k${index}`, '1']));
    let stop = true;
    const many = setItems('many', items, {
      concurrency: 1,
      run: async ({ item }) => {
        if (stop && (item as { object: string }).object === 'k4') throw new Error('stop');
        await new Promise<void>((resolve) => void h.time.clock.after(ms, resolve));
      },
    });
    const h = harness([many], {}, { groupSize: 2 });
    const estimates = async (begun: Promise<TestRun>) => {
      const run = await h.time.until(begun);
      await h.time.until(run.settled());
      return (await eventsOf(run)).flatMap((event) =>
        event.type === 'step:progress' ? [[event.count?.done, event.count?.total, event.remainingMs]] : [],
      );
    };
    expect(await estimates(h.begin({ onFailure: 'pause' }))).toEqual([
      [2, 10, 800],
      [4, 10, 600],
    ]);
    stop = false;
    ms = 1_000;
    expect(await estimates(h.engine.resume(h.workflow, 'r', { env: h.env, journal: h.journal }))).toEqual([
      [8, 10, 2_000],
      [10, 10, 0],
    ]);
  });

  it('do not come before the caller could attach', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    const run = await h.begin();
    const seen: string[] = [];
    run.on('*', ({ type }) => seen.push(type));
    await h.time.until(run.settled());
    expect(seen[0]).toBe('run:started');
  });

  it('stop for a listener that unsubscribed, and survive one that throws or rejects', async () => {
    const errors: string[] = [];
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (message: string) => errors.push(message),
    };
    const h = harness([setStep('one', 'a', '1')]);
    const run = await h.begin({ logger: { ...logger, error: (message) => void errors.push(message) } });
    let count = 0;
    const off = run.on('*', () => {
      count += 1;
      off();
    });
    run.on('step:started', () => {
      throw new Error('listener');
    });
    run.on('step:completed', async () => Promise.reject(new Error('listener')));
    expect(await h.time.until(run.settled())).toMatchObject({ state: 'completed' });
    expect(count).toBe(1);
    expect(errors).toHaveLength(2);
  });

  it('are replayed from the start of this drive by every iterator, and end with it', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    const run = await h.begin();
    const live = eventsOf(run);
    await h.time.until(run.settled());
    expect(types(await live)).toEqual(['run:started', 'step:started one', 'step:completed one', 'run:completed']);
    expect(await eventsOf(run)).toEqual(await live);
  });

  it('lose the oldest progress for a slow iterator, which is told how many, and nothing else', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          for (let done = 1; done <= 1_500; done += 1) ctx.progress('on', { done, total: 1_500 });
          return null;
        },
      }),
    ]);
    const run = await h.begin();
    const slow = run[Symbol.asyncIterator]();
    expect((await h.time.until(slow.next())).value).toMatchObject({ type: 'run:started' });
    await h.time.until(run.settled());
    const events: RunEvent[] = [];
    for (let next = await slow.next(); next.done !== true; next = await slow.next()) events.push(next.value);
    expect(events[0]).toMatchObject({ type: 'events:dropped', count: 500 });
    const progress = events.flatMap((event) => (event.type === 'step:progress' ? [event.count?.done] : []));
    expect(progress).toHaveLength(1_000);
    expect(progress[0]).toBe(501);
    expect(types(events)).toEqual(expect.arrayContaining(['step:started one', 'step:completed one', 'run:completed']));
  });

  it('are bounded for iterators also where a step is retried again and again', async () => {
    const retry = { retries: 1_200, minDelayMs: 0 };
    const busy = async () => Promise.reject(new FederationError('SERVER_ERROR', 'busy', { retryable: true }));
    const h = harness([setStep('one', 'a', '1', { run: busy, retry })]);
    const run = await h.begin();
    await h.time.until(run.settled());
    const events = await eventsOf(run);
    expect(events[0]).toMatchObject({ type: 'events:dropped', count: 200 });
    const retried = events.flatMap((event) => (event.type === 'step:retrying' ? [event.attempt] : []));
    expect([retried[0], retried.length]).toEqual([201, 1_000]);
  });

  it('hold no secret, whatever a step tells', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          ctx.progress('password=hunter2');
          throw new Error('refused Bearer abc.def');
        },
      }),
    ]);
    const run = await h.begin();
    const outcome = await h.time.until(run.settled());
    const told = JSON.stringify([await eventsOf(run), outcome, await h.entries()]);
    expect(told).not.toMatch(/hunter2|abc\.def/);
  });
});

it('tells durations in whole milliseconds, whatever the clock counts', async () => {
  const h = harness([setStep('one', 'a', '1')]);
  let now = 0;
  const clock = {
    ...h.time.clock,
    now: () => {
      now += 0.3;
      return now;
    },
  };
  const engine = createEngine({ clock, graceMs: 1_000, groupSize: 2 });
  const run = await h.time.until(engine.run(h.workflow, {}, { env: h.env, journal: h.journal }));
  await h.time.until(run.settled());
  const durations = (await eventsOf(run)).flatMap((e) => (e.type === 'step:completed' ? [e.durationMs] : []));
  expect(durations.map(Number.isInteger)).toEqual([true]);
});

describe('the handle of a run', () => {
  it('gives the result of a completed run, also to one who asks later', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    const run = await h.begin();
    expect(await h.time.until(run.result())).toEqual({ input: {}, one: { was: null } });
    const again = await h.time.until(h.engine.resume(h.workflow, 'r', { env: h.env, journal: h.journal }));
    expect(await again.result()).toEqual({ input: {}, one: { was: null } });
    expect(await eventsOf(again)).toEqual([]);
    expect((await h.records()).filter((record) => record === 'driving')).toHaveLength(1);
  });

  it('rejects on all but completed, with the code of the cause, the run and what to do next', async () => {
    const h = harness([setStep('one', 'a', '1', { run: async () => Promise.reject(new Error('no luck')) })]);
    const run = await h.begin({ onFailure: 'pause' });
    await h.time.until(run.settled());
    await expect(run.result()).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringMatching(
        /Run "r" of workflow "test" is paused by a failure: Step "one".*no luck.* Call resume\(\).*rollback\(\)/,
      ),
      details: { runId: 'r', state: 'paused', why: 'failed' },
      cause: expect.objectContaining({ code: 'STEP_FAILED', cause: expect.objectContaining({ message: 'no luck' }) }),
    });
  });

  it('names in its rejection what a rollback left', async () => {
    const h = harness([
      setStep('one', 'a', '1', { remedy: 'Delete a.', compensate: async () => Promise.reject(new Error('silent')) }),
      setStep('two', 'b', '1', { run: async () => Promise.reject(new Error('no luck')) }),
    ]);
    const run = await h.begin();
    await h.time.until(run.settled());
    await expect(run.result()).rejects.toMatchObject({
      message: expect.stringContaining('one: silent. Delete a.'),
      details: { residue: [{ step: 'one' }] },
    });
  });

  it('raises no unhandled rejection by itself', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const h = harness([setStep('one', 'a', '1', { run: async () => Promise.reject(new Error('no luck')) })]);
      const run = await h.begin();
      void run.result();
      await h.time.until(run.settled());
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('leaves no listener on the signal of the caller', async () => {
    const { signal } = new AbortController();
    const h = harness([setStep('one', 'a', '1', { timeoutMs: 100 }), setItems('many', { k1: '1', k2: '1' })]);
    await h.run({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('is over before a result that cannot be made is taken for a completed run', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    const definition = {
      ...h.workflow['~definition'],
      select: () => {
        throw new Error('a slip');
      },
    };
    const run = await h.time.until(
      h.engine.run({ ...h.workflow, '~definition': definition }, {}, { env: h.env, journal: h.journal, runId: 'r' }),
    );
    expect(await h.time.until(run.settled())).toMatchObject({
      state: 'paused',
      why: 'failed',
      error: { message: expect.stringContaining('a slip') },
    });
    expect(worldOf({ env: h.env }).values()).toEqual({ a: '1' });
    expect(await h.resume()).toMatchObject({ state: 'completed' });
  });
});
