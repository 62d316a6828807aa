import { expect } from 'vitest';
import { managedLabel, runAnnotation, userLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, createWorkspace, inviteToWorkspace, until } from '../../../src/testing/index.ts';
import { method } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

interface Args {
  readonly name: string;
}

const bindings = '/apis/iam.kubesphere.io/v1alpha2/workspacerolebindings';
const quotas = '/apis/quota.kubesphere.io/v1alpha2/resourcequotas';

/** A workspace on M, whose guest cy may look. */
async function withGuest(world: ModuleWorld): Promise<Args> {
  const name = world.fresh('folk');
  const { a, m } = world.clusters;
  await createUser(a.connection, { name: 'cy' });
  await createWorkspace(a.connection, { name, manager: 'ann', clusters: ['m'] });
  await inviteToWorkspace(a.connection, { workspace: name, user: 'cy', role: 'viewer' });
  await until(`${name} and its guest are on m`, async () => {
    const workspace = await m.connection.find(kubesphere.workspaces, { name });
    const binding = await m.connection.find(kubesphere.workspaceRoleBindings, { name: `cy-${name}-viewer` });
    return (workspace?.metadata.labels?.[managedLabel] === 'true' && binding !== undefined) || undefined;
  });
  return { name };
}

/** Roles of cy by their bindings, on the host and on M. */
async function rolesOfCy({ clusters: { a, m } }: ModuleWorld, { name }: Args) {
  const labelSelector = `${workspaceLabel}=${name},${userLabel}=cy`;
  const of = async ({ connection }: typeof a) =>
    (await connection.listMetadata(kubesphere.workspaceRoleBindings, { labelSelector }).toArray()).map(
      ({ metadata }) => metadata.name,
    );
  return { a: await of(a), m: await of(m) };
}
async function untouched(world: ModuleWorld, args: Args): Promise<void> {
  const viewer = [`cy-${args.name}-viewer`];
  expect(await rolesOfCy(world, args)).toEqual({ a: viewer, m: viewer });
}
const bad = 'No Name';

const quotaOnM = async ({ clusters: { m } }: ModuleWorld, { name }: Args) =>
  m.connection.find(kubesphere.resourceQuotas, { name });
const preconditions = { uid: expect.any(String), resourceVersion: expect.any(String) };

/** People and quotas of a workspace. */
export const peopleSpecs = [
  method<Args>({
    method: 'workspaces.users',
    prepare: withGuest,
    call: (federation, { name }, options) => federation.workspaces.users(name, options),
    async done(_world, _args, answer) {
      expect(answer).toHaveLength(2);
      expect(answer).toContainEqual({ user: 'ann', role: 'admin', manager: true });
      expect(answer).toContainEqual({ user: 'cy', role: 'viewer', manager: false });
    },
    decisive: { cluster: 'a', matches: ({ path }) => path === bindings },
    missing: (federation, _args, options) => federation.workspaces.users('ghost', options),
    invalid: { name: (federation) => federation.workspaces.users(bad) },
  }),
  method<Args>({
    method: 'workspaces.inviteUser',
    prepare: withGuest,
    call: (federation, { name }, options) =>
      federation.workspaces.inviteUser(name, { user: 'cy', role: 'regular' }, options),
    async done(world, args) {
      const regular = [`cy-${args.name}-regular`];
      expect(await rolesOfCy(world, args)).toEqual({ a: regular, m: regular });
    },
    untouched,
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'POST' && path === bindings },
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'POST',
        path: bindings,
        body: {
          apiVersion: 'iam.kubesphere.io/v1alpha2',
          kind: 'WorkspaceRoleBinding',
          metadata: {
            name: `cy-${name}-regular`,
            labels: { [userLabel]: 'cy', [workspaceLabel]: name },
            annotations: { [runAnnotation]: expect.any(String) },
          },
          roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: `${name}-regular` },
          subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'cy' }],
        },
      },
      {
        cluster: 'a',
        method: 'DELETE',
        path: `${bindings}/cy-${name}-viewer`,
        body: expect.objectContaining({ propagationPolicy: 'Background', preconditions }),
      },
    ],
    missing: (federation, { name }, options) =>
      federation.workspaces.inviteUser(name, { user: 'ghost', role: 'regular' }, options),
    invalid: {
      name: (federation) => federation.workspaces.inviteUser(bad, { user: 'cy', role: 'viewer' }),
      user: (federation) => federation.workspaces.inviteUser('team', { user: '', role: 'viewer' }),
      role: (federation) => federation.workspaces.inviteUser('team', { user: 'cy', role: '' }),
      dryRun: (federation) =>
        federation.workspaces.inviteUser('team', { user: 'cy', role: 'viewer', dryRun: true } as never),
    },
    without: { conflict: 'a create answers 409 as ALREADY_EXISTS, and then the binding is not its own' },
  }),
  method<Args>({
    method: 'workspaces.removeUser',
    prepare: withGuest,
    call: (federation, { name }, options) => federation.workspaces.removeUser(name, 'cy', options),
    async done(world, args) {
      expect(await rolesOfCy(world, args)).toEqual({ a: [], m: [] });
    },
    untouched,
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'DELETE' && path.startsWith(`${bindings}/`) },
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'DELETE',
        path: `${bindings}/cy-${name}-viewer`,
        body: expect.objectContaining({ propagationPolicy: 'Background', preconditions }),
      },
    ],
    missing: (federation, _args, options) => federation.workspaces.removeUser('ghost', 'cy', options),
    invalid: {
      name: (federation) => federation.workspaces.removeUser(bad, 'cy'),
      user: (federation) => federation.workspaces.removeUser('team', ''),
    },
  }),
  method<Args>({
    method: 'workspaces.quotas',
    async prepare(world) {
      const args = await withGuest(world);
      await world.federation.workspaces.setQuota(args.name, { cluster: 'm', hard: { 'limits.cpu': '4' } });
      return args;
    },
    call: (federation, { name }, options) => federation.workspaces.quotas(name, options),
    async done(_world, { name }, answer) {
      expect(answer).toHaveLength(3);
      expect(answer).toContainEqual({
        cluster: 'm',
        answered: true,
        value: [{ name, uid: expect.any(String), hard: { 'limits.cpu': '4' }, used: {} }],
      });
      expect(answer).toContainEqual({ cluster: 'n', answered: true, value: [] });
    },
    decisive: { cluster: 'a', matches: ({ path }) => path.includes('/workspacetemplates/') },
    whileOtherIsDown: (answer) =>
      expect(answer).toContainEqual({
        cluster: 'n',
        answered: false,
        error: expect.objectContaining({ code: 'UNREACHABLE' }),
      }),
    missing: (federation, _args, options) => federation.workspaces.quotas('ghost', options),
    invalid: { name: (federation) => federation.workspaces.quotas(bad) },
  }),
  method<Args>({
    method: 'workspaces.setQuota',
    prepare: withGuest,
    call: (federation, { name }, options) =>
      federation.workspaces.setQuota(
        name,
        { cluster: 'm', hard: { 'limits.cpu': '10', 'requests.memory': '20Gi' } },
        options,
      ),
    async done(world, args) {
      const quota = await quotaOnM(world, args);
      const owner = await world.clusters.m.connection.get(kubesphere.workspaces, args);
      expect(quota?.spec?.quota?.hard).toEqual({ 'limits.cpu': '10', 'requests.memory': '20Gi' });
      expect(quota?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([owner.metadata.uid]);
    },
    async untouched(world, args) {
      expect(await quotaOnM(world, args)).toBeUndefined();
    },
    decisive: { cluster: 'm', matches: ({ method, path }) => method === 'POST' && path === quotas },
    writes: ({ name }) => [
      {
        cluster: 'm',
        method: 'POST',
        path: quotas,
        body: {
          apiVersion: 'quota.kubesphere.io/v1alpha2',
          kind: 'ResourceQuota',
          metadata: { name, labels: { [workspaceLabel]: name }, annotations: { [runAnnotation]: expect.any(String) } },
          spec: {
            quota: { hard: { 'limits.cpu': '10', 'requests.memory': '20Gi' } },
            selector: { [workspaceLabel]: name },
          },
        },
      },
    ],
    missing: (federation, _args, options) =>
      federation.workspaces.setQuota('ghost', { cluster: 'm', hard: { pods: '1' } }, options),
    invalid: {
      name: (federation) => federation.workspaces.setQuota(bad, { cluster: 'm', hard: { pods: '1' } }),
      cluster: (federation) => federation.workspaces.setQuota('team', { cluster: '', hard: { pods: '1' } }),
      dryRun: (federation) =>
        federation.workspaces.setQuota('team', { cluster: 'm', hard: { pods: '1' }, dryRun: true } as never),
      hard: (federation) => federation.workspaces.setQuota('team', { cluster: 'm', hard: {} }),
      'hard.pods': (federation) => federation.workspaces.setQuota('team', { cluster: 'm', hard: { pods: 'many' } }),
    },
    without: { conflict: 'a create answers 409 as ALREADY_EXISTS, and then the quota is not its own' },
  }),
  method<Args>({
    method: 'workspaces.setQuota changed',
    async prepare(world) {
      const args = await withGuest(world);
      await world.federation.workspaces.setQuota(args.name, { cluster: 'm', hard: { 'limits.cpu': '4', pods: '7' } });
      return args;
    },
    call: (federation, { name }, options) =>
      federation.workspaces.setQuota(name, { cluster: 'm', hard: { 'limits.cpu': '10' } }, options),
    async done(world, args) {
      expect((await quotaOnM(world, args))?.spec?.quota?.hard).toEqual({ 'limits.cpu': '10' });
    },
    async untouched(world, args) {
      expect((await quotaOnM(world, args))?.spec?.quota?.hard).toEqual({ 'limits.cpu': '4', pods: '7' });
    },
    decisive: { cluster: 'm', matches: ({ method, path }) => method === 'PATCH' && path.startsWith(`${quotas}/`) },
    writes: ({ name }) => [
      {
        cluster: 'm',
        method: 'PATCH',
        path: `${quotas}/${name}`,
        body: { metadata: preconditions, spec: { quota: { hard: { 'limits.cpu': '10', pods: null } } } },
      },
    ],
    missing: (federation, _args, options) =>
      federation.workspaces.setQuota('ghost', { cluster: 'm', hard: { pods: '1' } }, options),
    invalid: { hard: (federation) => federation.workspaces.setQuota('team', { cluster: 'm', hard: null as never }) },
  }),
  method<Args>({
    method: 'workspaces.removeQuota',
    async prepare(world) {
      const args = await withGuest(world);
      await world.federation.workspaces.setQuota(args.name, { cluster: 'm', hard: { 'limits.cpu': '4' } });
      return args;
    },
    call: (federation, { name }, options) => federation.workspaces.removeQuota(name, 'm', options),
    async done(world, args) {
      expect(await quotaOnM(world, args)).toBeUndefined();
    },
    async untouched(world, args) {
      expect((await quotaOnM(world, args))?.metadata.deletionTimestamp).toBeUndefined();
      expect((await quotaOnM(world, args))?.spec?.quota?.hard).toEqual({ 'limits.cpu': '4' });
    },
    decisive: { cluster: 'm', matches: ({ method, path }) => method === 'DELETE' && path.startsWith(`${quotas}/`) },
    writes: ({ name }) => [
      {
        cluster: 'm',
        method: 'DELETE',
        path: `${quotas}/${name}`,
        body: expect.objectContaining({ propagationPolicy: 'Background', preconditions }),
      },
    ],
    missing: (federation, _args, options) => federation.workspaces.removeQuota('ghost', 'm', options),
    invalid: {
      name: (federation) => federation.workspaces.removeQuota(bad, 'm'),
      cluster: (federation) => federation.workspaces.removeQuota('team', ''),
    },
  }),
];
