import { describe, expect, it } from 'vitest';
import { titleOf } from './entry.ts';
import { absent } from './rows.ts';
import { scenes } from './scenes.ts';

const replayed = scenes.flatMap(({ entries }) => entries);

describe('the rows of the domain reference', () => {
  it.each([
    ['8.1', 14],
    ['8.2', 21],
    ['8.4', 3],
  ])('%s has a replay, or a reason why not, for each', (section, count) => {
    const rows = [...replayed, ...absent].filter((row) => row.section === section);
    expect(rows).toHaveLength(count);
    expect(rows.filter((row) => row.act === '' || row.observed === '')).toEqual([]);
    expect(absent.filter(({ why }) => why === '')).toEqual([]);
  });

  it('have a test each, under a title of its own', () => {
    const titles = [...replayed, ...absent].map(titleOf);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe('the hazards of the domain reference', () => {
  const all = Array.from({ length: 21 }, (_, index) => `H${index + 1}`);
  /** Shown through the gateway, which this suite does not need: by tests of its own. */
  const elsewhere = ['H20'];

  it.each(all.filter((hazard) => !elsewhere.includes(hazard)))('%s has a test whose title begins with it', (hazard) => {
    const titles = replayed.filter(({ hazards = [] }) => hazards[0] === hazard).map(titleOf);
    expect(titles.length).toBeGreaterThan(0);
    for (const title of titles) expect(title.startsWith(`${hazard}:`)).toBe(true);
  });

  it.each(['H1', 'H2', 'H4', 'H5', 'H6', 'H7', 'H9', 'H17'])('%s destroys something in a replay', (hazard) => {
    const destroys = replayed.filter((entry) => entry.destroys === true && entry.hazards?.[0] === hazard);
    expect(destroys).not.toEqual([]);
  });
});
