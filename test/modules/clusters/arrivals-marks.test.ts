import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Connection } from '../../../src/kube/connection.ts';
import type { ObjectName, Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { readJwtSecret } from '../../../src/kubesphere/installation.ts';
import {
  hostServiceAccount,
  installation,
  kubefedNamespace,
  kubesphereNamespace,
  managedLabel,
} from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { MemberBefore } from '../../../src/modules/clusters/another-host.ts';
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
  // What bears a mark on M under this name is A's; M itself is joined to nobody any more.
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

type Happening = (look: number | 'account goes') => Promise<unknown>;

/** The member, with something that happens right before each look at its users, and before the account goes. */
function lookedAt(happens: Happening): KubeSphereCluster {
  let looks = 0;
  const { connection } = member;
  return overriding(member, {
    async delete(resource, name, options) {
      if (resource.kind === 'ServiceAccount') await happens('account goes');
      return connection.delete(resource, name, options);
    },
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
  happens: Happening = async () => {},
): Promise<unknown> {
  const before = await note();
  for (const [name, marked] of Object.entries(arrived)) await arrive(name, marked);
  return undo(before, wait, happens);
}
async function note(): Promise<MemberBefore> {
  const before = await expectArrivals(host, member, 'm').run(work, null);
  await onMember().create(core.serviceAccounts, { metadata: account });
  return before;
}
const undo = (before: MemberBefore, wait: MarkWait, happens: Happening = async () => {}): Promise<unknown> =>
  expectArrivals(host, lookedAt(happens), 'm', wait)
    // Whoever waits for ever is stopped.
    .compensate({ ...work, signal: AbortSignal.timeout(20_000) }, null, before)
    .catch((error: unknown) => error);
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
  // Between any two looks the host that was let go may take a mark off, and the other may put it back: as many as two rounds have, and one more.
  const moments = 5;
  const orders = Array.from({ length: 2 ** moments }, (_, bits) =>
    Array.from({ length: moments }, (_, look) => (bits & (1 << look)) !== 0),
  );
  test.each(orders.map((order) => [order.map((on) => (on ? 'on' : 'off')).join(', '), order] as const))(
    'tell of it when they are %s, then on for good',
    async (_, order) => {
      const refusal = await takeBack({ ann: true, zoe: true }, { forMs: anHour, everyMs: 0 }, (look) =>
        mark('zoe', typeof look === 'string' || (order[look] ?? true)),
      );
      expect(refusal).toMatchObject(atRisk('zoe'));
      // Its account is there: nobody is told that it went.
      expect(String(refusal)).not.toContain('KubeFedCluster');
      expect([await accountStays(), await stays('zoe'), await stays('ann')]).toEqual([true, true, true]);
    },
  );

  test('are waited for from the last look on: what the host takes to answer is not part of it', async () => {
    const forMs = 50;
    const refusal = await takeBack({ ann: true, zoe: false }, { forMs, everyMs: 0 }, async (look) => {
      if (look !== 1) return;
      await pause(2 * forMs);
      await mark('zoe', true);
    });
    expect(refusal).toMatchObject(atRisk('zoe'));
    expect([await accountStays(), await stays('ann')]).toEqual([true, true]);
  });

  test('that come back after the wait keep everything that was copied', async () => {
    const before = await note();
    await arrive('ann', true);
    await arrive('zoe', false);
    const once = { forMs: 0, everyMs: 0 };
    const refusal = await undo(before, once, async (moment) => {
      if (moment === 'account goes') await mark('zoe', true);
    });
    expect(refusal).toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/User zoe.*roll back once more.*put an annotation on its KubeFedCluster/s),
    });
    expect([await accountStays(), await stays('zoe'), await stays('ann')]).toEqual([false, true, true]);
    expect(await undo(before, once)).toMatchObject(atRisk('zoe'));
    expect((await onMember().get(kubesphere.users, { name: 'zoe' })).metadata.labels).toMatchObject({
      [managedLabel]: 'true',
    });
  });

  test('on what was there before tell of it, too: a host that comes back marks its own', async () => {
    await arrive('zoe', false);
    const before = await note();
    await arrive('ann', true);
    await mark('zoe', true);
    expect(await undo(before, { forMs: 0, everyMs: 0 })).toMatchObject(atRisk('zoe'));
    expect([await accountStays(), await stays('ann')]).toEqual([true, true]);
    expect((await onMember().get(kubesphere.users, { name: 'zoe' })).metadata.labels).toMatchObject({
      [managedLabel]: 'true',
    });
  });

  test('are told apart though one comes just as it is noted what is there', async () => {
    const watched = lookedAt(async (look) => {
      // The first look is at all users, the second one, beside it, at those with a mark.
      if (look !== 1) return;
      await pause(200);
      await arrive('zoe', true);
    });
    const before = await expectArrivals(host, watched, 'm').run(work, null);
    await onMember().create(core.serviceAccounts, { metadata: account });
    await arrive('ann', true);
    expect(await undo(before, { forMs: 0, everyMs: 0 })).toMatchObject(atRisk('zoe'));
    expect([await accountStays(), await stays('zoe'), await stays('ann')]).toEqual([true, true, true]);
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

describe('what the host that lets go had copied', { timeout: 60_000 }, () => {
  const once = { forMs: 0, everyMs: 0 };

  test('goes with the rest where it comes as late as that', async () => {
    const before = await note();
    const undone = undo(before, once, async (moment) => {
      if (moment === 'account goes') await arrive('ann', true);
    });
    expect(await undone).toBeUndefined();
    expect(await stays('ann')).toBe(false);
  });

  test.each([
    ['came', false],
    ['got its mark', true],
  ])('goes at the next rollback where it %s after everything was asked about', async (_what, wasThere) => {
    if (wasThere) await arrive('ann', false);
    const before = await note();
    await arrive('pat', true);
    await createUser(sandbox.clusters.a.connection, { name: 'pat' });
    let looks = 0;
    const late = undo(before, once, async (moment) => {
      if (moment === 'account goes') looks = 0;
      else looks += 1;
      // Two looks each time that it is asked, then the one of whoever deletes.
      if (looks === 3 && !(await accountStays())) await (wasThere ? mark('ann', true) : arrive('ann', true));
    });
    expect(await late).toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/User ann got kubefed.io\/managed after it was asked/),
    });
    expect([await stays('ann'), await stays('pat')]).toEqual([true, true]);
    expect(await undo(before, once)).toBeUndefined();
    expect([await stays('ann'), await stays('pat')]).toEqual([wasThere, false]);
  });

  const config = { namespace: kubesphereNamespace, name: installation.config };
  const withSecret = async (jwtSecret: string): Promise<void> => {
    const map = await onMember().get(core.configMaps, config);
    const file: { authentication?: object } = parse(map.data?.[installation.configKey] ?? '');
    const text = stringify({ ...file, authentication: { ...file.authentication, jwtSecret } });
    const data = { [installation.configKey]: text };
    await onMember().patch(core.configMaps, config, { type: 'merge', body: { data } });
  };
  const secretOf = async (connection: Connection) => (await readJwtSecret(connection)) ?? '';

  test('stays where the jwtSecret is neither the noted one nor the host’s: a host of the same names leaves no other trace', async () => {
    const was = await secretOf(onMember());
    const before = await note();
    await arrive('ann', true);
    await withSecret('of-another-host');
    const undone = await undo(before, { forMs: 0, everyMs: 0 });
    await withSecret(was);
    expect(undone).toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/^The jwtSecret there is neither.*prepareMember.*roll back once more/),
    });
    expect([await accountStays(), await stays('ann')]).toEqual([true, true]);
  });

  test('goes where the jwtSecret is the host’s, which has another one by now', async () => {
    const was = await secretOf(onMember());
    const before = await note();
    await arrive('ann', true);
    await withSecret(await secretOf(host.connection));
    const undone = await undo({ ...before, jwtDigest: 'of another time' }, { forMs: 0, everyMs: 0 });
    await withSecret(was);
    expect(undone).toBeUndefined();
    expect([await accountStays(), await stays('ann')]).toEqual([false, false]);
  });
});
