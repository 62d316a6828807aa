import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { deleteWorkspaceWorkflow } from '../../../src/modules/workspaces/delete.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { once, runIdOf } from '../clusters/journalled.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { adoptOnN, expectAliveOnN, listOf, lookBackMs, team } from '../placement/scene.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

/** A workspace with a multi-cluster project on M, which is named for deletion with it; something happens once the workspace is gone. */
async function doomed(meanwhile: (name: string) => Promise<unknown>) {
  const { clusters, federation } = world;
  const { workspace, federated } = await team(clusters, world.fresh('team'), { plain: 0, federated: 1 });
  const [name = ''] = federated;
  const stub = (await clusters.a.connection.get(core.namespaces, { name })).metadata;
  const named = [{ cluster: 'a', name, uid: stub.uid }, ...(await listOf(clusters, federated))];
  const journal = once(memoryJournal(), 'done', 'remove', async () => void (await meanwhile(name)));
  const deletion = { projects: { delete: named }, apps: 'keep', lookBackMs: lookBackMs(world) } as const;
  const calling = federation.workspaces.delete(workspace, deletion, { journal });
  return {
    name,
    calling,
    journal,
    resumed: async (runId: string) =>
      (await resume(deleteWorkspaceWorkflow, runId, { env: federation, journal })).settled(),
  };
}
const stays = async (name: string): Promise<void> => {
  for (const cluster of ['a', 'm'] as const) {
    const { metadata } = await world.clusters[cluster].connection.get(core.namespaces, { name });
    expect(metadata.deletionTimestamp).toBeUndefined();
  }
};

describe('a multi-cluster project that was named for deletion with its workspace', { timeout: 120_000 }, () => {
  test('and is placed elsewhere once the workspace is gone: what it adopted there lives', async () => {
    let old = { name: '', uid: '' };
    const one = await doomed(async (name) => {
      old = await adoptOnN(world.clusters, name);
    });
    const runId = await runIdOf(one.calling);
    await expect(one.calling).rejects.toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(new RegExp(`would go, and with that n/${one.name} .*which was not named`)),
    });
    await expectAliveOnN(world.clusters, old);
    await stays(one.name);
    const keep = { projects: 'keep', lookBackMs: lookBackMs(world) } as const;
    await world.federation.namespaces.setFederatedPlacement(one.name, { clusters: ['m'] }, keep);
    expect(await one.resumed(runId)).toMatchObject({ state: 'completed', output: { kept: [] } });
    await expectAliveOnN(world.clusters, old);
  });

  test('and a member falls silent: nothing of it goes before that answers', async () => {
    const one = await doomed(async () => world.proxies.n.hinder(() => 'refused'));
    const runId = await runIdOf(one.calling);
    await expect(one.calling).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await stays(one.name);
    world.calm();
    expect(await one.resumed(runId)).toMatchObject({ state: 'completed' });
  });

  test('and something comes to hang on its copy: that lives', async () => {
    const kept = world.fresh('kept');
    const one = await doomed(async (name) => {
      const { m } = world.clusters;
      const { uid } = (await m.connection.get(core.namespaces, { name })).metadata;
      const ownerReferences = [{ apiVersion: 'v1', kind: 'Namespace', name, uid }];
      await m.connection.create(core.namespaces, { metadata: { name: kept, ownerReferences } });
    });
    await expect(one.calling).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(new RegExp(`take along what is not in them: Namespace ${kept}`)),
    });
    await stays(one.name);
  });
});
