import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from './sources.ts';
import { codeBlocks, typeErrors } from './typecheck.ts';

const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const scripts: Record<string, unknown> = JSON.parse(read('package.json')).scripts;

/** npm scripts that a text names. */
const named = (text: string): string[] =>
  [...text.matchAll(/npm (?:run ([a-z:-]+)|(start|test)\b)/g)].map(([, run, plain]) => run ?? plain ?? '');

/** Files of the project that a text links to. */
const linked = (text: string): string[] => [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);

describe('the README', () => {
  const blocks = codeBlocks(read('README.md'), 'ts');

  it('has examples that compile as they stand', { timeout: 180_000 }, () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    const files = Object.fromEntries(blocks.map((code, index) => [`readme-${index}.ts`, code]));
    // One that does not compile is with them, so that a compiler that says nothing is not believed.
    const wrong = "import { run } from 'kubesphere-federation';\nrun(1);\n";
    expect(typeErrors({ ...files, 'wrong.ts': wrong })).toEqual([expect.stringMatching(/^wrong\.ts: Expected 3 arg/)]);
  });

  it('is read block by block', () => {
    expect(codeBlocks('```ts\na\n```\n```sh\nls\n```\n', 'ts')).toEqual(['a\n']);
  });

  it('shows an example of twenty lines', () => {
    expect(blocks[0]?.trim().split('\n').length).toBeLessThanOrEqual(22);
  });
});

describe.each(['README.md', 'CONTRIBUTING.md'])('%s', (path) => {
  it('names scripts that exist', () => {
    expect(named('npm run nothing, npm start, npm test').filter((name) => !(name in scripts))).toEqual(['nothing']);
    const names = named(read(path));
    expect(names).toContain('test');
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('links to files that exist', () => {
    expect(linked('[a](b.md) [c](https://d) [e](f/g.md#h)')).toEqual(['b.md', 'f/g.md']);
    expect(linked(read(path)).filter((file) => !existsSync(`${root}${file}`))).toEqual([]);
  });
});
