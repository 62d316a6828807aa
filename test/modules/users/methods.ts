import { compare } from 'bcryptjs';
import { expect } from 'vitest';
import type { Federation } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, userLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, until } from '../../../src/testing/index.ts';
import { type AnyMethodSpec, type ExpectedWrite, method, toOpen } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

const usersPath = '/apis/iam.kubesphere.io/v1alpha2/users';
const globalBindings = '/apis/iam.kubesphere.io/v1alpha2/globalrolebindings';
const clusterBindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const regular = 'platform-regular';
const password = 'Marked-Secret-1';
const run = { 'kubesphere-federation/run': expect.any(String) };
const preconditions = { uid: expect.any(String), resourceVersion: expect.any(String) };

const asked = (methodName: string, path: string) => ({
  cluster: 'a' as const,
  matches: (request: { readonly method: string; readonly path: string }) =>
    request.method === methodName && request.path.startsWith(path),
});

/** A user whom the host and both members have. */
async function person(world: ModuleWorld) {
  const name = world.fresh('person');
  await createUser(world.clusters.a.connection, { name });
  await copied(world, name);
  return { name };
}

async function copied({ clusters }: ModuleWorld, name: string): Promise<void> {
  const { spec } = await clusters.a.connection.get(kubesphere.users, { name });
  for (const at of ['m', 'n'] as const)
    await until(`user ${name} is on ${at}`, async () => {
      const copy = await clusters[at].connection.find(kubesphere.users, { name });
      return copy !== undefined && copy.spec.password === spec.password && copy.status?.state !== undefined;
    });
}

const stored = async ({ clusters: { a } }: ModuleWorld, name: string) => a.connection.get(kubesphere.users, { name });
const absent = (call: (federation: Federation, name: string) => Promise<unknown>) => (federation: Federation) =>
  call(federation, 'ghost');
const binding = (name: string, role: string, kind: string, group: string) => ({
  metadata: { name: `${name}-${role}`, labels: { [userLabel]: name }, annotations: run },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
  roleRef: { apiGroup: group, kind, name: role },
});
const headers = (apiVersion: string, kind: string) => ({ apiVersion, kind });
const stateIs =
  (state: string) =>
  async (world: ModuleWorld, { name }: { readonly name: string }) => {
    expect((await stored(world, name)).status?.state).toBe(state);
    const federated = await world.clusters.a.connection.get(kubesphere.federatedUsers, { name });
    expect(federated.spec).toMatchObject({ template: { status: { state } } });
  };
const badName = (call: (federation: Federation, name: string) => Promise<unknown>) => ({
  name: (federation: Federation) => call(federation, 'No Name'),
});

/** Every method of `federation.users`. */
export const methods: readonly AnyMethodSpec[] = [
  method({
    method: 'users.create',
    prepare: async (world) => ({ name: world.fresh('newcomer') }),
    call: (federation, { name }, options) =>
      federation.users.create(
        { name, email: `${name}@example.com`, displayName: 'New', password, globalRole: regular },
        options,
      ),
    async done(world, { name }) {
      const { spec, status } = await stored(world, name);
      expect(status?.state).toBe('Active');
      expect(await compare(password, spec.password ?? '')).toBe(true);
      const { roleRef } = await world.clusters.a.connection.get(kubesphere.globalRoleBindings, {
        name: `${name}-${regular}`,
      });
      expect(roleRef.name).toBe(regular);
    },
    async untouched({ clusters: { a } }, { name }) {
      expect(await a.connection.find(kubesphere.users, { name })).toBeUndefined();
      expect(await a.connection.find(kubesphere.globalRoleBindings, { name: `${name}-${regular}` })).toBeUndefined();
    },
    decisive: asked('PATCH', usersPath),
    writes: ({ name }): readonly ExpectedWrite[] => [
      {
        cluster: 'a',
        method: 'POST',
        path: usersPath,
        body: {
          ...headers('iam.kubesphere.io/v1alpha2', 'User'),
          metadata: { name, annotations: run },
          spec: { email: `${name}@example.com`, displayName: 'New' },
        },
      },
      {
        cluster: 'a',
        method: 'POST',
        path: globalBindings,
        body: {
          ...headers('iam.kubesphere.io/v1alpha2', 'GlobalRoleBinding'),
          ...binding(name, regular, 'GlobalRole', 'iam.kubesphere.io'),
        },
      },
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: { metadata: preconditions, spec: { password }, status: null },
      },
    ],
    missing: (federation, { name }, options) =>
      federation.users.create({ name, email: `${name}@example.com`, globalRole: 'no-such-role' }, options),
    invalid: {
      name: (federation) => federation.users.create({ name: 'No Name', email: 'a@b.c' }),
      email: (federation) => federation.users.create({ name: 'somebody', email: 'nowhere' }),
      password: (federation) => federation.users.create({ name: 'somebody', email: 'a@b.c', password: 'short' }),
      globalRole: (federation) => federation.users.create({ name: 'somebody', email: 'a@b.c', globalRole: '' }),
      displayName: (federation) =>
        federation.users.create({ name: 'somebody', email: 'a@b.c', displayName: 1 as unknown as string }),
      groups: (federation) =>
        federation.users.create({ name: 'somebody', email: 'a@b.c', groups: 'x' as unknown as string[] }),
    },
    without: { 'already so': 'a user of that name may be another person: refused, see users.test.ts' },
  }),
  method({
    method: 'users.update',
    prepare: person,
    call: (federation, { name }, options) =>
      federation.users.update(name, { displayName: 'Other', groups: ['staff'] }, options),
    async done(world, { name }) {
      expect((await stored(world, name)).spec).toMatchObject({ displayName: 'Other', groups: ['staff'] });
      const federated = await world.clusters.a.connection.get(kubesphere.federatedUsers, { name });
      expect(federated.spec).toMatchObject({ template: { spec: { displayName: 'Other' } } });
    },
    untouched: async (world, { name }) => expect((await stored(world, name)).spec.displayName).toBeUndefined(),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: { metadata: preconditions, spec: { displayName: 'Other', groups: ['staff'] } },
      },
    ],
    missing: absent((federation, name) => federation.users.update(name, { lang: 'en' })),
    invalid: {
      ...badName((federation, name) => federation.users.update(name, { lang: 'en' })),
      email: (federation, { name }) => federation.users.update(name, { email: '@' }),
      lang: (federation, { name }) => federation.users.update(name, { lang: 7 as unknown as string }),
      changes: (federation, { name }) => federation.users.update(name, {}),
      password: (federation, { name }) => federation.users.update(name, { password } as object),
    },
  }),
  method({
    method: 'users.setPassword',
    prepare: person,
    call: (federation, { name }, options) => federation.users.setPassword(name, password, options),
    done: async (world, { name }) =>
      expect(await compare(password, (await stored(world, name)).spec.password ?? '')).toBe(true),
    untouched: async (world, { name }) =>
      expect(await compare('P@88w0rd', (await stored(world, name)).spec.password ?? '')).toBe(true),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: { metadata: preconditions, spec: { password } },
      },
    ],
    missing: absent((federation, name) => federation.users.setPassword(name, password)),
    invalid: {
      ...badName((federation, name) => federation.users.setPassword(name, password)),
      password: (federation, { name }) => federation.users.setPassword(name, 'no-digit-A'),
    },
  }),
  method({
    method: 'users.disable',
    prepare: person,
    call: (federation, { name }, options) => federation.users.disable(name, options),
    done: stateIs('Disabled'),
    untouched: stateIs('Active'),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: {
          metadata: preconditions,
          status: { state: 'Disabled', reason: null, lastTransitionTime: expect.any(String) },
        },
      },
    ],
    missing: absent((federation, name) => federation.users.disable(name)),
    invalid: badName((federation, name) => federation.users.disable(name)),
  }),
  method({
    method: 'users.enable',
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.disable(one.name);
      return one;
    },
    call: (federation, { name }, options) => federation.users.enable(name, options),
    done: stateIs('Active'),
    untouched: stateIs('Disabled'),
    decisive: asked('PATCH', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${usersPath}/${name}`,
        body: {
          metadata: preconditions,
          status: { state: 'Active', reason: null, lastTransitionTime: expect.any(String) },
        },
      },
    ],
    missing: absent((federation, name) => federation.users.enable(name)),
    invalid: badName((federation, name) => federation.users.enable(name)),
  }),
  method({
    method: 'users.delete',
    managesWithout: [
      { side: 'host', resource: 'clusters', says: /does not answer.*not allowed/ },
      ...[...toOpen, 'users'].map((resource) => ({
        side: 'members' as const,
        resource,
        says: /does not answer.*not allowed/,
      })),
    ],
    prepare: person,
    call: (federation, { name }, options) => federation.users.delete(name, options),
    async done({ clusters }, { name }, answer) {
      expect(answer).toMatchObject({ outcome: 'changed' });
      for (const at of ['a', 'm'] as const)
        expect(await clusters[at].connection.find(kubesphere.users, { name })).toBeUndefined();
    },
    untouched: async (world, { name }) =>
      expect((await stored(world, name)).metadata.deletionTimestamp).toBeUndefined(),
    decisive: asked('DELETE', usersPath),
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'DELETE',
        path: `${usersPath}/${name}`,
        body: {
          ...headers('v1', 'DeleteOptions'),
          preconditions,
          propagationPolicy: 'Background',
        },
      },
    ],
    missing: absent((federation, name) => federation.users.delete(name)),
    whileOtherIsDown: (answer) =>
      expect(answer).toMatchObject({
        outcome: 'changed',
        result: [{ cluster: 'n', why: /does not answer/ }].map(({ cluster }) => ({
          cluster,
          why: expect.stringContaining('does not answer'),
        })),
      }),
    invalid: {
      ...badName((federation, name) => federation.users.delete(name)),
      managedWorkspaces: (federation, { name }) =>
        federation.users.delete(name, { managedWorkspaces: 'delete' as 'leave' }),
    },
    without: { 'already so': 'a user that is gone is NOT_FOUND, as one that never was' },
  }),
  method({
    method: 'users.setGlobalRole',
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.setGlobalRole(one.name, regular);
      const { metadata } = await world.clusters.a.connection.get(kubesphere.globalRoleBindings, {
        name: `${one.name}-${regular}`,
      });
      return { ...one, uid: metadata.uid };
    },
    call: (federation, { name }, options) => federation.users.setGlobalRole(name, 'platform-self-provisioner', options),
    done: async ({ federation }, { name }) =>
      expect((await federation.users.get(name)).globalRoles).toEqual(['platform-self-provisioner']),
    untouched: async ({ federation }, { name }) =>
      expect((await federation.users.get(name)).globalRoles).toEqual([regular]),
    decisive: asked('DELETE', globalBindings),
    writes: ({ name, uid }) => [
      {
        cluster: 'a',
        method: 'POST',
        path: globalBindings,
        body: {
          ...headers('iam.kubesphere.io/v1alpha2', 'GlobalRoleBinding'),
          ...binding(name, 'platform-self-provisioner', 'GlobalRole', 'iam.kubesphere.io'),
        },
      },
      {
        cluster: 'a',
        method: 'DELETE',
        path: `${globalBindings}/${name}-${regular}`,
        body: {
          ...headers('v1', 'DeleteOptions'),
          preconditions: { ...preconditions, uid },
          propagationPolicy: 'Background',
        },
      },
    ],
    missing: absent((federation, name) => federation.users.setGlobalRole(name, regular)),
    invalid: {
      ...badName((federation, name) => federation.users.setGlobalRole(name, regular)),
      role: (federation, { name }) => federation.users.setGlobalRole(name, ''),
    },
  }),
  method({
    method: 'users.grantCluster',
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.grantCluster({ user: one.name, cluster: 'm', role: 'cluster-viewer' });
      return one;
    },
    call: (federation, { name }, options) =>
      federation.users.grantCluster({ user: name, cluster: 'm', role: 'cluster-admin' }, options),
    async done({ clusters: { m } }, { name }) {
      const found = await m.connection
        .list(core.clusterRoleBindings, { labelSelector: `${userLabel}=${name}` })
        .toArray();
      expect(found.map(({ roleRef }) => roleRef.name)).toEqual(['cluster-admin']);
    },
    async untouched({ clusters: { m } }, { name }) {
      const found = await m.connection
        .list(core.clusterRoleBindings, { labelSelector: `${userLabel}=${name}` })
        .toArray();
      expect(found.map(({ roleRef }) => roleRef.name)).toEqual(['cluster-viewer']);
    },
    decisive: {
      cluster: 'm',
      matches: ({ method: verb, path }) => verb === 'DELETE' && path.startsWith(clusterBindings),
    },
    writes: ({ name }) => [
      {
        cluster: 'm',
        method: 'POST',
        path: clusterBindings,
        body: {
          ...headers('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'),
          ...binding(name, 'cluster-admin', 'ClusterRole', 'rbac.authorization.k8s.io'),
        },
      },
      {
        cluster: 'm',
        method: 'DELETE',
        path: `${clusterBindings}/${name}-cluster-viewer`,
        body: { ...headers('v1', 'DeleteOptions'), preconditions, propagationPolicy: 'Background' },
      },
    ],
    missing: (federation, { name }) =>
      federation.users.grantCluster({ user: name, cluster: 'ghost', role: 'cluster-admin' }),
    invalid: {
      user: (federation) => federation.users.grantCluster({ user: '', cluster: 'm', role: 'cluster-admin' }),
      cluster: (federation, { name }) =>
        federation.users.grantCluster({ user: name, cluster: '', role: 'cluster-admin' }),
      role: (federation, { name }) => federation.users.grantCluster({ user: name, cluster: 'm', role: '' }),
    },
  }),
  method({
    method: 'users.revokeCluster',
    async prepare(world) {
      const one = await person(world);
      await world.federation.users.grantCluster({ user: one.name, cluster: 'm', role: 'cluster-viewer' });
      return one;
    },
    call: (federation, { name }, options) => federation.users.revokeCluster({ user: name, cluster: 'm' }, options),
    done: async ({ clusters: { m } }, { name }) =>
      expect(await m.connection.find(core.clusterRoleBindings, { name: `${name}-cluster-viewer` })).toBeUndefined(),
    untouched: async ({ clusters: { m } }, { name }) =>
      expect(await m.connection.find(core.clusterRoleBindings, { name: `${name}-cluster-viewer` })).toBeDefined(),
    decisive: {
      cluster: 'm',
      matches: ({ method: verb, path }) => verb === 'DELETE' && path.startsWith(clusterBindings),
    },
    writes: ({ name }) => [
      {
        cluster: 'm',
        method: 'DELETE',
        path: `${clusterBindings}/${name}-cluster-viewer`,
        body: { ...headers('v1', 'DeleteOptions'), preconditions, propagationPolicy: 'Background' },
      },
    ],
    missing: (federation, { name }) => federation.users.revokeCluster({ user: name, cluster: 'ghost' }),
    invalid: {
      user: (federation) => federation.users.revokeCluster({ user: '', cluster: 'm' }),
      cluster: (federation, { name }) => federation.users.revokeCluster({ user: name, cluster: '' }),
    },
  }),
  method({
    method: 'users.get',
    prepare: person,
    call: (federation, { name }, options) => federation.users.get(name, options),
    async done(_world, { name }, answer) {
      expect(answer).toMatchObject({ name, email: `${name}@example.com`, state: 'Active', hasPassword: true });
      expect(JSON.stringify(answer)).not.toMatch(/\$2/);
    },
    decisive: asked('GET', usersPath),
    missing: absent((federation, name) => federation.users.get(name)),
    invalid: badName((federation, name) => federation.users.get(name)),
  }),
  method({
    method: 'users.list',
    prepare: person,
    call: (federation, _args, options) => federation.users.list(options).toArray(),
    async done(_world, { name }, answer) {
      expect(answer).toContainEqual(expect.objectContaining({ name }));
      expect(JSON.stringify(answer)).not.toMatch(/\$2/);
    },
    decisive: asked('GET', usersPath),
    invalid: {},
    without: { 'not found': 'it names nothing', 'bad input': 'it takes none' },
  }),
  method({
    method: 'users.globalRoles',
    prepare: async () => ({}),
    call: (federation, _args, options) => federation.users.globalRoles(options),
    async done(_world, _args, answer) {
      expect(answer).toEqual(expect.arrayContaining(['platform-admin', regular]));
      expect(answer).not.toContain('authenticated');
    },
    decisive: asked('GET', '/apis/iam.kubesphere.io/v1alpha2/globalroles'),
    invalid: {},
    without: { 'not found': 'it names nothing', 'bad input': 'it takes none' },
  }),
  method({
    method: 'users.watch',
    prepare: person,
    async call(federation, _args, { signal, retry }) {
      const stop = new AbortController();
      const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
      signal?.throwIfAborted();
      for await (const event of federation.users.watch({ signal: both, ...(retry === undefined ? {} : { retry }) })) {
        stop.abort();
        return event;
      }
      throw new Error('the watch ended before it began');
    },
    async done(_world, { name }, answer) {
      expect(answer).toMatchObject({
        type: 'synced',
        users: expect.arrayContaining([expect.objectContaining({ name })]),
      });
    },
    decisive: asked('GET', usersPath),
    invalid: {},
    without: {
      'not found': 'it names nothing',
      'bad input': 'it takes none',
      aborted: 'a watch ends quietly with its signal: test/kube/watch.test.ts',
    },
  }),
  method({
    method: 'users.syncStatus',
    prepare: person,
    call: (federation, { name }, options) => federation.users.syncStatus(name, options),
    async done(_world, { name }, answer) {
      expect(answer).toMatchObject({ user: name, synced: true, members: [{ cluster: 'm' }, { cluster: 'n' }] });
    },
    decisive: asked('GET', usersPath),
    whileOtherIsDown: (answer) =>
      expect(answer).toMatchObject({
        synced: false,
        members: [
          { cluster: 'm', synced: true },
          { cluster: 'n', synced: false, reason: 'silent' },
        ],
      }),
    missing: absent((federation, name) => federation.users.syncStatus(name)),
    invalid: badName((federation, name) => federation.users.syncStatus(name)),
  }),
  method({
    method: 'users.waitUntilSynced',
    prepare: async (world) => {
      const name = world.fresh('person');
      await createUser(world.clusters.a.connection, { name });
      return { name };
    },
    call: (federation, { name }, options) => federation.users.waitUntilSynced(name, { clusters: ['m'], ...options }),
    async done({ clusters: { m } }, { name }, answer) {
      expect(answer).toMatchObject({ synced: true, members: [{ cluster: 'm' }] });
      const { metadata, status } = await m.connection.get(kubesphere.users, { name });
      expect(metadata.labels).toHaveProperty([managedLabel], 'true');
      expect(status?.state).toBe('Active');
    },
    decisive: asked('GET', usersPath),
    missing: absent((federation, name) => federation.users.waitUntilSynced(name)),
    invalid: {
      ...badName((federation, name) => federation.users.waitUntilSynced(name)),
      clusters: (federation, { name }) => federation.users.waitUntilSynced(name, { clusters: [] }),
    },
  }),
];
