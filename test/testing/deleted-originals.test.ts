import { expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox } from '../../src/testing/index.ts';

it('a user who was deleted on the host does not come back: what is federated of her goes first', async () => {
  await using sandbox = await createSandbox({ clusters: { a: { role: 'host' } }, speed: 60 });
  const { connection } = sandbox.clusters.a;
  sandbox.clock.pause();
  const names = Array.from({ length: 10 }, (_, index) => `ann-${index}`);
  const left = async () =>
    (await connection.listMetadata(kubesphere.users).toArray())
      .map(({ metadata }) => metadata.name)
      .filter((name) => names.includes(name));
  for (const name of names)
    await connection.create(kubesphere.users, { metadata: { name }, spec: { email: `${name}@example.com` } });
  await sandbox.clock.advance(60_000);
  expect(await connection.listMetadata(kubesphere.federatedUsers).toArray()).toHaveLength(names.length + 1);

  for (const name of names) await connection.delete(kubesphere.users, { name }, { propagationPolicy: 'Background' });
  await sandbox.clock.advance(30_000);
  expect(await left()).toEqual([]);
  expect(await connection.listMetadata(kubesphere.federatedUsers).toArray()).toHaveLength(1);
});
