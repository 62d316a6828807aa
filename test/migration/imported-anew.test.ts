import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { kubefedNamespace } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { joinCluster, until } from '../../src/testing/index.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { rollback, run } from '../../src/workflow/run.ts';
import { around, type FaultyCluster, type Scene, sandboxScene } from './kit.ts';
import { madeAgain, observeWorld, untilWorldIs, type World } from './world.ts';

let scene: Scene<FaultyCluster>;
let before: World;
beforeAll(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 1 } });
  before = await observeWorld(scene);
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

/** Somebody takes the member off a host, by its console. */
async function leave(connection: FaultyCluster['connection']): Promise<void> {
  await connection.delete(kubesphere.clusters, { name: 'm' }, { propagationPolicy: 'Background' });
  await until('it is let go', async () => {
    const left = [
      await connection.find(kubesphere.clusters, { name: 'm' }),
      await connection.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name: 'm' }),
    ];
    return left.every((one) => one === undefined);
  });
}

describe('a member that somebody imports into the new host anew while the run rests', { timeout: 120_000 }, () => {
  test('keeps that host’s account and copies, and its shield, until that host has let go of it', async () => {
    const { a, b, m } = scene.clusters;
    const journal = memoryJournal();
    const halting = around('verify', async () => Promise.reject(new Error('halt')));
    const { id, settled } = await run(halting, { retain: 'all' }, { env: scene.env(), journal, onFailure: 'pause' });
    expect(await settled()).toMatchObject({ state: 'paused' });
    await leave(b.connection);
    await joinCluster(b.connection, { name: 'm', kubeconfig: m.kubeconfig });

    const account = { namespace: kubefedNamespace, name: 'm-kubesphere' };
    const { uid } = (await m.connection.get(core.serviceAccounts, account)).metadata;
    const undo = () => rollback(memberMigration, id, { env: scene.env(), journal });
    expect(await (await undo()).settled()).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        expect.objectContaining({
          step: 'arrivals',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(/b holds cluster "m".*Unbind it from b.*then roll back once more/s),
        }),
        expect.objectContaining({ step: 'release', code: 'UNDO_NEEDS' }),
        expect.objectContaining({ step: 'shield-up', code: 'UNDO_NEEDS' }),
      ]),
    });
    expect((await m.connection.get(core.serviceAccounts, account)).metadata.uid).toBe(uid);
    expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    await expect(
      m.connection.delete(core.namespaces, { name: 'team-a-001' }, { propagationPolicy: 'Background', dryRun: true }),
    ).rejects.toMatchObject({ code: 'REJECTED' });

    await leave(b.connection);
    expect(await (await undo()).settled()).toMatchObject({ state: 'rolled-back' });
    await untilWorldIs(scene, before, madeAgain);
  });

  test('and by the old one: its account is nobody else’s to take', async () => {
    const { a, m } = scene.clusters;
    const journal = memoryJournal();
    const halting = around('import', async () => Promise.reject(new Error('halt')));
    const { id, settled } = await run(halting, { retain: 'all' }, { env: scene.env(), journal, onFailure: 'pause' });
    expect(await settled()).toMatchObject({ state: 'paused' });
    await joinCluster(a.connection, { name: 'm', kubeconfig: m.kubeconfig });

    const account = { namespace: kubefedNamespace, name: 'm-kubesphere' };
    const { uid } = (await m.connection.get(core.serviceAccounts, account)).metadata;
    const undo = () => rollback(memberMigration, id, { env: scene.env(), journal });
    expect(await (await undo()).settled()).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        expect.objectContaining({
          step: 'arrivals',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(/a holds cluster "m".*Unbind it from a.*then roll back once more/s),
        }),
      ]),
    });
    expect((await m.connection.get(core.serviceAccounts, account)).metadata.uid).toBe(uid);

    await leave(a.connection);
    expect(await (await undo()).settled()).toMatchObject({ state: 'rolled-back' });
    await untilWorldIs(scene, before, madeAgain);
  });
});
