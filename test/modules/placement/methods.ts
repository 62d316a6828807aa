import { expect } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { visibilityLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { GroundCluster } from '../../grounds.ts';
import { shieldedBy, unbound } from '../kit/exact-writes.ts';
import type { PassingRequest } from '../kit/fault-proxy.ts';
import { type ExpectedWrite, method } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';
import { isThere, listOf, lookBackMs, placedOn, team, watchOver } from './scene.ts';

const templates = '/apis/tenant.kubesphere.io/v1alpha2/workspacetemplates/';
const placing = {
  cluster: 'a',
  matches: ({ method, path }: PassingRequest) => method === 'PATCH' && path.startsWith(templates),
} as const;

/** The placement written whole, in the very version that was read. */
export const placed = (path: string, value: unknown): ExpectedWrite => ({
  cluster: 'a',
  method: 'PATCH',
  path,
  type: 'application/json-patch+json',
  body: [
    { op: 'test', path: '/metadata/uid', value: expect.any(String) },
    { op: 'test', path: '/metadata/resourceVersion', value: expect.any(String) },
    { op: 'add', path: '/spec/placement', value },
  ],
});

/** Of a call over one workspace: its outcome, or its error. */
async function one<T>(calling: Promise<readonly T[]>): Promise<T | undefined> {
  try {
    return (await calling)[0];
  } catch (error) {
    if (FederationError.is(error, 'BATCH_FAILED') && FederationError.is(error.cause)) throw error.cause;
    throw error;
  }
}

/** A workspace on M with one project, which is to be taken off M. */
async function leavingM(world: ModuleWorld) {
  const made = await team(world.clusters, world.fresh('team'), { plain: 1 });
  const watch = await watchOver(world.clusters, made.plain);
  const shrink = { lookBackMs: lookBackMs(world) };
  return { ...made, watch, shrink, list: await listOf(world.clusters, made.plain) };
}
type LeavingM = Awaited<ReturnType<typeof leavingM>>;

async function stays({ clusters }: ModuleWorld, { workspace, plain, watch }: LeavingM): Promise<void> {
  expect(await placedOn(clusters, workspace)).toEqual(['m']);
  expect(await watch()).toEqual({ lost: [], kept: plain.length, contents: [] });
  for (const name of plain) {
    const { metadata } = await clusters.m.connection.get(core.namespaces, { name });
    expect(metadata.labels).toHaveProperty([workspaceLabel], workspace);
  }
}
/** Whatever shields are made of, whichever of it this server has. */
async function leftOfShields({ connection }: GroundCluster): Promise<readonly string[]> {
  const served = new Set((await connection.resources()).map(({ plural }) => plural));
  const kinds = [
    core.validatingAdmissionPolicies,
    core.validatingAdmissionPolicyBindings,
    core.validatingWebhookConfigurations,
  ].filter(({ plural }) => served.has(plural));
  const found = await Promise.all(kinds.map((kind) => connection.list(kind).toArray()));
  return found.flat().flatMap(({ metadata: { name } }) => (name.startsWith('kubesphere-federation-') ? [name] : []));
}
async function left({ clusters }: ModuleWorld, { workspace, plain, watch }: LeavingM): Promise<void> {
  expect(await placedOn(clusters, workspace)).toEqual([]);
  expect(await isThere(clusters.m, workspace)).toBe(false);
  expect(await watch()).toEqual({ lost: [], kept: plain.length, contents: [] });
  expect(await leftOfShields(clusters.m)).toEqual([]);
}
async function lost({ clusters }: ModuleWorld, { workspace, plain, watch }: LeavingM): Promise<void> {
  expect(await placedOn(clusters, workspace)).toEqual([]);
  expect(await isThere(clusters.m, workspace)).toBe(false);
  expect(await watch()).toMatchObject({ lost: plain, kept: 0 });
}

/** A workspace that is placed nowhere, and is to come to M. */
async function comingToM(world: ModuleWorld) {
  return team(world.clusters, world.fresh('team'), { clusters: [], plain: 0 });
}
const arrived = async ({ clusters }: ModuleWorld, { workspace }: { readonly workspace: string }): Promise<void> => {
  expect(await placedOn(clusters, workspace)).toEqual(['m']);
  expect(await isThere(clusters.m, workspace)).toBe(true);
};
const nowhere = async ({ clusters }: ModuleWorld, { workspace }: { readonly workspace: string }): Promise<void> => {
  expect(await placedOn(clusters, workspace)).toEqual([]);
  expect(await isThere(clusters.m, workspace)).toBe(false);
};
const onM = { clusters: [{ name: 'm' }] };

/** Methods that place workspaces. */
export const methods = [
  method({
    method: 'workspaces.placement',
    prepare: (world: ModuleWorld) => team(world.clusters, world.fresh('team'), { plain: 0 }),
    call: (federation, { workspace }, options) => federation.workspaces.placement(workspace, options),
    done: async (_world, _args, answer) => expect(answer).toEqual({ placement: onM, clusters: ['m'], unknown: [] }),
    decisive: { cluster: 'a', matches: ({ path }) => path.startsWith(templates) },
    missing: (federation, _args, options) => federation.workspaces.placement('ghost', options),
    invalid: { name: (federation) => federation.workspaces.placement('No Name') },
  }),
  method({
    method: 'workspaces.setPlacement',
    prepare: comingToM,
    call: (federation, { workspace }, options) =>
      federation.workspaces.setPlacement(workspace, { clusters: ['m'] }, {}, options),
    done: arrived,
    untouched: nowhere,
    decisive: placing,
    writes: ({ workspace }) => [placed(`${templates}${workspace}`, onM)],
    missing: (federation, _args, options) =>
      federation.workspaces.setPlacement('ghost', { clusters: ['m'] }, {}, options),
    invalid: {
      name: (federation) => federation.workspaces.setPlacement('system-workspace', { clusters: ['m'] }),
      placement: (federation, { workspace }) => federation.workspaces.setPlacement(workspace, {} as never),
      'placement.clusters': (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusters: undefined, clusterSelector: {} } as never),
      'placement.clusters[0]': (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusters: ['Bad Name'] }),
      'placement.clusterSelector.matchLabel': (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusterSelector: { matchLabel: {} } as never }),
      'placement.clusterSelector.matchLabels': (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusterSelector: { matchLabels: undefined } as never }),
      'placement.clusterSelector.matchExpressions': (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusterSelector: { matchExpressions: undefined } as never }),
      'placement.dryRun': (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusters: [], dryRun: true } as never),
      shrink: (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusters: [] }, null as never),
      dryRun: (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusters: [] }, { projects: 'keep', dryRun: true } as never),
      'projects.dryRun': (federation, { workspace }) =>
        federation.workspaces.setPlacement(
          workspace,
          { clusters: [] },
          { projects: { delete: [], dryRun: true } as never },
        ),
      'placement.clusterSelector.matchExpressions[0].operator': (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, {
          clusterSelector: { matchExpressions: [{ key: 'a', operator: 'Is' as never }] },
        }),
      projects: (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusters: [] }, { projects: 'drop' as never }),
      lookBackMs: (federation, { workspace }) =>
        federation.workspaces.setPlacement(workspace, { clusters: [] }, { projects: 'keep', lookBackMs: -1 }),
    },
  }),
  method({
    method: 'workspaces.setPlacement shrink, keep',
    prepare: leavingM,
    call: (federation, { workspace, shrink }, options) =>
      federation.workspaces.setPlacement(workspace, { clusters: [] }, { projects: 'keep', ...shrink }, options),
    done: left,
    untouched: stays,
    decisive: placing,
    // Those of each cluster in their order; the placement came after the projects were unbound.
    writes: ({ workspace, plain }) => [
      placed(`${templates}${workspace}`, { clusters: [] }),
      ...shieldedBy('m', [{ namespaces: plain }], ...plain.map((name) => unbound('m', name, workspace))),
    ],
    missing: (federation, { shrink }, options) =>
      federation.workspaces.setPlacement('ghost', { clusters: [] }, { projects: 'keep', ...shrink }, options),
    invalid: {},
  }),
  method({
    method: 'workspaces.setPlacement shrink, delete',
    prepare: leavingM,
    call: (federation, { workspace, shrink, list }, options) =>
      federation.workspaces.setPlacement(
        workspace,
        { clusters: [] },
        { projects: { delete: list }, ...shrink },
        options,
      ),
    done: lost,
    untouched: stays,
    decisive: placing,
    writes: ({ workspace }) => [placed(`${templates}${workspace}`, { clusters: [] })],
    missing: (federation, { shrink, list }, options) =>
      federation.workspaces.setPlacement('ghost', { clusters: [] }, { projects: { delete: list }, ...shrink }, options),
    invalid: {
      'projects.delete[0].uid': (federation, { workspace }) =>
        federation.workspaces.setPlacement(
          workspace,
          { clusters: [] },
          { projects: { delete: [{ cluster: 'm', name: 'x', uid: '' }] } },
        ),
    },
  }),
  method({
    method: 'clusters.authorize',
    prepare: comingToM,
    call: (federation, { workspace }, options) => one(federation.clusters.authorize('m', [workspace], options)),
    done: arrived,
    untouched: nowhere,
    decisive: placing,
    writes: ({ workspace }) => [placed(`${templates}${workspace}`, onM)],
    missing: (federation, { workspace }, options) => federation.clusters.authorize('ghost', [workspace], options),
    invalid: {
      cluster: (federation, { workspace }) => federation.clusters.authorize('', [workspace]),
      concurrency: (federation, { workspace }) =>
        federation.clusters.authorize('m', [workspace], { concurrency: Number.NaN }),
      workspaces: (federation) => federation.clusters.authorize('m', []),
      'workspaces[0]': (federation) => federation.clusters.authorize('m', ['system-workspace']),
    },
  }),
  method({
    method: 'clusters.revoke keep',
    prepare: leavingM,
    call: (federation, { workspace, shrink }, options) =>
      one(federation.clusters.revoke('m', [workspace], { projects: 'keep', ...shrink }, options)),
    done: left,
    untouched: stays,
    decisive: placing,
    // Those of each cluster in their order; the placement came after the projects were unbound.
    writes: ({ workspace, plain }) => [
      placed(`${templates}${workspace}`, { clusters: [] }),
      ...shieldedBy('m', [{ namespaces: plain }], ...plain.map((name) => unbound('m', name, workspace))),
    ],
    missing: (federation, { workspace, shrink }, options) =>
      federation.clusters.revoke('ghost', [workspace], { projects: 'keep', ...shrink }, options),
    invalid: {
      projects: (federation, { workspace }) => federation.clusters.revoke('m', [workspace], {} as never),
      dryRun: (federation, { workspace }) =>
        federation.clusters.revoke('m', [workspace], { projects: 'keep', dryRun: true } as never),
      shrink: (federation, { workspace }) => federation.clusters.revoke('m', [workspace], null as never),
      concurrency: (federation, { workspace }) =>
        federation.clusters.revoke('m', [workspace], { projects: 'keep' }, { concurrency: 0 }),
      'workspaces[0]': (federation) => federation.clusters.revoke('m', ['system-workspace'], { projects: 'keep' }),
    },
  }),
  method({
    method: 'clusters.revoke delete',
    prepare: leavingM,
    call: (federation, { workspace, shrink, list }, options) =>
      one(federation.clusters.revoke('m', [workspace], { projects: { delete: list }, ...shrink }, options)),
    done: lost,
    untouched: stays,
    decisive: placing,
    writes: ({ workspace }) => [placed(`${templates}${workspace}`, { clusters: [] })],
    missing: (federation, { workspace, shrink, list }, options) =>
      federation.clusters.revoke('ghost', [workspace], { projects: { delete: list }, ...shrink }, options),
    invalid: {},
    without: {
      'already so': 'the same list again names what is gone, and is refused as not what would be deleted',
    },
  }),
  method({
    method: 'clusters.setVisibility',
    async prepare({ clusters: { a } }) {
      const body = { metadata: { labels: { [visibilityLabel]: 'private' } } };
      await a.connection.patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body });
      return { name: 'm' };
    },
    call: (federation, { name }, options) => federation.clusters.setVisibility(name, 'public', options),
    async done({ clusters: { a } }, { name }) {
      const { metadata, status } = await a.connection.get(kubesphere.clusters, { name });
      expect([metadata.labels?.[visibilityLabel], status?.uid]).toEqual(['public', expect.any(String)]);
    },
    async untouched({ clusters: { a } }, { name }) {
      const { metadata } = await a.connection.get(kubesphere.clusters, { name });
      expect(metadata.labels).toHaveProperty([visibilityLabel], 'private');
    },
    decisive: {
      cluster: 'a',
      matches: ({ method, path }) => method === 'PATCH' && path.endsWith('/clusters/m'),
    },
    writes: () => [
      {
        cluster: 'a',
        method: 'PATCH',
        path: '/apis/cluster.kubesphere.io/v1alpha1/clusters/m',
        body: {
          metadata: {
            uid: expect.any(String),
            resourceVersion: expect.any(String),
            labels: { [visibilityLabel]: 'public' },
          },
        },
      },
    ],
    missing: (federation, _args, options) => federation.clusters.setVisibility('ghost', 'public', options),
    invalid: {
      name: (federation) => federation.clusters.setVisibility('', 'public'),
      visibility: (federation) => federation.clusters.setVisibility('m', 'hidden' as never),
    },
  }),
];
