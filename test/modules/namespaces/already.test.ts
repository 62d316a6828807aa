import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { openCluster } from '../../../src/kubesphere/cluster.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { bindProject } from '../../../src/modules/operations/bind-project.ts';
import { transferProject } from '../../../src/modules/operations/transfer-project.ts';
import type { Work } from '../../../src/modules/work.ts';
import { createWorkspace, untilFederated } from '../../../src/testing/index.ts';
import { type Scene, startScene } from '../users/scene.ts';

const workspace = 'team';
let scene: Scene;
const m = () => scene.sandbox.clusters.m.connection;
beforeAll(async () => {
  scene = await startScene();
  await createWorkspace(scene.sandbox.clusters.a.connection, { name: workspace, manager: 'ann', clusters: ['m'] });
  await untilFederated(scene.sandbox.clusters.a.connection, { name: 'm', workspaces: [workspace] });
}, 120_000);
afterEach(() => scene.sandbox.faults.clear());
afterAll(() => scene?.[Symbol.asyncDispose](), 60_000);

const holdStill = () => scene.sandbox.faults.add({ cluster: 'm', fault: { controller: 'namespace', down: true } });
const labelled = async (name: string) =>
  (await m().create(core.namespaces, { metadata: { name, labels: { [workspaceLabel]: workspace } } })).metadata;
const ownersOf = async (name: string) =>
  ((await m().get(core.namespaces, { name })).metadata.ownerReferences ?? []).map((owner) => owner.name);

describe('a project that bears the label of a workspace which does not own it yet', { timeout: 60_000 }, () => {
  test.each(['bind', 'transfer', 'create'] as const)('is waited for by %s', async (verb) => {
    const name = `waits-by-${verb}`;
    const still = await holdStill();
    await labelled(name);
    const { namespaces } = scene.federation;
    const project = { cluster: 'm', name, workspace };
    const call = (options: object): Promise<unknown> =>
      verb === 'create' ? namespaces.create(project, options) : namespaces[verb](project, options);
    expect(await call({ dryRun: true })).toMatchObject({ forecast: { effect: 'unknown' } });
    await expect(call({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await ownersOf(name)).toEqual([]);
    const waiting = call({});
    await still[Symbol.asyncDispose]();
    await waiting;
    expect(await ownersOf(name)).toEqual([workspace]);
    expect(await call({})).toMatchObject({ outcome: 'already' });
  });

  test('is left as it was on the way back: nothing was written', async () => {
    const still = await holdStill();
    const { name, uid } = await labelled('left');
    const work: Work = {
      signal: new AbortController().signal,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      runId: 'run-1',
      confirmDriver: async () => {},
    };
    const at = { ...(await openCluster(m())), name: 'm' };
    const binding = bindProject(at, { name, uid }, workspace);
    await binding.compensate(work, await binding.capture(work), undefined);
    const moving = transferProject(at, { name, uid }, workspace);
    await moving.compensate(work, await moving.capture(work), undefined);
    const { labels } = (await m().get(core.namespaces, { name })).metadata;
    expect(labels).toHaveProperty([workspaceLabel], workspace);
    await still[Symbol.asyncDispose]();
  });
});

test('a project that is there with other annotations than asked for is none that was made', async () => {
  const { namespaces } = scene.federation;
  const project = { cluster: 'm', name: 'annotated', workspace, creator: 'ann', alias: 'Shop' };
  expect(await namespaces.create(project)).toMatchObject({ outcome: 'changed' });
  expect(await namespaces.create(project)).toMatchObject({ outcome: 'already' });
  const { creator: _, alias: __, ...plain } = project;
  expect(await namespaces.create(plain)).toMatchObject({ outcome: 'already' });
  await expect(namespaces.create({ ...project, alias: 'Store', annotations: { mine: 'x' } })).rejects.toMatchObject({
    code: 'PLAN_BLOCKED',
    message: expect.stringMatching(/other annotations than asked for: mine, kubesphere\.io\/alias-name\./),
  });
});
