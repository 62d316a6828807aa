import { expect } from 'vitest';
import { core } from '../../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { createWorkspace, until } from '../../../../src/testing/index.ts';
import type { PassingRequest } from '../../kit/fault-proxy.ts';
import type { ModuleWorld } from '../../kit/world.ts';

/** A workspace of ann that is there on M. */
export async function workspaceOnM(world: ModuleWorld, prefix = 'team'): Promise<string> {
  const name = world.fresh(prefix);
  const { a, m } = world.clusters;
  await createWorkspace(a.connection, { name, manager: 'ann', clusters: ['m'] });
  await until(
    `workspace ${name} is on M`,
    async () => (await m.connection.find(kubesphere.workspaces, { name })) !== undefined,
  );
  return name;
}

/** A namespace on M that belongs to no workspace. */
export async function strayOnM(world: ModuleWorld, prefix = 'stray') {
  const name = world.fresh(prefix);
  const { metadata } = await world.clusters.m.connection.create(core.namespaces, { metadata: { name } });
  return { cluster: 'm', name, uid: metadata.uid };
}

/** A project of a workspace on M, owned by it, with its built-in roles. */
export async function projectOnM(world: ModuleWorld, workspace: string, prefix = 'shop') {
  const name = world.fresh(prefix);
  const { connection } = world.clusters.m;
  const { metadata } = await connection.create(core.namespaces, {
    metadata: { name, labels: { [workspaceLabel]: workspace } },
  });
  await until(`${name} is a project`, async () => {
    const { ownerReferences = [] } = (await connection.get(core.namespaces, { name })).metadata;
    const viewer = await connection.find(core.roles, { namespace: name, name: 'viewer' });
    return ownerReferences.length > 0 && viewer !== undefined;
  });
  return { cluster: 'm', name, uid: metadata.uid };
}

/** A HelmRelease as the App Store keeps it. */
export async function appOf(
  { clusters }: ModuleWorld,
  at: 'a' | 'm',
  name: string,
  labels: { readonly workspace: string; readonly project: string; readonly cluster?: string },
): Promise<void> {
  await clusters[at].connection.create(kubesphere.helmReleases, {
    metadata: {
      name,
      labels: {
        [workspaceLabel]: labels.workspace,
        'kubesphere.io/namespace': labels.project,
        ...(labels.cluster !== undefined && { 'kubesphere.io/cluster': labels.cluster }),
      },
    },
    spec: { name },
  });
}

/** The workspace that a HelmRelease belongs to. */
export async function workspaceOfApp(
  { clusters }: ModuleWorld,
  at: 'a' | 'm',
  name: string,
): Promise<string | undefined> {
  return (await clusters[at].connection.get(kubesphere.helmReleases, { name })).metadata.labels?.[workspaceLabel];
}

/** Expects a project of M to be in a workspace and owned by it alone; by nobody where it is in none. */
export async function expectIn(
  { clusters: { m } }: ModuleWorld,
  name: string,
  workspace: string | undefined,
): Promise<void> {
  const { metadata } = await m.connection.get(core.namespaces, { name });
  expect(metadata.labels?.[workspaceLabel], name).toBe(workspace);
  if (workspace === undefined) return expect(metadata.ownerReferences ?? []).toEqual([]);
  const owner = await m.connection.get(kubesphere.workspaces, { name: workspace });
  expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([owner.metadata.uid]);
}

/** The patch of a namespace of M. */
export const namespacePatch = {
  cluster: 'm',
  matches: ({ method, path }: PassingRequest) => method === 'PATCH' && path.startsWith('/api/v1/namespaces/'),
} as const;

/** A patch of a namespace of M, as it is sent. */
export const patching = (name: string, metadata: object) =>
  ({
    cluster: 'm',
    method: 'PATCH',
    path: `/api/v1/namespaces/${name}`,
    body: { metadata: { resourceVersion: expect.any(String), ...metadata } },
  }) as const;
