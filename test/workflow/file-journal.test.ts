import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRuns } from '../../src/workflow/describe.ts';
import { fileClaims } from '../../src/workflow/file-claims.ts';
import { fileJournal } from '../../src/workflow/file-journal.ts';
import { linkNew } from '../../src/workflow/file-writing.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { resume, run } from '../../src/workflow/run.ts';
import { failureOf } from './harness.ts';
import { setItems, setStep, World, workflowOf } from './world.ts';

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'journal-')), 'runs');
});
afterEach(async () => {
  await rm(join(directory, '..'), { recursive: true });
});

const entry = (driver: string): JournalEntry => ({ at: '', driver, type: 'driving' });
async function readAll(runId = 'r'): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const one of fileJournal(directory).read(runId)) entries.push(one);
  return entries;
}
async function three(): Promise<void> {
  const journal = fileJournal(directory);
  for (const seq of [1, 2, 3]) await journal.append('r', seq, entry(`d${seq}`));
}
const fileOf = (seq: number) => join(directory, 'r', `0000000${seq}.json`);

describe('fileJournal', () => {
  it('does nothing to the disk until it is written to', async () => {
    const journal = fileJournal(directory);
    expect(await readAll()).toEqual([]);
    await expect(stat(directory)).rejects.toThrow('ENOENT');
    await journal.append('r', 1, entry('d'));
    expect(await readAll()).toHaveLength(1);
  });

  it('makes one file per record, for its owner only, and leaves nothing beside', async () => {
    await three();
    await using claim = await fileJournal(directory).claim('r', 'd');
    await claim.renew();
    const names = await readdir(join(directory, 'r'));
    expect(names.sort()).toEqual(['00000001.json', '00000002.json', '00000003.json', 'claim-2.json']);
    for (const name of names) expect((await stat(join(directory, 'r', name))).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'r'))).mode & 0o777).toBe(0o700);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('ignores what a process that died while writing left behind', async () => {
    await three();
    await writeFile(join(directory, 'r', '.new-1234'), '{"seq":4,');
    await writeFile(join(directory, '.new-1234'), '{');
    expect(await readAll()).toHaveLength(3);
    await fileJournal(directory).append('r', 4, entry('d4'));
    expect(await readAll()).toHaveLength(4);
  });

  it.each([
    [
      'is cut off',
      async () => writeFile(fileOf(2), (await readFile(fileOf(2), 'utf8')).slice(0, 20)),
      /00000002.json is damaged/,
    ],
    ['is empty', async () => writeFile(fileOf(3), ''), /00000003.json is damaged/],
    [
      'was edited',
      async () => writeFile(fileOf(2), (await readFile(fileOf(2), 'utf8')).replace('d2', 'd7')),
      /00000002.json is not what was written/,
    ],
    [
      'was put in the place of another',
      async () => writeFile(fileOf(2), await readFile(fileOf(1))),
      /00000002.json is not what was written/,
    ],
    ['is missing', async () => rm(fileOf(2)), /record 2 is missing/],
    [
      'has another name',
      async () => rename(fileOf(3), join(directory, 'r', '3.json')),
      /"3.json" is no part of a journal/,
    ],
  ])('refuses a journal of which a record %s, with a message that says so', async (_, damage, message) => {
    await three();
    await damage();
    const error = await failureOf(readAll());
    expect(error.code).toBe('JOURNAL_INVALID');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`The journal at ${join(directory, 'r')} cannot be used`);
    if (!/no part of a journal/.test(error.message))
      expect(error.message).toMatch(/To give this run up for good, .*, remove that directory\.$/);
  });

  it('refuses a directory that is something else, and writes nothing into it', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'notes.txt'), 'mine');
    const journal = fileJournal(directory);
    expect((await failureOf(journal.append('r', 1, entry('d')))).code).toBe('JOURNAL_INVALID');
    const error = await failureOf(readAll());
    expect(error.code).toBe('JOURNAL_INVALID');
    expect(error.message).not.toContain('remove');
    expect(await readdir(directory)).toEqual(['notes.txt']);
  });

  it('refuses the format of another release', async () => {
    await three();
    await writeFile(join(directory, 'journal.json'), '{"kind":"kubesphere-federation journal","format":2}\n');
    expect(await failureOf(readAll())).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringContaining('format'),
    });
  });

  it('lets no one win a claim with a turn that is long gone', async () => {
    await three();
    const journal = fileJournal(directory);
    const first = await journal.claim('r', 'd1');
    await first[Symbol.asyncDispose]();
    for (const driver of ['d2', 'd3']) await (await journal.claim('r', driver))[Symbol.asyncDispose]();
    await using fourth = await journal.claim('r', 'd4');
    // The files of the first turns are gone, so that their names could be taken again.
    expect((await readdir(join(directory, 'r'))).filter((name) => name.startsWith('claim'))).toHaveLength(1);
    const frozen = fileClaims(join(directory, 'r'), async () => true);
    const names = await readdir(join(directory, 'r'));
    // The second would leave a gap, and be the highest.
    for (const turn of [3, 99]) expect(await frozen.write({ turn, holder: 'd1' })).toBe(false);
    expect(await readdir(join(directory, 'r'))).toEqual(names);
    await fourth.renew();
    expect(fourth.lost.aborted).toBe(false);
  });

  it('is not disturbed by what others put beside its runs, and hides no run for one that cannot be read', async () => {
    await three();
    const journal = fileJournal(directory);
    for (const name of ['.DS_Store', 'notes']) await writeFile(join(directory, name), 'x');
    // Records that are no files: no reader gets anything from them.
    await mkdir(join(directory, 'odd', '00000001.json'), { recursive: true });
    await mkdir(join(directory, 'No Run'));
    await symlink(join(directory, 'loop'), join(directory, 'loop'));
    const listed = [];
    for await (const { id, state } of listRuns(journal)) listed.push(`${id} ${state}`);
    expect(listed.sort()).toEqual(['loop unreadable', 'odd unreadable', 'r unreadable']);
    const { removed, unreadable } = (await journal.prune?.((_, runId) => runId === 'r')) ?? {};
    expect(removed).toEqual(['r']);
    expect(unreadable?.toSorted()).toEqual(['No Run', 'loop', 'odd']);
    expect((await readdir(directory)).sort()).toEqual(['.DS_Store', 'No Run', 'journal.json', 'loop', 'notes', 'odd']);
  });

  it('stops a removal that is aborted, and removes nothing then', async () => {
    await three();
    const removal = fileJournal(directory).prune?.(() => true, { signal: AbortSignal.abort() });
    expect((await failureOf(removal ?? Promise.resolve())).code).toBe('ABORTED');
    expect(await readAll()).toHaveLength(3);
  });

  it('takes the next number only: no gap is left', async () => {
    await three();
    expect((await failureOf(fileJournal(directory).append('r', 5, entry('d5')))).code).toBe('JOURNAL_CONFLICT');
    expect(await readAll()).toHaveLength(3);
  });

  it('takes no claim for a run that is no longer the one that was claimed', async () => {
    await three();
    const frozen = fileClaims(join(directory, 'r'), async () => false);
    expect(await frozen.write({ turn: 1, holder: 'd1' })).toBe(false);
    await rm(join(directory, 'r'), { recursive: true });
    expect(await frozen.write({ turn: 1, holder: 'd1' })).toBe(false);
    expect(await frozen.read()).toBeUndefined();
  });

  it('lets no one win a turn that others took and left behind while it looked', async () => {
    await three();
    const path = join(directory, 'r');
    const other = fileClaims(path, async () => true);
    const slow = fileClaims(path, async () => {
      for (const turn of [1, 2]) await other.write({ turn, holder: 'd1' });
      return true;
    });
    expect(await slow.write({ turn: 1, holder: 'd2' })).toBe(false);
    expect(await other.read()).toEqual({ turn: 2, holder: 'd1' });
    expect((await readdir(path)).filter((name) => name.startsWith('claim'))).toEqual(['claim-2.json']);
  });

  it('gives a name to nothing in a directory that was put in the place of the one that was looked at', async () => {
    const path = join(directory, 'r');
    await mkdir(path, { recursive: true });
    const replaced = async (): Promise<boolean> => {
      await rename(path, join(directory, 'old'));
      await mkdir(path);
      return true;
    };
    expect(await linkNew(path, 'name', 'text', replaced)).toBe(false);
    expect(await readdir(path)).toEqual([]);
    await expect(linkNew(join(directory, 'none'), 'name', 'text')).rejects.toThrow('ENOENT');
  });

  it('carries a run from one handle to another, in real time', async () => {
    const world = new World();
    let fail = true;
    const workflow = workflowOf([
      setStep('one', 'a', '1'),
      setItems('many', { k1: '1', k2: '1' }),
      setStep('two', 'b', '1', { run: async () => (fail ? Promise.reject(new Error('stop')) : null) }),
    ]);
    const first = await run(
      workflow,
      {},
      { env: { world }, journal: fileJournal(directory), runId: 'r', onFailure: 'pause' },
    );
    expect(await first.settled()).toMatchObject({ state: 'paused' });
    fail = false;
    const second = await resume(workflow, 'r', { env: { world }, journal: fileJournal(directory) });
    expect(await second.result()).toMatchObject({ many: { done: 2 } });
    expect(world.values()).toEqual({ a: '1', k1: '1', k2: '1' });
  });
});
