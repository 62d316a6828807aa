import { describe, expect, it } from 'vitest';
import { projectFiles } from './sources.ts';
import { machinePaths, misplacedFiles, shareOver200, tooLong } from './tidy.ts';

const files = projectFiles();
const code = files.filter(({ path }) => /^(src|examples)\/.*\.ts$/.test(path));

describe('a file', () => {
  it('can be read in one sitting', () => {
    expect(tooLong(code)).toEqual([]);
    expect(shareOver200(code)).toBeLessThan(0.1);
  });

  it('is called too long above 300 lines', () => {
    expect(tooLong([{ path: 'src/a.ts', text: 'x\n'.repeat(300) }])).toEqual([]);
    expect(tooLong([{ path: 'src/a.ts', text: 'x\n'.repeat(301) }])).toEqual(['src/a.ts has 301 lines, 300 at most']);
    expect(
      shareOver200([
        { path: 'a', text: 'x\n'.repeat(201) },
        { path: 'b', text: '' },
      ]),
    ).toBe(0.5);
  });

  it("names no folder of somebody's machine", () => {
    expect(machinePaths(files.filter(({ path }) => path !== 'package-lock.json'))).toEqual([]);
  });

  it.each(['home', 'root', 'Users'])('is found when it names a folder below %s', (home) => {
    expect(machinePaths([{ path: 'a.ts', text: `ok\nconst at = '/${home}/somebody/x';` }])).toHaveLength(1);
    expect(machinePaths([{ path: 'a.ts', text: `import './${home}/x'; fetch('http://h/${home}/x')` }])).toEqual([]);
  });

  it('stands where the house has a place for it', () => {
    expect(misplacedFiles(files)).toEqual([]);
    expect(misplacedFiles([{ path: 'scripts/x.ts', text: '' }])).toEqual(['scripts/x.ts']);
  });
});
