import { afterAll, beforeAll, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { beforePlacing, during, listOf, lookBackMs, placedOn, team, watchOver } from './scene.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

/** First for what hangs on the projects that go, then for what hangs on the Workspace. */
test.for([1, 2])(
  'a project that joins while all kinds are looked through for the %s. time is in no list: nothing is deleted',
  {
    timeout: 120_000,
  },
  async (time) => {
    const { clusters, federation, proxies } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'));
    const watch = await watchOver(clusters, plain);
    const late = world.fresh('late');
    let looks = 0;
    let joined: Promise<unknown> | undefined;
    const joins = async () =>
      proxies.m.hinder(({ path }) => {
        if (path.startsWith('/apis/apps/v1/deployments')) looks += 1;
        if (looks === time && joined === undefined) {
          const speak = proxies.m.silence();
          const labels = { [workspaceLabel]: workspace };
          joined = clusters.m.connection.create(core.namespaces, { metadata: { name: late, labels } }).finally(speak);
        }
        return undefined;
      });
    const shrinking = federation.workspaces.setPlacement(
      workspace,
      { clusters: [] },
      { projects: { delete: await listOf(clusters, plain) }, lookBackMs: lookBackMs(world) },
      { journal: during(memoryJournal(), beforePlacing, joins) },
    );
    await expect(shrinking).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(new RegExp(`would delete m/${late} `)),
    });
    expect(joined).toBeDefined();
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
    expect(await watch()).toMatchObject({ lost: [], kept: 1 });
    world.calm();
  },
);
