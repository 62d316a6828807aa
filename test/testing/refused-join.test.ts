import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, createUser, createWorkspace, until } from '../../src/testing/index.ts';
import { conditionOf, mark, patient } from './support.ts';

it('a join is refused after 4 s, as observed, and no sooner', async () => {
  await using sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, m: { role: 'standalone' } },
    speed: 60,
  });
  const { a, m } = sandbox.clusters;
  for (const { connection } of [a, m]) {
    await createUser(connection, { name: 'ann' });
    await createWorkspace(connection, { name: 'team', manager: 'ann', clusters: [] });
  }
  await until(
    'both have the workspace',
    async () =>
      (await m.connection.find(kubesphere.workspaces, { name: 'team' })) !== undefined &&
      (await a.connection.find(kubesphere.federatedWorkspaces, { name: 'team' })) !== undefined,
    patient,
  );
  await mark(m.connection, kubesphere.workspaces, { name: 'team' }, 'true');
  const federated = async () =>
    conditionOf(await a.connection.get(kubesphere.clusters, { name: 'm' }), 'Federated')?.status;
  sandbox.clock.pause();
  const kubeconfig = Buffer.from(m.clientCertificateKubeconfig).toString('base64');
  const spec = { joinFederation: true, connection: { type: 'direct', kubeconfig } } as const;
  await a.connection.create(kubesphere.clusters, { metadata: { name: 'm' }, spec });
  await sandbox.clock.advance(3_000);
  expect(await federated()).toBeUndefined();
  await sandbox.clock.advance(1_500);
  expect(await federated()).toBe('False');
});
