import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterJournal } from '../../src/journal/cluster-journal.ts';
import { connectCluster } from '../../src/kube/connect.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { compareProjects, observeProjects, type ProjectsObservation } from '../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { pruneRuns } from '../../src/workflow/prune.ts';
import { resume, rollback, run } from '../../src/workflow/run.ts';
import { bothWays, type FaultyCluster, mortal, type Name, type Scene, sandboxScene } from './kit.ts';
import { madeAgainToRebind, observeWorld, untilWorldIs, type World } from './world.ts';

const namespace = 'migrations';
let scene: Scene<FaultyCluster>;
let before: World;
let projects: ProjectsObservation;
beforeAll(async () => {
  scene = await sandboxScene();
  projects = await observeProjects(scene.clusters.m.connection);
  for (const { connection } of Object.values(scene.clusters))
    await connection.create(core.namespaces, { metadata: { name: namespace } });
  before = await observeWorld(scene);
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

/** The journal on a cluster as another process reaches it. */
async function journalOn(name: Name): Promise<AsyncDisposable & { readonly journal: JournalStore }> {
  const connection: Connection = await connectCluster({ kubeconfig: scene.clusters[name].kubeconfig, name });
  return {
    journal: clusterJournal(connection, { namespace }),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
async function entriesOf(journal: JournalStore, runId: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of journal.read(runId)) entries.push(entry);
  return entries;
}
/** A driver that dies once the step has captured what it needs. */
const dyingAt = (journal: JournalStore, step: string) =>
  mortal(journal, (entry) => ('step' in entry && entry.step === step ? 'after' : undefined));

describe('a migration whose journal is on a cluster', () => {
  test('is refused where that is the host that the member leaves; nothing is written', async () => {
    await using a = await journalOn('a');
    await expect(run(memberMigration, bothWays, { env: scene.env(), journal: a.journal })).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(
        /kept on a, the host that m leaves.*clusterJournal\(target\.host\.connection.*target b, or on m itself/s,
      ),
    });
    expect(await a.journal.runs()[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  });

  test.each(['b', 'm'] as const)(
    'on %s is rolled back by another process when its driver dies',
    async (name) => {
      let runId: string;
      {
        await using first = await journalOn(name);
        const handle = await run(memberMigration, bothWays, {
          env: scene.env(),
          journal: dyingAt(first.journal, 'unbind'),
        });
        runId = handle.id;
        expect(await handle.settled()).toMatchObject({ state: 'paused' });
      }
      await using second = await journalOn(name);
      const { journal } = second;
      expect(await (await rollback(memberMigration, runId, { env: scene.env(), journal })).settled()).toMatchObject({
        state: 'rolled-back',
      });
      expect((await entriesOf(journal, runId)).at(-1)).toMatchObject({ type: 'closed', outcome: 'rolled-back' });
      await pruneRuns(journal, { olderThanMs: 0 });
      expect(await entriesOf(journal, runId)).toEqual([]);
      await untilWorldIs(scene, before, madeAgainToRebind);
    },
    120_000,
  );

  test('on the new host is finished by others, however often drivers die', async () => {
    let runId: string | undefined;
    for (const step of ['detach', 'unbind', 'import', 'bind', 'pivot']) {
      await using one = await journalOn('b');
      const options = { env: scene.env(), journal: dyingAt(one.journal, step) };
      const handle =
        runId === undefined
          ? await run(memberMigration, bothWays, options)
          : await resume(memberMigration, runId, options);
      runId = handle.id;
      expect(await handle.settled()).toMatchObject({ state: 'paused' });
    }
    await using last = await journalOn('b');
    const { journal } = last;
    const outcome = await (await resume(memberMigration, runId ?? '', { env: scene.env(), journal })).settled();
    expect(outcome).toMatchObject({ state: 'completed' });
    const { lost, contents, kept } = compareProjects(projects, await observeProjects(scene.clusters.m.connection));
    expect({ lost, contents: contents.lost, kept: kept.length }).toEqual({ lost: [], contents: [], kept: 5 });
    const drivers = (await entriesOf(journal, runId ?? '')).filter(({ type }) => type === 'driving');
    expect(drivers).toHaveLength(6);
  }, 120_000);
});
