import { afterAll, beforeAll, expect, test } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../src/kubesphere/cluster.ts';
import { epochAnnotation, finalizers, runAnnotation } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { observeChanges, refOf, touchChanges } from '../../src/modules/changes.ts';
import { oneOf } from '../../src/modules/env.ts';
import { removeWorkspace } from '../../src/modules/operations/remove-workspace.ts';
import type { Work } from '../../src/modules/work.ts';
import { createSandbox, type Sandbox } from '../../src/testing/index.ts';

/** Drivers that stop half way through an operation, or whose write comes late. No controller of KubeSphere runs. */
let sandbox: Sandbox<'c'>;
let cluster: KubeSphereCluster;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { c: { role: 'host' } }, speed: 100 });
  await sandbox.clusters.c.stopControllers();
  cluster = await openCluster(sandbox.clusters.c.connection);
}, 60_000);
afterAll(() => sandbox.close());

const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

test('a template that was only ordered to keep its projects: the order is seen as this run’s, and taken back', async () => {
  const { connection } = cluster;
  const spec = { template: { spec: { manager: 'alice' } }, placement: { clusters: [] } };
  const metadata = { name: 'w', finalizers: [finalizers.workspaceTemplate], annotations: { kept: 'yes' } };
  await connection.create(kubesphere.workspaceTemplates, { metadata, spec } as never);
  const removing = removeWorkspace(cluster, 'w');
  const forecast = await removing.forecast(work);
  const intends = 'changes' in forecast ? forecast.changes : [];
  const look = () => observeChanges(oneOf([cluster]), { ...work, intends });
  const before = await removing.capture(work);
  expect(await look()).toEqual([{}]);

  const lift = sandbox.clusters.c.intercept(({ verb, resource }) =>
    verb === 'delete' && resource.startsWith('workspacetemplates') ? { status: 403 } : undefined,
  );
  await expect(removing.run(work, before).finally(lift)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const ordered = await connection.get(kubesphere.workspaceTemplates, { name: 'w' });
  expect(ordered.metadata.finalizers).toContain(finalizers.orphan);
  // On the way to what is intended, for this run alone.
  expect(await look()).toEqual([null]);
  expect(await observeChanges(oneOf([cluster]), { ...work, runId: 'run-2', intends })).toEqual([{}]);

  await removing.compensate({ ...work, runId: 'run-2' }, before, undefined);
  expect(await look()).toEqual([null]);
  await removing.compensate(work, before, undefined);
  expect(await look()).toEqual([{}]);
  const now = await connection.get(kubesphere.workspaceTemplates, { name: 'w' });
  expect(now.metadata).toMatchObject({ uid: ordered.metadata.uid, finalizers: [finalizers.workspaceTemplate] });
  expect(now.metadata.annotations).toEqual({ kept: 'yes' });
});

test('where somebody took the order off already, its mark goes all the same: nothing is left to undo', async () => {
  const { connection } = cluster;
  const at = { name: 'rewritten' };
  const metadata = { ...at, annotations: { [runAnnotation]: 'run-1' } };
  const { metadata: made } = await connection.create(kubesphere.workspaceTemplates, { metadata, spec: {} } as never);
  const removing = removeWorkspace(cluster, at.name);
  const intends = [
    { verb: 'delete', resource: refOf(cluster.name, kubesphere.workspaceTemplates, made), before: {}, after: null },
  ] as const;
  const look = () => observeChanges(oneOf([cluster]), { ...work, intends });
  expect(await look()).toEqual([null]);
  await removing.compensate(work, await removing.capture(work), undefined);
  expect(await look()).toEqual([{}]);
});

test('an order to keep projects that somebody else gave stays', async () => {
  const { connection } = cluster;
  const metadata = { name: 'theirs', finalizers: [finalizers.orphan] };
  await connection.create(kubesphere.workspaceTemplates, { metadata, spec: {} } as never);
  const removing = removeWorkspace(cluster, 'theirs');
  await removing.compensate(work, await removing.capture(work), undefined);
  const { metadata: now } = await connection.get(kubesphere.workspaceTemplates, { name: 'theirs' });
  expect(now.finalizers).toEqual([finalizers.orphan]);
});

test('a workspace that is still on its way out is made again once it is gone', async () => {
  const { connection } = cluster;
  const at = { name: 'going' };
  const metadata = { ...at, finalizers: ['example.com/slow'] };
  await connection.create(kubesphere.workspaces, { metadata, spec: { manager: 'alice' } } as never);
  const removing = removeWorkspace(cluster, 'going');
  const before = await removing.capture(work);
  const { metadata: former } = await connection.get(kubesphere.workspaces, at);
  await connection.delete(kubesphere.workspaces, at, { propagationPolicy: 'Orphan' });
  const undoing = removing.compensate(work, before, undefined);
  await connection.patch(kubesphere.workspaces, at, { type: 'merge', body: { metadata: { finalizers: null } } });
  await undoing;
  const { metadata: now } = await connection.get(kubesphere.workspaces, at);
  expect(now.uid).not.toBe(former.uid);
  expect(now.annotations).toMatchObject({ [runAnnotation]: 'run-1' });
});

test('a touch that comes late is refused once the next driver touched: it would stay when all marks are swept away', async () => {
  const { connection } = cluster;
  const { metadata } = await connection.create(core.namespaces, { metadata: { name: 'n' } });
  const change = {
    verb: 'update',
    resource: refOf(cluster.name, core.namespaces, metadata),
    before: {},
    after: {},
  } as const;
  const touch = (epoch: number) => touchChanges(oneOf([cluster]), { ...work, epoch, intends: [change] });
  sandbox.clock.pause();
  const lift = sandbox.clusters.c.intercept(({ verb }) => (verb === 'patch' ? { lateMs: 10_000 } : undefined));
  await expect(touch(5).finally(lift)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await touch(9);
  const mark = async () =>
    (await connection.get(core.namespaces, { name: 'n' })).metadata.annotations?.[epochAnnotation];
  expect(await mark()).toBe('9');
  await sandbox.clock.advance(20_000);
  expect(await mark()).toBe('9');
  sandbox.clock.resume();
});
