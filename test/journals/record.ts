/**
 * Keeps journals of the present release for later ones to finish: `npm run journals`. What is kept of a release that is out stays as
 * it is; --force writes it all the same.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileJournal, memberMigration } from '../../src/index.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { createMemoryJournal } from '../../src/workflow/memory-journal.ts';
import { outlinesOf } from '../../src/workflow/outline.ts';
import { release } from '../../src/workflow/release.ts';
import { mortalProcess } from '../workflow/mortal.ts';
import { virtualTime } from '../workflow/virtual-time.ts';
import { World } from '../workflow/world.ts';
import { type Drive, drive, runId } from './driving.ts';
import { type FixtureEnv, fixture, startWorld } from './fixture.ts';
import { type Files, isKept, type KeptJournal, keep } from './kept.ts';
import { checkOverwrite } from './releases.ts';

/** One drive of a recorded run. */
interface Act extends Pick<FixtureEnv, 'fails' | 'stubborn'> {
  readonly verb: Drive['verb'];
  /** Dies at this append or effect. */
  readonly dieAt?: number;
  /** What somebody else does beforehand. */
  readonly others?: Readonly<Record<string, string>>;
}

const scenarios: Readonly<Record<string, readonly Act[]>> = {
  completed: [{ verb: 'run' }, { verb: 'resume' }],
  'failed-and-rolled-back': [{ verb: 'run' }, { verb: 'resume', fails: 'join' }],
  'item-failed': [{ verb: 'run', fails: 'p-3' }],
  'rolled-back-at-the-gate': [{ verb: 'run' }, { verb: 'rollback' }],
  'residue-then-rolled-back': [{ verb: 'run' }, { verb: 'rollback', stubborn: 'leave' }, { verb: 'rollback' }],
  'changed-by-others': [{ verb: 'run' }, { verb: 'rollback', others: { 'p-1': 'somebody' } }],
  'taken-over': [{ verb: 'run', dieAt: 22 }, { verb: 'resume', dieAt: 8 }, { verb: 'resume' }, { verb: 'resume' }],
  'taken-over-while-undoing': [{ verb: 'run' }, { verb: 'resume', fails: 'join', dieAt: 20 }, { verb: 'resume' }],
  'taken-over-past-the-pivot': [{ verb: 'run' }, { verb: 'resume', dieAt: 12 }, { verb: 'resume' }],
};

async function recorded(acts: readonly Act[]): Promise<KeptJournal> {
  const world = new World(startWorld);
  const time = virtualTime();
  const journal = createMemoryJournal(time.clock);
  const entries: JournalEntry[] = [];
  const stops: { after: number; world: Readonly<Record<string, string>> }[] = [];
  const stop = (): void => {
    const moment = { after: entries.length, world: world.values() };
    if (entries.length > 0 && JSON.stringify(stops.at(-1)) !== JSON.stringify(moment)) stops.push(moment);
  };
  const watched: JournalStore = {
    ...journal,
    append: async (id, seq, entry) => {
      await journal.append(id, seq, entry);
      entries.push(entry);
      stop();
    },
  };
  for (const { verb, dieAt = Number.POSITIVE_INFINITY, others = {}, ...faults } of acts) {
    for (const [name, value] of Object.entries(others)) world.put(name, value);
    stop();
    const { journal: own, env, death } = mortalProcess(watched, world, dieAt);
    const { around } = env.world;
    env.world.around = async (when, what) => {
      stop();
      await around(when, what);
    };
    const shown = entries.findLast((entry) => entry.type === 'paused' && entry.why === 'approval');
    const approve =
      shown?.type === 'paused' && shown.gate !== undefined && shown.fingerprint !== undefined
        ? [{ gate: shown.gate, by: 'somebody', fingerprint: shown.fingerprint }]
        : [];
    const died = new Error('died');
    const dying = death.then((): never => {
      throw died;
    });
    await drive({ verb, approve }, { journal: own, time, env: { ...env, ...faults } }, dying).catch(
      (error: unknown) => {
        if (error !== died) throw error;
      },
    );
    stop();
  }
  return { release, version: fixture.version, start: startWorld, entries, stops };
}

/** What `fileJournal` makes of these records. */
async function fileJournalOf(entries: readonly JournalEntry[]): Promise<Files> {
  const directory = await mkdtemp(join(tmpdir(), 'kept-journal-'));
  try {
    const journal = fileJournal(directory);
    for (const [index, entry] of entries.entries()) await journal.append(runId, index + 1, entry);
    await using claim = await journal.claim(runId, 'somebody');
    await claim.renew();
    const found = await readdir(directory, { recursive: true, withFileTypes: true });
    const paths = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const texts = paths.sort().map(async (path) => [relative(directory, path), await readFile(path, 'utf8')] as const);
    return Object.fromEntries(await Promise.all(texts));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const changelog = await readFile(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
checkOverwrite(release, changelog, { kept: isKept(release), force: process.argv.includes('--force') });
const journals = new Map<string, KeptJournal>();
for (const [name, acts] of Object.entries(scenarios)) journals.set(name, await recorded(acts));
const steps = outlinesOf(memberMigration['~definition'].elements).map(({ name, kind, undo }) => ({ name, kind, undo }));
await keep(release, journals, steps, await fileJournalOf(journals.get('completed')?.entries ?? []));
for (const [name, { entries, stops }] of journals)
  console.log(`${runId} ${name}: ${entries.length} entries, ${stops.length} stops`);
