import { expect, it } from 'vitest';
import { draw } from './draw.ts';

const drawn = Array.from({ length: 20 }, (_, index) => draw(index + 1));

it('draws the same for the same seed, and other names for another', () => {
  expect(draw(7)).toEqual(draw(7));
  const names = drawn.flatMap(({ workspaces }) =>
    workspaces.flatMap(({ projects }) => projects.map(({ name }) => name)),
  );
  expect(new Set(names).size).toBe(names.length);
});

it('draws, in the 20 seeds of the comparison, whatever there is to draw', () => {
  const projects = drawn.flatMap(({ workspaces }) => workspaces.flatMap((one) => one.projects));
  const seen = (key: 'typed' | 'foreign' | 'shared') => [...new Set(projects.map((one) => one[key]))].sort();
  expect(seen('typed')).toEqual(['label', 'label and owners', 'nothing', 'owners', 'owners, then label']);
  expect(seen('foreign')).toEqual(['dead', 'live', 'none']);
  expect(seen('shared')).toEqual(['collides', 'no', 'yes']);
  expect(new Set(drawn.flatMap(({ workspaces }) => workspaces.map(({ own }) => own)))).toEqual(new Set([true, false]));
  expect(drawn.some(({ loose }) => loose.length > 0)).toBe(true);
});
