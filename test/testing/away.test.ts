import { expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, createUser, joinCluster, until, untilFederated } from '../../src/testing/index.ts';
import { patient, propagation, slow } from './support.ts';

it('a host says of a member that is away that it is not ready, a minute later, and takes that back', slow, async () => {
  await using sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 100 });
  const { a, m } = sandbox.clusters;
  await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
  await createUser(a.connection, { name: 'ann' });
  await untilFederated(a.connection, { name: 'm', workspaces: [] });
  const status = () => propagation(a.connection, kubesphere.federatedUsers, { name: 'ann' }, 'm');
  expect(await status()).toBe('');
  await m.suspend();
  await until('it is said', async () => (await status()) === 'ClusterNotReady', patient);
  await m.restore();
  await until('it is well again', async () => (await status()) === '', patient);
});
