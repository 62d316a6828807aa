import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/workflow/events.ts';
import { eventsOf, harness } from './harness.ts';
import { failing, lookStep, setItems, setStep, worldOf } from './world.ts';

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
        /Run "r" of workflow "test" is paused \(failed\): Step "one".*no luck.* Call resume\(\).*rollback\(\)/,
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
      message: expect.stringContaining('one: silent Delete a.'),
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
