import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { outlinesOf } from '../../src/workflow/outline.ts';
import { eventsOf, failureOf, type Harness, harness } from './harness.ts';
import { failing, lookStep, setStep, workflowOf, worldOf } from './world.ts';

const opened: Extract<JournalEntry, { readonly type: 'opened' }> = {
  at: '',
  driver: 'd',
  type: 'opened',
  format: 1,
  release: '0.0.0',
  workflow: 'test',
  version: '1.0.0',
  steps: [],
  fingerprint: '',
  identity: null,
  input: {},
  onFailure: 'rollback',
};

async function* hangingRead(): AsyncGenerator<JournalEntry, void, undefined> {
  await new Promise(() => undefined);
  yield opened;
}

describe('rule 11: control', () => {
  const slow = (name: string, more = {}) =>
    setStep(name, name, '1', {
      run: (ctx) =>
        new Promise((resolve, reject) => {
          ctx.signal.addEventListener('abort', () => reject(new Error('cut off')));
          queueMicrotask(() => ctx.progress('under way'));
          void resolve;
        }),
      ...more,
    });

  it('pauses when the signal of the caller is aborted, and undoes nothing', async () => {
    const caller = new AbortController();
    const h = harness([setStep('one', 'a', '1'), slow('two')]);
    const run = await h.begin({ signal: caller.signal });
    run.on('step:progress', () => caller.abort());
    expect(await h.time.until(run.settled())).toEqual({ state: 'paused', why: 'requested' });
    expect(h.world.values()).toEqual({ a: '1' });
    expect((await h.entries()).at(-1)).toMatchObject({ type: 'paused', why: 'requested' });
    expect((await eventsOf(run)).map(({ type }) => type)).not.toContain('step:failed');
  });

  it('pauses on request, and resolves when it rests', async () => {
    const h = harness([setStep('one', 'a', '1'), slow('two')]);
    const run = await h.begin();
    run.on('step:progress', () => void run.pause());
    await h.time.until(run.settled());
    await h.time.until(run.pause());
    expect(await run.settled()).toEqual({ state: 'paused', why: 'requested' });
  });

  it('does not wait for who does not say whether all answer: asked to pause, or too late, nothing is undone', async () => {
    let silent = true;
    const reach = () => (silent ? new Promise<void>(() => undefined) : Promise.resolve());
    const make = () => harness([setStep('one', 'a', '1'), failing('two')], {}, { reach });
    const h = make();
    const run = await h.begin();
    while (!(await h.records()).includes('captured two')) await turn();
    for (let idle = 0; idle < 20; idle += 1) await turn();
    // No time passes: the wish alone ends it.
    await run.pause();
    const failure = { code: 'STEP_FAILED', message: 'Step "two" of run "r" failed: no luck' };
    expect(await run.settled()).toMatchObject({ state: 'paused', why: 'requested', error: failure });
    expect((await h.entries()).at(-1)).toMatchObject({ type: 'paused', why: 'requested', error: failure });
    const late = make();
    expect(await late.run()).toMatchObject({ state: 'paused', why: 'unreachable', error: { code: 'UNREACHABLE' } });
    expect(late.time.clock.now()).toBeGreaterThanOrEqual(60_000);
    expect(late.time.clock.now()).toBeLessThan(120_000);
    silent = false;
    for (const one of [h, late]) {
      expect(one.world.values()).toEqual({ a: '1' });
      expect(await one.resume()).toMatchObject({ state: 'rolled-back' });
    }
  });

  it('gives up at once, when told to, on whatever it asks before it drives', async () => {
    const never = () => new Promise<never>(() => undefined);
    const hanging = {
      identity: (h: Harness) => ({ workflow: workflowOf([lookStep('one')], { identity: never }), journal: h.journal }),
      reach: (h: Harness) => ({ workflow: workflowOf([lookStep('one')], { reach: never }), journal: h.journal }),
      reading: (h: Harness) => ({ workflow: h.workflow, journal: { ...h.journal, read: hangingRead } }),
    };
    for (const make of Object.values(hanging)) {
      const h = harness([lookStep('one')]);
      const { workflow, journal } = make(h);
      await h.journal.append('r', 1, { ...opened, steps: outlinesOf([lookStep('one')]) });
      const caller = new AbortController();
      const options = { env: h.env, journal, signal: caller.signal };
      const all = [h.engine.resume(workflow, 'r', options), h.engine.rollback(workflow, 'r', options)];
      for (let idle = 0; idle < 20; idle += 1) await turn();
      caller.abort();
      for (const one of all) expect((await failureOf(one)).code).toBe('ABORTED');
      expect(await h.records()).toEqual(['opened']);
    }
  });

  it('asks for the identity of its world no longer than a minute, and plans nothing without it', async () => {
    const never = () => new Promise<never>(() => undefined);
    const h = harness([lookStep('one')], {}, { identity: never });
    expect(await failureOf(h.begin())).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('identity of workflow "test"'),
    });
    expect(await h.records()).toEqual([]);
    const caller = new AbortController();
    const planning = h.engine.plan(h.workflow, {}, { env: h.env, signal: caller.signal });
    caller.abort();
    expect((await failureOf(planning)).code).toBe('ABORTED');
  });

  it('lets a step end that the wish to pause finds unimpressed, and pauses after it', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async (ctx) => {
          void run.pause();
          worldOf(ctx).put('a', '1');
          return null;
        },
      }),
      setStep('two', 'b', '1'),
    ]);
    const run = await h.begin();
    expect(await h.time.until(run.settled())).toEqual({ state: 'paused', why: 'requested' });
    expect(await h.records()).toEqual(['opened', 'driving', 'captured one', 'done one', 'paused']);
    expect(await h.resume()).toMatchObject({ state: 'completed' });
  });

  it('does not begin at all with a signal that is aborted already', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    expect((await failureOf(h.begin({ signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    expect(await h.records()).toEqual([]);
  });

  it.each([
    ['UNREACHABLE', 'unreachable'],
    ['TIMEOUT', 'time-limit'],
  ] as const)('pauses on %s', async (code, why) => {
    const h = harness([
      setStep('zero', 'z', '1'),
      setStep('one', 'a', '1', { run: async () => Promise.reject(new FederationError(code, 'm did not answer.')) }),
    ]);
    expect(await h.run()).toMatchObject({
      state: 'paused',
      why,
      error: { code, message: 'Step "one" of run "r": m did not answer.' },
    });
    expect(h.world.values()).toEqual({ z: '1' });
  });

  it('keeps onFailure in the journal: a resumed run still pauses on failure', async () => {
    const h = harness([
      setStep('zero', 'z', '1'),
      setStep('one', 'a', '1', { run: async () => Promise.reject(new Error('no luck')) }),
    ]);
    expect(await h.run({ onFailure: 'pause' })).toMatchObject({ state: 'paused', why: 'failed' });
    expect(await h.resume()).toMatchObject({ state: 'paused', why: 'failed' });
    expect(h.world.values()).toEqual({ z: '1' });
    expect(await h.rollback()).toMatchObject({ state: 'rolled-back' });
  });

  it('waits at a gate, goes on with an approval of what is shown, and keeps who approved', async () => {
    const gate = {
      kind: 'gate' as const,
      name: 'go',
      title: 'Go on?',
      show: async (ctx: { env: unknown }) => worldOf(ctx).values(),
    };
    const h = harness([setStep('one', 'a', '1'), gate, setStep('two', 'b', '1')]);
    const outcome = await h.run();
    expect(outcome).toMatchObject({
      state: 'paused',
      why: 'approval',
      gate: { name: 'go', title: 'Go on?', shown: { a: '1' } },
    });
    if (outcome.state !== 'paused' || outcome.gate === undefined) throw new Error('no gate');
    const { fingerprint } = outcome.gate;
    expect(await h.resume()).toMatchObject({ state: 'paused', why: 'approval' });
    h.world.put('c', 'new');
    const stale = await h.resume({ approve: [{ gate: 'go', by: 'me', fingerprint }] });
    expect(stale).toMatchObject({
      state: 'paused',
      why: 'approval',
      gate: { shown: { a: '1', c: 'new' } },
      error: { code: 'PLAN_STALE' },
    });
    expect(h.world.value('b')).toBeNull();
    h.world.put('c', null);
    expect(await h.resume({ approve: [{ gate: 'go', by: 'me', fingerprint }] })).toMatchObject({ state: 'completed' });
    expect(await h.entries()).toContainEqual(
      expect.objectContaining({ type: 'approved', gate: 'go', by: 'me', fingerprint }),
    );
  });

  it('does not ask again at a gate that was passed', async () => {
    let fail = true;
    const gate = (name: string) => ({ kind: 'gate' as const, name, title: '' });
    const h = harness([
      gate('go'),
      gate('other'),
      setStep('one', 'a', '1', { run: async () => (fail ? Promise.reject(new Error('x')) : null) }),
    ]);
    const first = await h.run({ onFailure: 'pause' });
    if (first.state !== 'paused' || first.gate === undefined) throw new Error('no gate');
    const second = await h.resume({ approve: [{ gate: 'go', by: 'me', fingerprint: first.gate.fingerprint }] });
    if (second.state !== 'paused' || second.gate === undefined) throw new Error('no second gate');
    expect(second.gate.name).toBe('other');
    // That of the first gate says nothing of this one.
    expect(second.error).toBeUndefined();
    expect(
      await h.resume({ approve: [{ gate: 'other', by: 'me', fingerprint: second.gate.fingerprint }] }),
    ).toMatchObject({ why: 'failed' });
    fail = false;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
  });

  it('refuses an approval of a gate that the workflow does not have', async () => {
    const h = harness([lookStep('one')]);
    await h.run();
    expect((await failureOf(h.resume({ approve: [{ gate: 'no', by: 'me', fingerprint: '' }] }))).code).toBe(
      'WORKFLOW_INVALID',
    );
  });

  it('lists gates in the plan', async () => {
    const h = harness([
      { kind: 'gate', name: 'first', title: 'F' },
      lookStep('one'),
      { kind: 'gate', name: 'second', title: 'S' },
    ]);
    expect((await h.engine.plan(h.workflow, {}, { env: h.env })).gates).toEqual([
      { name: 'first', title: 'F', after: null },
      { name: 'second', title: 'S', after: 'one' },
    ]);
  });

  it('takes for each gate its own approval, when several are given at once', async () => {
    const gate = (name: string) => ({ kind: 'gate' as const, name, title: name });
    const h = harness([gate('first'), setStep('one', 'a', '1'), gate('second')]);
    const shown = await h.run();
    if (shown.state !== 'paused' || shown.gate === undefined) throw new Error('no gate');
    const probe = harness([gate('second')]);
    const other = await probe.run();
    if (other.state !== 'paused' || other.gate === undefined) throw new Error('no second gate');
    expect(shown.gate.fingerprint).not.toBe(other.gate.fingerprint);
    const approve = [other.gate, shown.gate].map(({ name, fingerprint }) => ({ gate: name, by: 'me', fingerprint }));
    expect(await h.resume({ approve })).toMatchObject({ state: 'completed' });
  });

  it('takes of several approvals of one gate the one that fits what it shows', async () => {
    const h = harness([{ kind: 'gate', name: 'go', title: 'Go on?' }, setStep('one', 'a', '1')]);
    const outcome = await h.run();
    if (outcome.state !== 'paused' || outcome.gate === undefined) throw new Error('no gate');
    const approve = ['old', outcome.gate.fingerprint, 'other'].map((fingerprint) => ({
      gate: 'go',
      by: `who saw ${fingerprint}`,
      fingerprint,
    }));
    expect(await h.resume({ approve: approve.filter(({ by }) => by !== approve[1]?.by) })).toMatchObject({
      state: 'paused',
      error: { code: 'PLAN_STALE', message: expect.stringContaining('who saw other') },
    });
    expect(await h.resume({ approve })).toMatchObject({ state: 'completed' });
    expect(await h.entries()).toContainEqual(expect.objectContaining({ type: 'approved', by: approve[1]?.by }));
  });

  it('takes no approval of another run for one of this, though both show the same', async () => {
    const shownIn = async (runId: string) => {
      const h = harness([{ kind: 'gate', name: 'go', title: 'Go on?' }]);
      const run = await h.begin({ runId });
      const outcome = await h.time.until(run.settled());
      if (outcome.state !== 'paused' || outcome.gate === undefined) throw new Error('no gate');
      return outcome.gate;
    };
    const [one, again, other] = [await shownIn('r'), await shownIn('r'), await shownIn('other')];
    expect(one).toEqual(again);
    expect(other.shown).toEqual(one.shown);
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });
});
