import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import type { OwnerReference, Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { groupLabel, managedLabel, userLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectCopies, removeStayed } from '../../../src/modules/operations/host-copies.ts';
import { lowerShield, raiseShield } from '../../../src/modules/shield.ts';
import type { Work } from '../../../src/modules/work.ts';
import { createSandbox, type Sandbox, until } from '../../../src/testing/index.ts';

const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

/** With the real controllers: they bind a project to its Workspace, and the garbage collector takes what it owns. */
let sandbox: Sandbox<'m'>;
let member: KubeSphereCluster;
beforeAll(async () => {
  sandbox = await createSandbox({ clusters: { m: { role: 'member' } }, speed: 100 });
  member = await openCluster(sandbox.clusters.m.connection);
}, 60_000);
afterAll(() => sandbox.close());

const controllers = () => sandbox.clusters.m.connection;
const gone = (resource: Resource, name: string) =>
  until(`${name} is gone`, async () => (await controllers().find(resource, { name })) === undefined);

const create = async (name: string) =>
  (await controllers().create(kubesphere.workspaces, { metadata: { name, labels: { [managedLabel]: 'true' } } }))
    .metadata;

/** Workspaces that came from a host, and are taken off again. */
async function arrived(...names: readonly string[]) {
  // Any cluster that has no member "m" is a host that let go of it.
  const copies = (options = {}) => expectCopies(member, 'm', [member], options);
  const before = await copies().capture(work);
  for (const name of names) await create(name);
  return (options: { readonly shielded?: boolean } = {}) => copies(options).compensate(work, before, undefined);
}

/** Somebody makes a project in a Workspace; its owner is written by the controller. */
async function project(name: string, workspace: string): Promise<string> {
  const labels = { [workspaceLabel]: workspace };
  const { uid } = (await controllers().create(core.namespaces, { metadata: { name, labels } })).metadata;
  await until('it is bound', async () => {
    const { ownerReferences = [] } = (await controllers().get(core.namespaces, { name })).metadata;
    return ownerReferences.some(({ kind }) => kind === 'Workspace');
  });
  return uid;
}
async function expectAlive(name: string, uid: string): Promise<void> {
  const { metadata } = await controllers().get(core.namespaces, { name });
  expect([metadata.uid, metadata.deletionTimestamp]).toEqual([uid, undefined]);
}

/** Something comes to pass right before that Workspace is asked to go. */
function asked(workspace: string, happens: () => Promise<unknown>) {
  const { connection } = member;
  const remove = connection.delete.bind(connection);
  let once = true;
  return vi.spyOn(connection, 'delete').mockImplementation((async (...args: Parameters<typeof remove>) => {
    if (once && args[0] === (kubesphere.workspaces as Resource) && args[1].name === workspace) {
      once = false;
      await happens();
    }
    return remove(...args);
  }) as never);
}

describe('a Workspace that arrived with a host', { timeout: 60_000 }, () => {
  test('stays where a project came into it while others were taken off', async () => {
    const takeOff = await arrived('one', 'two');
    let uid = '';
    using _spy = asked('one', async () => {
      uid = await project('late', 'two');
    });
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/late/),
    });
    await gone(kubesphere.workspaces, 'one');
    expect(
      (await controllers().get(kubesphere.workspaces, { name: 'two' })).metadata.deletionTimestamp,
    ).toBeUndefined();
    await expectAlive('late', uid);
  });

  test('stays where it came to own a namespace that bears no label', async () => {
    const takeOff = await arrived('first', 'owner');
    const owner = (await controllers().get(kubesphere.workspaces, { name: 'owner' })).metadata;
    const { uid } = owner;
    using _spy = asked('first', () =>
      controllers().create(core.namespaces, {
        metadata: {
          name: 'owned',
          // The controller leaves the owners of what kubefed has alone.
          labels: { [managedLabel]: 'true' },
          ownerReferences: [{ apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', name: 'owner', uid }],
        },
      }),
    );
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/"owner" would delete 1 namespace\(s\) with it: owned/),
    });
    expect(
      (await controllers().get(kubesphere.workspaces, { name: 'owner' })).metadata.deletionTimestamp,
    ).toBeUndefined();
  });

  test('stays where a project bears its label, and nobody owns it yet', async () => {
    const takeOff = await arrived('slow');
    const { stopControllers, startControllers } = sandbox.clusters.m;
    await stopControllers();
    const labels = { [workspaceLabel]: 'slow' };
    await controllers().create(core.namespaces, { metadata: { name: 'unowned', labels } });
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/"slow" has 1 project\(s\) there by now \(unowned\)/),
    });
    await startControllers();
  });

  test('leaves a project alone that came into it at the very last moment', async () => {
    const takeOff = await arrived('three');
    let uid = '';
    using _spy = asked('three', async () => {
      uid = await project('latest', 'three');
    });
    await takeOff();
    await gone(kubesphere.workspaces, 'three');
    // The garbage collector comes round to what has lost its owner later than that.
    const lost = { apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', name: 'never', uid: 'never' };
    await controllers().create(core.namespaces, {
      metadata: { name: 'bait', labels: { [managedLabel]: 'true' }, ownerReferences: [lost] },
    });
    await gone(core.namespaces, 'bait');
    await expectAlive('latest', uid);
  });
});

/** Somebody gives a user, or a Group, a role in a project. */
const bind = (
  namespace: string,
  subject: string,
  kind: 'User' | 'Group' = 'User',
  ownerReferences: readonly OwnerReference[] = [],
) =>
  controllers().create(core.roleBindings, {
    metadata: {
      namespace,
      name: `${subject}-admin`,
      labels: { [kind === 'User' ? userLabel : groupLabel]: subject },
      ownerReferences,
    },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind, name: subject }],
  });
const sendUser = (name: string) =>
  controllers().create(kubesphere.users, {
    metadata: { name, labels: { [managedLabel]: 'true' } },
    spec: { email: `${name}@example.com`, password: 'hash' },
  });

describe('a user who arrived with a host', { timeout: 60_000 }, () => {
  test('stays where a project names it, for the member deletes such bindings with a user; told once', async () => {
    await create('staff');
    await project('shop', 'staff');
    const before = await expectCopies(member, 'm', [member]).capture(work);
    for (const name of ['ann', 'bea']) await sendUser(name);
    // What came with her, and what goes with that, keeps nobody.
    const roleRef = { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: 'authenticated' };
    const labels = { [userLabel]: 'bea' };
    const came = await controllers().create(kubesphere.globalRoleBindings, {
      metadata: { name: 'bea-authenticated', labels: { ...labels, [managedLabel]: 'true' } },
      roleRef,
    });
    const { name, uid: owner } = came.metadata;
    const ownerReferences = [{ apiVersion: 'iam.kubesphere.io/v1alpha2', kind: 'GlobalRoleBinding', name, uid: owner }];
    await controllers().create(core.clusterRoleBindings, {
      metadata: { name: 'bea-cluster-admin', labels, ownerReferences },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    });
    const { uid } = (await bind('shop', 'ann')).metadata;
    const takeOff = () => expectCopies(member, 'm', [member]).compensate(work, before, undefined);
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/1 user\(s\).*User ann \(RoleBinding shop\/ann-admin\).*Roll back once more/),
    });
    await gone(kubesphere.users, 'bea');
    const kept = (await controllers().get(kubesphere.users, { name: 'ann' })).metadata;
    expect([kept.labels?.[managedLabel], kept.deletionTimestamp]).toEqual([undefined, undefined]);
    await takeOff();
    const at = { namespace: 'shop', name: 'ann-admin' };
    expect((await controllers().get(core.roleBindings, at)).metadata.uid).toBe(uid);
  });

  test('stays where what names them has an owner that does not go', async () => {
    await create('crew');
    await project('dock', 'crew');
    const before = await expectCopies(member, 'm', [member]).capture(work);
    await sendUser('cid');
    const owner = await controllers().create(core.configMaps, {
      metadata: { namespace: 'dock', name: 'tool' },
      data: {},
    });
    const { name, uid } = owner.metadata;
    const bound = await bind('dock', 'cid', 'User', [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }]);
    await expect(expectCopies(member, 'm', [member]).compensate(work, before, undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/User cid \(RoleBinding dock\/cid-admin\)/),
    });
    const at = { namespace: 'dock', name: 'cid-admin' };
    expect((await controllers().get(core.roleBindings, at)).metadata.uid).toBe(bound.metadata.uid);
  });
});

describe('a group that arrived with a host', { timeout: 60_000 }, () => {
  test('stays where a project names it, for the member deletes such bindings with a group; told once', async () => {
    await create('guild');
    await project('forge', 'guild');
    const before = await expectCopies(member, 'm', [member]).capture(work);
    for (const name of ['smiths', 'idle'])
      await controllers().create(kubesphere.groups, { metadata: { name, labels: { [managedLabel]: 'true' } } });
    // It came with the group, and keeps nobody.
    await controllers().create(kubesphere.groupBindings, {
      metadata: { name: 'idle-bea', labels: { [groupLabel]: 'idle', [managedLabel]: 'true' } },
      groupRef: { apiGroup: 'iam.kubesphere.io', kind: 'Group', name: 'idle' },
      users: ['bea'],
    });
    const { uid } = (await bind('forge', 'smiths', 'Group')).metadata;
    const takeOff = () => expectCopies(member, 'm', [member]).compensate(work, before, undefined);
    await expect(takeOff()).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/1 user\(s\) or group\(s\).*Group smiths \(RoleBinding forge\/smiths-admin\)/),
    });
    await gone(kubesphere.groups, 'idle');
    const kept = (await controllers().get(kubesphere.groups, { name: 'smiths' })).metadata;
    expect([kept.labels?.[managedLabel], kept.deletionTimestamp]).toEqual([undefined, undefined]);
    await takeOff();
    const at = { namespace: 'forge', name: 'smiths-admin' };
    expect((await controllers().get(core.roleBindings, at)).metadata.uid).toBe(uid);
  });
});

describe('a Workspace that arrived with a host, and that a shield keeps', { timeout: 60_000 }, () => {
  const marks = async (name: string) => {
    const { labels = {}, deletionTimestamp } = (await controllers().get(kubesphere.workspaces, { name })).metadata;
    return [labels[managedLabel], deletionTimestamp];
  };
  const letGo = [undefined, undefined];

  /** It came after another one was there, and the shield is up; `lower` takes it down. */
  async function shielded(name: string, options: { readonly shielded?: boolean }) {
    const copies = expectCopies(member, 'm', [member], options);
    await create(`${name}-before`);
    const before = await copies.capture(work);
    await create(name);
    await create(`${name}-free`);
    const shield = { id: name, namespaces: [], workspaces: [name] };
    const raising = raiseShield(member, shield);
    const raised = await raising.run(work, { form: 'policy' });
    await raising.verify(work, { form: 'policy' }, raised);
    return {
      takeOff: () => copies.compensate(work, before, undefined),
      lower: () => lowerShield(work, member, { ...shield, form: 'policy' }, work.runId),
    };
  }

  test('loses its mark, as all do, and goes when the shield is down', async () => {
    const { takeOff, lower } = await shielded('stays', { shielded: true });
    await takeOff();
    await gone(kubesphere.workspaces, 'stays-free');
    expect([await marks('stays'), await marks('stays-before')]).toEqual([letGo, letGo]);
    await lower();
    await removeStayed({ ...work, runId: 'run-other' }, member);
    expect(await marks('stays')).toEqual(letGo);
    await removeStayed(work, member);
    await gone(kubesphere.workspaces, 'stays');
    expect(await marks('stays-before')).toEqual(letGo);
  });

  test('stays for good where somebody uses it by then, and is told once', async () => {
    const { takeOff, lower } = await shielded('used', { shielded: true });
    await takeOff();
    const uid = await project('user', 'used');
    await lower();
    await expect(removeStayed(work, member)).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/1 Workspace\(s\) that the new host had sent stay.*would delete.*user/s),
    });
    await removeStayed(work, member);
    expect(await marks('used')).toEqual(letGo);
    await expectAlive('user', uid);
  });

  test('stays where another shield keeps it, and where a host has it by then, which needs no telling', async () => {
    const kept = await shielded('protected', { shielded: true });
    await kept.takeOff();
    await expect(removeStayed(work, member)).rejects.toMatchObject({
      message: expect.stringMatching(/shield protected/),
    });
    await kept.lower();
    const taken = await shielded('taken', { shielded: true });
    await taken.takeOff();
    const label = { metadata: { labels: { [managedLabel]: 'true' } } };
    await controllers().patch(kubesphere.workspaces, { name: 'taken' }, { type: 'merge', body: label });
    await taken.lower();
    await removeStayed(work, member);
    expect(await marks('taken')).toEqual(['true', undefined]);
  });

  test('stays, and is told once, where somebody else’s rule keeps it when the shield is down', async () => {
    const { takeOff, lower } = await shielded('ruled', { shielded: true });
    await takeOff();
    await lower();
    {
      using _spy = asked('ruled', async () => Promise.reject(new FederationError('REJECTED', 'a rule of theirs')));
      await expect(removeStayed(work, member)).rejects.toMatchObject({
        code: 'KEPT_AT_RISK',
        message: expect.stringMatching(/1 Workspace\(s\).*a rule of theirs/),
      });
    }
    await removeStayed(work, member);
    expect(await marks('ruled')).toEqual(letGo);
  });

  test('is told, when all else is done, where nobody lowers that shield later', async () => {
    const { takeOff, lower } = await shielded('told', {});
    // A user that stays is told with it: it is not found a second time.
    await project('open', 'told-before');
    await sendUser('dan');
    await bind('open', 'dan');
    await expect(takeOff()).rejects.toMatchObject({
      code: 'REJECTED',
      message: expect.stringMatching(/shield told.*User dan \(RoleBinding open\/dan-admin\)/s),
    });
    await gone(kubesphere.workspaces, 'told-free');
    expect([await marks('told'), await marks('told-before')]).toEqual([letGo, letGo]);
    await lower();
  });

  test('is no reason to leave one that somebody else’s rule keeps', async () => {
    const takeOff = await arrived('theirs');
    using _spy = asked('theirs', async () => Promise.reject(new FederationError('REJECTED', 'a rule of theirs')));
    await expect(takeOff({ shielded: true })).rejects.toMatchObject({ message: 'a rule of theirs' });
    expect(await marks('theirs')).toEqual(['true', undefined]);
  });
});
