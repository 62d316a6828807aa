import { afterEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { kubefedNamespace, managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { setLabel } from '../../../src/modules/operations/set-label.ts';
import { platformLevel, takeRoles } from '../../../src/modules/operations/user-role.ts';
import { revokeWorkspaceRole } from '../../../src/modules/operations/workspace-binding.ts';
import { discardProject } from '../../../src/modules/workspaces/delete-named.ts';
import { cluster, given, onceAnswered, work } from './kit.ts';

const joined = { spec: { apiEndpoint: 'https://x', secretRef: { name: 's' } } };
const only = (host: KubeSphereCluster) => ({ host, member: async () => host });

/** What somebody writes between the last look and a deletion: the cluster, where somebody does something right after the first look at an object by its name. */
const onceLooked = (act: (connection: Connection) => Promise<unknown>): KubeSphereCluster =>
  onceAnswered(
    'find',
    () => true,
    () => act(cluster.connection),
  );

describe('a project that was named for deletion', () => {
  test('and is bound elsewhere between the look and the deletion lives', async () => {
    const { uid } = (await cluster.connection.create(core.namespaces, { metadata: { name: 'named' } })).metadata;
    const late = onceLooked(async ({ patch }) => {
      const body = { metadata: { labels: { [workspaceLabel]: 'other' } } };
      await patch(core.namespaces, { name: 'named' }, { type: 'merge', body });
    });
    const project = {
      ...{ cluster: 'c', name: 'named', uid, kind: 'plain' as const },
      labelled: true,
      devops: false,
    } as const;
    await expect(discardProject(only(late), late, project, 'w', [project]).run(work, null)).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/is in workspace "other" by now\. It was not deleted/),
    });
    const { metadata } = await cluster.connection.get(core.namespaces, { name: 'named' });
    expect([metadata.uid, metadata.deletionTimestamp]).toEqual([uid, undefined]);
  });
});

describe('a namespace of the host that was named, and holds a FederatedNamespace by then', () => {
  test.each([
    ['kubefed has', { [managedLabel]: 'true' }, [], false],
    ['kubefed is about to adopt', {}, [{ name: 'm' }], false],
    ['is not placed', {}, [], true],
    ['was released', { [managedLabel]: 'false' }, [{ name: 'm' }], true],
  ] as const)('stays while M has one of its name that was not named and %s', async (_what, labels, clusters, goes) => {
    const name = 'shared';
    const { uid } = await given(core.namespaces, { name });
    await given(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name: 'm' }, joined);
    const at = { namespace: name, name };
    await given(kubesphere.federatedNamespaces, at, { spec: { template: {}, placement: { clusters } } });
    const find = async () => ({ metadata: { name, uid: 'of M', labels } }) as never;
    const m = { ...cluster, connection: { ...cluster.connection, find } };
    const env = { host: cluster, member: async (one: string) => (one === 'm' ? m : cluster) };
    const project = { cluster: 'c', name, uid, kind: 'plain', labelled: true, devops: false } as const;
    const discarding = discardProject(env, cluster, project, 'w', [project]).run(work, null);
    if (goes) await discarding;
    else
      await expect(discarding).rejects.toMatchObject({
        code: 'WORLD_MOVED',
        message: expect.stringMatching(/with that m\/shared \(UID of M\), which was not named/),
      });
    const found = await cluster.connection.find(core.namespaces, { name });
    expect(found === undefined || found.metadata.deletionTimestamp !== undefined).toBe(goes);
  });
});

describe('two projects that were named, of which one owns the other', () => {
  test('are no reason to keep one another: each may go first', async () => {
    const { connection } = cluster;
    const owner = (await connection.create(core.namespaces, { metadata: { name: 'owner' } })).metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Namespace', name: owner.name, uid: owner.uid }];
    const owned = (await connection.create(core.namespaces, { metadata: { name: 'owned', ownerReferences } })).metadata;
    const named = [owner, owned].map(({ name, uid }) => ({
      ...{ cluster: 'c', name, uid, kind: 'plain' as const },
      ...{ labelled: true, devops: false },
    }));
    const [first] = named;
    if (first === undefined) throw new Error('There are two.');
    await expect(discardProject(only(cluster), cluster, first, 'w', [first]).run(work, null)).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/take along what is not in them: Namespace owned/),
    });
    await discardProject(only(cluster), cluster, first, 'w', named).run(work, null);
    expect((await connection.find(core.namespaces, { name: 'owner' }))?.metadata.deletionTimestamp).toBeDefined();
  });
});

describe('a role that is taken from a user', () => {
  const roleRef = { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: 'platform-regular' };
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }];
  const at = { name: 'eve-platform-regular' };
  const find = () => cluster.connection.find(kubesphere.globalRoleBindings, at);
  const byControllers = { fieldManager: 'controller-manager' };
  const byPerson = { fieldManager: 'ks-apiserver' };

  test.each([
    ['by kubefed is taken again', 'true', 'platform-regular', byControllers, false],
    ['by kubefed, and KubeSphere took it for an original, too', 'false', 'platform-regular', byControllers, false],
    ['by somebody is left', 'false', 'platform-regular', byPerson, true],
    ['by kubefed, but another role, is left', 'true', 'platform-admin', byControllers, true],
    ['by somebody, whose binding kubefed took over, is left', 'true', 'platform-regular', byPerson, true],
  ] as const)('and comes back at once %s', async (_what, managed, role, options, stays) => {
    await cluster.connection
      .delete(kubesphere.globalRoleBindings, at, { propagationPolicy: 'Background' })
      .catch(() => {});
    const made = await cluster.connection.create(kubesphere.globalRoleBindings, { metadata: at, roleRef, subjects });
    const { uid } = made.metadata;
    const taking = takeRoles(platformLevel(cluster), 'eve');
    const before = await taking.capture(work);
    expect(before.map((one) => one.uid)).toEqual([uid]);
    const running = taking.run(work, before);
    await expect.poll(find, { interval: 5 }).toBeUndefined();
    const labels = { [managedLabel]: managed };
    const again = { metadata: { ...at, labels }, roleRef: { ...roleRef, name: role }, subjects };
    await cluster.connection.create(kubesphere.globalRoleBindings, again, options);
    await running;
    expect((await find()) !== undefined).toBe(stays);
    const seen = expect(taking.verify(work, before, undefined));
    if (stays && role === 'platform-regular')
      await seen.rejects.toMatchObject({
        code: 'WORLD_MOVED',
        message: expect.stringMatching(/somebody has given it again/),
      });
    else await seen.resolves.toBeUndefined();
  });

  test('of a workspace and is given back by kubefed is taken again; where it comes back for ever, that is said', async () => {
    const { connection } = cluster;
    const binding = {
      metadata: { name: 'eve-team-a-viewer', labels: { [managedLabel]: 'true' } },
      roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: 'team-a-viewer' },
      subjects,
    };
    const { name } = binding.metadata;
    const { uid } = (await connection.create(kubesphere.workspaceRoleBindings, binding, byControllers)).metadata;
    const taking = revokeWorkspaceRole(cluster, [], { name, uid });
    const before = await taking.capture(work);
    let times = 0;
    let limit = 2;
    const stop = new AbortController();
    const givesBack = (async () => {
      for await (const event of connection.watch(kubesphere.workspaceRoleBindings, { signal: stop.signal })) {
        if (event.type !== 'deleted' || times === limit) continue;
        times += 1;
        await connection.create(kubesphere.workspaceRoleBindings, binding, byControllers);
      }
    })();
    await taking.run(work, before);
    expect(times).toBe(2);
    expect(await connection.find(kubesphere.workspaceRoleBindings, { name })).toBeUndefined();
    limit = Number.POSITIVE_INFINITY;
    const anew = await connection.create(kubesphere.workspaceRoleBindings, binding, byControllers);
    const once = revokeWorkspaceRole(cluster, [], { name, uid: anew.metadata.uid });
    await expect(once.run(work, await once.capture(work))).rejects.toMatchObject({
      code: 'NOT_OBSERVED',
      message: expect.stringMatching(/was deleted 6 times, and is there again/),
    });
    stop.abort();
    await givesBack;
  });

  describe('of a workspace', () => {
    const at = { name: 'eve-team-b-viewer' };
    const given = {
      metadata: at,
      roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: 'team-b-viewer' },
      subjects,
    };
    const bindings = kubesphere.workspaceRoleBindings;
    const current = () => cluster.connection.find(bindings, at);
    afterEach(async () => {
      if ((await current()) !== undefined)
        await cluster.connection.delete(bindings, at, { propagationPolicy: 'Background' });
    });

    test('and that somebody wrote to as it was to be taken again stays, and that is said', async () => {
      const { uid } = (await cluster.connection.create(bindings, given, byControllers)).metadata;
      const late = onceLooked(({ patch }) => {
        const body = { subjects: [...subjects, { ...subjects[0], name: 'dora' }] };
        return patch(bindings, at, { type: 'merge', body }, byPerson);
      });
      const taking = revokeWorkspaceRole(late, [], { ...at, uid: 'the former one' });
      const before = { roleRef: given.roleRef, subjects: [], labels: {}, annotations: {} };
      await expect(taking.run(work, before)).rejects.toMatchObject({
        code: 'WORLD_MOVED',
        message: expect.stringMatching(/somebody changed WorkspaceRoleBinding "eve-team-b-viewer".*left alone/),
      });
      expect((await current())?.metadata).toMatchObject({ uid });
      expect((await current())?.metadata.deletionTimestamp).toBeUndefined();
    });

    test('and that somebody gave again is not said to be gone', async () => {
      const { uid } = (await cluster.connection.create(bindings, given, byPerson)).metadata;
      const taking = revokeWorkspaceRole(cluster, [], { ...at, uid });
      const before = await taking.capture(work);
      const running = taking.run(work, before);
      await expect.poll(current, { interval: 5 }).toBeUndefined();
      await cluster.connection.create(bindings, given, byPerson);
      await running;
      await expect(taking.verify(work, before, undefined)).rejects.toMatchObject({
        code: 'WORLD_MOVED',
        message: expect.stringMatching(/somebody has made it again/),
      });
      expect(await current()).toBeDefined();
    });
  });
});

describe('an object whose label is to be set', () => {
  const resource = core.configMaps;
  const at = { namespace: 'default', name: 'labelled' };
  const make = async (connection: Connection): Promise<string> => {
    const labels = { team: 'old' };
    return (await connection.create(resource, { metadata: { ...at, labels } })).metadata.uid;
  };
  const replace = async (connection: Connection): Promise<void> => {
    await connection.delete(resource, at, { propagationPolicy: 'Background' });
    await make(connection);
  };
  const valueNow = async () => (await cluster.connection.get(resource, at)).metadata.labels?.['team'];
  afterEach(() => cluster.connection.delete(resource, at, { propagationPolicy: 'Background' }));

  test('and is another one by the time of the write keeps what it has, unless whatever has its name is meant', async () => {
    const ref = { ...at, uid: await make(cluster.connection) };
    const late = setLabel(onceLooked(replace), resource, ref, { label: 'team', to: 'new' });
    await expect(late.run(work, { value: 'old' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await valueNow()).toBe('old');
    const any = setLabel(onceLooked(replace), resource, ref, { label: 'team', to: null, heirs: true });
    await any.run(work, { value: 'old' });
    expect(await valueNow()).toBeUndefined();
  });

  test('and is gone, or another one, is NOT_FOUND where it has to be there, and else nothing to do', async () => {
    const ref = { ...at, uid: 'the former one' };
    await make(cluster.connection);
    const required = setLabel(cluster, resource, ref, { label: 'team', to: 'new', required: true });
    const refused = { code: 'NOT_FOUND', message: expect.stringMatching(/is another one by now/) };
    await expect(required.forecast(work)).rejects.toMatchObject(refused);
    await expect(required.run(work, { value: 'old' })).rejects.toMatchObject(refused);
    const loose = setLabel(cluster, resource, ref, { label: 'team', to: 'new' });
    expect(await loose.forecast(work)).toMatchObject({ effect: 'none', why: 'it is gone' });
    expect(await valueNow()).toBe('old');
  });
});
