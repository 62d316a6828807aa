import { describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { groupLabel, managedLabel, userLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { expectCopies } from '../../../src/modules/operations/host-copies.ts';
import { useMember, work } from './arrived-kit.ts';

const { theMember, controllers, gone, create, project, bind, sendUser } = useMember();

describe('a user who arrived with a host', { timeout: 60_000 }, () => {
  test('stays where a project names it, for the member deletes such bindings with a user; told once', async () => {
    await create('staff');
    await project('shop', 'staff');
    const before = await expectCopies(theMember(), 'm', [theMember()]).capture(work);
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
    const takeOff = () => expectCopies(theMember(), 'm', [theMember()]).compensate(work, before, undefined);
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
    const before = await expectCopies(theMember(), 'm', [theMember()]).capture(work);
    await sendUser('cid');
    const owner = await controllers().create(core.configMaps, {
      metadata: { namespace: 'dock', name: 'tool' },
      data: {},
    });
    const { name, uid } = owner.metadata;
    const bound = await bind('dock', 'cid', 'User', [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }]);
    await expect(
      expectCopies(theMember(), 'm', [theMember()]).compensate(work, before, undefined),
    ).rejects.toMatchObject({
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
    const before = await expectCopies(theMember(), 'm', [theMember()]).capture(work);
    for (const name of ['smiths', 'idle'])
      await controllers().create(kubesphere.groups, { metadata: { name, labels: { [managedLabel]: 'true' } } });
    // It came with the group, and keeps nobody.
    await controllers().create(kubesphere.groupBindings, {
      metadata: { name: 'idle-bea', labels: { [groupLabel]: 'idle', [managedLabel]: 'true' } },
      groupRef: { apiGroup: 'iam.kubesphere.io', kind: 'Group', name: 'idle' },
      users: ['bea'],
    });
    const { uid } = (await bind('forge', 'smiths', 'Group')).metadata;
    const takeOff = () => expectCopies(theMember(), 'm', [theMember()]).compensate(work, before, undefined);
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
