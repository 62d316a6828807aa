import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { openCluster } from '../../../src/kubesphere/cluster.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { Candidate } from '../../../src/modules/namespaces/candidates.ts';
import { createProject } from '../../../src/modules/operations/create-project.ts';
import type { Work } from '../../../src/modules/work.ts';
import { createWorkspace, until } from '../../../src/testing/index.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';

let world: ModuleWorld;
const workspace = 'everywhere';
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  const { a, m, n } = world.clusters;
  await createWorkspace(a.connection, { name: workspace, manager: 'ann', clusters: ['host', 'm', 'n'] });
  for (const { connection } of [a, m, n])
    await until(
      'it is there',
      async () => (await connection.find(kubesphere.workspaces, { name: workspace })) !== undefined,
    );
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 60_000 };
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });
const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

test('the host is refused by each of its names, and no candidate, unless it is allowed', patient, async () => {
  const { namespaces } = world.federation;
  for (const cluster of ['a', 'host'])
    await expect(namespaces.create({ name: 'mine', workspace, cluster })).rejects.toMatchObject(
      refusal('INVALID', /is the host.*allowHost: true/),
    );
  const seen: (readonly Candidate[])[] = [];
  const placement = (candidates: readonly Candidate[]) => {
    seen.push(candidates);
    return 'm';
  };
  const choosing = (allowHost: boolean) =>
    namespaces.create({ name: 'mine', workspace, allowHost, placement }, { dryRun: true });
  await choosing(false);
  await choosing(true);
  expect(seen.map((candidates) => candidates.map(({ cluster, role }) => [cluster, role]))).toEqual([
    [
      ['m', 'member'],
      ['n', 'member'],
    ],
    [
      ['host', 'host'],
      ['m', 'member'],
      ['n', 'member'],
    ],
  ]);
  expect(await world.clusters.a.connection.find(core.namespaces, { name: 'mine' })).toBeUndefined();
  expect(await namespaces.create({ name: 'on-host', workspace, cluster: 'a', allowHost: true })).toMatchObject({
    outcome: 'changed',
    result: { cluster: 'a', name: 'on-host' },
  });
});

test(
  'the cluster with the fewest projects is taken; a second call finds the project where it is by then',
  patient,
  async () => {
    const { m } = world.clusters;
    for (const name of ['m-1', 'm-2'])
      await m.connection.create(core.namespaces, { metadata: { name, labels: { [workspaceLabel]: workspace } } });
    const create = () => world.federation.namespaces.create({ name: 'fresh', workspace, placement: 'least-loaded' });
    expect(await create()).toMatchObject({ outcome: 'changed', result: { cluster: 'n' } });
    for (const name of ['n-1', 'n-2', 'n-3'])
      await world.clusters.n.connection.create(core.namespaces, {
        metadata: { name, labels: { [workspaceLabel]: workspace } },
      });
    expect(await create()).toMatchObject({ outcome: 'already', result: { cluster: 'n' } });
    expect(await m.connection.find(core.namespaces, { name: 'fresh' })).toBeUndefined();
  },
);

test(
  'a cluster that is silent or not ready is no candidate; without any, each is named with its reason',
  patient,
  async () => {
    world.proxies.n.hinder(() => 'refused');
    const seen: string[] = [];
    const placement = (candidates: readonly Candidate[]) => {
      seen.push(...candidates.map(({ cluster }) => cluster));
      return 'm';
    };
    await world.federation.namespaces.create({ name: 'x', workspace, placement }, { dryRun: true });
    expect(seen).toEqual(['m']);
    world.proxies.m.hinder(() => 'refused');
    await expect(
      world.federation.namespaces.create({ name: 'x', workspace, placement: 'least-loaded' }),
    ).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /host, which is the host \(allowHost\), m, which does not answer.*n, which/),
    );
  },
);

test('a placement of ones own must choose a candidate', patient, async () => {
  await expect(
    world.federation.namespaces.create({ name: 'x', workspace, placement: () => 'elsewhere' }),
  ).rejects.toMatchObject({ code: 'INVALID', details: { field: 'placement' } });
});

test(
  'a name that is taken there, by a namespace or a multi-cluster project, and a Workspace that is not there',
  patient,
  async () => {
    const { a, m } = world.clusters;
    await m.connection.create(core.namespaces, { metadata: { name: 'loose' } });
    await a.connection.create(core.namespaces, { metadata: { name: 'fed' } });
    await a.connection.create(kubesphere.federatedNamespaces, {
      metadata: { name: 'fed', namespace: 'fed' },
      spec: { template: {}, placement: { clusters: [] } },
    });
    const create = (name: string, team = workspace) =>
      world.federation.namespaces.create({ name, workspace: team, cluster: 'm' });
    await expect(create('loose')).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /"loose" already, which is in no workspace/),
    );
    await expect(create('fed')).rejects.toMatchObject(refusal('PLAN_BLOCKED', /has a multi-cluster project "fed"/));
    await expect(create('fine', 'ghosts')).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /Workspace "ghosts" is not there/),
    );
    for (const name of ['fed', 'fine']) expect(await m.connection.find(core.namespaces, { name })).toBeUndefined();
  },
);

test(
  'taken back while it is as it was made; not once somebody has put something into it, nor what another made',
  patient,
  async () => {
    const at = await openCluster(world.clusters.m.connection);
    const make = (name: string) => createProject(at, world.federation.host, { name, workspace, annotations: {} });
    for (const [name, resource] of [
      ['used-1', core.configMaps],
      ['used-2', core.persistentVolumeClaims],
    ] as const) {
      const operation = make(name);
      await operation.verify(work, null, await operation.run(work, null));
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      await at.connection.create(resource as typeof core.persistentVolumeClaims, {
        metadata: { name: 'mine', namespace: name },
        ...(name === 'used-2' && { spec }),
      });
      await expect(operation.compensate(work, null, undefined)).rejects.toMatchObject(
        refusal('KEPT_AT_RISK', /in use by now/),
      );
      await make(name).compensate({ ...work, runId: 'run-2' }, null, undefined);
      expect((await at.connection.get(core.namespaces, { name })).metadata.deletionTimestamp).toBeUndefined();
    }
    const operation = make('unused');
    await operation.verify(work, null, await operation.run(work, null));
    await operation.compensate(work, null, undefined);
    expect(await at.connection.find(core.namespaces, { name: 'unused' })).toBeUndefined();
  },
);
