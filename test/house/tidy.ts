import type { Source } from './sources.ts';

/** What no source file may exceed; most stay below two thirds of it. */
const mostLines = 300;

const linesOf = (text: string): number => text.split('\n').length - 1;

/** Source files that nobody reads in one sitting. */
export function tooLong(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) =>
    linesOf(text) > mostLines ? [`${path} has ${linesOf(text)} lines, ${mostLines} at most`] : [],
  );
}

/** The share of files with more than 200 lines. */
export const shareOver200 = (sources: readonly Source[]): number =>
  sources.filter(({ text }) => linesOf(text) > 200).length / sources.length;

// In two parts, so that this file is not its own finding.
const homes = new RegExp(`(?:^|[^\\w.~-])/(?:${['home', 'Users', 'root', 'work', 'farm'].join('|')})/\\w`);

/** Lines that name a folder of somebody's machine. */
export function machinePaths(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (homes.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

const topLevel = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'api-extractor.json'],
  ...['src', 'examples', 'test', 'docs', 'CHANGELOG.md', 'README.md', 'CONTRIBUTING.md', 'LICENSE'],
]);

/** Files outside the places that the house has for them. */
export function misplacedFiles(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path }) => {
    const [first = ''] = path.split('/');
    return first.startsWith('.') || topLevel.has(first) ? [] : [path];
  });
}
