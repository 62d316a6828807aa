import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { visibilityLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere, type LabelSelector } from '../../../src/kubesphere/resources.ts';
import { labelVisibility } from '../../../src/modules/clusters/visibility.ts';
import type { Work } from '../../../src/modules/work.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { workspaceOnM } from '../namespaces/specs/start.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => label(null));
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const a = () => world.clusters.a.connection;
const label = (value: 'public' | 'private' | null): Promise<unknown> =>
  a().patch(
    kubesphere.clusters,
    { name: 'm' },
    { type: 'merge', body: { metadata: { labels: { [visibilityLabel]: value } } } },
  );
const visibility = async (): Promise<string | undefined> =>
  (await a().get(kubesphere.clusters, { name: 'm' })).metadata.labels?.[visibilityLabel];
const isPublic = { matchLabels: { [visibilityLabel]: 'public' } };

/** A workspace that is placed by labels, with a project on M. */
async function selected(clusterSelector: LabelSelector): Promise<{ readonly workspace: string; readonly uid: string }> {
  const workspace = await workspaceOnM(world);
  const placement = { clusters: null, clusterSelector };
  await a().patch(kubesphere.workspaceTemplates, { name: workspace }, { type: 'merge', body: { spec: { placement } } });
  const labels = { [workspaceLabel]: workspace };
  const { metadata } = await world.clusters.m.connection.create(core.namespaces, {
    metadata: { name: `${workspace}-shop`, labels },
  });
  return { workspace, uid: metadata.uid };
}

const patient = { timeout: 20_000 };
/** Takes a workspace off the host, whose placement would stand against the next test. */
async function remove(name: string): Promise<void> {
  await a().delete(kubesphere.workspaceTemplates, { name }, { propagationPolicy: 'Orphan' });
  for (const resource of [kubesphere.workspaceTemplates, kubesphere.federatedWorkspaces])
    await expect.poll(() => a().find<KubeObject>(resource, { name }), patient).toBeUndefined();
}

describe('a cluster that is to be seen otherwise', { timeout: 60_000 }, () => {
  test.each([
    ['a label of it', 'public', 'private', isPublic],
    ['the lack of one', null, 'public', { matchExpressions: [{ key: visibilityLabel, operator: 'DoesNotExist' }] }],
    [
      'an operator that nobody knows',
      'public',
      'private',
      { matchExpressions: [{ key: visibilityLabel, operator: 'Like' as never }] },
    ],
  ] as const)('stays as it is while a workspace is placed by %s', async (_what, now, next, selector) => {
    await label(now);
    const { workspace, uid } = await selected(selector);
    const blocked = new RegExp(`workspace "${workspace}".*of a would leave "m".*setPlacement`);
    expect(await world.federation.clusters.setVisibility('m', next, { dryRun: true })).toMatchObject({
      forecast: { effect: 'blocked', why: expect.stringContaining(workspace) },
    });
    await expect(world.federation.clusters.setVisibility('m', next)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(blocked),
    });
    expect(await visibility()).toBe(now ?? undefined);
    expect((await world.clusters.m.connection.get(core.namespaces, { name: `${workspace}-shop` })).metadata.uid).toBe(
      uid,
    );
    await remove(workspace);
  });

  test('stays as it is while a multi-cluster project is placed by its label', async () => {
    await label('public');
    const name = world.fresh('fed');
    await a().create(core.namespaces, { metadata: { name } });
    const at = { namespace: name, name };
    const placement = { clusterSelector: isPublic };
    await a().create(kubesphere.federatedNamespaces, { metadata: at, spec: { template: {}, placement } });
    await expect(world.federation.clusters.setVisibility('m', 'private')).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringContaining(`FederatedNamespace ${name}/${name}`),
    });
    expect(await visibility()).toBe('public');
    await a().delete(kubesphere.federatedNamespaces, at, { propagationPolicy: 'Background' });
    await expect.poll(() => a().find(kubesphere.federatedNamespaces, at), patient).toBeUndefined();
  });

  test('stays as it is where a workspace came to be placed so meanwhile', async () => {
    await label('public');
    const work: Work = {
      signal: new AbortController().signal,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      runId: 'run-1',
      confirmDriver: async () => {},
    };
    const { metadata } = await a().get(kubesphere.clusters, { name: 'm' });
    const operation = labelVisibility(world.federation, metadata, 'private');
    expect(await operation.forecast(work)).toMatchObject({ effect: 'change' });
    const { workspace } = await selected(isPublic);
    await expect(operation.run(work, { value: 'public' })).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringContaining(`workspace "${workspace}"`),
    });
    expect(await visibility()).toBe('public');
    await remove(workspace);
  });

  test('is relabelled while a selector means it before and after', async () => {
    await label('public');
    const { workspace } = await selected({});
    expect(await world.federation.clusters.setVisibility('m', 'private')).toMatchObject({ outcome: 'changed' });
    expect(await visibility()).toBe('private');
    await remove(workspace);
  });
});
