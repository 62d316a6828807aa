import { describe, expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createSandbox, createUser, until } from '../../src/testing/index.ts';
import { patient, slow } from './support.ts';

describe('the webhooks of a program that is down by a fault', slow, () => {
  it('answer nobody until it is up again', async () => {
    await using sandbox = await createSandbox({ clusters: { m: { role: 'standalone' } }, speed: 60 });
    const { connection } = sandbox.clusters.m;
    await createUser(connection, { name: 'somebody' });
    const body = { spec: { displayName: 'Somebody' } };
    const write = () =>
      connection.patch(kubesphere.users, { name: 'somebody' }, { type: 'merge', body }, { retry: false });
    {
      const fault = { controller: 'ks-controller-manager', down: true } as const;
      await using _ = await sandbox.faults.add({ cluster: 'm', fault });
      await expect(write()).rejects.toThrow('failed calling webhook "users.iam.kubesphere.io"');
    }
    await until(
      'it is answered',
      () =>
        write().then(
          () => true,
          () => false,
        ),
      patient,
    );
  });
});
