import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Federation } from '../../src/federation.ts';
import { core } from '../../src/kube/resources.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, joinCluster, makeMember, type Sandbox, until } from '../../src/testing/index.ts';

let sandbox: Sandbox<'a' | 'm' | 'n'>;
beforeAll(async () => {
  sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, m: { role: 'standalone' }, n: { role: 'standalone' } },
    speed: 100,
  });
  for (const name of ['m', 'n'] as const)
    await makeMember({ host: sandbox.clusters.a.connection, member: sandbox.clusters[name].connection });
}, 60_000);
afterAll(() => sandbox?.close());

const uidOf = async (name: 'm' | 'n') =>
  (await sandbox.clusters[name].connection.get(core.namespaces, { name: 'kube-system' })).metadata.uid;
/** The host has that cluster under the name `member`, and no other. */
async function joined(cluster: 'm' | 'n'): Promise<void> {
  const { a, [cluster]: member } = sandbox.clusters;
  const at = { name: 'member' };
  if ((await a.connection.find(kubesphere.clusters, at)) !== undefined)
    await a.connection.delete(kubesphere.clusters, at, { propagationPolicy: 'Orphan' });
  await until('its Cluster is gone', async () => !(await a.connection.find(kubesphere.clusters, at)));
  await joinCluster(a.connection, { ...at, kubeconfig: member.clientCertificateKubeconfig });
}
const connect = (own?: 'm' | 'n') =>
  Federation.connect({
    kubeconfig: sandbox.clusters.a.kubeconfig,
    name: 'a',
    ...(own !== undefined && { members: { member: { kubeconfig: sandbox.clusters[own].kubeconfig } } }),
  });

describe('a member', { timeout: 60_000 }, () => {
  test('is connected once, for however many ask', async () => {
    await joined('m');
    await using federation = await connect();
    const [one, other] = await Promise.all([federation.member('member'), federation.member('member')]);
    expect(other).toBe(one);
    expect(await federation.member('member')).toBe(one);
  });

  test('is the cluster that has the name now, not the one that had it: what is listed decides what is kept', async () => {
    await joined('m');
    await using federation = await connect();
    expect((await federation.member('member')).uid).toBe(await uidOf('m'));
    await joined('n');
    expect((await federation.member('member')).uid).toBe(await uidOf('n'));
    await sandbox.clusters.a.connection.delete(
      kubesphere.clusters,
      { name: 'member' },
      { propagationPolicy: 'Orphan' },
    );
    await until(
      'it is unbound',
      async () => !(await sandbox.clusters.a.connection.find(kubesphere.clusters, { name: 'member' })),
    );
    await expect(federation.member('member')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is refused where a credential of one’s own leads to another cluster than the host’s', async () => {
    await joined('m');
    await using right = await connect('m');
    expect((await right.member('member')).uid).toBe(await uidOf('m'));
    await using wrong = await connect('n');
    await expect(wrong.member('member')).rejects.toMatchObject({
      code: 'ENV_CHANGED',
      message: expect.stringMatching(/The way to "member" leads to another cluster.*members: \{ 'member'/),
    });
  });

  test('that one asked for and gave up is connected by the next: a signal is that of one call', async () => {
    await joined('m');
    await using federation = await connect();
    const stop = new AbortController();
    const gaveUp = federation.member('member', { signal: stop.signal });
    const waits = federation.member('member');
    const lift = sandbox.clusters.m.intercept(({ verb }) => {
      if (verb === 'get') stop.abort();
      return undefined;
    });
    await expect(gaveUp.finally(lift)).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await waits).uid).toBe(await uidOf('m'));
  });
});
