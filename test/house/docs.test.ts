import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './sources.ts';
import { codeBlocks, typeErrors } from './typecheck.ts';

const pages = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'));
const read = (page: string): string => readFileSync(`${root}docs/${page}`, 'utf8');

describe('the pages in docs', () => {
  it('are some', () => {
    expect(pages).toContain('sandbox.md');
  });

  it('have examples that compile as they stand', { timeout: 180_000 }, () => {
    const blocks = pages.flatMap((page) =>
      codeBlocks(read(page), 'ts').map((code, index): [string, string] => [`docs-${page}-${index}.ts`, code]),
    );
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    const wrong = "import { createSandbox } from 'kubesphere-federation/testing';\ncreateSandbox(1);\n";
    const files = { ...Object.fromEntries(blocks), 'wrong.ts': wrong };
    expect(typeErrors(files, { noUnusedLocals: false })).toEqual([expect.stringMatching(/^wrong\.ts: /)]);
  });

  it.each(pages)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    expect(links.filter((path) => !existsSync(join(root, 'docs', dirname(page), path)))).toEqual([]);
  });
});
