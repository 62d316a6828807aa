import type { Source } from './sources.ts';
import { codeBlocks } from './typecheck.ts';

/** TypeScript examples in the doc comments of these sources, by a name that says where they stand. */
export function docExamples(sources: readonly Source[]): Readonly<Record<string, string>> {
  const examples = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/^( *)\/\*\*\n.*?^\1 \*\/$/gms)].flatMap((comment) => {
      const line = text.slice(0, comment.index).split('\n').length;
      const plain = comment[0].replaceAll(/^ *\* ?/gm, '');
      return codeBlocks(plain, 'ts').map((code, index): [string, string] => [
        `${path.replaceAll('/', '-').replace(/\.ts$/, '')}-${line}-${index}.ts`,
        // Each is a file of its own, though it may have nothing to export.
        `${code}export {};\n`,
      ]);
    }),
  );
  return Object.fromEntries(examples);
}
