import { describe, expect, it } from 'vitest';
import { titleOf } from './entry.ts';
import { rows } from './reference.ts';
import { scenes } from './scenes.ts';

const replayed = scenes.flatMap(({ entries }) => entries);

describe('the rows of the domain reference', () => {
  it.each(rows)('$section: $row has a replay', ({ row }) => {
    expect(replayed.filter((entry) => entry.row === row).map(titleOf)).not.toEqual([]);
  });

  it('say what was done and what was observed', () => {
    expect(replayed.filter(({ act, observed }) => act === '' || observed === '').map(titleOf)).toEqual([]);
  });

  it('have a test each, under a title of its own', () => {
    const titles = replayed.map(titleOf);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('have a name each', () => {
    expect(new Set(rows.map(({ row }) => row)).size).toBe(rows.length);
  });
});

describe('the hazards of the domain reference', () => {
  const all = Array.from({ length: 21 }, (_, index) => `H${index + 1}`);

  it.each(all)('%s has a test whose title begins with it', (hazard) => {
    const titles = replayed.filter(({ hazards = [] }) => hazards[0] === hazard).map(titleOf);
    expect(titles.length).toBeGreaterThan(0);
    for (const title of titles) expect(title.startsWith(`${hazard}:`)).toBe(true);
  });

  it.each(['H1', 'H2', 'H4', 'H5', 'H6', 'H7', 'H9', 'H17', 'H20'])('%s destroys something in a replay', (hazard) => {
    const destroys = replayed.filter((entry) => entry.destroys === true && entry.hazards?.[0] === hazard);
    expect(destroys).not.toEqual([]);
  });
});
