import { expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, createUser, createWorkspace, joinCluster, untilFederated } from '../../src/testing/index.ts';
import { background } from './support.ts';

it('what was deleted on a member comes back after 8-11 s, and no sooner', async () => {
  await using sandbox = await createSandbox({
    clusters: { a: { role: 'host' }, m: { role: 'standalone' } },
    speed: 60,
  });
  const { a, m } = sandbox.clusters;
  const workspaces = Array.from({ length: 8 }, (_, index) => `team-${index}`);
  await createUser(a.connection, { name: 'ann' });
  for (const name of workspaces) await createWorkspace(a.connection, { name, manager: 'ann', clusters: ['m'] });
  await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
  await untilFederated(a.connection, { name: 'm', workspaces });
  const there = async () =>
    (await m.connection.listMetadata(kubesphere.workspaces).toArray())
      .map(({ metadata }) => metadata.name)
      .filter((name) => workspaces.includes(name));
  sandbox.clock.pause();
  // What was changed so far kubefed looks at within 11 s.
  await sandbox.clock.advance(12_000);

  for (const name of workspaces) await m.connection.delete(kubesphere.workspaces, { name }, background);
  await sandbox.clock.advance(7_900);
  expect(await there()).toEqual([]);
  await sandbox.clock.advance(3_200);
  expect(await there()).toEqual(workspaces);
});
