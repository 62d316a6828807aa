import files, { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileJournal } from '../../src/workflow/file-journal.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { pruneBy } from '../../src/workflow/prune.ts';
import { failureOf } from './harness.ts';

const day = 24 * 3_600_000;
const now = { date: () => '2026-03-01T00:00:00.000Z' };
const opened: JournalEntry = {
  at: '2026-01-01T00:00:00.000Z',
  driver: 'd1',
  type: 'opened',
  format: 1,
  release: '0.0.0',
  workflow: 'w',
  version: '1',
  steps: [{ kind: 'step', name: 'a', title: 'A', undo: 'restores', undoNeeds: [] }],
  fingerprint: 'f',
  identity: null,
  input: null,
  onFailure: 'rollback',
};
type Outcome = Extract<JournalEntry, { type: 'closed' }>['outcome'];
const closed = (outcome: Outcome, at = '2026-01-02T00:00:00.000Z'): JournalEntry => ({
  at,
  driver: 'd1',
  type: 'closed',
  outcome,
});
const at = '2026-01-02T00:00:00.000Z';

async function store(journal: JournalStore, runId: string, ...entries: JournalEntry[]): Promise<void> {
  for (const [index, entry] of [opened, ...entries].entries()) await journal.append(runId, index + 1, entry);
}
async function runs(journal: JournalStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const runId of journal.runs()) ids.push(runId);
  return ids.sort();
}

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'prune-')), 'runs');
});
afterEach(() => rm(join(directory, '..'), { recursive: true }));

describe('pruneRuns', () => {
  it.each([
    ['completed', [closed('completed')], true],
    ['rolled back', [{ at, driver: 'd1', type: 'undoing', why: 'it failed' }, closed('rolled-back')], true],
    ['driven once more after it was completed', [closed('completed'), { at, driver: 'd2', type: 'driving' }], true],
    [
      'rolled back incompletely',
      [{ at, driver: 'd1', type: 'undoing', why: 'it failed' }, closed('rollback-incomplete')],
      false,
    ],
    ['only begun', [], false],
    [
      'paused',
      [
        { at, driver: 'd1', type: 'driving' },
        { at, driver: 'd1', type: 'paused', why: 'requested' },
      ],
      false,
    ],
    ['undoing', [{ at, driver: 'd1', type: 'undoing', why: 'it failed' }], false],
  ] as const)('knows whether a run that is %s may go', async (_, entries: readonly JournalEntry[], gone) => {
    for (const journal of [memoryJournal(), fileJournal(directory)]) {
      await store(journal, 'r', ...entries);
      expect(await pruneBy(now, journal, { olderThanMs: day })).toEqual({ removed: gone ? ['r'] : [], unreadable: [] });
      expect(await runs(journal)).toEqual(gone ? [] : ['r']);
    }
  });

  it.each([
    ['long ago', '2026-02-20T00:00:00.000Z', true],
    ['just long enough ago', '2026-02-22T00:00:00.000Z', true],
    ['lately', '2026-02-22T00:00:00.001Z', false],
    ['in the future, by its own clock', '2027-01-01T00:00:00.000Z', false],
    ['who knows when', 'yesterday', false],
  ])('goes by the age of the last record: %s', async (_, when, gone) => {
    const journal = memoryJournal();
    await store(journal, 'r', closed('completed', when));
    expect((await pruneBy(now, journal, { olderThanMs: 7 * day })).removed).toEqual(gone ? ['r'] : []);
  });

  it('goes by the newest record, not by the last, where clocks differ', async () => {
    const journal = memoryJournal();
    await store(journal, 'r', { at: '2026-02-28T00:00:00.000Z', driver: 'd1', type: 'driving' }, closed('completed'));
    expect((await pruneBy(now, journal, { olderThanMs: 7 * day })).removed).toEqual([]);
  });

  it('leaves what a newer release wrote, and says so', async () => {
    const journal = fileJournal(directory);
    const unknown = { at, driver: 'd1', type: 'delegated' } as unknown as JournalEntry;
    await store(journal, 'newer', unknown, closed('completed'));
    const format = { ...opened, format: 2 } as unknown as JournalEntry;
    for (const [index, entry] of [format, closed('completed')].entries())
      await journal.append('other-format', index + 1, entry);
    await store(journal, 'ours', closed('completed'));
    const { removed, unreadable } = await pruneBy(now, journal, { olderThanMs: day });
    expect(removed).toEqual(['ours']);
    expect([...unreadable].sort()).toEqual(['newer', 'other-format']);
    expect(await runs(journal)).toEqual(['newer', 'other-format']);
  });

  it('leaves what is damaged, and says so', async () => {
    const journal = fileJournal(directory);
    await store(journal, 'r', closed('completed'));
    await rm(join(directory, 'r', '00000001.json'));
    expect(await pruneBy(now, journal, { olderThanMs: day })).toEqual({ removed: [], unreadable: ['r'] });
    expect(await readdir(join(directory, 'r'))).toEqual(['00000002.json']);
  });

  it.each([-1, Number.NaN])('refuses the age %d', async (olderThanMs) => {
    const journal = memoryJournal();
    await store(journal, 'r', closed('completed'));
    expect((await failureOf(pruneBy(now, journal, { olderThanMs }))).code).toBe('INVALID');
    expect(await runs(journal)).toEqual(['r']);
  });

  it('refuses a journal that cannot remove', async () => {
    const { prune: _, ...journal } = memoryJournal();
    expect((await failureOf(pruneBy(now, journal, { olderThanMs: day }))).code).toBe('INVALID');
  });

  it('takes a run of files out of sight before the first of them goes; the next removal finishes it', async () => {
    const journal = fileJournal(directory);
    await store(journal, 'r', closed('completed'));
    // A mock of the module would not reach who imported it before.
    const cutOff = vi.spyOn(files, 'rm').mockRejectedValueOnce(new Error('cut off'));
    syncBuiltinESMExports();
    await expect(pruneBy(now, journal, { olderThanMs: day })).rejects.toThrow('cut off');
    cutOff.mockRestore();
    syncBuiltinESMExports();
    expect(await runs(journal)).toEqual([]);
    expect(await readdir(directory)).toHaveLength(2);
    await pruneBy(now, journal, { olderThanMs: day });
    expect(await readdir(directory)).toEqual(['journal.json']);
  });

  it('finishes removals of files that were cut off, and leaves files that are being written', async () => {
    const journal = fileJournal(directory);
    await store(journal, 'r', closed('completed', now.date()));
    await mkdir(join(directory, '.new-cut-off'));
    await writeFile(join(directory, '.new-cut-off', '00000001.json'), '{}');
    await writeFile(join(directory, '.new-being-written'), '{');
    await pruneBy(now, journal, { olderThanMs: day });
    expect((await readdir(directory)).sort()).toEqual(['.new-being-written', 'journal.json', 'r']);
  });

  it('makes no journal where there is none', async () => {
    expect(await pruneBy(now, fileJournal(directory), { olderThanMs: day })).toEqual({ removed: [], unreadable: [] });
    await expect(readdir(directory)).rejects.toThrow('ENOENT');
  });
});
