import { expect } from 'vitest';
import { managedLabel, runAnnotation } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { WorkspaceEvent } from '../../../src/modules/workspaces/info.ts';
import { createUser, createWorkspace } from '../../../src/testing/index.ts';
import { method } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

const templates = '/apis/tenant.kubesphere.io/v1alpha2/workspacetemplates';
const alias = 'kubesphere.io/alias-name';
const description = 'kubesphere.io/description';

interface Args {
  readonly name: string;
}

/** A workspace of the host, placed nowhere. */
async function plain(world: ModuleWorld): Promise<Args> {
  const name = world.fresh('plain');
  await createWorkspace(world.clusters.a.connection, { name, manager: 'ann' });
  return { name };
}
const unnamed = async (world: ModuleWorld): Promise<Args> => ({ name: world.fresh('new') });
const find = ({ clusters: { a } }: ModuleWorld, { name }: Args) =>
  a.connection.find(kubesphere.workspaceTemplates, { name });
const expected = (name: string) => ({
  ...{ name, uid: expect.any(String), manager: 'ann', clusters: [], placement: { clusters: [] } },
  ...{ alias: undefined, description: undefined, networkIsolation: false, terminating: false },
});

const creating = {
  prepare: unnamed,
  async untouched(world: ModuleWorld, args: Args) {
    expect(await find(world, args)).toBeUndefined();
  },
  decisive: {
    cluster: 'a',
    matches: ({ method, path }: { readonly method: string; readonly path: string }) =>
      method === 'POST' && path === templates,
  },
  // Its create is repeated by looking for the object; a second one is refused, for an equal name need not be the same.
  without: {
    'not found': 'it names nothing that has to be there',
    'already so': 'an equal name is refused, and with existing: join its own test',
    conflict: 'a create answers 409 as ALREADY_EXISTS, and then the name is taken',
  },
} as const;

/** {@link Workspaces.list}, get, watch, create and update. */
export const basicSpecs = [
  method<Args>({
    method: 'workspaces.list',
    prepare: plain,
    call: (federation, _args, options) => federation.workspaces.list(options).toArray(),
    async done(_world, { name }, answer) {
      expect(answer).toContainEqual(expected(name));
    },
    decisive: { cluster: 'a', matches: ({ path }) => path === templates },
    invalid: {},
    without: { 'not found': 'it names nothing' },
  }),
  method<Args>({
    method: 'workspaces.get',
    prepare: plain,
    call: (federation, { name }, options) => federation.workspaces.get(name, options),
    async done(_world, { name }, answer) {
      expect(answer).toEqual(expected(name));
    },
    decisive: { cluster: 'a', matches: ({ path }) => path.startsWith(`${templates}/`) },
    missing: (federation, _args, options) => federation.workspaces.get('ghost', options),
    invalid: { name: (federation) => federation.workspaces.get('No Name') },
  }),
  method<Args>({
    method: 'workspaces.watch',
    prepare: plain,
    async call(federation, _args, options) {
      for await (const event of federation.workspaces.watch(options)) return event;
      // Aborted, a watch ends quietly.
      return federation.workspaces.list(options).toArray();
    },
    async done(_world, { name }, answer) {
      const event = answer as WorkspaceEvent;
      expect(event.type === 'synced' ? event.workspaces : []).toContainEqual(expected(name));
    },
    decisive: { cluster: 'a', matches: ({ path }) => path === templates },
    invalid: {},
    without: { 'not found': 'it names nothing' },
  }),
  method<Args>({
    ...creating,
    method: 'workspaces.create',
    whileOtherIsDown: 'UNREACHABLE',
    call: (federation, { name }, options) =>
      federation.workspaces.create({ name, manager: 'ann', alias: 'The new', description: 'For trying' }, options),
    async done(world, args) {
      const template = await find(world, args);
      expect(template?.metadata.annotations).toMatchObject({ [alias]: 'The new', [description]: 'For trying' });
      expect(template?.spec).toEqual({ template: { spec: { manager: 'ann' } }, placement: { clusters: [] } });
    },
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'POST',
        path: templates,
        body: {
          apiVersion: 'tenant.kubesphere.io/v1alpha2',
          kind: 'WorkspaceTemplate',
          metadata: {
            name,
            annotations: { [alias]: 'The new', [description]: 'For trying', [runAnnotation]: expect.any(String) },
          },
          spec: { template: { spec: { manager: 'ann' } }, placement: { clusters: [] } },
        },
      },
    ],
    invalid: {
      name: (federation) => federation.workspaces.create({ name: 'system-workspace', manager: 'ann' }),
      manager: (federation) => federation.workspaces.create({ name: 'team', manager: '' }),
      networkisolation: (federation) =>
        federation.workspaces.create({ name: 'team', manager: 'ann', networkisolation: true } as never),
      clusters: (federation) => federation.workspaces.create({ name: 'team', manager: 'ann', clusters: ['m', 'm'] }),
      existing: (federation) =>
        federation.workspaces.create({ name: 'team', manager: 'ann', existing: 'take' as never }),
      networkIsolation: (federation) =>
        federation.workspaces.create({ name: 'team', manager: 'ann', networkIsolation: 'yes' as never }),
      alias: (federation) => federation.workspaces.create({ name: 'team', manager: 'ann', alias: '' }),
      description: (federation) => federation.workspaces.create({ name: 'team', manager: 'ann', description: '' }),
    },
  }),
  method<Args>({
    ...creating,
    method: 'workspaces.create placed',
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'PATCH' && path.startsWith(`${templates}/`) },
    whileOtherIsDown: 'UNREACHABLE',
    call: (federation, { name }, options) =>
      federation.workspaces.create({ name, manager: 'ann', clusters: ['m'] }, options),
    async done(world, args) {
      expect((await find(world, args))?.spec.placement).toEqual({ clusters: [{ name: 'm' }] });
      const arrived = await world.clusters.m.connection.get(kubesphere.workspaces, args);
      expect(arrived.metadata.labels).toHaveProperty([managedLabel], 'true');
    },
    writes: ({ name }) => [
      { cluster: 'a', method: 'POST', path: templates, body: expect.objectContaining({ kind: 'WorkspaceTemplate' }) },
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${templates}/${name}`,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { placement: { clusters: [{ name: 'm' }] } },
        },
      },
    ],
    missing: (federation, { name }, options) =>
      federation.workspaces.create({ name, manager: 'ann', clusters: ['ghost'] }, options),
    invalid: {
      clusters: (federation) => federation.workspaces.create({ name: 't', manager: 'ann', clusters: 'm' as never }),
    },
    without: { 'already so': creating.without['already so'] },
  }),
  method<Args>({
    method: 'workspaces.update',
    async prepare(world) {
      await createUser(world.clusters.a.connection, { name: 'ben' });
      return plain(world);
    },
    call: (federation, { name }, options) =>
      federation.workspaces.update(name, { manager: 'ben', networkIsolation: true, alias: 'New' }, options),
    async done(world, args) {
      const template = await find(world, args);
      expect(template?.spec.template.spec).toEqual({ manager: 'ben', networkIsolation: true });
      expect(template?.metadata.annotations).toMatchObject({ [alias]: 'New' });
      const { connection } = world.clusters.a;
      const binding = await connection.get(kubesphere.workspaceRoleBindings, { name: `${args.name}-admin` });
      expect(binding.subjects?.map(({ name }) => name)).toEqual(['ben']);
    },
    async untouched(world, args) {
      const template = await find(world, args);
      expect(template?.spec.template.spec).toEqual({ manager: 'ann' });
      expect(template?.metadata.annotations).not.toHaveProperty([alias]);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'PATCH' && path.startsWith(`${templates}/`) },
    writes: ({ name }) => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${templates}/${name}`,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String), annotations: { [alias]: 'New' } },
          spec: { template: { spec: { manager: 'ben', networkIsolation: true } } },
        },
      },
    ],
    missing: (federation, _args, options) => federation.workspaces.update('ghost', { alias: 'x' }, options),
    invalid: {
      name: (federation) => federation.workspaces.update('system-workspace', { alias: 'x' }),
      changes: (federation) => federation.workspaces.update('team', {}),
      networkisolation: (federation) =>
        federation.workspaces.update('team', { alias: 'x', networkisolation: true } as never),
      manager: (federation) => federation.workspaces.update('team', { manager: '' }),
      networkIsolation: (federation) => federation.workspaces.update('team', { networkIsolation: 1 as never }),
      alias: (federation) => federation.workspaces.update('team', { alias: '' }),
      description: (federation) => federation.workspaces.update('team', { description: '' }),
    },
  }),
];
