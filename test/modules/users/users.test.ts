import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { userLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { performAll } from '../../../src/modules/method.ts';
import { createUser as createUserWorkflow, grantCluster, withPassword } from '../../../src/modules/users/workflows.ts';
import { createUser, createWorkspace, seedLeftovers, until } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { type Scene, startScene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 60_000);
afterAll(() => scene[Symbol.asyncDispose]());

const patient = { timeout: 60_000 };
const host = () => scene.sandbox.clusters.a.connection;
const users = () => scene.federation.users;
const found = (name: string) => host().find(kubesphere.users, { name });

describe('a new user', patient, () => {
  test('is refused where the name is taken, or the e-mail address; who has it is named', async () => {
    await expect(users().create({ name: 'ann', email: 'other@example.com' })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/has a user "ann" already; equal names need not/),
    });
    await expect(users().create({ name: 'anna', email: 'ann@example.com' })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/user "ann" has the e-mail address/),
    });
    await expect(users().update('admin', { email: 'ann@example.com' })).rejects.toMatchObject({ code: 'PLAN_BLOCKED' });
    expect(await found('anna')).toBeUndefined();
  });

  test('without a password stays closed; a password alone does not open it', async () => {
    expect(await users().create({ name: 'ben', email: 'ben@example.com' })).toMatchObject({ outcome: 'changed' });
    expect(await users().get('ben')).toMatchObject({ state: 'Disabled', hasPassword: false, globalRoles: [] });
    await expect(users().enable('ben')).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/has no password.*setPassword first/),
    });
    await users().setPassword('ben', 'Pass-Word-1');
    expect(await users().get('ben')).toMatchObject({ state: 'Disabled', hasPassword: true });
    expect(await users().enable('ben')).toMatchObject({ outcome: 'changed' });
    expect(await users().get('ben')).toMatchObject({ state: 'Active' });
  });

  test('gets a role that the host has; another name is told which there are', async () => {
    await expect(
      users().create({ name: 'cora', email: 'cora@example.com', globalRole: 'authenticated' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringMatching(/there are .*platform-regular/) });
    expect(await found('cora')).toBeUndefined();
  });

  test('whose password died with its process is rolled back, and made by whoever knows it again', async () => {
    const input = {
      user: { name: 'dina', email: 'dina@example.com' },
      globalRole: 'platform-regular',
      password: true,
    };
    const journal = memoryJournal();
    await expect(
      performAll(createUserWorkflow, input, scene.federation, 'create user "dina"', { journal }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/died with the process/) });
    expect(await found('dina')).toBeUndefined();
    expect(await host().find(kubesphere.globalRoleBindings, { name: 'dina-platform-regular' })).toBeUndefined();
    const env = withPassword(scene.federation, 'Pass-Word-1');
    await performAll(createUserWorkflow, input, env, 'create user "dina"', { journal });
    expect(await users().get('dina')).toMatchObject({ state: 'Active', globalRoles: ['platform-regular'] });
  });

  test('may come with a bcrypt hash: no cluster ever holds the plain text', async () => {
    const hash = (await host().get(kubesphere.users, { name: 'ann' })).spec.password ?? '';
    await users().create({ name: 'eva', email: 'eva@example.com', password: hash });
    expect((await found('eva'))?.spec.password).toBe(hash);
    expect(await users().get('eva')).toMatchObject({ state: 'Active' });
  });
});

describe('a password', patient, () => {
  const secret = 'Marked-Secret-42';

  test('is in no answer, dry run, error or journal, nor anything it could be tried out against', async () => {
    const said: unknown[] = [];
    const told = async (call: Promise<unknown>) => {
      said.push(
        await call.catch((error: unknown) =>
          FederationError.is(error) ? [error.toJSON(), String(error.cause), error.stack] : error,
        ),
      );
    };
    const user = { name: 'finn', email: 'finn@example.com', password: secret };
    await told(users().create(user, { dryRun: true }));
    await told(users().create(user));
    await told(users().create(user));
    await told(users().setPassword('finn', `${secret}b`, { dryRun: true }));
    await told(users().setPassword('finn', `${secret}b`));
    await told(users().setPassword('ghost', secret));
    await told(users().create({ ...user, name: 'gale', password: 'Marked-Secret-without-digit' }));
    await told(users().list().toArray());
    await told(users().syncStatus('finn'));
    const kept = [
      ...(await host().list(core.configMaps).toArray()),
      ...(await host().list(core.secrets).toArray()).map(({ data = {} }) =>
        Object.values(data).map((value) => Buffer.from(value, 'base64').toString()),
      ),
    ];
    const { createHash } = await import('node:crypto');
    const digests = [secret, `${secret}b`].map((one) => createHash('sha256').update(one).digest('hex'));
    for (const text of [JSON.stringify(said), JSON.stringify(kept)]) {
      expect(text).not.toContain('Marked-Secret');
      for (const one of digests) expect(text).not.toContain(one);
    }
    expect(JSON.stringify(kept)).toContain('users.create');
  });

  test('that a server quotes while it refuses it is left out of the error', async () => {
    const lift = scene.sandbox.clusters.a.intercept(({ verb, resource, name }) =>
      verb === 'patch' && resource === 'users.iam.kubesphere.io' && name === 'ann'
        ? {
            status: 422,
            body: {
              kind: 'Status',
              apiVersion: 'v1',
              status: 'Failure',
              code: 422,
              reason: 'Invalid',
              message: `spec: Invalid value: ${secret}`,
            },
          }
        : undefined,
    );
    try {
      const error: unknown = await users()
        .setPassword('ann', secret)
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'REJECTED', message: expect.stringMatching(/quoted it and is left out/) });
      expect(`${JSON.stringify(error)} ${String((error as Error).cause)} ${(error as Error).stack}`).not.toContain(
        secret,
      );
    } finally {
      lift();
    }
  });
});

describe('the last administrator of the platform', patient, () => {
  test('is neither disabled, nor deleted, nor given another role; with a second one they may', async () => {
    for (const act of [
      () => users().disable('admin'),
      () => users().delete('admin', { managedWorkspaces: 'leave' }),
      () => users().setGlobalRole('admin', 'platform-regular'),
    ])
      await expect(act()).rejects.toMatchObject({
        code: 'KEPT_AT_RISK',
        message: expect.stringMatching(/last active administrator/),
      });
    expect(await users().get('admin')).toMatchObject({ state: 'Active', globalRoles: ['platform-admin'] });

    await users().create({ name: 'hanna', email: 'hanna@example.com', globalRole: 'platform-admin' });
    // A closed account is no administrator yet.
    await expect(users().disable('admin')).rejects.toMatchObject({ code: 'KEPT_AT_RISK' });
    await users().setPassword('hanna', 'Pass-Word-1');
    await users().enable('hanna');
    expect(await users().disable('admin')).toMatchObject({ outcome: 'changed' });
    expect(await users().enable('admin')).toMatchObject({ outcome: 'changed' });
  });

  test('shares no binding: one that names others as well is left alone', async () => {
    await createUser(host(), { name: 'ida' });
    const subject = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
    await host().create(kubesphere.globalRoleBindings, {
      metadata: { name: 'both' },
      subjects: [subject('ida'), subject('ann')],
      roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: 'platform-self-provisioner' },
    });
    await expect(users().setGlobalRole('ida', 'platform-regular')).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/"both" names others besides user "ida"/),
    });
    expect(await users().get('ida')).toMatchObject({ globalRoles: ['platform-self-provisioner'] });
    expect(await host().find(kubesphere.globalRoleBindings, { name: 'both' })).toBeDefined();
  });
});

describe('deleting a user', patient, () => {
  test('a manager is refused, and the workspaces are named, until it is said that they stay', async () => {
    await createUser(host(), { name: 'jana' });
    await createWorkspace(host(), { name: 'team-j', manager: 'jana' });
    await expect(users().delete('jana')).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/manager of 1 workspace\(s\): team-j.*managedWorkspaces: 'leave'/),
    });
    expect(await found('jana')).toBeDefined();
    expect(await users().delete('jana', { managedWorkspaces: 'leave' })).toMatchObject({ outcome: 'changed' });
    expect(await found('jana')).toBeUndefined();
    expect(await host().find(kubesphere.workspaceTemplates, { name: 'team-j' })).toBeDefined();
  });

  test('the forecast names the bindings that go along, and they are gone afterwards, on members too', async () => {
    await users().create({
      name: 'karl',
      email: 'karl@example.com',
      globalRole: 'platform-regular',
      password: 'Pass-Word-1',
    });
    await users().waitUntilSynced('karl');
    await users().grantCluster({ user: 'karl', cluster: 'm', role: 'cluster-viewer' });
    const planned = await users().delete('karl', { dryRun: true });
    expect(planned).toMatchObject({
      forecast: {
        changes: [
          { resource: { kind: 'User' } },
          { resource: { kind: 'GlobalRoleBinding', name: 'karl-platform-regular' } },
        ],
      },
    });
    expect(await users().delete('karl')).toMatchObject({ outcome: 'changed', result: [] });
    expect(await host().find(kubesphere.globalRoleBindings, { name: 'karl-platform-regular' })).toBeUndefined();
    const { connection } = scene.sandbox.clusters.m;
    expect(await connection.list(core.clusterRoleBindings, { labelSelector: `${userLabel}=karl` }).toArray()).toEqual(
      [],
    );
  });

  test('an account that a member has of its own stays there, and is told', async () => {
    await seedLeftovers(scene.sandbox.clusters.m.connection, { users: ['lena'] });
    await createUser(host(), { name: 'lena' });
    await until('it is on n', () => scene.sandbox.clusters.n.connection.find(kubesphere.users, { name: 'lena' }));
    expect(await users().delete('lena')).toMatchObject({
      outcome: 'changed',
      result: [{ cluster: 'm', why: expect.stringContaining('managed=false') }],
    });
    expect(await scene.sandbox.clusters.m.connection.find(kubesphere.users, { name: 'lena' })).toBeDefined();
  });

  test('is refused where something in a project, or a project itself, would go with it', async () => {
    await createUser(host(), { name: 'mina' });
    const { metadata } = await host().get(kubesphere.users, { name: 'mina' });
    const ownerReferences = [
      { apiVersion: 'iam.kubesphere.io/v1alpha2', kind: 'User', name: 'mina', uid: metadata.uid },
    ];
    await host().create(core.namespaces, { metadata: { name: 'owned', ownerReferences } });
    await expect(users().delete('mina')).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/would delete 1 namespace\(s\) with it: owned/),
    });
    expect(await found('mina')).toBeDefined();
  });
});

test('a grant is seen on the member, and on the user at the next look of the host', patient, async () => {
  await createUser(host(), { name: 'nora' });
  await expect(users().grantCluster({ user: 'nora', cluster: 'm', role: 'cluster-boss' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(/no role "cluster-boss".*cluster-admin/),
  });
  await users().grantCluster({ user: 'nora', cluster: 'm', role: 'cluster-viewer' });
  expect(await users().grantCluster({ user: 'nora', cluster: 'a', role: 'cluster-viewer' })).toMatchObject({
    outcome: 'changed',
  });
  await until('the host has looked', async () => (await users().get('nora')).grantedClusters.includes('m'));
  await users().revokeCluster({ user: 'nora', cluster: 'm' });
  await until('the host has looked', async () => !(await users().get('nora')).grantedClusters.includes('m'));
});

test('a grant that goes on when the name of the cluster means another one is refused', patient, async () => {
  await createUser(host(), { name: 'rosa' });
  const input = { user: 'rosa', cluster: 'm', clusterUid: 'that-of-another', role: 'cluster-viewer' };
  await expect(
    performAll(grantCluster, input, scene.federation, 'grant', { journal: memoryJournal() }),
  ).rejects.toMatchObject({ code: 'ENV_CHANGED', message: expect.stringMatching(/"m" is another one by now/) });
  expect(
    await scene.sandbox.clusters.m.connection.find(core.clusterRoleBindings, { name: 'rosa-cluster-viewer' }),
  ).toBeUndefined();
});

test(
  'nothing is granted to an account that a member has of its own: another person may know its password',
  patient,
  async () => {
    const { connection } = scene.sandbox.clusters.m;
    await seedLeftovers(connection, { users: ['pia'] });
    await createUser(host(), { name: 'pia' });
    await expect(users().grantCluster({ user: 'pia', cluster: 'm', role: 'cluster-admin' })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/m has a user "pia" of its own/),
    });
    expect(await connection.find(core.clusterRoleBindings, { name: 'pia-cluster-admin' })).toBeUndefined();
  },
);

test('what is emptied is gone, and counts as done', patient, async () => {
  await users().create({ name: 'quin', email: 'quin@example.com', displayName: 'Quin', groups: ['staff'] });
  expect(await users().update('quin', { displayName: '', groups: [] })).toMatchObject({ outcome: 'changed' });
  expect(await users().get('quin')).toMatchObject({ displayName: undefined, groups: [] });
  expect(await users().update('quin', { displayName: '', groups: [] })).toMatchObject({ outcome: 'already' });
});

test('watch tells of users as list does, without hashes', patient, async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const event of users().watch({ signal: stop.signal })) {
    expect(JSON.stringify(event)).not.toMatch(/\$2[aby]\$/);
    if (event.type === 'synced')
      await host().create(kubesphere.users, { metadata: { name: 'olga' }, spec: { email: 'olga@example.com' } });
    else seen.push(`${event.type} ${event.user.name}`);
    if (seen.includes('added olga')) stop.abort();
  }
  expect(seen).toContain('added olga');
});
