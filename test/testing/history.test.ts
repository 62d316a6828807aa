import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCluster } from '../../src/kube/connect.ts';
import { core } from '../../src/kube/resources.ts';
import {
  createSandbox,
  createUser,
  createWorkspace,
  type Sandbox,
  startApiServer,
  until,
} from '../../src/testing/index.ts';
import { History } from '../../src/testing/server/history.ts';

let sandbox: Sandbox<'a' | 'm'>;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'standalone' } }, speed: 100 });
}, 60_000);
afterAll(() => sandbox.close());

const map = { namespace: 'default', name: 'one' };
const background = { propagationPolicy: 'Background' } as const;

describe('the history of a sandbox', () => {
  it('tells every write: where, when, who, what, and the revisions before and after', async () => {
    await using ops = await connectCluster({
      kubeconfig: sandbox.clusters.m.kubeconfigFor({ user: 'ops', groups: ['system:masters'] }),
      fieldManager: 'my-script',
    });
    const { metadata } = await ops.create(core.configMaps, { metadata: map, data: {} });
    const patched = await ops.patch(core.configMaps, map, { type: 'merge', body: { data: { at: '1' } } });
    // Reads, dry runs and writes that change nothing are no writes.
    await ops.get(core.configMaps, map);
    await ops.patch(core.configMaps, map, { type: 'merge', body: { data: { at: '2' } } }, { dryRun: true });
    await ops.patch(core.configMaps, map, { type: 'merge', body: { data: { at: '1' } } });
    await ops.delete(core.configMaps, map, background);
    const records = sandbox.history(({ user }) => user === 'ops');
    const about = {
      cluster: 'm',
      user: 'ops',
      manager: 'my-script',
      resource: 'configmaps',
      ...map,
      uid: metadata.uid,
    };
    const [first, second] = [metadata.resourceVersion, patched.metadata.resourceVersion];
    expect(records.map(({ at: _at, ...record }) => record)).toEqual([
      { ...about, verb: 'create', after: first },
      { ...about, verb: 'patch', before: first, after: second },
      // The user agent is the manager of what has no field manager.
      { ...about, verb: 'delete', before: second, manager: expect.any(String) },
    ]);
    expect(Math.abs(Date.parse(records[0]?.at ?? '') - sandbox.clock.now())).toBeLessThan(3_600_000);
  });

  it('tells refused writes with what was answered: by rights, and by what was asked for', async () => {
    await using nobody = await connectCluster({ kubeconfig: sandbox.clusters.m.kubeconfigFor({ user: 'nobody' }) });
    await expect(nobody.create(core.configMaps, { metadata: map, data: {} })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const { connection } = sandbox.clusters.m;
    await expect(connection.delete(core.configMaps, { ...map, name: 'none' }, background)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const refused = sandbox.history(({ refused, resource }) => refused !== undefined && resource === 'configmaps');
    expect(refused).toMatchObject([
      { user: 'nobody', verb: 'create', namespace: 'default', refused: { code: 403, reason: 'Forbidden' } },
      { verb: 'delete', name: 'none', refused: { code: 404, reason: 'NotFound' } },
    ]);
    expect(refused.some((record) => 'after' in record || 'before' in record)).toBe(false);
  });

  it('tells what controllers did: those of KubeSphere, and those of Kubernetes, object by object', async () => {
    const { connection } = sandbox.clusters.m;
    await createUser(connection, { name: 'ann' });
    await createWorkspace(connection, { name: 'team', manager: 'ann' });
    const [made] = sandbox.history(
      ({ resource, name }) => resource === 'workspaces.tenant.kubesphere.io' && name === 'team',
    );
    expect(made).toMatchObject({ cluster: 'm', verb: 'create', manager: 'controller-manager' });

    await connection.create(core.namespaces, { metadata: { name: 'going' } });
    for (const name of ['one', 'two'])
      await connection.create(core.configMaps, { metadata: { namespace: 'going', name }, data: {} });
    await connection.delete(core.namespaces, { name: 'going' }, background);
    await until('it is gone', async () => (await connection.find(core.namespaces, { name: 'going' })) === undefined);
    const removed = sandbox.history(({ namespace, verb }) => namespace === 'going' && verb === 'deletecollection');
    expect(
      removed.filter(({ resource }) => resource === 'configmaps').map(({ name, user, after }) => [name, user, after]),
    ).toEqual(
      ['one', 'two'].map((name) => [name, 'system:serviceaccount:kube-system:namespace-controller', undefined]),
    );
  });

  it('of one cluster tells of that one alone', () => {
    expect(new Set(sandbox.clusters.a.history().map(({ cluster }) => cluster))).toEqual(new Set(['a']));
    expect(sandbox.clusters.m.history(({ name }) => name === 'team').length).toBeGreaterThan(0);
  });

  it('is in one order over all clusters', () => {
    const times = sandbox.history().map(({ at }) => at);
    const clusters = sandbox.history().map(({ cluster }) => cluster);
    expect(times.length).toBeGreaterThan(100);
    expect(clusters.lastIndexOf('a')).toBeGreaterThan(clusters.indexOf('m'));
  });
});

it('a history forgets its oldest records', async () => {
  await using server = await startApiServer({ name: 'x', history: new History(8) });
  await using connection = await connectCluster({ kubeconfig: server.kubeconfig });
  for (let i = 0; i < 30; i++)
    await connection.create(core.configMaps, { metadata: { ...map, name: `map-${i}` }, data: {} });
  const names = server.history().map(({ name }) => name);
  expect(names.length).toBeGreaterThanOrEqual(8);
  expect(names.length).toBeLessThanOrEqual(10);
  expect(names.at(-1)).toBe('map-29');
});
