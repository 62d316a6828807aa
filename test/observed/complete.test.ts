import { describe, expect, it } from 'vitest';
import { titleOf } from './entry.ts';
import { scenes } from './scenes.ts';

const replayed = scenes.flatMap(({ entries }) => entries);

describe('the rows of the domain reference', () => {
  it.each([
    ['8.1', 14],
    ['8.2', 21],
    ['8.4', 3],
  ])('%s has a replay for each', (section, count) => {
    const rows = replayed.filter((row) => row.section === section);
    expect(rows).toHaveLength(count);
    expect(rows.filter((row) => row.act === '' || row.observed === '')).toEqual([]);
  });

  it('have a test each, under a title of its own', () => {
    const titles = replayed.map(titleOf);
    expect(new Set(titles).size).toBe(titles.length);
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
