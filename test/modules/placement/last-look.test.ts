import { afterAll, beforeAll, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { beforePlacing, during, isThere, lookBackMs, placedOn, team } from './scene.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

test('a project that joins while all kinds are looked through right before the placement changes stops that', {
  timeout: 120_000,
}, async () => {
  const { clusters, federation, proxies } = world;
  const { workspace } = await team(clusters, world.fresh('team'));
  const late = world.fresh('late');
  let joined: Promise<unknown> | undefined;
  const joins = async () =>
    proxies.m.hinder(({ path }) => {
      if (joined === undefined && path.startsWith('/apis/apps/v1/deployments')) {
        const speak = proxies.m.silence();
        const labels = { [workspaceLabel]: workspace };
        joined = clusters.m.connection.create(core.namespaces, { metadata: { name: late, labels } }).finally(speak);
      }
      return undefined;
    });
  const journal = during(memoryJournal(), beforePlacing, joins);
  const shrinking = federation.workspaces.setPlacement(
    workspace,
    { clusters: [] },
    { projects: 'keep', lookBackMs: lookBackMs(world) },
    { journal },
  );
  await expect(shrinking).rejects.toMatchObject({
    code: 'WORLD_MOVED',
    message: expect.stringMatching(new RegExp(`m: ${late} joined workspace`)),
  });
  await joined;
  expect(joined).toBeDefined();
  expect(await placedOn(clusters, workspace)).toEqual(['m']);
  expect(await isThere(clusters.m, workspace)).toBe(true);
});
