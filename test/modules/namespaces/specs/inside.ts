import { expect } from 'vitest';
import type { Federation } from '../../../../src/federation.ts';
import type { Resource } from '../../../../src/kube/objects.ts';
import { core } from '../../../../src/kube/resources.ts';
import { runAnnotation, userLabel } from '../../../../src/kubesphere/names.ts';
import type { ProjectUserName } from '../../../../src/modules/namespaces/people.ts';
import { inProject } from '../../../../src/modules/namespaces/resources.ts';
import type { PassingRequest } from '../../kit/fault-proxy.ts';
import { method } from '../../kit/method.ts';
import type { ModuleWorld } from '../../kit/world.ts';
import { projectOnM, workspaceOnM } from './start.ts';

const rbac = 'rbac.authorization.k8s.io';
async function project(world: ModuleWorld) {
  return projectOnM(world, await workspaceOnM(world));
}
async function give(world: ModuleWorld, namespace: string, user: string, role: string): Promise<void> {
  await world.clusters.m.connection.create(core.roleBindings, {
    metadata: { namespace, name: `${user}-${role}`, labels: { [userLabel]: user } },
    roleRef: { apiGroup: rbac, kind: 'Role', name: role },
    subjects: [{ kind: 'User', apiGroup: rbac, name: user }],
  });
}
/** A project in which ann has these roles. */
const withAnn =
  (...roles: readonly string[]) =>
  async (world: ModuleWorld) => {
    const made = await project(world);
    for (const role of roles) await give(world, made.name, 'ann', role);
    return made;
  };
async function rolesOfAnn(
  { clusters: { m } }: ModuleWorld,
  namespace: string,
  roles: readonly string[],
): Promise<void> {
  const bindings = await m.connection
    .list(core.roleBindings, { namespace, labelSelector: `${userLabel}=ann` })
    .toArray();
  expect(bindings.map(({ roleRef }) => roleRef.name).sort()).toEqual(roles);
}
const on = (verb: string, plural: string) =>
  ({
    cluster: 'm',
    matches: ({ method, path }: PassingRequest) => method === verb && path.includes(`/${plural}`),
  }) as const;
const posted = (name: string, resource: Resource, at: string, body: object) =>
  ({
    cluster: 'm',
    method: 'POST',
    path: `/${resource.group === '' ? 'api' : `apis/${resource.group}`}/${resource.version}/namespaces/${name}/${resource.plural}`,
    body: {
      apiVersion: resource.group === '' ? 'v1' : `${resource.group}/v1`,
      kind: resource.kind,
      metadata: {
        name: at,
        namespace: name,
        annotations: { [runAnnotation]: expect.any(String) },
        ...(resource === core.roleBindings && { labels: { [userLabel]: 'ann' } }),
      },
      ...body,
    },
  }) as const;
const asBinding = (role: string) => ({
  roleRef: { apiGroup: rbac, kind: 'Role', name: role },
  subjects: [{ kind: 'User', apiGroup: rbac, name: 'ann' }],
});
const dropped = (name: string, binding: string) =>
  ({
    cluster: 'm',
    method: 'DELETE',
    path: `/apis/${rbac}/v1/namespaces/${name}/rolebindings/${binding}`,
    body: {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: 'Background',
      preconditions: { uid: expect.any(String), resourceVersion: expect.any(String) },
    },
  }) as const;
const noConflict = 'nothing is changed that was there before: what is created meets no conflict';
const badProject = (call: (federation: Federation, at: ProjectUserName) => Promise<unknown>) => ({
  cluster: (federation: Federation) => call(federation, { cluster: 'M', name: 'x', user: 'ann' }),
  name: (federation: Federation) => call(federation, { cluster: 'm', name: '', user: 'ann' }),
});
const badUser = (call: (federation: Federation, at: ProjectUserName) => Promise<unknown>) => ({
  ...badProject(call),
  user: (federation: Federation) => call(federation, { cluster: 'm', name: 'x', user: 'Ann!' }),
});

const people = [
  method({
    method: 'namespaces.users',
    prepare: withAnn('viewer'),
    call: (federation, { cluster, name }, options) => federation.namespaces.users({ cluster, name }, options),
    done: async (_world, _args, answer) =>
      expect(answer).toEqual([{ user: 'ann', role: 'viewer', roleKind: 'Role', binding: 'ann-viewer' }]),
    decisive: on('GET', 'rolebindings'),
    missing: (federation, _args, options) => federation.namespaces.users({ cluster: 'm', name: 'ghost' }, options),
    invalid: badProject((federation, at) => federation.namespaces.users(at)),
  }),
  method({
    method: 'namespaces.inviteUser',
    prepare: project,
    call: (federation, { cluster, name }, options) =>
      federation.namespaces.inviteUser({ cluster, name, user: 'ann', role: 'operator' }, options),
    done: (world, { name }) => rolesOfAnn(world, name, ['operator']),
    untouched: (world, { name }) => rolesOfAnn(world, name, []),
    decisive: on('POST', 'rolebindings'),
    writes: ({ name }) => [posted(name, core.roleBindings, 'ann-operator', asBinding('operator'))],
    missing: (federation, { cluster, name }, options) =>
      federation.namespaces.inviteUser({ cluster, name, user: 'ann', role: 'owner' }, options),
    invalid: {
      ...badUser((federation, at) => federation.namespaces.inviteUser({ ...at, role: 'admin' })),
      role: (federation) => federation.namespaces.inviteUser({ cluster: 'm', name: 'x', user: 'ann', role: '' }),
      dryRun: (federation) =>
        federation.namespaces.inviteUser({ cluster: 'm', name: 'x', user: 'ann', role: 'v', dryRun: true } as never),
    },
    without: { conflict: noConflict },
  }),
  method({
    method: 'namespaces.inviteUser anew',
    prepare: withAnn('viewer'),
    call: (federation, { cluster, name }, options) =>
      federation.namespaces.inviteUser({ cluster, name, user: 'ann', role: 'admin' }, options),
    done: (world, { name }) => rolesOfAnn(world, name, ['admin']),
    untouched: (world, { name }) => rolesOfAnn(world, name, ['viewer']),
    decisive: on('DELETE', 'rolebindings'),
    writes: ({ name }) => [
      posted(name, core.roleBindings, 'ann-admin', asBinding('admin')),
      dropped(name, 'ann-viewer'),
    ],
    missing: (federation, { cluster, name }, options) =>
      federation.namespaces.inviteUser({ cluster, name, user: 'nobody', role: 'admin' }, options),
    invalid: {},
  }),
  method({
    method: 'namespaces.removeUser',
    prepare: withAnn('viewer'),
    call: (federation, { cluster, name }, options) =>
      federation.namespaces.removeUser({ cluster, name, user: 'ann' }, options),
    done: (world, { name }) => rolesOfAnn(world, name, []),
    untouched: (world, { name }) => rolesOfAnn(world, name, ['viewer']),
    decisive: on('DELETE', 'rolebindings'),
    writes: ({ name }) => [dropped(name, 'ann-viewer')],
    missing: (federation, _args, options) =>
      federation.namespaces.removeUser({ cluster: 'm', name: 'ghost', user: 'ann' }, options),
    invalid: {
      ...badUser((federation, at) => federation.namespaces.removeUser(at)),
      role: (federation) =>
        federation.namespaces.removeUser({ cluster: 'm', name: 'x', user: 'ann', role: 'viewer' } as never),
      binding: (federation) =>
        federation.namespaces.removeUser({ cluster: 'm', name: 'x', user: 'ann', binding: 'ann-viewer' } as never),
    },
  }),
  method({
    method: 'namespaces.removeUser of several roles',
    managesWithout: [
      {
        side: 'members',
        resource: 'roles',
        verb: 'bind',
        why: 'its way back alone binds, and whoever holds what the role gives may do that, too',
      },
    ],
    prepare: withAnn('operator', 'viewer'),
    call: (federation, { cluster, name }, options) =>
      federation.namespaces.removeUser({ cluster, name, user: 'ann' }, options),
    done: (world, { name }) => rolesOfAnn(world, name, []),
    untouched: (world, { name }) => rolesOfAnn(world, name, ['operator', 'viewer']),
    decisive: on('DELETE', 'rolebindings'),
    writes: ({ name }) =>
      ['ann-operator', 'ann-viewer'].map((binding) => ({ ...dropped(name, binding), abreast: true })),
    missing: (federation, _args, options) =>
      federation.namespaces.removeUser({ cluster: 'm', name: 'ghost', user: 'ann' }, options),
    invalid: {},
  }),
];

const hard = { 'limits.cpu': '4', pods: '50' };
const limits = [{ type: 'Container', default: { cpu: '500m' }, max: { cpu: '2' } }] as const;

/** A project with a quota, or a LimitRange, that says something else. */
const withQuota = async (world: ModuleWorld) => {
  const made = await project(world);
  await world.clusters.m.connection.create(inProject.quotas, {
    metadata: { name: made.name, namespace: made.name },
    spec: { hard: { 'limits.cpu': '8', secrets: '7' } },
  });
  return made;
};
const withRange = async (world: ModuleWorld) => {
  const made = await project(world);
  await world.clusters.m.connection.create(inProject.limitRanges, {
    metadata: { name: 'console-made', namespace: made.name },
    spec: { limits: [{ type: 'Container', default: { cpu: '1', memory: '1Gi' } }] },
  });
  return made;
};
const quotaOf = async ({ clusters: { m } }: ModuleWorld, name: string) =>
  (await m.connection.get(inProject.quotas, { namespace: name, name })).spec?.hard;
const rangeOf = async ({ clusters: { m } }: ModuleWorld, namespace: string) => {
  const ranges = await m.connection.list(inProject.limitRanges, { namespace }).toArray();
  return ranges.map(({ metadata, spec }) => ({ name: metadata.name, limits: spec.limits }));
};
const set = (name: string, plural: string, object: string, path: string, value: unknown) =>
  ({
    cluster: 'm',
    method: 'PATCH',
    path: `/api/v1/namespaces/${name}/${plural}/${object}`,
    type: 'application/json-patch+json',
    body: expect.arrayContaining([
      { op: 'test', path: '/metadata/uid', value: expect.any(String) },
      { op: 'test', path: '/metadata/resourceVersion', value: expect.any(String) },
      { op: 'add', path, value },
    ]),
  }) as const;

const limiting = [
  method({
    method: 'namespaces.quotas',
    prepare: withQuota,
    call: (federation, { cluster, name }, options) => federation.namespaces.quotas({ cluster, name }, options),
    done: async (_world, { name }, answer) =>
      expect(answer).toEqual([{ name, hard: { 'limits.cpu': '8', secrets: '7' }, used: expect.any(Object) }]),
    decisive: on('GET', 'resourcequotas'),
    missing: (federation, _args, options) => federation.namespaces.quotas({ cluster: 'm', name: 'ghost' }, options),
    invalid: badProject((federation, at) => federation.namespaces.quotas(at)),
  }),
  method({
    method: 'namespaces.setQuota',
    prepare: withQuota,
    call: (federation, { cluster, name }, options) => federation.namespaces.setQuota({ cluster, name, hard }, options),
    done: async (world, { name }) => expect(await quotaOf(world, name)).toEqual(hard),
    untouched: async (world, { name }) =>
      expect(await quotaOf(world, name)).toEqual({ 'limits.cpu': '8', secrets: '7' }),
    decisive: on('PATCH', 'resourcequotas'),
    writes: ({ name }) => [set(name, 'resourcequotas', name, '/spec/hard', hard)],
    missing: (federation, _args, options) =>
      federation.namespaces.setQuota({ cluster: 'm', name: 'ghost', hard }, options),
    invalid: {
      ...badProject((federation, at) => federation.namespaces.setQuota({ ...at, hard })),
      hard: (federation) => federation.namespaces.setQuota({ cluster: 'm', name: 'x', hard: 4 as never }),
      'hard.pods': (federation) => federation.namespaces.setQuota({ cluster: 'm', name: 'x', hard: { pods: 'many' } }),
      quota: (federation) => federation.namespaces.setQuota({ cluster: 'm', name: 'x', hard, quota: '' }),
      used: (federation) => federation.namespaces.setQuota({ cluster: 'm', name: 'compute', hard, used: {} } as never),
    },
  }),
  method({
    method: 'namespaces.setQuota for the first time',
    prepare: project,
    call: (federation, { cluster, name }, options) => federation.namespaces.setQuota({ cluster, name, hard }, options),
    done: async (world, { name }) => expect(await quotaOf(world, name)).toEqual(hard),
    untouched: async ({ clusters: { m } }, { name }) =>
      expect(await m.connection.list(inProject.quotas, { namespace: name }).toArray()).toEqual([]),
    decisive: on('POST', 'resourcequotas'),
    writes: ({ name }) => [posted(name, inProject.quotas, name, { spec: { hard } })],
    missing: (federation, _args, options) =>
      federation.namespaces.setQuota({ cluster: 'ghost', name: 'x', hard }, options),
    invalid: { name: (federation) => federation.namespaces.setQuota({ cluster: 'm', name: 'kube-system', hard }) },
    without: { conflict: noConflict },
  }),
  method({
    method: 'namespaces.limitRanges',
    prepare: withRange,
    call: (federation, { cluster, name }, options) => federation.namespaces.limitRanges({ cluster, name }, options),
    done: async (_world, _args, answer) =>
      expect(answer).toEqual([
        {
          name: 'console-made',
          limits: [expect.objectContaining({ type: 'Container', default: { cpu: '1', memory: '1Gi' } })],
        },
      ]),
    decisive: on('GET', 'limitranges'),
    missing: (federation, _args, options) =>
      federation.namespaces.limitRanges({ cluster: 'm', name: 'ghost' }, options),
    invalid: badProject((federation, at) => federation.namespaces.limitRanges(at)),
  }),
  method({
    method: 'namespaces.setLimitRange',
    prepare: withRange,
    call: (federation, { cluster, name }, options) =>
      federation.namespaces.setLimitRange({ cluster, name, limits }, options),
    done: async (world, { name }) =>
      expect(await rangeOf(world, name)).toEqual([
        { name: 'console-made', limits: [expect.objectContaining({ default: { cpu: '500m' }, max: { cpu: '2' } })] },
      ]),
    untouched: async (world, { name }) =>
      expect(await rangeOf(world, name)).toMatchObject([{ limits: [{ default: { memory: '1Gi' } }] }]),
    decisive: on('PATCH', 'limitranges'),
    writes: ({ name }) => [set(name, 'limitranges', 'console-made', '/spec/limits', limits)],
    missing: (federation, _args, options) =>
      federation.namespaces.setLimitRange({ cluster: 'm', name: 'ghost', limits }, options),
    invalid: {
      ...badProject((federation, at) => federation.namespaces.setLimitRange({ ...at, limits })),
      limits: (federation) => federation.namespaces.setLimitRange({ cluster: 'm', name: 'x', limits: [] }),
      'limits[0].type': (federation) =>
        federation.namespaces.setLimitRange({ cluster: 'm', name: 'x', limits: [{ type: 'Node' as never }] }),
      'limits[0].max.cpu': (federation) =>
        federation.namespaces.setLimitRange({ cluster: 'm', name: 'x', limits: [{ type: 'Pod', max: { cpu: '' } }] }),
      range: (federation) => federation.namespaces.setLimitRange({ cluster: 'm', name: 'x', limits, range: 'R' }),
    },
  }),
];

/** What is inside of a project: its people and its limits. */
export const inside = [...people, ...limiting];
