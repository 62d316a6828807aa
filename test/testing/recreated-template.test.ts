import { expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  createSandbox,
  createUser,
  createWorkspace,
  joinCluster,
  until,
  untilFederated,
} from '../../src/testing/index.ts';
import { background, patient, untilGone } from './support.ts';

it('a template that is made again while its FederatedWorkspace is Terminating is never synced, until it is touched', async () => {
  await using sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, m: { role: 'standalone' } },
    speed: 60,
  });
  const { a, m } = sandbox.clusters;
  const team = { name: 'team' };
  await createUser(a.connection, { name: 'ann' });
  await createWorkspace(a.connection, { ...team, manager: 'ann', clusters: ['m'] });
  await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
  await untilFederated(a.connection, { name: 'm', workspaces: ['team'] });

  const down = await sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
  await a.connection.delete(kubesphere.workspaceTemplates, team, background);
  await untilGone(a.connection, kubesphere.workspaceTemplates, team);
  const held = await a.connection.get(kubesphere.federatedWorkspaces, team);
  expect(held.metadata.deletionTimestamp).toBeDefined();
  await a.connection.create(kubesphere.workspaceTemplates, {
    metadata: team,
    spec: { template: { spec: { manager: 'ann' } }, placement: { clusters: [{ name: 'm' }] } },
  });
  await sandbox.clock.advance(5_000);
  await down.lift();
  await untilGone(a.connection, kubesphere.federatedWorkspaces, team);
  await sandbox.clock.advance(300_000);
  expect(await a.connection.find(kubesphere.federatedWorkspaces, team)).toBeUndefined();
  expect(await m.connection.find(kubesphere.workspaces, team)).toBeUndefined();

  const body = { metadata: { annotations: { touched: 'yes' } } };
  await a.connection.patch(kubesphere.workspaceTemplates, team, { type: 'merge', body });
  await until('touched, it is synced', () => m.connection.find(kubesphere.workspaces, team), patient);
});
