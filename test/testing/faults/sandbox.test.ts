import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { connectCluster } from '../../../src/kube/connect.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createSandbox, createUser, type FaultRule, type Sandbox, until } from '../../../src/testing/index.ts';

const once = { retry: false } as const;
const quick = { minDelayMs: 1, maxDelayMs: 20 } as const;
const map = { namespace: 'default', name: 'one' };

let sandbox: Sandbox<'a' | 'm'>;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'standalone' } }, speed: 100 });
}, 60_000);
afterAll(() => sandbox.close());

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'ok',
    (error: unknown) => (FederationError.is(error) ? error.code : Promise.reject(error)),
  );

describe('a fault that can never strike', () => {
  const rules: readonly (readonly [object, RegExp])[] = [
    [
      { resource: 'namespace', fault: 'reset-after' },
      /resource "namespace".*Is it namespaces or namespacenetworkpolicies\.network\.kubesphere\.io\?/,
    ],
    [{ resource: 'users', fault: 'reset-after' }, /Is it users\.iam\.kubesphere\.io\?/],
    [{ verb: 'PATCH', fault: 'reset-after' }, /verb "PATCH"/],
    [{ verb: ['get', 'put'], fault: { delayMs: 1 } }, /verb "put"/],
    [{ fault: { state: 503 } }, /no fault \{"state":503\}/],
    [{ fault: 'reset' }, /no fault "reset"/],
    [{ verb: 'get', fault: { dropEvents: 1 } }, /is one of watch, and not of get/],
    [{ verb: ['watch', 'patch'], fault: { staleBy: 1 } }, /is one of get and list, and not of watch, patch/],
    [{ cluster: 'x', fault: 'reset-after' }, /has only a, m/],
  ];
  it.for(rules)('is refused: %j', async ([rule, why]) => {
    await expect(sandbox.faults.add(rule as FaultRule)).rejects.toThrow(why);
    await expect(sandbox.faults.add(rule as FaultRule)).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('is taken where a star may mean what is not there yet', async () => {
    const later = await sandbox.faults.add({ resource: '*.example.com', verb: 'get', fault: { status: 503 } });
    await later.lift();
  });

  it('is one of a cluster that there cannot be, too', async () => {
    for (const spec of [{ role: 'hots' }, { role: 'host', version: '4.1' }])
      await expect(createSandbox({ clusters: { a: spec as { role: 'host' } } })).rejects.toMatchObject({
        code: 'INVALID',
      });
  });
});

describe('a fault of several clusters', () => {
  it('is in force on none of them where one cannot have it', async () => {
    const { connection } = sandbox.clusters.a;
    // Only hosts have a tower.
    const rule: FaultRule = { cluster: ['a', 'm'], fault: { controller: ['tower', 'cluster'], down: true } };
    await expect(sandbox.faults.add(rule)).rejects.toThrow(/Cluster m runs no controller/);
    const connecting = { type: 'direct', kubeconfig: Buffer.from('none').toString('base64') } as const;
    await connection.create(kubesphere.clusters, {
      metadata: { name: 'looked-at' },
      spec: { joinFederation: true, connection: connecting },
    });
    await until('its controller has put a finalizer on it', async () => {
      const { metadata } = await connection.get(kubesphere.clusters, { name: 'looked-at' });
      return metadata.finalizers?.length === 1;
    });
    await connection.delete(kubesphere.clusters, { name: 'looked-at' }, { propagationPolicy: 'Background' });
  });
});

describe('the SDK goes on', () => {
  const survivable: readonly FaultRule[] = [
    { fault: { delayMs: 100 } },
    { fault: { status: 429, retryAfterSeconds: 0 }, times: 2 },
    { fault: { status: 500 }, times: 2 },
    { fault: { status: 503 }, times: 2 },
    { fault: { status: 504 }, times: 1 },
    { fault: 'reset-before', times: 2 },
    { fault: 'reset-after', times: 2 },
    { fault: { lateMs: 1_000 }, times: 1 },
    { fault: { lateMs: 1_000, answer: 'timeout' }, times: 1 },
    { fault: { truncateAt: 40 }, times: 2 },
  ];
  it.for(survivable.map((rule) => [JSON.stringify(rule), rule] as const))(
    'through %s: a guarded write has taken effect, once it resolves',
    async ([, rule]) => {
      await using connection = await connectCluster({ kubeconfig: sandbox.clusters.m.kubeconfig });
      const name = `map-${survivable.indexOf(rule)}`;
      const { metadata } = await connection.create(core.configMaps, { metadata: { ...map, name }, data: { at: '1' } });
      await using fault = await sandbox.faults.add({
        cluster: 'm',
        verb: 'patch',
        resource: 'configmaps',
        name,
        ...rule,
      });
      const patch = { type: 'merge', body: { data: { at: '2' } } } as const;
      await connection.patch(core.configMaps, { ...map, name }, patch, { uid: metadata.uid, retry: quick });
      expect((await connection.get(core.configMaps, { ...map, name })).data).toEqual({ at: '2' });
      expect(fault.struck).toBe('times' in rule ? rule.times : 1);
    },
  );

  it('through a 409, when it reads again', async () => {
    const { connection } = sandbox.clusters.m;
    const read = await connection.create(core.configMaps, { metadata: { ...map, name: 'conflict' }, data: {} });
    await using fault = await sandbox.faults.add({
      cluster: 'm',
      verb: 'patch',
      name: 'conflict',
      nth: 1,
      fault: { status: 409 },
    });
    const write = ({ resourceVersion = '' }) =>
      connection.patch(
        core.configMaps,
        { ...map, name: 'conflict' },
        { type: 'merge', body: { data: { at: '2' } } },
        { resourceVersion },
      );
    expect(await codeOf(write(read.metadata))).toBe('CONFLICT');
    await write((await connection.get(core.configMaps, { ...map, name: 'conflict' })).metadata);
    expect((await connection.get(core.configMaps, { ...map, name: 'conflict' })).data).toEqual({ at: '2' });
    expect(fault.struck).toBe(1);
  });

  it('through broken and refused reads', async () => {
    await using connection = await connectCluster({ kubeconfig: sandbox.clusters.m.kubeconfig });
    for (const broken of ['reset-before', { truncateAt: 20 }, { status: 503 }] as const) {
      await using fault = await sandbox.faults.add({
        cluster: 'm',
        verb: 'list',
        resource: 'namespaces',
        manager: 'kubesphere-federation',
        times: 2,
        fault: broken,
      });
      const names = await connection.list(core.namespaces, { retry: quick }).toArray();
      expect(names.map(({ metadata }) => metadata.name)).toContain('kube-system');
      expect(fault.struck).toBe(2);
    }
  });
});

describe('a fault of a cluster', () => {
  const { signal } = new AbortController();

  it('unreachable: nobody gets through until the last such fault is lifted', async () => {
    const { connection } = sandbox.clusters.m;
    const first = await sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
    const second = await sandbox.faults.add({ cluster: ['m', 'a'], fault: 'unreachable' });
    expect(await codeOf(sandbox.clusters.a.connection.version(once))).toBe('UNREACHABLE');
    await second.lift();
    expect(await codeOf(sandbox.clusters.a.connection.version(once))).toBe('ok');
    expect(await codeOf(connection.version(once))).toBe('UNREACHABLE');
    await first.lift();
    await first.lift();
    expect(await codeOf(connection.version(once))).toBe('ok');
  });

  it.for([
    ['over a socket', connectCluster],
    ['in the process', undefined],
  ] as const)('certificate-expired: nobody trusts it, until it is renewed (%s)', async ([, connect]) => {
    const { kubeconfig, connection: near } = sandbox.clusters.m;
    const connection: Connection = connect === undefined ? near : await connect({ kubeconfig });
    await using fault = await sandbox.faults.add({ cluster: 'm', fault: 'certificate-expired' });
    await expect(connection.version(once)).rejects.toThrow(/expired/);
    await fault.lift();
    expect(await codeOf(connection.version({ signal }))).toBe('ok');
    if (connect !== undefined) await connection[Symbol.asyncDispose]();
  });

  it('skewMs: what it writes is dated otherwise, and certificates end sooner', async () => {
    const { connection, kubeconfigFor } = sandbox.clusters.m;
    const hour = 3_600_000;
    await using short = await connectCluster({
      kubeconfig: kubeconfigFor({ user: 'ops', groups: ['system:masters'], validForMs: hour, certificate: true }),
    });
    await using token = await connectCluster({
      kubeconfig: kubeconfigFor({ user: 'ops', groups: ['system:masters'], validForMs: hour }),
    });
    expect(await codeOf(short.get(core.namespaces, { name: 'default' }, once))).toBe('ok');
    const fault = await sandbox.faults.add({ cluster: 'm', fault: { skewMs: 2 * hour } });
    const { metadata } = await connection.create(core.configMaps, {
      metadata: { ...map, name: 'dated' },
      data: { a: '1' },
    });
    const ahead = Date.parse(metadata.creationTimestamp ?? '') - sandbox.clock.now();
    expect(ahead).toBeGreaterThan(1.9 * hour);
    expect(metadata.managedFields?.[0]?.time).toBe(metadata.creationTimestamp);
    for (const over of [token, short])
      expect(await codeOf(over.get(core.namespaces, { name: 'default' }, once))).toBe('UNAUTHENTICATED');
    await using again = await connectCluster({
      kubeconfig: kubeconfigFor({ user: 'ops', groups: ['system:masters'], validForMs: -1, certificate: true }),
    });
    expect(await codeOf(again.get(core.namespaces, { name: 'default' }, once))).toBe('UNAUTHENTICATED');
    await fault.lift();
    expect(await codeOf(token.get(core.namespaces, { name: 'default' }, once))).toBe('ok');
  });

  it('a controller of KubeSphere that is down does nothing, and catches up', async () => {
    const { connection } = sandbox.clusters.m;
    const fault = await sandbox.faults.add({ cluster: 'm', fault: { controller: 'user', down: true } });
    const user = { metadata: { name: 'late' }, spec: { email: 'late@example.com', password: 'P@88w0rd' } };
    await connection.create(kubesphere.users, user);
    // Others work meanwhile.
    await createNamespace(connection, 'meanwhile');
    expect((await connection.get(kubesphere.users, { name: 'late' })).spec.password).toBe('P@88w0rd');
    await fault.lift();
    await createUser(connection, { name: 'late' });
  });

  it('a controller of Kubernetes that is down does nothing, and catches up', async () => {
    const { connection } = sandbox.clusters.m;
    const fault = await sandbox.faults.add({ cluster: 'm', fault: { controller: 'garbage-collector', down: true } });
    const owner = await connection.create(core.configMaps, { metadata: { ...map, name: 'owner' }, data: {} });
    const { uid } = owner.metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    await connection.create(core.configMaps, { metadata: { ...map, name: 'owned', ownerReferences }, data: {} });
    await connection.delete(core.configMaps, { ...map, name: 'owner' }, { propagationPolicy: 'Background' });
    await sandbox.clock.advance(60_000);
    expect(await connection.find(core.configMaps, { ...map, name: 'owned' })).toBeDefined();
    await fault.lift();
    await until(
      'it is collected',
      async () => (await connection.find(core.configMaps, { ...map, name: 'owned' })) === undefined,
    );
  });

  it('a controller that is slow begins its work later', async () => {
    const { connection } = sandbox.clusters.m;
    await using _ = await sandbox.faults.add({
      cluster: 'm',
      fault: { controller: 'service-accounts', slowMs: 600_000 },
    });
    await connection.create(core.namespaces, { metadata: { name: 'slow' } });
    await sandbox.clock.advance(60_000);
    expect(await connection.find(core.serviceAccounts, { namespace: 'slow', name: 'default' })).toBeUndefined();
    await sandbox.clock.advance(600_000);
    expect(await connection.find(core.serviceAccounts, { namespace: 'slow', name: 'default' })).toBeDefined();
  });

  it.for([
    { cluster: 'x', fault: 'unreachable' },
    { cluster: 'x', verb: 'get', fault: 'reset-after' },
    { cluster: 'm', fault: { controller: 'namspace', down: true } },
    { cluster: 'm', fault: { controller: 'kubefed', down: true } },
  ] as const)('%o is refused: there is no such cluster or controller', async (rule) => {
    await expect(sandbox.faults.add(rule)).rejects.toMatchObject({ code: 'INVALID' });
  });
});

it('faults given at the start hold once everything is installed, and are drawn from the seed', async () => {
  const play = async (seed: number): Promise<string> => {
    const faults: FaultRule[] = [
      { manager: 'kubesphere-federation', verb: 'get', name: 'default', probability: 0.4, fault: { status: 500 } },
    ];
    await using one = await createSandbox({ clusters: { m: { role: 'standalone' } }, speed: 100, seed, faults });
    const { connection } = one.clusters.m;
    const codes: unknown[] = [];
    for (let i = 0; i < 40; i++) codes.push(await codeOf(connection.get(core.namespaces, { name: 'default' }, once)));
    await one.faults.clear();
    for (let i = 0; i < 40; i++) await connection.get(core.namespaces, { name: 'default' }, once);
    return codes.join(' ');
  };
  const [first, again, other] = [await play(1), await play(1), await play(2)];
  expect(first).toContain('SERVER_ERROR');
  expect(first).toContain('ok');
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

async function createNamespace(connection: Connection, name: string): Promise<void> {
  await connection.create(core.namespaces, { metadata: { name, labels: { [workspaceLabel]: 'system-workspace' } } });
  await until('KubeSphere has seen it', async () => {
    const { metadata } = await connection.get(core.namespaces, { name });
    return metadata.ownerReferences !== undefined;
  });
}
