import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { undocumented } from './documented.ts';
import { root } from './sources.ts';

const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config;
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const entries = [`${root}src/index.ts`, `${root}src/testing/index.ts`];

/** A program of one file that exists in memory only. */
function programOf(text: string): ts.Program {
  const host = ts.createCompilerHost({});
  const { getSourceFile } = host;
  host.getSourceFile = (name, version) =>
    name === 'entry.ts' ? ts.createSourceFile(name, text, version) : getSourceFile.call(host, name, version);
  return ts.createProgram(['entry.ts'], { noLib: true, types: [] }, host);
}

describe('every export of an entry point', () => {
  const program = ts.createProgram(entries, options);

  it.each(entries.map((entry) => [entry.slice(root.length), entry]))('has a doc comment: %s', (_, entry) => {
    const { exports, count } = undocumented(program, entry);
    expect(count).toBeGreaterThan(20);
    expect(exports).toEqual([]);
  });

  it('is found when it has none', () => {
    const text = [
      '/** Said. */',
      'export const said = 1;',
      'export const unsaid = 2;',
      'export interface Unsaid {}',
    ].join('\n');
    expect(undocumented(programOf(text), 'entry.ts').exports).toEqual(['unsaid', 'Unsaid']);
  });
});
