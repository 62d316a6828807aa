import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { root } from '../house/sources.ts';
import { codeBlocks } from '../house/typecheck.ts';

/** What an example prints, as it says behind the call: a number, or nothing at all. */
const said = /console\.log\(.*\); \/\/ (\d+|undefined)$/gm;
const results = (code: string): unknown[] =>
  [...code.matchAll(said)].map(([, text = '']) => JSON.parse(text.replace('undefined', 'null')));
const examples = codeBlocks(readFileSync(`${root}docs/sandbox.md`, 'utf8'), 'ts').filter(
  (code) => results(code).length > 0,
);

const folder = mkdtempSync(join(tmpdir(), 'documented-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the examples of docs/sandbox.md that say what they print', () => {
  it('are some', () => {
    expect(examples.flatMap(results)).toEqual([0, null, 200]);
  });

  it.each(examples.map((code, index) => [index + 1, code] as const))(
    'print it: %i',
    { timeout: 60_000 },
    async (index, code) => {
      const file = join(folder, `${index}.ts`);
      writeFileSync(file, code);
      using print = vi.spyOn(console, 'log').mockReturnValue();
      await import(pathToFileURL(file).href);
      expect(print.mock.calls.map(([printed]) => printed ?? null)).toEqual(results(code));
    },
  );
});
