import { expect } from 'vitest';
import type { Federation } from '../../../../src/federation.ts';
import { core } from '../../../../src/kube/resources.ts';
import { creatorAnnotation, runAnnotation, workspaceLabel } from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import type { NewProject } from '../../../../src/modules/namespaces/creation.ts';
import { createWorkspace, until } from '../../../../src/testing/index.ts';
import { type ExpectedWrite, method } from '../../kit/method.ts';
import type { ModuleWorld } from '../../kit/world.ts';
import { expectIn, workspaceOnM } from './start.ts';

async function named(world: ModuleWorld) {
  return { workspace: await workspaceOnM(world), name: world.fresh('new') };
}

const posting = {
  cluster: 'm',
  matches: ({ method, path }: { readonly method: string; readonly path: string }) =>
    method === 'POST' && path === '/api/v1/namespaces',
} as const;

/** The namespace as it is made on M. */
const posted = (
  name: string,
  workspace: string,
  annotations: Readonly<Record<string, string>> = {},
): ExpectedWrite => ({
  cluster: 'm',
  method: 'POST',
  path: '/api/v1/namespaces',
  body: {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: { [workspaceLabel]: workspace },
      annotations: { ...annotations, [runAnnotation]: expect.stringMatching(/^call-/) },
    },
  },
});

async function isMade(world: ModuleWorld, { name, workspace }: { name: string; workspace: string }): Promise<void> {
  await expectIn(world, name, workspace);
  const roles = await world.clusters.m.connection.list(core.roles, { namespace: name }).toArray();
  expect(roles.map(({ metadata }) => metadata.name).sort()).toEqual(['admin', 'operator', 'viewer']);
}
async function isNotMade(
  { clusters: { m, n } }: ModuleWorld,
  { name }: { name: string; workspace: string },
): Promise<void> {
  for (const { connection } of [m, n]) expect(await connection.find(core.namespaces, { name })).toBeUndefined();
}

const bad = (change: Partial<NewProject>) => (federation: Federation) =>
  federation.namespaces.create({ name: 'x', workspace: 'w', cluster: 'm', ...change });

/** `create`: on a named cluster, and on one that is chosen. */
export const creating = [
  method({
    method: 'namespaces.create',
    prepare: named,
    call: (federation, { name, workspace }, options) =>
      federation.namespaces.create({ name, workspace, cluster: 'm', creator: 'ann', alias: 'Shop' }, options),
    async done(world, args) {
      await isMade(world, args);
      const at = { namespace: args.name, name: 'ann-admin' };
      expect(await world.clusters.m.connection.find(core.roleBindings, at)).toBeDefined();
    },
    untouched: isNotMade,
    decisive: posting,
    writes: ({ name, workspace }) => [
      posted(name, workspace, { [creatorAnnotation]: 'ann', 'kubesphere.io/alias-name': 'Shop' }),
    ],
    missing: (federation, { name, workspace }, options) =>
      federation.namespaces.create({ name, workspace, cluster: 'm', creator: 'nobody' }, options),
    invalid: {
      name: bad({ name: 'Shop' }),
      workspace: bad({ workspace: 'system-workspace' }),
      cluster: bad({ cluster: 'a' }),
      placement: (federation) =>
        federation.namespaces.create({ name: 'x', workspace: 'w', placement: 'somewhere' as never }),
      allowHost: bad({ allowHost: 'yes' as never }),
      creator: bad({ creator: '' }),
      alias: bad({ alias: '' }),
      description: bad({ description: 7 as never }),
      dryRun: bad({ dryRun: true } as never),
      'annotations.a': bad({ annotations: { a: 1 as never } }),
    },
    without: { conflict: 'nothing is changed that was there before: what is created meets no conflict' },
  }),
  method({
    method: 'namespaces.create least-loaded',
    async prepare(world) {
      const workspace = world.fresh('team');
      const { a, m, n } = world.clusters;
      await createWorkspace(a.connection, { name: workspace, manager: 'ann', clusters: ['m', 'n'] });
      for (const { connection } of [m, n])
        await until(
          `${workspace} is there`,
          async () => (await connection.find(kubesphere.workspaces, { name: workspace })) !== undefined,
        );
      // N has one more than M.
      const labelSelector = `${workspaceLabel},${workspaceLabel}!=system-workspace`;
      const onM = await m.connection.listMetadata(core.namespaces, { labelSelector }).toArray();
      const onN = await n.connection.listMetadata(core.namespaces, { labelSelector }).toArray();
      for (let count = onN.length; count <= onM.length; count += 1)
        await n.connection.create(core.namespaces, {
          metadata: { name: world.fresh('more'), labels: { [workspaceLabel]: workspace } },
        });
      return { workspace, name: world.fresh('new') };
    },
    call: (federation, { name, workspace }, options) =>
      federation.namespaces.create({ name, workspace, placement: 'least-loaded' }, options),
    done: isMade,
    untouched: isNotMade,
    decisive: posting,
    writes: ({ name, workspace }) => [posted(name, workspace)],
    missing: (federation, { name }, options) =>
      federation.namespaces.create({ name, workspace: 'ghosts', placement: 'least-loaded' }, options),
    invalid: {
      cluster: (federation) =>
        federation.namespaces.create({ name: 'x', workspace: 'w', cluster: 'm', placement: 'least-loaded' }),
    },
    without: {
      conflict: 'nothing is changed that was there before: what is created meets no conflict',
      unreachable: 'the cluster that is silent is no candidate, and another is taken: namespaces/creating.test.ts',
      forbidden: 'the same as of namespaces.create',
    },
  }),
];
