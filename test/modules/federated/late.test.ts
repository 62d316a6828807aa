import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { deleteFederatedDelete, deleteFederatedKeep } from '../../../src/modules/namespaces/federated-delete.ts';
import { joinCluster } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { once, runIdOf } from '../clusters/journalled.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { adoptOnN, expectAliveOnN, listOf, lookBackMs, team, watchOver } from '../placement/scene.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

describe('a cluster that is imported while a multi-cluster project is being deleted', { timeout: 120_000 }, () => {
  // Each test unbinds it again.
  beforeAll(async () => {
    await world.federation.clusters.unbind('n');
  });

  test.for(['keep', 'delete'] as const)('and has a copy by then loses none of it: %s', async (fate) => {
    const { federation, clusters } = world;
    const { federated } = await team(clusters, world.fresh('team'), { plain: 0, federated: 1 });
    const [name = ''] = federated;
    const own = await clusters.a.connection.get(core.namespaces, { name });
    const watch = await watchOver(clusters, federated);
    const named = [...(await listOf(clusters, federated)), { cluster: 'host', name, uid: own.metadata.uid }];
    const keep = { projects: 'keep', lookBackMs: lookBackMs(world) } as const;
    const shrink = fate === 'keep' ? keep : { ...keep, projects: { delete: named } };
    let old = { name, uid: '' };
    const journal = once(memoryJournal(), 'captured', 'delete', async () => {
      await joinCluster(clusters.a.connection, { name: 'n', kubeconfig: clusters.n.kubeconfig });
      old = await adoptOnN(clusters, name);
    });
    const calling = federation.namespaces.deleteFederated(name, shrink, { journal });
    await expect(calling).rejects.toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(
        /: n joined after.*what it has there would be deleted unseen.*Nothing was deleted/,
      ),
      details: { state: 'paused' },
    });
    await expectAliveOnN(clusters, old);
    expect(await watch()).toMatchObject({ lost: [], kept: 1 });
    // Out of kubefed's reach nothing of it goes.
    await federation.clusters.unbind('n');
    const workflow = fate === 'keep' ? deleteFederatedKeep : deleteFederatedDelete;
    const resumed = await resume(workflow, await runIdOf(calling), { env: federation, journal });
    expect(await resumed.settled()).toMatchObject({ state: 'completed' });
    await expectAliveOnN(clusters, old);
    expect(await watch()).toMatchObject(fate === 'keep' ? { lost: [], kept: 1 } : { kept: 0 });
  });
});
