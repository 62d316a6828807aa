import { afterAll, beforeAll, expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, createUser, joinCluster, until } from '../../src/testing/index.ts';
import { background, mark, patient, propagation } from './support.ts';

/** Users of the member that their host may not manage, for they are marked `managed=false`. */
const kept = Array.from({ length: 6 }, (_, index) => `kept-${index}`);

const start = () => createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'standalone' } }, speed: 60 });
let sandbox: Awaited<ReturnType<typeof start>>;
beforeAll(async () => {
  sandbox = await start();
  const { a, m } = sandbox.clusters;
  for (const name of kept) {
    await createUser(m.connection, { name, password: 'M@mber12' });
    await mark(m.connection, kubesphere.users, { name }, 'false');
    await createUser(a.connection, { name, password: 'H@st1234' });
  }
});
afterAll(() => sandbox?.close());

const says = () =>
  Promise.all(kept.map((name) => propagation(sandbox.clusters.a.connection, kubesphere.federatedUsers, { name }, 'm')));
const passwords = async (cluster: 'a' | 'm') =>
  Promise.all(
    kept.map(
      async (name) => (await sandbox.clusters[cluster].connection.get(kubesphere.users, { name })).spec.password,
    ),
  );

it('what is marked as not to be managed is refused with the first sync, and not before', async () => {
  const { a, m } = sandbox.clusters;
  await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
  sandbox.clock.pause();
  await sandbox.clock.advance(20_000);
  expect(await says()).toEqual(kept.map(() => undefined));
  await sandbox.clock.advance(15_000);
  expect(await says()).toEqual(kept.map(() => 'ManagedLabelFalse'));
});

it('what is no longer marked so is taken within 0.4 s', async () => {
  const { m } = sandbox.clusters;
  const before = await passwords('m');
  for (const name of kept.slice(0, 3)) await mark(m.connection, kubesphere.users, { name }, null);
  await sandbox.clock.advance(500);
  expect(await passwords('m')).toEqual([...(await passwords('a')).slice(0, 3), ...before.slice(3)]);
});

it('what is marked so and deleted is not made again: kubefed did not watch it', async () => {
  const { a, m } = sandbox.clusters;
  const [name = ''] = kept.slice(-1);
  await m.connection.delete(kubesphere.users, { name }, background);
  await sandbox.clock.advance(60_000);
  expect(await m.connection.find(kubesphere.users, { name })).toBeUndefined();
  const body = { metadata: { annotations: { touched: 'yes' } } };
  await a.connection.patch(kubesphere.federatedUsers, { name }, { type: 'merge', body });
  sandbox.clock.resume();
  await until('touched, it is made', () => m.connection.find(kubesphere.users, { name }), patient);
});
