import { expect } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import {
  finalizers,
  hostStubLabel,
  managedLabel,
  runAnnotation,
  workspaceLabel,
} from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { deleting, freed, releasedOnM, shieldedBy, unbound } from '../kit/exact-writes.ts';
import type { PassingRequest } from '../kit/fault-proxy.ts';
import { method } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';
import { placed } from '../placement/methods.ts';
import { listOf, lookBackMs, team, watchOver } from '../placement/scene.ts';

const types = '/apis/types.kubefed.io/v1beta1/namespaces/';
const templates = '/apis/tenant.kubesphere.io/v1alpha2/workspacetemplates/';
const pathOf = (name: string): string => `${types}${name}/federatednamespaces/${name}`;
const writing = (verb: 'PATCH' | 'DELETE') =>
  ({
    cluster: 'a',
    matches: ({ method, path }: PassingRequest) => method === verb && path.startsWith(types),
  }) as const;

/** A workspace on M and N with a multi-cluster project on M. */
async function onM(world: ModuleWorld) {
  const made = await team(world.clusters, world.fresh('team'), { clusters: ['m', 'n'], plain: 0, federated: 1 });
  const [name = ''] = made.federated;
  const own = await world.clusters.a.connection.get(core.namespaces, { name });
  return {
    ...made,
    name,
    watch: await watchOver(world.clusters, made.federated),
    shrink: { lookBackMs: lookBackMs(world) },
    copies: await listOf(world.clusters, made.federated),
    own: { cluster: 'host', name, uid: own.metadata.uid },
  };
}
type OnM = Awaited<ReturnType<typeof onM>>;

const placementOf = async ({ clusters: { a } }: ModuleWorld, name: string) =>
  (await a.connection.find(kubesphere.federatedNamespaces, { namespace: name, name }))?.spec.placement?.clusters?.map(
    (one) => one.name,
  );
const copyOn = async (world: ModuleWorld, cluster: 'm' | 'n', name: string) =>
  (await world.clusters[cluster].connection.find(core.namespaces, { name }))?.metadata;

async function untouched(world: ModuleWorld, { name, watch, workspace }: OnM): Promise<void> {
  expect(await placementOf(world, name)).toEqual(['m']);
  expect(await watch()).toEqual({ lost: [], kept: 1, contents: [] });
  const copy = await copyOn(world, 'm', name);
  expect(copy?.labels).toMatchObject({ [managedLabel]: 'true', [workspaceLabel]: workspace });
}
/** Its copy on M lives, with all that is in it, and is nobody's. */
async function released(world: ModuleWorld, { name, watch }: OnM): Promise<void> {
  expect(await watch()).toEqual({ lost: [], kept: 1, contents: [] });
  const { m } = world.clusters;
  const copy = await copyOn(world, 'm', name);
  expect(copy?.labels).toHaveProperty([managedLabel], 'false');
  expect(copy?.labels).not.toHaveProperty([workspaceLabel]);
  for (const resource of [core.configMaps, core.secrets, core.persistentVolumeClaims, core.deployments]) {
    const owned = { namespace: name, labelSelector: `${managedLabel}=true` };
    expect(await m.connection.listMetadata(resource, owned).toArray()).toEqual([]);
  }
}

/** Methods that place multi-cluster projects. */
export const methods = [
  method({
    method: 'workspaces.delete keep, with a multi-cluster project',
    prepare: onM,
    call: (federation, { workspace, shrink }, options) =>
      federation.workspaces.delete(workspace, { projects: 'keep', apps: 'keep', ...shrink }, options),
    async done(world, made) {
      const at = { name: made.workspace };
      expect(await world.clusters.a.connection.find(kubesphere.workspaceTemplates, at)).toBeUndefined();
      await released(world, made);
    },
    async untouched(world, made) {
      const at = { name: made.workspace };
      const { metadata } = await world.clusters.a.connection.get(kubesphere.workspaceTemplates, at);
      expect(metadata.deletionTimestamp).toBeUndefined();
      await untouched(world, made);
    },
    decisive: {
      cluster: 'a',
      matches: ({ method, path }: PassingRequest) => method === 'DELETE' && path.includes('/workspacetemplates/'),
    },
    // By cluster: on M the copy was released before the host's template went.
    writes: ({ workspace, name }) => [
      unbound('a', name, workspace),
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${templates}${workspace}`,
        body: {
          metadata: {
            uid: expect.any(String),
            resourceVersion: expect.any(String),
            annotations: { [runAnnotation]: expect.stringMatching(/^run-/) },
            finalizers: [finalizers.workspaceTemplate, finalizers.orphan],
          },
        },
      },
      deleting('a', `${templates}${workspace}`),
      ...releasedOnM(name, workspace),
    ],
    whileOtherIsDown: 'UNREACHABLE',
    invalid: {},
    without: {
      'not found': 'a workspace that is not there is deleted already',
    },
  }),
  method({
    method: 'namespaces.createFederated',
    async prepare(world: ModuleWorld) {
      const { workspace } = await team(world.clusters, world.fresh('team'), { plain: 0 });
      return { workspace, name: world.fresh('multi') };
    },
    call: (federation, { name, workspace }, options) =>
      federation.namespaces.createFederated({ name, workspace, clusters: ['m'] }, options),
    async done(world, { name, workspace }) {
      expect((await copyOn(world, 'm', name))?.labels).toMatchObject({
        [managedLabel]: 'true',
        [workspaceLabel]: workspace,
      });
      const { metadata } = await world.clusters.a.connection.get(core.namespaces, { name });
      expect(metadata.labels).toMatchObject({
        [managedLabel]: 'false',
        [hostStubLabel]: 'true',
        [workspaceLabel]: workspace,
      });
    },
    async untouched(world, { name }) {
      expect(await copyOn(world, 'm', name)).toBeUndefined();
      expect(await world.clusters.a.connection.find(core.namespaces, { name })).toBeUndefined();
    },
    decisive: writing('PATCH'),
    writes: ({ name, workspace }) => [
      {
        cluster: 'a',
        method: 'POST',
        path: '/api/v1/namespaces',
        body: {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: {
            name,
            labels: { [workspaceLabel]: workspace, [hostStubLabel]: 'true', [managedLabel]: 'false' },
            annotations: { 'kubesphere-federation/run': expect.any(String) },
          },
        },
      },
      {
        cluster: 'a',
        method: 'POST',
        path: `${types}${name}/federatednamespaces`,
        body: {
          apiVersion: 'types.kubefed.io/v1beta1',
          kind: 'FederatedNamespace',
          metadata: {
            namespace: name,
            name,
            labels: { [workspaceLabel]: workspace },
            annotations: { 'kubesphere-federation/run': expect.any(String) },
          },
          spec: {
            template: { metadata: { labels: { [workspaceLabel]: workspace } } },
            placement: { clusters: [] },
          },
        },
      },
      placed(pathOf(name), { clusters: [{ name: 'm' }] }),
    ],
    missing: (federation, { name }, options) =>
      federation.namespaces.createFederated({ name, workspace: 'ghost', clusters: ['m'] }, options),
    invalid: {
      name: (federation, { workspace }) =>
        federation.namespaces.createFederated({ name: 'kube-system', workspace, clusters: ['m'] }),
      workspace: (federation, { name }) =>
        federation.namespaces.createFederated({ name, workspace: 'system-workspace', clusters: ['m'] }),
      clusters: (federation, { name, workspace }) =>
        federation.namespaces.createFederated({ name, workspace, clusters: [] }),
      dryRun: (federation, { name, workspace }) =>
        federation.namespaces.createFederated({ name, workspace, clusters: ['m'], dryRun: true } as never),
    },
    without: { 'already so': 'a project of that name is another project: it is refused' },
  }),
  method({
    method: 'namespaces.setFederatedPlacement',
    prepare: onM,
    call: (federation, { name }, options) =>
      federation.namespaces.setFederatedPlacement(name, { clusters: ['m', 'n'] }, {}, options),
    async done(world, { name, watch }) {
      expect((await copyOn(world, 'n', name))?.labels).toHaveProperty([managedLabel], 'true');
      expect(await watch()).toEqual({ lost: [], kept: 1, contents: [] });
    },
    untouched,
    decisive: writing('PATCH'),
    writes: ({ name }) => [placed(pathOf(name), { clusters: [{ name: 'm' }, { name: 'n' }] })],
    missing: (federation, _args, options) =>
      federation.namespaces.setFederatedPlacement('ghost', { clusters: ['m'] }, {}, options),
    whileOtherIsDown: 'UNREACHABLE',
    invalid: {
      name: (federation) => federation.namespaces.setFederatedPlacement('', { clusters: ['m'] }),
      placement: (federation, { name }) => federation.namespaces.setFederatedPlacement(name, {} as never),
      projects: (federation, { name }) =>
        federation.namespaces.setFederatedPlacement(name, { clusters: [] }, { projects: {} as never }),
      dryRun: (federation, { name }) =>
        federation.namespaces.setFederatedPlacement(name, { clusters: [] }, {
          projects: 'keep',
          dryRun: true,
        } as never),
    },
  }),
  method({
    method: 'namespaces.setFederatedPlacement shrink, keep',
    prepare: onM,
    call: (federation, { name, shrink }, options) =>
      federation.namespaces.setFederatedPlacement(name, { clusters: [] }, { projects: 'keep', ...shrink }, options),
    async done(world, args) {
      expect(await placementOf(world, args.name)).toEqual([]);
      await released(world, args);
    },
    untouched,
    decisive: writing('PATCH'),
    writes: ({ workspace, name }) => [
      placed(pathOf(name), { clusters: [] }),
      ...shieldedBy('m', [{ namespaces: [name] }], ...releasedOnM(name, workspace)),
    ],
    missing: (federation, { shrink }, options) =>
      federation.namespaces.setFederatedPlacement('ghost', { clusters: [] }, { projects: 'keep', ...shrink }, options),
    invalid: {},
  }),
  method({
    method: 'namespaces.setFederatedPlacement shrink, delete',
    prepare: onM,
    call: (federation, { name, shrink, copies }, options) =>
      federation.namespaces.setFederatedPlacement(
        name,
        { clusters: [] },
        { projects: { delete: copies }, ...shrink },
        options,
      ),
    async done(world, { name }) {
      expect(await placementOf(world, name)).toEqual([]);
      expect(await copyOn(world, 'm', name)).toBeUndefined();
    },
    untouched,
    decisive: writing('PATCH'),
    writes: ({ name }) => [placed(pathOf(name), { clusters: [] })],
    missing: (federation, { shrink, copies }, options) =>
      federation.namespaces.setFederatedPlacement(
        'ghost',
        { clusters: [] },
        { projects: { delete: copies }, ...shrink },
        options,
      ),
    invalid: {},
  }),
  method({
    method: 'namespaces.deleteFederated keep',
    prepare: onM,
    call: (federation, { name, shrink }, options) =>
      federation.namespaces.deleteFederated(name, { projects: 'keep', ...shrink }, options),
    async done(world, args) {
      expect(await placementOf(world, args.name)).toBeUndefined();
      await released(world, args);
      const { metadata } = await world.clusters.a.connection.get(core.namespaces, { name: args.name });
      expect(metadata.uid).toBe(args.own.uid);
    },
    untouched,
    decisive: writing('DELETE'),
    writes: ({ workspace, name }) => [
      ...shieldedBy('a', [{ namespaces: [name] }], freed('a', name, workspace), deleting('a', pathOf(name))),
      ...shieldedBy('m', [{ namespaces: [name] }], ...releasedOnM(name, workspace)),
    ],
    missing: (federation, { shrink }, options) =>
      federation.namespaces.deleteFederated('ghost', { projects: 'keep', ...shrink }, options),
    whileOtherIsDown: 'UNREACHABLE',
    invalid: {
      name: (federation) => federation.namespaces.deleteFederated('', { projects: 'keep' }),
      projects: (federation, { name }) => federation.namespaces.deleteFederated(name, {} as never),
      'dry-run': (federation, { name }) =>
        federation.namespaces.deleteFederated(name, { projects: 'keep', 'dry-run': true } as never),
      shrink: (federation, { name }) => federation.namespaces.deleteFederated(name, null as never),
      lookBackMs: (federation, { name }) =>
        federation.namespaces.deleteFederated(name, { projects: 'keep', lookBackMs: Number.NaN }),
    },
    without: { 'already so': 'what is gone is NOT_FOUND' },
  }),
  method({
    method: 'namespaces.deleteFederated delete',
    prepare: onM,
    call: (federation, { name, shrink, copies, own }, options) =>
      federation.namespaces.deleteFederated(name, { projects: { delete: [...copies, own] }, ...shrink }, options),
    async done(world, { name }) {
      expect(await placementOf(world, name)).toBeUndefined();
      expect(await copyOn(world, 'm', name)).toBeUndefined();
      expect(await world.clusters.a.connection.find(core.namespaces, { name })).toBeUndefined();
    },
    untouched,
    decisive: writing('DELETE'),
    writes: ({ name, own }) => [
      {
        cluster: 'a',
        method: 'DELETE',
        path: pathOf(name),
        body: expect.objectContaining({
          preconditions: { uid: expect.any(String), resourceVersion: expect.any(String) },
        }),
      },
      {
        cluster: 'a',
        method: 'DELETE',
        path: `/api/v1/namespaces/${name}`,
        body: expect.objectContaining({ preconditions: { uid: own.uid, resourceVersion: expect.any(String) } }),
      },
    ],
    missing: (federation, { shrink, copies }, options) =>
      federation.namespaces.deleteFederated('ghost', { projects: { delete: copies }, ...shrink }, options),
    whileOtherIsDown: 'UNREACHABLE',
    invalid: {},
    without: { 'already so': 'what is gone is NOT_FOUND' },
  }),
];
