import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { ConnectClusterOptions } from '../../src/kube/connect.ts';
import { connectCluster } from '../../src/kube/connect.ts';
import { core } from '../../src/kube/resources.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  createProjects,
  createSandbox,
  createUser,
  createWorkspace,
  diff,
  joinCluster,
  type Moment,
  type Sandbox,
  type Snapshot,
  type SnapshotDiff,
  seedSituation,
  until,
} from '../../src/testing/index.ts';

const background = { propagationPolicy: 'Background' } as const;
const map = { namespace: 'default', name: 'one' };
const nothing = { created: [], deleted: [], changed: {} };
const workspaces = { 'team-a': 2 };

let sandbox: Sandbox<'a' | 'b' | 'm'>;
let moment: Moment;
let before: Snapshot;
beforeAll(async () => {
  sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, b: { role: 'host' }, m: { role: 'standalone' } },
    speed: 100,
  });
  const { a, m } = sandbox.clusters;
  await seedSituation('pure-member', { host: a, member: m, name: 'm', workspaces });
  // Everything has come to rest: what is taken now stays as it is for a while.
  await sandbox.clock.advance(120_000);
  sandbox.clock.pause();
  moment = sandbox.moment();
  before = await sandbox.snapshot();
}, 120_000);
afterAll(() => sandbox.close());

/** Puts everything back, and answers how it is then, before controllers that begin anew have looked at anything. */
async function rewound(): Promise<Snapshot> {
  const clusters = Object.values(sandbox.clusters);
  sandbox.clock.pause();
  await sandbox.rewind(moment);
  await Promise.all(clusters.map((cluster) => cluster.stopControllers()));
  await sandbox.rewind(moment);
  const now = await sandbox.snapshot();
  await Promise.all(clusters.map((cluster) => cluster.startControllers()));
  return now;
}

/** What is not as it was; controllers that began anew have looked at the clock. */
function difference(after: Snapshot): SnapshotDiff {
  const metadata = ['resourceVersion', 'managedFields', 'generation'].map((field) => `/metadata/${field}`);
  return diff(before, after, { times: false, status: false, ignore: metadata });
}

describe('a sandbox that is put back to an earlier moment', { timeout: 60_000 }, () => {
  it('is as it was, UIDs and all, whatever happened since', async () => {
    const { a, b, m } = sandbox.clusters;
    sandbox.clock.resume();
    await createUser(b.connection, { name: 'ann' });
    await a.connection.delete(kubesphere.clusters, { name: 'm' }, background);
    await m.connection.delete(kubesphere.workspaces, { name: 'team-a' }, background);
    await until(
      'a project is gone',
      async () => (await m.connection.find(core.namespaces, { name: 'team-a-001' })) === undefined,
    );
    await m.connection.delete(
      core.customResourceDefinitions,
      { name: 'helmreleases.application.kubesphere.io' },
      background,
    );
    expect(diff(before, await sandbox.snapshot()).deleted.length).toBeGreaterThan(5);
    expect(diff(before, await rewound(), { ignore: [] })).toEqual(nothing);
    // Twice is the same as once.
    expect(diff(before, await rewound(), { ignore: [] })).toEqual(nothing);
  });

  it('stays as it was, for nothing of the other course of events is left in it', async () => {
    const { m } = sandbox.clusters;
    sandbox.clock.resume();
    // Deletions whose end is only being waited for.
    await m.connection.delete(core.namespaces, { name: 'team-a-001' }, background);
    await m.connection.delete(kubesphere.workspaces, { name: 'team-a' }, background);
    await rewound();
    await sandbox.clock.advance(60_000);
    expect(difference(await sandbox.snapshot())).toEqual(nothing);
  });

  it('lives on: controllers of KubeSphere and Kubernetes do their work, and members stay joined', async () => {
    const { a, m } = sandbox.clusters;
    await rewound();
    sandbox.clock.resume();
    await createUser(a.connection, { name: 'bob' });
    await until('the new user is on the member', () => m.connection.find(kubesphere.users, { name: 'bob' }));
    await createProjects(m.connection, { workspace: 'team-a', names: ['team-a-new'], creator: 'team-a-manager' });
    await m.connection.delete(core.namespaces, { name: 'team-a-002' }, background);
    await until(
      'a deleted project goes',
      async () => (await m.connection.find(core.namespaces, { name: 'team-a-002' })) === undefined,
    );
    expect(diff(before, await rewound(), { ignore: [] })).toEqual(nothing);
  });

  it('finishes what was under way at that moment', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    await m.connection.create(core.namespaces, { metadata: { name: 'going' } });
    await m.connection.delete(core.namespaces, { name: 'going' }, background);
    const under = sandbox.moment();
    await sandbox.clock.advance(60_000);
    expect(await m.connection.find(core.namespaces, { name: 'going' })).toBeUndefined();
    await sandbox.rewind(under);
    expect((await m.connection.get(core.namespaces, { name: 'going' })).metadata.deletionTimestamp).toBeDefined();
    await sandbox.clock.advance(60_000);
    expect(await m.connection.find(core.namespaces, { name: 'going' })).toBeUndefined();
  });

  it('keeps addresses and credentials, and its revisions go on upwards', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    const kubeconfig = m.kubeconfigFor({ user: 'ops', groups: ['system:masters'] });
    await using connection = await connectCluster({ kubeconfig } satisfies ConnectClusterOptions);
    const { metadata } = await connection.create(core.configMaps, { metadata: map, data: {} });
    await rewound();
    expect(await connection.find(core.configMaps, map)).toBeUndefined();
    const again = await connection.create(core.configMaps, { metadata: map, data: {} });
    expect(Number(again.metadata.resourceVersion)).toBeGreaterThan(Number(metadata.resourceVersion));
    await rewound();
  });

  it('tells open watches that they must begin anew', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    await m.connection.create(core.configMaps, { metadata: map, data: {} });
    const stop = new AbortController();
    const heard: string[][] = [];
    const watching = (async () => {
      const options = { namespace: 'default', signal: stop.signal, retry: { minDelayMs: 1, maxDelayMs: 20 } };
      for await (const event of m.connection.watch(core.configMaps, options))
        if (event.type === 'synced') heard.push(event.objects.map(({ metadata }) => metadata.name));
    })();
    await until('the watch has begun', async () => heard.length === 1);
    await sandbox.rewind(moment);
    await until('it has begun anew', async () => heard.length > 1);
    expect(heard[0]).toContain('one');
    expect(heard[1]).not.toContain('one');
    stop.abort();
    await watching;
  });

  it('meets no write of a client that began before', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    let arrived = 0;
    const lift = m.intercept(({ resource, verb }) => {
      if (verb !== 'create' || resource !== 'configmaps') return undefined;
      arrived += 1;
      return { delayMs: 300_000 };
    });
    const write = m.connection.create(core.configMaps, { metadata: map, data: {} }, { retry: false }).then(
      () => 'ok',
      (error: unknown) => (FederationError.is(error) ? error.code : 'else'),
    );
    await until('it is under way', async () => arrived > 0);
    const late = await sandbox.faults.add({
      cluster: 'm',
      verb: 'patch',
      resource: 'namespaces',
      fault: { lateMs: 300_000 },
    });
    const patch = { type: 'merge', body: { metadata: { labels: { late: 'yes' } } } } as const;
    await expect(
      m.connection.patch(core.namespaces, { name: 'default' }, patch, { retry: false }),
    ).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await late.lift();
    lift();
    await sandbox.rewind(moment);
    await sandbox.clock.advance(310_000);
    expect(await write).toBe('SERVER_ERROR');
    expect(await m.connection.find(core.configMaps, map)).toBeUndefined();
    expect((await m.connection.get(core.namespaces, { name: 'default' })).metadata.labels).not.toHaveProperty('late');
  });

  it('leaves controllers alone that were stopped', async () => {
    const { b } = sandbox.clusters;
    await rewound();
    await b.stopControllers();
    await sandbox.rewind(moment);
    expect(b.controllersRun()).toBe(false);
    await b.startControllers();
    sandbox.clock.resume();
    await createUser(b.connection, { name: 'eve' });
    await createWorkspace(b.connection, { name: 'team-e', manager: 'eve' });
    expect(diff(before, await rewound(), { ignore: [] })).toEqual(nothing);
  });

  it('lifts all faults, so that controllers can begin anew on a cluster that nobody could reach', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    await sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
    const broken = await sandbox.faults.add({ cluster: 'm', fault: { status: 503 } });
    await sandbox.rewind(moment);
    await expect(m.connection.get(core.namespaces, { name: 'team-a-001' }, { retry: false })).resolves.toBeDefined();
    expect(m.controllersRun()).toBe(true);
    expect(broken.struck).toBe(0);
  });

  it('is put back though somebody let a certificate end', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    await m.renewCertificate({ validForMs: -1 });
    await sandbox.rewind(moment);
    await expect(m.connection.get(core.namespaces, { name: 'team-a-001' }, { retry: false })).resolves.toBeDefined();
    expect(m.controllersRun()).toBe(true);
  });

  it('is put back by one rewind at a time', async () => {
    const first = sandbox.rewind(moment);
    await expect(sandbox.rewind(moment)).rejects.toThrow(/being put back already/);
    await first;
    await sandbox.rewind(moment);
  });

  it('is not put back while the clock is moved', async () => {
    const moving = sandbox.clock.advance(1_000);
    await expect(sandbox.rewind(moment)).rejects.toThrow(/being moved forward/);
    await moving;
  });

  it('runs one set of controllers, however fast they are stopped and started', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    const first = m.stopControllers();
    expect(m.stopControllers()).toBe(first);
    await Promise.all([first, m.startControllers()]);
    expect(m.controllersRun()).toBe(true);
    await m.stopControllers();
    await m.startControllers();
  });

  it('stops controllers that have not yet begun', async () => {
    const { m } = sandbox.clusters;
    await rewound();
    await m.stopControllers();
    await m.suspend();
    const starting = m.startControllers();
    const told = expect(starting).rejects.toMatchObject({ code: 'ABORTED' });
    await m.stopControllers();
    await told;
    expect(m.controllersRun()).toBe(false);
    await m.restore();
    await m.startControllers();
    expect(m.controllersRun()).toBe(true);
  });

  it('knows its own moments only', async () => {
    await using other = await createSandbox({ clusters: { m: { role: 'member' } }, speed: 100 });
    await expect(sandbox.rewind(other.moment())).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('can be joined and left again and again', async () => {
    const { b, m } = sandbox.clusters;
    for (let round = 0; round < 3; round++) {
      await rewound();
      sandbox.clock.resume();
      await joinCluster(b.connection, { name: 'again', kubeconfig: m.clientCertificateKubeconfig });
    }
    expect(diff(before, await rewound(), { ignore: [] })).toEqual(nothing);
  });
});
