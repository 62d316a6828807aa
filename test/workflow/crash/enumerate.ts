import type { Value } from './durable.ts';
import type { ElementSpec, Scenario } from './scenario.ts';

/** What an element of an enumerated workflow can be. */
const letters = ['create', 'change', 'items', 'gate'] as const;
type Letter = (typeof letters)[number];

/**
 * Every workflow of one to `most` elements over these letters: with every place of the pivot, with none, and with none and a last
 * step that fails after its effect.
 */
export function* smallWorkflows(most: number): Generator<Scenario> {
  for (const word of words(most)) {
    const singles = word.filter((letter) => letter === 'create' || letter === 'change').length;
    if (word.at(-1) !== 'gate') yield { ...scenarioOf(word, null), bad: { element: word.length - 1, when: 'after' } };
    for (let pivot = -1; pivot < singles; pivot += 1) yield scenarioOf(word, pivot < 0 ? null : pivot);
  }
}

function* words(most: number): Generator<readonly Letter[]> {
  let longest: (readonly Letter[])[] = [[]];
  for (let length = 1; length <= most; length += 1) {
    longest = longest.flatMap((word) => letters.map((letter) => [...word, letter]));
    yield* longest;
  }
}

function scenarioOf(word: readonly Letter[], pivot: number | null): Scenario {
  const start: Record<string, Value> = { shared: '0' };
  const elements = word.map((letter, index): ElementSpec => {
    if (letter === 'create') return { kind: 'set', sets: [{ object: `new-${index}`, value: '1' }] };
    if (letter === 'change') return { kind: 'set', sets: [{ object: 'shared', value: `${index + 1}` }] };
    if (letter === 'gate') return { kind: 'gate' };
    start[`old-${index}`] = '0';
    start[`gone-${index}`] = '0';
    start[`right-${index}`] = '1';
    const values = { old: '1', gone: null, right: '1' };
    const sets = Object.entries(values).map(([name, value]) => ({ object: `${name}-${index}`, value }));
    return { kind: 'items', sets, concurrency: 2 };
  });
  return { start, elements, pivot, bad: null, foreign: null, held: false, onFailure: 'rollback', drives: [] };
}
