import { afterAll, beforeAll, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubefedNamespace, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { editPlacement } from '../../../src/modules/operations/edit-placement.ts';
import type { Work } from '../../../src/modules/work.ts';
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

const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

/** A workspace that is placed on M and on a cluster that nobody has yet, which kubefed comes to have, and does not reach, by `join`. */
async function withUnreached() {
  const { a } = world.clusters;
  const { workspace } = await team(world.clusters, world.fresh('team'), { plain: 0 });
  const unready = world.fresh('unready');
  const body = { spec: { placement: { clusters: [{ name: 'm' }, { name: unready }] } } };
  const { metadata } = await a.connection.patch(
    kubesphere.workspaceTemplates,
    { name: workspace },
    { type: 'merge', body },
  );
  const join = () =>
    a.connection.create(kubesphere.kubeFedClusters, {
      metadata: { namespace: kubefedNamespace, name: unready },
      spec: { apiEndpoint: 'https://127.0.0.1:1', secretRef: { name: 'none' } },
    });
  const subject = { kind: 'workspace', name: workspace, uid: metadata.uid } as const;
  const placement = { clusters: [{ name: 'm' }] };
  return { workspace, unready, join, subject, placement };
}

test('a cluster that is joined during the last look is not left unseen', { timeout: 60_000 }, async () => {
  const { workspace, unready, join, subject, placement } = await withUnreached();
  const lastLook = async () => void (await join());
  const editing = editPlacement(world.federation, { subject, edit: { set: placement }, mayLeave: [], lastLook });
  await expect(editing.run(work, { placement, arriving: [] })).rejects.toMatchObject({
    code: 'KEPT_AT_RISK',
    details: { clusters: [unready] },
  });
  expect(await placedOn(world.clusters, workspace)).toEqual(['m', unready]);
});

test('the way back takes nothing off a cluster that kubefed does not reach', { timeout: 60_000 }, async () => {
  const { workspace, unready, join, subject, placement } = await withUnreached();
  await join();
  const editing = editPlacement(world.federation, { subject, edit: { add: [unready] }, mayLeave: [] });
  await expect(editing.compensate(work, { placement, arriving: [unready] }, undefined)).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(new RegExp(`does not reach cluster "${unready}"`)),
  });
  expect(await placedOn(world.clusters, workspace)).toEqual(['m', unready]);
});

test('the way back takes it off a cluster that kubefed never had, once nothing is there', {
  timeout: 60_000,
}, async () => {
  const { a, n } = world.clusters;
  const name = world.fresh('apart');
  const kubeconfig = Buffer.from(n.kubeconfig).toString('base64');
  await a.connection.create(kubesphere.clusters, {
    metadata: { name },
    spec: { joinFederation: false, enable: true, connection: { type: 'direct', kubeconfig } },
  });
  const { workspace } = await team(world.clusters, world.fresh('team'), { plain: 0 });
  const [before, after] = [{ clusters: [{ name: 'm' }] }, { clusters: [{ name: 'm' }, { name }] }];
  const { metadata } = await a.connection.patch(
    kubesphere.workspaceTemplates,
    { name: workspace },
    { type: 'merge', body: { spec: { placement: after } } },
  );
  const subject = { kind: 'workspace', name: workspace, uid: metadata.uid } as const;
  const editing = editPlacement(world.federation, { subject, edit: { add: [name] }, mayLeave: [] });
  await editing.compensate(work, { placement: before, arriving: [name] }, undefined);
  expect(await placedOn(world.clusters, workspace)).toEqual(['m']);
  const revoking = world.federation.clusters.revoke(name, [workspace], { projects: 'keep' });
  expect(await revoking).toMatchObject([{ outcome: 'already' }]);
});

test('the way back takes nothing off a cluster that has projects by now', { timeout: 60_000 }, async () => {
  const { workspace, plain } = await team(world.clusters, world.fresh('team'));
  const { metadata } = await world.clusters.a.connection.get(kubesphere.workspaceTemplates, { name: workspace });
  const subject = { kind: 'workspace', name: workspace, uid: metadata.uid } as const;
  const editing = editPlacement(world.federation, { subject, edit: { add: ['m'] }, mayLeave: [] });
  await expect(
    editing.compensate(work, { placement: { clusters: [] }, arriving: ['m'] }, undefined),
  ).rejects.toMatchObject({ code: 'KEPT_AT_RISK', message: expect.stringContaining(plain[0] ?? '') });
  expect(await placedOn(world.clusters, workspace)).toEqual(['m']);
});
