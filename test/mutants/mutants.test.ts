import { describe, expect, it } from 'vitest';
import { mutants } from './mutants.ts';
import { mutated } from './tree.ts';

describe('the mutants of the engine', () => {
  it('have names of their own, and texts that are in the engine exactly once', async () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    for (const mutant of mutants) expect((await mutated(mutant)).size).toBeGreaterThan(0);
  });

  it('are refused where the text is missing or ambiguous', async () => {
    const mutant = (find: string) => ({ name: 'm', changes: [{ file: 'release.ts', find, replace: '' }] });
    await expect(mutated(mutant('no such text'))).rejects.toThrow('occurs 0 times');
    await expect(mutated(mutant('e'))).rejects.toThrow(/occurs \d+ times .* not once/);
    await expect(mutated(mutant(' = '))).rejects.toThrow('is no program');
  });
});
