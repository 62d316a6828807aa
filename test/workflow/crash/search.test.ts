import { describe, expect, it } from 'vitest';
import { smallWorkflows } from './enumerate.ts';
import { newTally } from './hunt.ts';
import { judge, judgeRest, Violation } from './judge.ts';
import { canary } from './process.ts';
import type { Scenario } from './scenario.ts';
import { searchSlice, seedOfCommit } from './share.ts';
import { Case, survive } from './survive.ts';

const seconds = 20;

describe('a run whose drivers die or freeze', () => {
  it('anywhere is brought to a named state that holds what it says', { timeout: 180_000 }, async () => {
    const tally = newTally();
    const seed = seedOfCommit();
    const found = await searchSlice({ seed, seconds }, tally);
    console.log(`${tally.crashPoints} crash points in ${tally.workflows} workflows, KSF_SEED=${seed}`);
    expect(found).toBeUndefined();
    for (const count of Object.values(tally.byKind)) expect(count).toBeGreaterThan(0);
    for (const end of ['completed', 'rolled-back', 'rollback-incomplete'] as const)
      expect(tally.ends[end]).toBeGreaterThan(0);
    expect(tally.faults).toBeGreaterThan(0);
  });
});

describe('the search', () => {
  const once: Scenario = {
    start: { a: '0' },
    elements: [{ kind: 'set', sets: [{ object: 'a', value: '1' }] }],
    pivot: null,
    bad: null,
    foreign: null,
    held: false,
    onFailure: 'rollback',
    drives: [{ next: 'resume' }],
  };

  it('names each workflow of up to two elements once', () => {
    const all = [...smallWorkflows(2)].map(({ elements, pivot, bad }) => JSON.stringify({ elements, pivot, bad }));
    expect(new Set(all).size).toBe(all.length);
    // Two letters of four can be the pivot: 2 * 2 + 2 words of one element, then 4 * 3 + 8 * 2 + 4. Three of four can fail.
    expect(all).toHaveLength(6 + 32 + 3 + 12);
  });

  it('counts a stop where it took place', async () => {
    const stopped = { ...once, drives: [{ stop: { at: 1, how: 'die' as const }, next: 'resume' as const }] };
    expect(await survive(stopped)).toMatchObject({ crashes: ['claim'], state: 'completed', firstStopped: true });
    expect(await survive(once)).toMatchObject({ crashes: [], state: 'completed' });
  });

  it('finds a world that is not what the state says', async () => {
    const it = new Case(once);
    const rest = await it.drive('run', {});
    const outcome = rest.how === 'rested' ? rest.outcome : undefined;
    if (outcome?.state !== 'completed') throw new Error('It was to be completed.');
    expect(() => judge(it, outcome)).not.toThrow();
    it.durable.disturb('a', '9');
    expect(() => judge(it, outcome)).toThrow(Violation);
    it.durable.disturb('a', '0');
    expect(() => judge(it, { state: 'rolled-back' })).not.toThrow();
  });

  it('finds a secret in the journal, and a thawed driver that writes', async () => {
    const it = new Case(once);
    await it.drive('run', {});
    it.mark();
    expect(() => judgeRest(it, [], { state: 'completed', output: {} })).not.toThrow();
    it.durable.append({ at: '', driver: canary, type: 'touched' });
    expect(() => it.check()).toThrow(/secret/);
    expect(() => judgeRest(it, [], { state: 'completed', output: {} })).toThrow(/journal/);
  });
});
