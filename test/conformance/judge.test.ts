import { describe, expect, it } from 'vitest';
import type { Case } from './case.ts';
import { judge } from './judge.ts';
import type { Outcome } from './play.ts';

const cases: readonly Case[] = [{ topic: 'a', name: 'b', steps: [] }];
const outcome = (step: object): Map<string, Outcome> => new Map([['a: b', { steps: [step], after: {} }]]);
const real = outcome({ status: 422, body: { message: 'no', reason: 'Invalid' } });
const allowance = { case: 'a: b', places: ['steps[0].body.message'], why: 'words' };

describe('a difference that is allowed', () => {
  it('is allowed where it is allowed, and nowhere else in the case', () => {
    const words = outcome({ status: 422, body: { message: 'never', reason: 'Invalid' } });
    expect(judge(cases, real, words, [allowance])).toEqual({ different: [], allowed: [allowance], unused: [] });
    const more = outcome({ status: 400, body: { message: 'never', reason: 'Invalid' } });
    expect(judge(cases, real, more, [allowance]).different).toEqual([
      { name: 'a: b', places: ['steps[0].status: 422 | 400'] },
    ]);
  });

  it('allows nothing below or beside its place', () => {
    const places = ['steps[0].body'];
    const words = outcome({ status: 422, body: { message: 'never', reason: 'Invalid' } });
    expect(judge(cases, real, words, [{ ...allowance, places }]).different).toHaveLength(1);
  });

  it('has to be there: of a place, and of a case that nobody plays', () => {
    expect(judge(cases, real, real, [allowance]).unused).toEqual([{ case: 'a: b', place: 'steps[0].body.message' }]);
    const other = { ...allowance, case: 'a: gone' };
    expect(judge(cases, real, real, [other]).unused).toEqual([{ case: 'a: gone', place: 'steps[0].body.message' }]);
    const half = { ...allowance, places: [...allowance.places, 'steps[0].status'] };
    const words = outcome({ status: 422, body: { message: 'never', reason: 'Invalid' } });
    expect(judge(cases, real, words, [half]).unused).toEqual([{ case: 'a: b', place: 'steps[0].status' }]);
  });
});
