import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { release } from '../../src/workflow/release.ts';
import { eventsOf, failureOf, harness } from './harness.ts';
import { failing, lookStep, setItems, setStep, workflowOf, worldOf } from './world.ts';

/** A run of "one" and a step that failed after it, paused. */
async function paused() {
  let stop = true;
  const one = setStep('one', 'a', '1');
  const two = setStep('two', 'b', '1', { run: async () => (stop ? Promise.reject(new Error('stop')) : null) });
  const h = harness([one, two]);
  expect(await h.run({ onFailure: 'pause' })).toMatchObject({ state: 'paused', why: 'failed' });
  stop = false;
  return { h, one, two };
}

describe('rule 5: who may drive a run on', () => {
  it('keeps in the journal what a run is judged by: workflow, version, steps, release and the identity of the world', async () => {
    const { h } = await paused();
    expect((await h.entries())[0]).toMatchObject({
      type: 'opened',
      workflow: 'test',
      version: '1.0.0',
      release,
      identity: null,
      steps: [
        { kind: 'step', name: 'one', undo: 'restores', undoNeeds: [] },
        { kind: 'step', name: 'two', undo: 'restores' },
      ],
    });
    const elsewhere = harness([lookStep('one')], {}, { identity: async () => ({ cluster: 'u-1' }) });
    await elsewhere.run();
    expect((await elsewhere.entries())[0]).toMatchObject({ identity: { cluster: 'u-1' } });
  });

  it('refuses what a later release wrote in a form that this one does not know, and says who can read it', async () => {
    const { h } = await paused();
    const seq = (await h.entries()).length + 1;
    await h.journal.append('r', seq, { at: '', driver: 'd', type: 'teleported' } as never);
    expect(await failureOf(h.resume())).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringMatching(/unknown type "teleported"\. Drive it with the release that wrote it/),
    });
    const [opened] = await h.entries();
    await h.journal.append('s', 1, { ...opened, format: 2 } as never);
    const options = { env: h.env, journal: h.journal };
    expect(await failureOf(h.engine.rollback(h.workflow, 's', options))).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringMatching(/a format this release does not know\. Drive it with the release that wrote it/),
    });
    expect(h.world.values()).toEqual({ a: '1' });
  });

  it('begins every drive with driving; its sequence number is the epoch', async () => {
    const epochs: number[] = [];
    let stop = true;
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          epochs.push(ctx.epoch);
          if (stop) throw new Error('stop');
          return null;
        },
      }),
    ]);
    await h.run({ onFailure: 'pause' });
    stop = false;
    await h.resume();
    const driving = (await h.entries()).flatMap(({ type }, index) => (type === 'driving' ? [index + 1] : []));
    expect(epochs).toEqual(driving);
    expect(driving).toHaveLength(2);
  });

  it('refuses to resume under another version, other steps or another workflow, and names what can finish the run', async () => {
    const { h, one, two } = await paused();
    const elements = [one, two];
    for (const other of [
      workflowOf(elements, { version: '1.0.1' }),
      workflowOf([...elements, lookStep('more')]),
      workflowOf(elements, { name: 'other' }),
    ]) {
      const error = await failureOf(h.resume({ workflow: other }));
      expect(error.code).toBe('WORKFLOW_CHANGED');
      expect(error.message).toMatch(
        /Run "r" .* Finish it with version 1\.0\.0 of workflow "test", as it was when the run was begun\.$/,
      );
    }
    expect((await h.records()).filter((record) => record === 'driving')).toHaveLength(1);
  });

  it('rolls back under every version of the same major that still has each captured step', async () => {
    const { h, one, two } = await paused();
    const elements = [one, two];
    expect((await failureOf(h.rollback({ workflow: workflowOf(elements, { version: '2.0.0' }) }))).code).toBe(
      'WORKFLOW_CHANGED',
    );
    expect(
      (await failureOf(h.rollback({ workflow: workflowOf(elements.slice(1), { version: '1.9.0' }) }))).message,
    ).toContain('"one"');
    expect(
      (await failureOf(h.rollback({ workflow: workflowOf([setItems('one', {}), two], { version: '1.9.0' }) }))).message,
    ).toContain('same kind');
    const newer = workflowOf([lookStep('new'), ...elements], { version: '1.9.0' });
    expect(await h.rollback({ workflow: newer })).toMatchObject({ state: 'rolled-back' });
    expect(h.world.values()).toEqual({});
  });

  it('resumes under other titles, and under nothing else that decides', async () => {
    const { h, one } = await paused();
    const three = (more: object) => [one, setStep('two', 'b', '1', { title: 'Another title', ...more })];
    for (const [other, why] of [
      [[one, setItems('two', {})], '"two" (a step over items, restores)'],
      [three({ compensate: undefined, readOnly: true }), '"two" (a single step, reads only)'],
      [three({ pivot: true }), 'pivot'],
      [[one], 'none'],
    ] as const) {
      const error = await failureOf(h.resume({ workflow: workflowOf(other) }));
      expect(error.code).toBe('WORKFLOW_CHANGED');
      expect(error.message).toContain(`its step 2 was "two" (a single step, restores), and here it is`);
      expect(error.message).toContain(why);
    }
    const needing = setStep('one', 'a', '1', { undoNeeds: ['two'] });
    expect((await failureOf(h.resume({ workflow: workflowOf([needing, ...three({}).slice(1)]) }))).message).toContain(
      'undo needs two',
    );
    expect(await h.resume({ workflow: workflowOf(three({})) })).toMatchObject({ state: 'completed' });
  });

  it('rolls back only where this version can still undo each captured step, by what the journal says of it', async () => {
    const { h, two } = await paused();
    const blind = setStep('one', 'a', '1', { compensate: undefined, readOnly: true } as object);
    const error = await failureOf(h.rollback({ workflow: workflowOf([blind, two], { version: '1.9.0' }) }));
    expect(error).toMatchObject({
      code: 'WORKFLOW_CHANGED',
      message: expect.stringContaining('cannot undo step "one"'),
    });
    expect(h.world.values()).toEqual({ a: '1' });
  });

  it('names the release of this package that began the run, where that is another one', async () => {
    const { h } = await paused();
    const [opened] = await h.entries();
    await h.journal.append('s', 1, { ...opened, release: '0.0.9' } as never);
    const options = { env: h.env, journal: h.journal };
    const newer = workflowOf([lookStep('one')], { version: '2.0.0' });
    expect(await failureOf(h.engine.resume(newer, 's', options))).toMatchObject({
      code: 'WORKFLOW_CHANGED',
      message: expect.stringContaining('Finish it with release 0.0.9 of this package and version 1.0.0 of'),
    });
  });

  it('does not undo a step that was begun as one that only reads, whatever a later version does in it', async () => {
    const unknown = async () => ({ effect: 'unknown' as const, why: 'not looked at', touches: [] });
    const fails = setStep('two', 'b', '1', { run: async () => Promise.reject(new Error('stop')) });
    const h = harness([lookStep('look', { forecast: unknown }), fails], { a: 'kept' });
    expect(await h.run({ onFailure: 'pause' })).toMatchObject({ state: 'paused' });
    expect(await h.records()).toContain('captured look');
    const newer = workflowOf([setStep('look', 'a', 'other'), fails], { version: '1.1.0' });
    expect(await h.rollback({ workflow: newer })).toMatchObject({ state: 'rolled-back' });
    expect(h.world.writes).toEqual([]);
  });

  it('refuses another world', async () => {
    const { h, one, two } = await paused();
    const elements = [one, two];
    for (const verb of ['resume', 'rollback'] as const)
      expect(
        (await failureOf(h[verb]({ workflow: workflowOf(elements, { identity: async () => 'elsewhere' }) }))).code,
      ).toBe('ENV_CHANGED');
    expect(h.world.values()).toEqual({ a: '1' });
  });

  it('refuses a run that is not there, an id that is taken, and an id that is none', async () => {
    const { h } = await paused();
    expect((await failureOf(h.engine.resume(h.workflow, 'other', { env: h.env, journal: h.journal }))).code).toBe(
      'RUN_UNKNOWN',
    );
    expect(
      (await failureOf(h.engine.run(workflowOf([lookStep('x')]), {}, { env: h.env, journal: h.journal, runId: 'r' })))
        .code,
    ).toBe('RUN_EXISTS');
    for (const runId of ['../r', 'R', '', 'a/b', '-a'])
      expect((await failureOf(h.begin({ runId }))).code).toBe('INVALID');
  });

  it('refuses a second driver while the first is at work', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: (ctx) => new Promise((resolve) => h.time.clock.after(60_000, () => resolve({ done: ctx.attempt }))),
      }),
    ]);
    const run = await h.begin();
    expect((await failureOf(h.resume())).code).toBe('JOURNAL_CONFLICT');
    expect(await h.time.until(run.settled())).toMatchObject({ state: 'completed' });
  });

  it('stops at once when another driver took over: no undo, no retry, no further write', async () => {
    const h = harness([
      setStep('one', 'a', '1'),
      setStep('two', 'b', '1', {
        run: async (ctx) => {
          await h.journal.append('r', (await h.entries()).length + 1, { at: '', driver: 'other', type: 'driving' });
          worldOf(ctx).put('b', '1');
          return null;
        },
      }),
      setStep('three', 'c', '1'),
    ]);
    const run = await h.begin();
    expect(await h.time.until(run.settled())).toEqual({ state: 'driver-lost' });
    expect((await eventsOf(run)).at(-1)).toMatchObject({ type: 'run:driver-lost' });
    expect(h.world.writes.map(({ by }) => by)).toEqual(['run one']);
    expect((await h.records()).slice(-2)).toEqual(['captured two', 'driving']);
  });

  it('recognises an append of its own whose answer was lost', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    let lose = true;
    const forgetful: JournalStore = {
      ...h.journal,
      append: async (runId, seq, entry) => {
        await h.journal.append(runId, seq, entry);
        lose = !lose;
        if (lose) throw new FederationError('UNREACHABLE', 'The answer was lost.', { retryable: true });
      },
    };
    expect(await h.run({ journal: forgetful })).toMatchObject({ state: 'completed' });
    expect(await h.records()).toEqual(['opened', 'driving', 'captured one', 'done one', 'closed']);
  });

  it('writes nothing more once the journal does not answer', async () => {
    const h = harness([setStep('one', 'a', '1'), setStep('two', 'b', '1')]);
    const deaf: JournalStore = {
      ...h.journal,
      append: async (runId, seq, entry) => {
        if (seq >= 4) throw new FederationError('UNREACHABLE', 'The journal is silent.', { retryable: true });
        await h.journal.append(runId, seq, entry);
      },
    };
    const run = await h.begin({ journal: deaf });
    expect(await h.time.until(run.settled())).toMatchObject({
      state: 'paused',
      why: 'unreachable',
      error: { code: 'UNREACHABLE' },
    });
    expect((await eventsOf(run)).at(-1)).toMatchObject({ type: 'run:paused', why: 'unreachable', seq: 3 });
    expect(h.world.values()).toEqual({ a: '1' });
    expect(await h.resume()).toMatchObject({ state: 'completed' });
  });

  it('rests, and tells so, however much of the journal hangs', async () => {
    for (const hung of ['append', 'renewal', 'release'] as const) {
      const h = harness([setStep('one', 'a', '1')]);
      const never = () => new Promise<never>(() => undefined);
      let stuck = false;
      const hanging: JournalStore = {
        ...h.journal,
        append: (runId, seq, entry) => (stuck && hung === 'append' ? never() : h.journal.append(runId, seq, entry)),
        claim: async (...args) => {
          const claim = await h.journal.claim(...args);
          return {
            ...claim,
            renew: (options) => (hung === 'renewal' ? never() : claim.renew(options)),
            [Symbol.asyncDispose]: () => (hung === 'append' ? claim[Symbol.asyncDispose]() : never()),
          };
        },
      };
      if (hung === 'renewal') {
        expect((await failureOf(h.begin({ journal: hanging }))).code).toBe('TIMEOUT');
        continue;
      }
      const run = await h.begin({ journal: hanging });
      run.on('step:started', () => {
        stuck = true;
      });
      const end = { append: ['paused', 'run:paused'], release: ['completed', 'run:completed'] }[hung];
      expect((await h.time.until(run.settled())).state).toBe(end[0]);
      expect((await eventsOf(run)).at(-1)?.type).toBe(end[1]);
    }
  });

  it('records nothing more of a step that ends well after the claim was lost, whatever the step made of the news', async () => {
    const lost = new AbortController();
    const seen: boolean[] = [];
    const losing = (h: ReturnType<typeof harness>): JournalStore => ({
      ...h.journal,
      claim: async (...args) => ({ ...(await h.journal.claim(...args)), lost: lost.signal }),
    });
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          lost.abort();
          seen.push(ctx.signal.aborted);
          return null;
        },
      }),
    ]);
    expect(await h.run({ journal: losing(h) })).toEqual({ state: 'driver-lost' });
    expect(seen).toEqual([true]);
    expect(await h.records()).toEqual(['opened', 'driving', 'captured one']);
  });

  it('aborts the signal of an undo, too, when the claim is lost', async () => {
    const lost = new AbortController();
    const seen: boolean[] = [];
    const h = harness([
      setStep('zero', 'z', '1'),
      setStep('one', 'a', '1', {
        compensate: async (ctx) => {
          lost.abort();
          seen.push(ctx.signal.aborted);
        },
      }),
      failing('two'),
    ]);
    const losing: JournalStore = {
      ...h.journal,
      claim: async (...args) => ({ ...(await h.journal.claim(...args)), lost: lost.signal }),
    };
    expect(await h.run({ journal: losing })).toEqual({ state: 'driver-lost' });
    expect(seen).toEqual([true]);
    expect(h.world.values()).toEqual({ a: '1', z: '1' });
    expect((await h.records()).at(-1)).toBe('undone two');
  });
});
