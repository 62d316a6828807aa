import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileJournal, memberMigration } from '../../src/index.ts';
import { createFileJournal } from '../../src/workflow/file-journal.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { createMemoryJournal } from '../../src/workflow/memory-journal.ts';
import { outlinesOf } from '../../src/workflow/outline.ts';
import { release as present } from '../../src/workflow/release.ts';
import { failureOf } from '../workflow/harness.ts';
import { virtualTime } from '../workflow/virtual-time.ts';
import { World } from '../workflow/world.ts';
import { drive, finish, type Place, runId } from './driving.ts';
import { fixture, startWorld } from './fixture.ts';
import { keptFiles, keptJournals, keptReleases, keptSteps } from './kept.ts';
import { checkOverwrite, releasesIn } from './releases.ts';

const major = (version: string): string => version.split('.')[0] ?? '';
const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const all = (
  await Promise.all(
    (
      await keptReleases()
    )
      .filter((release) => major(release) === major(present))
      .map(async (release) =>
        [...(await keptJournals(release))].map(([name, kept]) => ({ ...kept, name: `${release}/${name}`, release })),
      ),
  )
).flat();

async function listed<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

/** The world and the journal as a driver left them that died. */
async function left(entries: readonly JournalEntry[], values: Readonly<Record<string, string>>): Promise<Place> {
  const time = virtualTime();
  const journal = createMemoryJournal(time.clock);
  for (const [index, entry] of entries.entries()) await journal.append(runId, index + 1, entry);
  return { time, journal, env: { world: new World(values) } };
}

/** What a run leaves that nothing disturbs. */
async function faultless(): Promise<Readonly<Record<string, string>>> {
  const place = await left([], startWorld);
  expect(await drive({ verb: 'run' }, place)).toMatchObject({ state: 'paused', why: 'approval' });
  expect(await finish(place)).toEqual({ state: 'completed', output: { was: null, labelled: 4 } });
  return place.env.world.values();
}

const forGood = ['pivot', 'retire', 'sweep'];
const isPast = (entries: readonly JournalEntry[]): boolean =>
  entries.some(
    (entry) => (entry.type === 'captured' || entry.type === 'items-captured') && forGood.includes(entry.step),
  );
const isUndoing = (entries: readonly JournalEntry[]): boolean => entries.some(({ type }) => type === 'undoing');

/** What others made of objects meanwhile, of which a rollback leaves residue. */
const byOthers = (world: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(world).filter(([, value]) => value === 'somebody'));

async function rolledBack(
  { env }: Place,
  end: Awaited<ReturnType<typeof drive>>,
  before: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
): Promise<void> {
  const residue = end.state === 'rollback-incomplete' ? end.residue : [];
  expect(end.state).toBe(Object.keys(others).length > 0 ? 'rollback-incomplete' : 'rolled-back');
  const named = residue.flatMap(({ resource }) => resource?.name ?? []);
  expect(new Set(named)).toEqual(new Set(Object.keys(others)));
  // What stands on residue is left as well, and says so.
  const leftAlone = residue.some(({ code }) => code === 'UNDO_NEEDS') ? ['fence'] : [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(env.world.values())]))
    if (!leftAlone.includes(name))
      expect([name, env.world.value(name)]).toEqual([name, others[name] ?? before[name] ?? null]);
}

describe.each(all)('the journal $name', ({ entries, stops, start, version, release }) => {
  it('is of the release that it is kept for, and of a run stopped at every record', () => {
    expect(entries[0]).toMatchObject({ type: 'opened', release, workflow: fixture.name, version });
    expect([...new Set(stops.map(({ after }) => after))]).toEqual(entries.map((_, index) => index + 1));
  });

  it('is rolled back from wherever it stopped, or only goes forward', async () => {
    for (const { after, world } of stops) {
      const known = entries.slice(0, after);
      const place = await left(known, world);
      if (isPast(known)) {
        expect((await failureOf(drive({ verb: 'rollback' }, place))).code).toBe('PAST_PIVOT');
        expect(place.env.world.values()).toEqual(world);
      } else await rolledBack(place, await drive({ verb: 'rollback' }, place), start, byOthers(world));
    }
  });

  it.runIf(version === fixture.version)('is gone on with from wherever it stopped', async () => {
    const completed = await faultless();
    for (const { after, world } of stops) {
      const known = entries.slice(0, after);
      const place = await left(known, world);
      const end = await finish(place);
      const last = known.at(-1);
      if (last?.type === 'closed') expect([end.state, place.env.world.values()]).toEqual([last.outcome, world]);
      else if (isUndoing(known)) await rolledBack(place, end, start, byOthers(world));
      else {
        expect(end.state).toBe('completed');
        expect(place.env.world.values()).toEqual({ ...completed, ...byOthers(world) });
      }
    }
  });
});

describe('what is kept', () => {
  it('holds every kind of record', () => {
    const types = new Set(all.flatMap(({ entries }) => entries.map(({ type }) => type)));
    expect([...types].sort()).toEqual(
      [
        ...['approved', 'captured', 'closed', 'done', 'driving', 'items-captured', 'items-done', 'items-fixed'],
        ...['items-undone', 'opened', 'paused', 'residue', 'skipped', 'touched', 'undoing', 'undone'],
      ].sort(),
    );
  });

  it('is there for every release that is out, and for the present one', async () => {
    const { version } = JSON.parse(await read('package.json'));
    const wanted = new Set([...releasesIn(await read('CHANGELOG.md')), version]);
    expect([...wanted].filter((release) => !all.some((kept) => kept.release === release))).toEqual([]);
    expect(releasesIn('## [Unreleased]\n\n## [1.2.0] - 2026-01-31\n\n## [1.1.0]\n')).toEqual(['1.2.0']);
  });

  it('is not written over once its release is out', () => {
    const changelog = '## [1.2.0] - 2026-01-31\n';
    expect(() => checkOverwrite('1.2.0', changelog, { kept: true, force: false })).toThrow('1.2.0 is out');
    expect(() => checkOverwrite('1.2.0', changelog, { kept: true, force: true })).not.toThrow();
    expect(() => checkOverwrite('1.2.0', changelog, { kept: false, force: false })).not.toThrow();
    expect(() => checkOverwrite('1.3.0', changelog, { kept: true, force: false })).not.toThrow();
  });
});

describe('a directory that fileJournal wrote', () => {
  const releases = [...new Set(all.map(({ release }) => release))];

  it.each(releases)(
    'in release %s is read, and its run claimed once its holder is known to be gone',
    async (release) => {
      const directory = await mkdtemp(join(tmpdir(), 'kept-journal-'));
      try {
        for (const [path, text] of Object.entries(await keptFiles(release))) {
          await mkdir(dirname(join(directory, path)), { recursive: true });
          await writeFile(join(directory, path), text);
        }
        const journal = fileJournal(directory);
        expect(await listed(journal.runs())).toEqual([runId]);
        const entries = all.find(({ name }) => name === `${release}/completed`)?.entries;
        expect(await listed(journal.read(runId))).toEqual(entries);
        const { clock, until } = virtualTime();
        const patient = createFileJournal(directory, clock);
        await using claim = await until(patient.claim(runId, 'heir'));
        expect(claim.lost.aborted).toBe(false);
        expect(clock.now()).toBeGreaterThanOrEqual(10_000);
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  );
});

describe('the migration', () => {
  const steps = outlinesOf(memberMigration['~definition'].elements).map(({ name, kind, undo }) => ({
    name,
    kind,
    undo,
  }));

  it('still has every step of each release of its major, by name and kind, so that its journals can be rolled back', async () => {
    const releases = (await keptReleases()).filter((release) => major(release) === major(memberMigration.version));
    expect(releases).toContain(memberMigration.version);
    for (const release of releases) for (const step of await keptSteps(release)) expect(steps).toContainEqual(step);
  });

  it('has other steps only under another version', async () => {
    expect(await keptSteps(memberMigration.version)).toEqual(steps);
  });
});
