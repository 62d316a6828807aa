import { afterAll, beforeAll, expect, it } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { installation, kubesphereNamespace, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, createWorkspace, joinCluster, type Sandbox } from '../../src/testing/index.ts';

// At the speed of real clusters, with nobody waiting for anything.
let sandbox: Sandbox<'a' | 'm'>;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } } });
  sandbox.clock.pause();
});
afterAll(() => sandbox.close());

const minute = 60_000;
const conditions = async (): Promise<Readonly<Record<string, string>>> => {
  const { status } = await sandbox.clusters.a.connection.get(kubesphere.clusters, { name: 'm' });
  return Object.fromEntries((status?.conditions ?? []).map(({ type, status }) => [type, status]));
};

it('joins a member, and has everything arrive there, as soon as somebody moves the clock', async () => {
  const { a, m } = sandbox.clusters;
  await createWorkspace(a.connection, { name: 'team', manager: 'admin', clusters: ['m'] });
  const joining = joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
  await sandbox.clock.advance(10_000);
  await joining;
  await sandbox.clock.advance(10_000);
  expect(await m.connection.find(kubesphere.workspaces, { name: 'team' })).toBeUndefined();
  await sandbox.clock.advance(25_000);
  expect((await m.connection.get(kubesphere.workspaces, { name: 'team' })).metadata.name).toBe('team');
});

it('finds out at the next resync that a member is gone, and that it is back', async () => {
  const { m } = sandbox.clusters;
  expect(await conditions()).toMatchObject({ Ready: 'True', Federated: 'True' });
  await m.suspend();
  expect(await conditions()).toMatchObject({ Ready: 'True' });
  await sandbox.clock.advance(2 * minute);
  expect(await conditions()).toMatchObject({ Ready: 'False', Federated: 'False' });
  await m.restore();
  await sandbox.clock.advance(2 * minute);
  expect(await conditions()).toMatchObject({ Ready: 'True', Federated: 'True' });
});

it('lets a host look at its clusters as often as its configuration says, and not while its controller is down', async () => {
  await using other = await createSandbox({ clusters: { h: { role: 'host', clusterResyncMs: 30_000 } } });
  const { clock, clusters, faults } = other;
  clock.pause();
  const { connection } = clusters.h;
  const lookedAt = async (): Promise<string | undefined> => {
    const { status } = await connection.get(kubesphere.clusters, { name: 'host' });
    return status?.conditions?.find(({ type }) => type === 'Ready')?.lastUpdateTime;
  };
  await clock.advance(minute);
  let last = await lookedAt();
  const looks = async (ms: number): Promise<boolean> => {
    const before = last;
    await clock.advance(ms);
    last = await lookedAt();
    return before !== last;
  };
  expect(await looks(31_000)).toBe(true);
  const down = await faults.add({ cluster: 'h', fault: { controller: 'cluster', down: true } });
  expect(await looks(5 * minute)).toBe(false);
  await down.lift();
  expect(await looks(31_000)).toBe(true);
  const config = { namespace: kubesphereNamespace, name: installation.configuration };
  const slower = { spec: { multicluster: { clusterControllerResyncPeriod: '10m' } } };
  await connection.patch(kubesphere.clusterConfigurations, config, { type: 'merge', body: slower });
  // The installer writes it over first, and what was planned comes before.
  await clock.advance(10 * minute);
  last = await lookedAt();
  let seen = 0;
  for (let step = 0; step < 40; step++) if (await looks(minute)) seen += 1;
  expect(seen).toBe(4);
});

it('empties a namespace that is deleted, in the time that takes', async () => {
  const { connection } = sandbox.clusters.m;
  await connection.create(core.namespaces, { metadata: { name: 'old', labels: { [workspaceLabel]: 'team' } } });
  await sandbox.clock.advance(1_000);
  await connection.create(core.configMaps, { metadata: { namespace: 'old', name: 'kept' }, data: {} });
  await connection.delete(core.namespaces, { name: 'old' }, { propagationPolicy: 'Background' });
  await sandbox.clock.advance(4_000);
  expect((await connection.get(core.namespaces, { name: 'old' })).metadata.deletionTimestamp).toBeDefined();
  await sandbox.clock.advance(6_000);
  expect(await connection.find(core.namespaces, { name: 'old' })).toBeUndefined();
});
