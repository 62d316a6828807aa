import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectName, Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { hostServiceAccount, kubefedNamespace, managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectArrivals, type MarkWait } from '../../../src/modules/clusters/arrivals.ts';
import { createSandbox, createUser, type Sandbox, until } from '../../../src/testing/index.ts';
import { work } from '../guards/arrived-kit.ts';
import { overriding } from '../kit/overriding.ts';

let sandbox: Sandbox<'a' | 'm'>;
let host: KubeSphereCluster;
let member: KubeSphereCluster;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 100 });
  [host, member] = await Promise.all([
    openCluster(sandbox.clusters.a.connection),
    openCluster(sandbox.clusters.m.connection),
  ]);
  // The join of a host makes it.
  await sandbox.clusters.m.connection.create(core.namespaces, { metadata: { name: kubefedNamespace } });
  // A has let go of M by now, which knows her as any host's copy is known.
  await createUser(sandbox.clusters.a.connection, { name: 'ann' });
  await until('it is federated', () => sandbox.clusters.a.connection.find(kubesphere.federatedUsers, { name: 'ann' }));
}, 60_000);
afterAll(() => sandbox?.close(), 60_000);

const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
const onMember = () => sandbox.clusters.m.connection;
/** One that was deleted is there until the controllers have let go of it. */
async function stays(name: string): Promise<boolean> {
  const user = await onMember().find(kubesphere.users, { name });
  return user !== undefined && user.metadata.deletionTimestamp === undefined;
}
const accountStays = async () => (await onMember().find(core.serviceAccounts, account)) !== undefined;

const mark = (name: string, on: boolean) =>
  onMember().patch(
    kubesphere.users,
    { name },
    { type: 'merge', body: { metadata: { labels: { [managedLabel]: on ? 'true' : null } } } },
  );
async function arrive(name: string, marked: boolean): Promise<void> {
  const labels = marked ? { [managedLabel]: 'true' } : {};
  await onMember().create(kubesphere.users, {
    metadata: { name, labels },
    spec: { email: `${name}@example.com`, password: 'hash' },
  });
}

/** The member, with something that happens right before each look at its users. */
function lookedAt(happens: (look: number) => Promise<unknown>): KubeSphereCluster {
  let looks = 0;
  const { connection } = member;
  return overriding(member, {
    listMetadata(resource, options) {
      const listing = connection.listMetadata(resource, options);
      if (resource.plural !== kubesphere.users.plural) return listing;
      const toArray = async () => {
        await happens(looks++);
        return listing.toArray();
      };
      return { ...listing, toArray };
    },
  });
}

/** The way back of a join after which these were on the member, as each look at it finds them. */
async function takeBack(
  arrived: Readonly<Record<string, boolean>>,
  wait: MarkWait,
  happens: (look: number) => Promise<unknown> = async () => {},
): Promise<unknown> {
  const before = await expectArrivals(host, member, 'm').run(work, null);
  await onMember().create(core.serviceAccounts, { metadata: account });
  for (const [name, marked] of Object.entries(arrived)) await arrive(name, marked);
  // Whoever waits for ever is stopped.
  const limited = { ...work, signal: AbortSignal.timeout(20_000) };
  const undone = expectArrivals(host, lookedAt(happens), 'm', wait).compensate(limited, null, before);
  return undone.catch((error: unknown) => error);
}
afterEach(async () => {
  const gone = async ([resource, name]: readonly [Resource, ObjectName]) => {
    await onMember()
      .delete(resource, name, { propagationPolicy: 'Background' })
      .catch(() => undefined);
    await until('it is gone', async () => (await onMember().find(resource, name)) === undefined);
  };
  await gone([core.serviceAccounts, account]);
  for (const name of ['ann', 'pat', 'zoe']) await gone([kubesphere.users, { name }]);
});

const anHour = 3_600_000;
const atRisk = (who: string) => ({ code: 'KEPT_AT_RISK', message: expect.stringContaining(`User ${who}`) });

describe('the marks of another host that has the member under the same name', { timeout: 60_000 }, () => {
  // Between any two looks the host that was let go may take a mark off, and the other may put it back.
  const moments = 5;
  const orders = Array.from({ length: 2 ** moments }, (_, bits) =>
    Array.from({ length: moments }, (_, look) => (bits & (1 << look)) !== 0),
  );
  test.each(orders.map((order) => [order.map((on) => (on ? 'on' : 'off')).join(', '), order] as const))(
    'tell of it when they are %s, then on for good',
    async (_, order) => {
      const refusal = await takeBack({ ann: true, zoe: true }, { forMs: anHour, everyMs: 0 }, (look) =>
        mark('zoe', order[look] ?? true),
      );
      expect(refusal).toMatchObject(atRisk('zoe'));
      expect([await accountStays(), await stays('zoe'), await stays('ann')]).toEqual([true, true, true]);
    },
  );

  test('are not taken for those of the host that lets go where they come back after the wait', async () => {
    const ended = 2;
    await takeBack({ ann: true, zoe: false }, { forMs: 0, everyMs: 0 }, async (look) => {
      if (look === ended) await mark('zoe', true);
    });
    expect([await stays('zoe'), await stays('ann')]).toEqual([true, false]);
    const { labels } = (await onMember().get(kubesphere.users, { name: 'zoe' })).metadata;
    expect(labels).toMatchObject({ [managedLabel]: 'true' });
  });

  test('are not waited for where everything that came has one', async () => {
    expect(await takeBack({ ann: true }, { forMs: anHour, everyMs: anHour })).toBeUndefined();
    expect([await accountStays(), await stays('ann')]).toEqual([false, false]);
  });

  test('are waited for no longer than told, where a person made a user meanwhile', async () => {
    expect(await takeBack({ ann: true, pat: false }, { forMs: 1, everyMs: 1 })).toBeUndefined();
    expect([await accountStays(), await stays('ann'), await stays('pat')]).toEqual([false, false, true]);
  });
});
