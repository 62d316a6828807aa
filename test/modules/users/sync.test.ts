import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, until } from '../../../src/testing/index.ts';
import { type Scene, startScene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 60_000);
afterAll(() => scene[Symbol.asyncDispose]());

const patient = { timeout: 60_000 };
const host = () => scene.sandbox.clusters.a.connection;
const on = (cluster: 'm' | 'n') => scene.sandbox.clusters[cluster].connection;
const down = (cluster: 'a' | 'm', controller: string) =>
  scene.sandbox.faults.add({ cluster, fault: { controller, down: true } });
const onM = async (name: string) =>
  (await scene.federation.users.syncStatus(name)).members.find(({ cluster }) => cluster === 'm');
const untilM = (name: string, reason: string) =>
  until(`m lags for ${reason}`, async () => {
    const found = await onM(name);
    return found?.synced === false && found.reason === reason ? found : undefined;
  });

/** A user of a member alone, as former hosts leave them. */
async function stale(name: string, email: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  await on('m').create(kubesphere.users, { metadata: { name, labels }, spec: { email, password: 'Stale-Pass-1' } });
}

describe('why a copy of a user lags', patient, () => {
  test('nothing does: every member has it, by its UID there', async () => {
    const found = await scene.federation.users.waitUntilSynced('ann');
    const { metadata } = await on('m').get(kubesphere.users, { name: 'ann' });
    expect(found).toMatchObject({ synced: true, members: [{ cluster: 'm', uid: metadata.uid }, { cluster: 'n' }] });
  });

  test('managed-false: a former host left one of that name; not waited for, and healed by the remedy', async () => {
    await stale('bea', 'bea@old.example', { [managedLabel]: 'false' });
    await createUser(host(), { name: 'bea' });
    expect(await untilM('bea', 'managed-false')).toMatchObject({
      heals: false,
      remedy: expect.stringContaining('label'),
    });
    await expect(scene.federation.users.waitUntilSynced('bea')).rejects.toMatchObject({
      code: 'NOT_OBSERVED',
      message: expect.stringMatching(/will not reach every member by itself.*m:.*managed=false/),
      details: {
        members: expect.arrayContaining([expect.objectContaining({ cluster: 'm', reason: 'managed-false' })]),
      },
    });
    expect(await scene.federation.users.waitUntilSynced('bea', { clusters: ['n'] })).toMatchObject({ synced: true });
    await on('m').patch(
      kubesphere.users,
      { name: 'bea' },
      { type: 'merge', body: { metadata: { labels: { [managedLabel]: null } } } },
    );
    expect(await scene.federation.users.waitUntilSynced('bea')).toMatchObject({ synced: true });
  });

  test('email-taken: another user there has the address, and is named', async () => {
    await stale('old-cleo', 'cleo@example.com');
    await createUser(host(), { name: 'cleo' });
    expect(await untilM('cleo', 'email-taken')).toMatchObject({
      heals: false,
      why: expect.stringContaining('"old-cleo"'),
    });
    await on('m').delete(kubesphere.users, { name: 'old-cleo' }, { propagationPolicy: 'Background' });
    await until('kubefed tries again', async () => (await onM('cleo'))?.synced);
  });

  test('not-federated: the host made no FederatedUser', async () => {
    const lift = await down('a', 'user');
    await host().create(kubesphere.users, { metadata: { name: 'dora' }, spec: { email: 'dora@example.com' } });
    expect(await onM('dora')).toMatchObject({ reason: 'not-federated', heals: true });
    await lift[Symbol.asyncDispose]();
    expect(await scene.federation.users.waitUntilSynced('dora')).toMatchObject({ synced: true });
  });

  test('not-arrived, then outdated: kubefed does not carry on', async () => {
    const lift = await down('a', 'kubefed users');
    await createUser(host(), { name: 'emil' });
    expect(await untilM('emil', 'not-arrived')).toMatchObject({ heals: true });
    await expect(scene.federation.users.waitUntilSynced('emil', { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'NOT_OBSERVED',
      retryable: true,
    });
    await lift[Symbol.asyncDispose]();
    await scene.federation.users.waitUntilSynced('emil');
    await using _ = await down('a', 'kubefed users');
    await scene.federation.users.setPassword('emil', 'Another-Pass-1');
    expect(await onM('emil')).toMatchObject({ reason: 'outdated', heals: true });
  });

  test('cluster-not-ready: the host says that it does not reach the member', async () => {
    await using _kubefed = await down('a', 'kubefed users');
    await using _cluster = await down('a', 'cluster');
    await createUser(host(), { name: 'fay' });
    const { status } = await host().get(kubesphere.clusters, { name: 'm' });
    const conditions = (status?.conditions ?? []).map((one) =>
      one.type === 'Ready' ? { ...one, status: 'False' } : one,
    );
    const write = (all: readonly object[]) =>
      host().patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body: { status: { conditions: all } } });
    await write(conditions);
    expect(await onM('fay')).toMatchObject({ reason: 'cluster-not-ready' });
    await write(status?.conditions ?? []);
  });

  test('refused: the webhook of the member is down with its controllers', async () => {
    const { m } = scene.sandbox.clusters;
    await m.stopControllers();
    try {
      await createUser(host(), { name: 'gus' });
      expect(await untilM('gus', 'refused')).toMatchObject({
        why: expect.stringContaining('CreationFailed'),
        heals: true,
      });
    } finally {
      await m.startControllers();
    }
    await scene.federation.users.waitUntilSynced('gus');
  });

  test('silent: a member that does not answer is named, and the others are judged', async () => {
    await using _ = await scene.sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
    expect(await scene.federation.users.syncStatus('ann', { retry: false })).toMatchObject({
      synced: false,
      members: [
        { cluster: 'm', reason: 'silent' },
        { cluster: 'n', synced: true },
      ],
    });
  });

  test('silent, and it takes longer than anybody waits: it is named when the time is over, and the others are judged', async () => {
    await using _ = await scene.sandbox.faults.add({ cluster: 'm', fault: { delayMs: 3_600_000 } });
    const { users } = scene.federation;
    const silent = { cluster: 'm', reason: 'silent' };
    expect(await users.syncStatus('ann', { timeoutMs: 1_000 })).toMatchObject({
      synced: false,
      members: [silent, { cluster: 'n', synced: true }],
    });
    await expect(users.waitUntilSynced('ann', { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'NOT_OBSERVED',
      message: expect.stringMatching(/did not reach every member in 1 s: m: /),
      details: { members: [silent] },
    });
  });
});
