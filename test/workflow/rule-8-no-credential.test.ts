import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { eventsOf, failureOf, harness } from './harness.ts';
import { failing, lookStep, setStep, worldOf } from './world.ts';

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

describe('rule 8: prose', () => {
  it('is kept where it speaks of secrets without giving one', async () => {
    const why = 'A password must be set; without it: Bearer token missing.';
    const h = harness([lookStep('one', { forecast: async () => ({ effect: 'none', why, out: { secretName: 'x' } }) })]);
    expect(await h.run()).toMatchObject({ state: 'completed' });
    expect(JSON.stringify(await h.entries())).toContain(why);
  });
});

describe('rule 8: no credential in residue', () => {
  it('writes no secret into residue, and ends', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        remedy: 'Use password=hunter2 by hand.',
        compensate: async () => Promise.reject(new Error('refused token: abc')),
      }),
      failing('two'),
    ]);
    const outcome = await h.run();
    expect(outcome).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'one' }] });
    expect(JSON.stringify([outcome, await h.entries()])).not.toMatch(/hunter2|abc/);
  });
});

describe('rule 8: no credential in an error', () => {
  it('shows none in the outcome or in an event, however deep one looks', async () => {
    const h = harness([
      setStep('one', 'a', '1', {
        run: async () => {
          throw new Error('401 for Bearer s3cr3t-value', { cause: new Error('token=s3cr3t-value') });
        },
      }),
    ]);
    const run = await h.begin();
    const outcome = await h.time.until(run.settled());
    const events = await eventsOf(run);
    expect(outcome).toMatchObject({ state: 'rolled-back', error: { code: 'STEP_FAILED', cause: expect.any(Error) } });
    const shown = inspect([outcome, events], { depth: 20, showHidden: true });
    expect(shown).toContain('step:failed');
    expect(shown).not.toContain('s3cr3t-value');
  });
});
