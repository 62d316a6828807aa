import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import type { MigrationInput } from '../../src/migration/input.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import {
  compareProjects,
  createUser,
  createWorkspace,
  observeProjects,
  type ProjectsObservation,
  until,
} from '../../src/testing/index.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { rollback, run } from '../../src/workflow/run.ts';
import { around, type FaultyCluster, type Scene, sandboxScene } from './kit.ts';
import { madeAgain, observeWorld, untilWorldIs } from './world.ts';

let scene: Scene<FaultyCluster>;
let projects: ProjectsObservation;
/** A member whose Kubernetes is older than admission policies: for all that this run knows, they are not served. */
beforeEach(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 2, 'team-b': 1 } });
  const { connection } = scene.member;
  const resources = connection.resources.bind(connection);
  vi.spyOn(connection, 'resources').mockImplementation(async (options) =>
    (await resources(options)).filter(({ plural }) => !plural.startsWith('validatingadmissionpolic')),
  );
  projects = await observeProjects(scene.clusters.m.connection);
}, 120_000);
afterEach(() => scene[Symbol.asyncDispose]());

const m = () => scene.clusters.m.connection;
const shields = async () =>
  (await m().list(core.validatingWebhookConfigurations).toArray()).filter(({ metadata }) =>
    metadata.name.startsWith('kubesphere-federation-'),
  );
async function expectAlive(): Promise<void> {
  const { lost, contents } = compareProjects(projects, await observeProjects(m(), Object.keys(projects)));
  expect({ lost, contents: contents.lost }).toEqual({ lost: [], contents: [] });
}

describe('a member under a shield of webhooks', { timeout: 120_000 }, () => {
  const ways: readonly (readonly [string, MigrationInput])[] = [
    ['adopted', { retain: 'all' }],
    ['rebound', { retain: 'all', workspaces: { 'team-a': { mode: 'rebind' }, 'team-b': { mode: 'rebind' } } }],
  ];
  test.for(ways)('moves with all its workspaces %s', async ([, input]) => {
    let up = 0;
    const watched = around('import', async (work) => {
      up = (await shields()).length;
      return work();
    });
    const handle = await run(watched, input, { env: scene.env(), journal: memoryJournal() });
    expect(await handle.settled()).toMatchObject({ state: 'completed' });
    expect([up, (await shields()).length]).toEqual([1, 0]);
    await expectAlive();
  });

  /** The new host has a workspace that will reach the member; the migration fails once that has arrived. */
  async function sending() {
    const { b } = scene.clusters;
    await createWorkspace(b.connection, { name: 'everywhere', manager: 'team-a-manager' });
    await b.connection.patch(
      kubesphere.workspaceTemplates,
      { name: 'everywhere' },
      { type: 'merge', body: { spec: { placement: { clusters: null, clusterSelector: {} } } } },
    );
    await until('it is settled', async () => {
      const { finalizers = [] } =
        (await b.connection.find(kubesphere.workspaces, { name: 'everywhere' }))?.metadata ?? {};
      return finalizers.length > 0;
    });
    const before = await observeWorld(scene);
    const broken = around('import', async (work) => {
      await work();
      await until('it arrived', async () => await m().find(kubesphere.workspaces, { name: 'everywhere' }));
      throw new Error('failed');
    });
    return { before, broken };
  }

  test('goes back to the old host although a Workspace of the new one came, which the shield keeps', async () => {
    const { before, broken } = await sending();
    const handle = await run(broken, { retain: 'all' }, { env: scene.env(), journal: memoryJournal() });
    expect(await handle.settled()).toMatchObject({ state: 'rolled-back', error: { code: 'STEP_FAILED' } });
    await untilWorldIs(scene, before, madeAgain);
    await expectAlive();
    expect(await shields()).toEqual([]);
    await createUser(scene.clusters.a.connection, { name: 'newcomer' });
    await until('the newcomer arrived', async () => await m().find(kubesphere.users, { name: 'newcomer' }));
  });

  test('takes that Workspace off by another rollback where the first one could not', async () => {
    const { before, broken } = await sending();
    const { connection } = scene.member;
    const remove = connection.delete.bind(connection);
    let failed = 0;
    const failing = vi.spyOn(connection, 'delete').mockImplementation((async (...args: Parameters<typeof remove>) => {
      if (args[1].name === 'everywhere' && (await shields()).length === 0) {
        failed += 1;
        throw new Error('the server fell over');
      }
      return remove(...args);
    }) as never);
    const journal = memoryJournal();
    const handle = await run(broken, { retain: 'all' }, { env: scene.env(), journal });
    expect(await handle.settled()).toMatchObject({ state: 'rollback-incomplete' });
    expect(failed).toBeGreaterThan(0);
    failing.mockRestore();
    const again = await rollback(memberMigration, handle.id, { env: scene.env(), journal });
    expect(await again.settled()).toMatchObject({ state: 'rolled-back' });
    await untilWorldIs(scene, before, madeAgain);
    await expectAlive();
  });
});
