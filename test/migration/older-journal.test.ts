import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { compareProjects, observeProjects, type ProjectsObservation } from '../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { resume, rollback, run } from '../../src/workflow/run.ts';
import { bothWays, type FaultyCluster, mortal, recordWrites, type Scene, sandboxScene } from './kit.ts';

let scene: Scene<FaultyCluster>;
let projects: ProjectsObservation;
let id: string;
const journal = memoryJournal();
beforeAll(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 1, 'team-b': 1 } });
  projects = await observeProjects(scene.clusters.m.connection);
  const death = (entry: JournalEntry) => (entry.type === 'done' && entry.step === 'pivot' ? 'after' : undefined);
  const handle = await run(memberMigration, bothWays, { env: scene.env(), journal: mortal(journal, death) });
  await handle.settled();
  id = handle.id;
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

/** What somebody restored of the journal, from before that record. */
async function olderThan(until: (entry: JournalEntry) => boolean): Promise<JournalStore> {
  const older = memoryJournal();
  let seq = 0;
  for await (const entry of journal.read(id)) {
    if (until(entry)) break;
    seq += 1;
    await older.append(id, seq, entry);
  }
  return older;
}

describe('a copy of the journal from before the pivot', { timeout: 120_000 }, () => {
  test('takes nothing back of a move that is past it, however often it is tried', async () => {
    const older = await olderThan((entry) => entry.type === 'captured' && entry.step === 'pivot');
    using recorder = recordWrites(scene);
    for (const _time of ['first', 'second']) {
      const back = await rollback(memberMigration, id, { env: scene.env(), journal: older });
      const outcome = await back.settled();
      expect(outcome).toMatchObject({
        state: 'rollback-incomplete',
        residue: expect.arrayContaining([
          expect.objectContaining({
            step: 'bind',
            code: 'FENCED',
            why: expect.stringMatching(/m: run .* is past its pivot.*older than that.*newest journal and resume/s),
            remedy: expect.stringMatching(/put nothing back by hand/),
          }),
        ]),
      });
    }
    expect(recorder.writes).toEqual([]);
    expect(await scene.clusters.b.connection.find(kubesphere.clusters, { name: 'm' })).toBeDefined();
  });

  test('repeats no step of it either', async () => {
    const older = await olderThan((entry) => entry.type === 'done' && entry.step === 'member-settings');
    using recorder = recordWrites(scene);
    const again = await resume(memberMigration, id, { env: scene.env(), journal: older });
    expect(await again.settled()).toMatchObject({ state: 'paused', error: { code: 'FENCED' } });
    expect(recorder.writes).toEqual([]);
  });

  test('differs from one that lacks its end alone, as where a driver died over it: that ends the move', async () => {
    const died = await olderThan((entry) => entry.type === 'done' && entry.step === 'pivot');
    const on = await resume(memberMigration, id, { env: scene.env(), journal: died });
    expect(await on.settled()).toMatchObject({ state: 'completed' });
    const { lost } = compareProjects(projects, await observeProjects(scene.clusters.m.connection));
    expect(lost).toEqual([]);
  });
});
