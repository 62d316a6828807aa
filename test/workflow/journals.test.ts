import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createFileJournal } from '../../src/workflow/file-journal.ts';
import { createMemoryJournal } from '../../src/workflow/memory-journal.ts';
import { systemClock } from '../../src/workflow/time.ts';
import { journalConformance } from './journal-conformance.ts';
import { virtualTime } from './virtual-time.ts';

journalConformance('memoryJournal', async (claimMs = 10_000) => {
  const time = virtualTime();
  const journal = createMemoryJournal(time.clock, claimMs);
  return { open: () => journal, until: time.until, claimMs, now: () => time.clock.now() };
});

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true });
});

journalConformance(
  'fileJournal',
  async (claimMs = 300) => {
    const directory = await mkdtemp(join(tmpdir(), 'journal-'));
    directories.push(directory);
    return {
      directory,
      open: () => createFileJournal(join(directory, 'runs'), systemClock, claimMs),
      until: async (work) => work,
      claimMs,
      now: () => systemClock.now(),
    };
  },
  async ({ directory }, seq, how) => {
    const path = join(directory, 'runs', 'r', `${String(seq).padStart(8, '0')}.json`);
    if (how === 'missing') await rm(path);
    else await writeFile(path, (await readFile(path, 'utf8')).replace('driving', 'touched'));
  },
);
