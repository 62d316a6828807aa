import { describe, expect, it } from 'vitest';
import { docExamples } from './doc-examples.ts';
import { projectFiles } from './sources.ts';
import { typeErrors } from './typecheck.ts';

const sources = projectFiles().filter(({ path }) => /^src\/.*\.ts$/.test(path));

describe('an example in a doc comment', () => {
  const examples = docExamples(sources);

  it('compiles as it stands, wherever it stands', { timeout: 180_000 }, () => {
    expect(Object.keys(examples).length).toBeGreaterThanOrEqual(7);
    // Every fence is found: none stands in a comment that is read otherwise.
    const fences = sources.flatMap(({ text }) => [...text.matchAll(/^ *\* ```ts$/gm)]);
    expect(Object.keys(examples)).toHaveLength(fences.length);
    const wrong = '/**\n * ```ts\n * const n: number = "x";\n * ```\n */\n';
    expect(
      typeErrors({ ...examples, ...docExamples([{ path: 'src/wrong.ts', text: wrong }]) }, { noUnusedLocals: false }),
    ).toEqual(["src-wrong-1-0.ts: Type 'string' is not assignable to type 'number'."]);
  });

  it('is read without the stars of its comment', () => {
    const text = 'a();\n\n  /**\n   * Does it.\n   *\n   * ```ts\n   * if (a)\n   *   b();\n   * ```\n   */\n';
    expect(docExamples([{ path: 'src/x/y.ts', text }])).toEqual({ 'src-x-y-3-0.ts': 'if (a)\n  b();\nexport {};\n' });
  });
});
