import { expect, test } from 'vitest';
import { type Addressed, aligned } from './abreast.ts';

const write = (path: string): Addressed => ({ cluster: 'm', method: 'PATCH', path });
const pathsOf = (paths: string): string =>
  aligned([...paths].map(write), ({ path }) => path === path.toLowerCase())
    .map(({ path }) => path)
    .join('');

test('what was written side by side is in one order, and goes past nothing else', () => {
  expect(['cabX', 'Xcab', 'bXa', 'XY', 'YX', 'bcXaY'].map(pathsOf)).toEqual([
    'abcX',
    'Xabc',
    'bXa',
    'XY',
    'YX',
    'bcXaY',
  ]);
});
