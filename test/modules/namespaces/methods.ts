import { expect } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createWorkspace } from '../../../src/testing/index.ts';
import { method } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

/** A workspace on M, and a namespace there that belongs to none. */
async function stray(world: ModuleWorld) {
  const [workspace, name] = [world.fresh('team'), world.fresh('stray')];
  const { a, m } = world.clusters;
  await createWorkspace(a.connection, { name: workspace, manager: 'ann', clusters: ['m'] });
  for await (const event of m.connection.watch(kubesphere.workspaces))
    if (
      event.type === 'synced'
        ? event.objects.some((one) => one.metadata.name === workspace)
        : event.object.metadata.name === workspace
    )
      break;
  const { metadata } = await m.connection.create(core.namespaces, { metadata: { name } });
  return { cluster: 'm', name, workspace, uid: metadata.uid };
}

/** Every method of `federation.namespaces`. */
export const methods = [
  method({
    method: 'namespaces.bind',
    prepare: stray,
    call: (federation, { cluster, name, workspace }, options) =>
      federation.namespaces.bind({ cluster, name, workspace }, options),
    async done({ clusters: { m } }, { name, workspace }) {
      const { metadata } = await m.connection.get(core.namespaces, { name });
      const owner = await m.connection.get(kubesphere.workspaces, { name: workspace });
      expect(metadata.labels).toHaveProperty([workspaceLabel], workspace);
      expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([owner.metadata.uid]);
    },
    async untouched({ clusters: { m } }, { name }) {
      const { metadata } = await m.connection.get(core.namespaces, { name });
      expect(metadata.labels ?? {}).not.toHaveProperty([workspaceLabel]);
    },
    decisive: {
      cluster: 'm',
      matches: ({ method, path }) => method === 'PATCH' && path.startsWith('/api/v1/namespaces/'),
    },
    writes: ({ name, workspace, uid }) => [
      {
        cluster: 'm',
        method: 'PATCH',
        path: `/api/v1/namespaces/${name}`,
        body: {
          metadata: {
            uid,
            resourceVersion: expect.any(String),
            labels: { [workspaceLabel]: workspace },
            annotations: { 'kubesphere-federation/unbound-from': null },
          },
        },
      },
    ],
    missing: (federation, { workspace }, options) =>
      federation.namespaces.bind({ cluster: 'm', name: 'ghost', workspace }, options),
    alsoNeeds: { members: ['list namespaces', 'watch namespaces'] },
    invalid: {},
    without: { 'bad input': 'for now' },
  }),
];
