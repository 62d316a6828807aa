import { expect } from 'vitest';
import type { Federation } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createProjects, createWorkspace, until } from '../../../src/testing/index.ts';
import { method } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

interface Args {
  readonly workspace: string;
  readonly project: string;
  readonly uid: string;
}

/** A workspace on M with a project in it. */
async function prepare(world: ModuleWorld): Promise<Args> {
  const workspace = world.fresh('gone');
  const { a, m } = world.clusters;
  await createWorkspace(a.connection, { name: workspace, manager: 'ann', clusters: ['m'] });
  await until(`${workspace} is on m`, async () =>
    (await m.connection.find(kubesphere.workspaces, { name: workspace }))?.metadata.labels?.[managedLabel] === 'true'
      ? true
      : undefined,
  );
  const project = `${workspace}-web`;
  await createProjects(m.connection, { workspace, names: [project], creator: 'ann' });
  return { workspace, project, uid: (await m.connection.get(core.namespaces, { name: project })).metadata.uid };
}

async function gone({ clusters: { a, m } }: ModuleWorld, { workspace }: Args): Promise<void> {
  expect(await a.connection.find(kubesphere.workspaceTemplates, { name: workspace })).toBeUndefined();
  expect(await a.connection.find(kubesphere.federatedWorkspaces, { name: workspace })).toBeUndefined();
  expect(await m.connection.find(kubesphere.workspaces, { name: workspace })).toBeUndefined();
}

async function untouched({ clusters: { a, m } }: ModuleWorld, { workspace, project, uid }: Args): Promise<void> {
  const template = await a.connection.get(kubesphere.workspaceTemplates, { name: workspace });
  expect(template.metadata.deletionTimestamp).toBeUndefined();
  const owner = await m.connection.get(kubesphere.workspaces, { name: workspace });
  const { metadata } = await m.connection.get(core.namespaces, { name: project });
  expect([metadata.uid, metadata.labels?.[workspaceLabel]]).toEqual([uid, workspace]);
  expect(metadata.ownerReferences?.map((one) => one.uid)).toEqual([owner.metadata.uid]);
}

const lookBackMs = 250;
const invalid: Readonly<Record<string, (federation: Federation) => Promise<unknown>>> = {
  dryRun: (federation) =>
    federation.workspaces.delete('team', { projects: 'keep', apps: 'keep', dryRun: true } as never),
  'projects.keep': (federation) =>
    federation.workspaces.delete('team', { projects: { delete: [], keep: [] } as never, apps: 'keep' }),
  deletion: (federation) => federation.workspaces.delete('team', null as never),
  name: (federation) => federation.workspaces.delete('system-workspace', { projects: 'keep', apps: 'keep' }),
  projects: (federation) => federation.workspaces.delete('team', { apps: 'keep' } as never),
  apps: (federation) => federation.workspaces.delete('team', { projects: 'keep' } as never),
  lookBackMs: (federation) => federation.workspaces.delete('team', { projects: 'keep', apps: 'keep', lookBackMs: -1 }),
  'projects.delete[0].uid': (federation) =>
    federation.workspaces.delete('team', {
      projects: { delete: [{ cluster: 'm', name: 'p' } as never] },
      apps: 'keep',
    }),
  'projects.delete[0].name': (federation) =>
    federation.workspaces.delete('team', {
      projects: { delete: [{ cluster: 'm', name: 'kube-system', uid: 'u' }] },
      apps: 'keep',
    }),
};
const common = {
  prepare,
  untouched,
  decisive: {
    cluster: 'a',
    matches: ({ method, path }: { readonly method: string; readonly path: string }) =>
      method === 'DELETE' && path.includes('/workspacetemplates/'),
  },
  whileOtherIsDown: 'UNREACHABLE',
  invalid,
  without: { 'not found': 'a workspace that is not there is deleted already' },
} as const;

const templates = '/apis/tenant.kubesphere.io/v1alpha2/workspacetemplates';
const takenOut = ({ workspace, project, uid }: Args) => ({
  cluster: 'm' as const,
  method: 'PATCH' as const,
  path: `/api/v1/namespaces/${project}`,
  body: {
    metadata: {
      uid,
      resourceVersion: expect.any(String),
      labels: { [workspaceLabel]: null },
      annotations: { 'kubesphere-federation/unbound-from': expect.stringContaining(`"workspace":"${workspace}"`) },
      ownerReferences: [],
    },
  },
});
const removed = ({ workspace }: Args) => [
  {
    cluster: 'a' as const,
    method: 'PATCH' as const,
    path: `${templates}/${workspace}`,
    body: {
      metadata: {
        uid: expect.any(String),
        resourceVersion: expect.any(String),
        annotations: { 'kubesphere-federation/run': expect.stringMatching(/^run-/) },
        finalizers: ['finalizers.workspacetemplate.kubesphere.io', 'orphan.finalizers.kubesphere.io'],
      },
    },
  },
  {
    cluster: 'a' as const,
    method: 'DELETE' as const,
    path: `${templates}/${workspace}`,
    body: expect.objectContaining({
      propagationPolicy: 'Background',
      preconditions: { uid: expect.any(String), resourceVersion: expect.any(String) },
    }),
  },
];

/** {@link Workspaces.delete}, both ways. */
export const deleteSpecs = [
  method<Args>({
    ...common,
    method: 'workspaces.delete keep',
    call: (federation, { workspace }, options) =>
      federation.workspaces.delete(workspace, { projects: 'keep', apps: 'keep', lookBackMs }, options),
    async done(world, args) {
      await gone(world, args);
      const { metadata } = await world.clusters.m.connection.get(core.namespaces, { name: args.project });
      expect([metadata.uid, metadata.deletionTimestamp, metadata.labels?.[workspaceLabel]]).toEqual([
        args.uid,
        undefined,
        undefined,
      ]);
    },
    // By cluster: on M the project leaves before the host's template goes.
    writes: (args) => [...removed(args), takenOut(args)],
  }),
  method<Args>({
    ...common,
    method: 'workspaces.delete with its projects',
    call: (federation, { workspace, project, uid }, options) =>
      federation.workspaces.delete(
        workspace,
        { projects: { delete: [{ cluster: 'm', name: project, uid }] }, apps: 'uninstall' },
        options,
      ),
    async done(world, args) {
      await gone(world, args);
      expect(await world.clusters.m.connection.find(core.namespaces, { name: args.project })).toBeUndefined();
    },
    writes: (args) => [
      ...removed(args),
      takenOut(args),
      {
        cluster: 'm',
        method: 'DELETE',
        path: `/api/v1/namespaces/${args.project}`,
        body: expect.objectContaining({
          propagationPolicy: 'Background',
          preconditions: { uid: args.uid, resourceVersion: expect.any(String) },
        }),
      },
    ],
    without: {
      ...common.without,
      'already so': 'its list names projects that are there; a second call names what is gone, and is refused',
    },
  }),
];
