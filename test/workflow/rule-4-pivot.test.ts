import { describe, expect, it } from 'vitest';
import { failureOf, harness } from './harness.ts';
import { failing, lookStep, setItems, setStep, workflowOf, worldOf } from './world.ts';

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
    expect(await h.run()).toMatchObject({ state: 'paused', why: 'failed', pastPivot: true });
    const error = await failureOf(h.rollback());
    expect(error).toMatchObject({ code: 'PAST_PIVOT', message: expect.stringContaining('resume()') });
    expect(await h.records()).not.toContain('undoing');
    fail = false;
    expect(await h.resume()).toMatchObject({ state: 'completed' });
    expect((await failureOf(h.rollback())).code).toBe('PAST_PIVOT');
  });

  it('lets a failure before it undo', async () => {
    const h = harness([setStep('before', 'a', '1'), failing('bad'), setStep('pivot', 'p', '1', { pivot: true })]);
    expect(await h.run()).toMatchObject({ state: 'rolled-back' });
  });

  it('lets every failure after it pause', async () => {
    const h = harness(
      workflow(async (ctx) => {
        worldOf(ctx).put('p', '1');
        return null;
      }, failing('after')),
    );
    expect(await h.run()).toMatchObject({ state: 'paused', why: 'failed', pastPivot: true });
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

  it('is not what makes a completed run final: without one, too, there is no way back', async () => {
    const h = harness([setStep('one', 'a', '1')]);
    expect(await h.run()).toMatchObject({ state: 'completed' });
    expect((await failureOf(h.rollback())).code).toBe('PAST_PIVOT');
    expect(h.world.values()).toEqual({ a: '1' });
  });
});
