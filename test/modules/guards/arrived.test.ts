import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Resource } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { type KubeSphereCluster, openCluster } from '../../../src/kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectCopies } from '../../../src/modules/operations/host-copies.ts';
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

/** Workspaces that came from a host, and are taken off again. */
async function arrived(...names: readonly string[]) {
  // Any cluster that has no member "m" is a host that let go of it.
  const copies = expectCopies(member, 'm', member);
  const before = await copies.capture(work);
  for (const name of names)
    await controllers().create(kubesphere.workspaces, { metadata: { name, labels: { [managedLabel]: 'true' } } });
  return () => copies.compensate(work, before, undefined);
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
