import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterJournal } from '../../src/journal/cluster-journal.ts';
import { core } from '../../src/kube/resources.ts';
import { namespaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { compareProjects, createUser, observeProjects, until } from '../../src/testing/index.ts';
import { pruneRuns } from '../../src/workflow/prune.ts';
import { plan, rollback, run } from '../../src/workflow/run.ts';
import type { Ground } from '../grounds.ts';
import { addApp, around, bothWays, type Scene, sceneOn } from './kit.ts';
import { madeAgainToRebind, observeWorld, untilWorldIs } from './world.ts';

/** The move itself and its way back, on whatever API servers the ground has. */
export function describeMigration(ground: Ground): void {
  describe(`a member moves from host to host on ${ground.name}`, { timeout: 600_000 }, () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await sceneOn(ground);
      await addApp(scene, 'shop', 'team-a', 'team-a-001');
      const { connection } = scene.clusters.b;
      await connection.create(core.namespaces, { metadata: { name: 'migrations' } });
      // Seen by its controller, which writes it: what is compared later must not be from before.
      await until('the namespace of the journal has its label', async () =>
        (await connection.get(core.namespaces, { name: 'migrations' })).metadata.labels?.[namespaceLabel] ===
        'migrations'
          ? true
          : undefined,
      );
    }, 600_000);
    afterAll(() => scene?.[Symbol.asyncDispose]());
    const journalOnTarget = () => clusterJournal(scene.target.host.connection, { namespace: 'migrations' });

    test('halted before the pivot it is rolled back, and the three clusters are as they were', async () => {
      const before = await observeWorld(scene);
      const journal = journalOnTarget();
      const halting = around('verify', async () => Promise.reject(new Error('halt')));
      const handle = await run(halting, bothWays, { env: scene.env(), journal, onFailure: 'pause' });
      expect(await handle.settled()).toMatchObject({ state: 'paused' });
      const back = await rollback(memberMigration, handle.id, { env: scene.env(), journal });
      expect(await back.settled()).toMatchObject({ state: 'rolled-back' });
      expect(await pruneRuns(journal, { olderThanMs: 0 })).toMatchObject({ removed: [handle.id] });
      await untilWorldIs(scene, before, madeAgainToRebind, 60_000);
    });

    test('held to its plan it completes both ways: nothing is lost, and what is adopted is not written', async () => {
      const { a, b, m } = scene.clusters;
      const before = await observeProjects(m.connection);
      const shown = await plan(memberMigration, bothWays, { env: scene.env() });
      const handle = await run(memberMigration, bothWays, {
        env: scene.env(),
        journal: journalOnTarget(),
        plan: shown,
      });
      expect(await handle.settled()).toMatchObject({ state: 'completed', output: { contents: { missing: [] } } });
      const { lost, written, contents } = compareProjects(before, await observeProjects(m.connection));
      expect({ lost, contents: contents.lost }).toEqual({ lost: [], contents: [] });
      expect(written.filter((name) => name.startsWith('team-a'))).toEqual([]);
      expect(await m.connection.find(kubesphere.helmReleases, { name: 'shop' })).toBeDefined();
      expect(
        await m.connection.find(core.configMaps, { namespace: 'team-a-001', name: 'shop-settings' }),
      ).toBeDefined();
      expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
      await createUser(b.connection, { name: 'newcomer' });
      await until('the newcomer arrived', async () => await m.connection.find(kubesphere.users, { name: 'newcomer' }));
    });
  });
}
