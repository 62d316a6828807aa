import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import {
  hostServiceAccount,
  kubefedNamespace,
  managedLabel,
  userLabel,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  addForeignOwner,
  createFederatedProjects,
  createHelmReleases,
  createSandbox,
  createWorkspaceRole,
  inviteToWorkspace,
  type Moment,
  observeProjects,
  type Sandbox,
  type Situation,
  seedLeftovers,
  seedSituation,
  until,
} from '../../src/testing/index.ts';

let sandbox: Sandbox<'a' | 'm' | 'f'>;
let installed: Moment;
beforeAll(async () => {
  const clusters = { a: { role: 'host' }, m: { role: 'standalone' }, f: { role: 'host' } } as const;
  sandbox = await createSandbox({ clusters, speed: 100 });
  installed = sandbox.moment();
}, 60_000);
afterEach(async () => {
  await sandbox.clusters.a.restore();
  await sandbox.rewind(installed);
}, 60_000);
afterAll(() => sandbox.close());

const workspaces = { 'team-a': 2 };
const projects = ['team-a-001', 'team-a-002'];
const background = { propagationPolicy: 'Background' } as const;

/** What tells situations apart. */
async function look(host: Connection, member: Connection) {
  const namespaces = await observeProjects(member);
  const found = projects.map((name) => namespaces[name]);
  const one = { name: 'team-a' };
  const workspace = await member.find(kubesphere.workspaces, one);
  return {
    alive: found.filter((project) => project !== undefined && project.deletionTimestamp === undefined).length,
    filled: found.every((project) => Object.keys(project?.contents ?? {}).length >= 5),
    labelled: found.filter((project) => project?.labels[workspaceLabel] !== undefined).length,
    owned: found.filter((project) => project?.ownerReferences.some(({ uid }) => uid === workspace?.metadata.uid))
      .length,
    workspace: workspace !== undefined,
    managed: workspace?.metadata.labels?.[managedLabel] === 'true',
    template: (await member.find(kubesphere.workspaceTemplates, one)) !== undefined,
    account:
      (await member.find(core.serviceAccounts, { namespace: kubefedNamespace, name: hostServiceAccount('m') })) !==
      undefined,
    cluster: await host.find(kubesphere.clusters, { name: 'm' }, { retry: false }).then(
      (cluster) => (cluster === undefined ? 'gone' : 'there'),
      () => 'unreachable',
    ),
    host: (await member.find(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name: 'host' })) !== undefined,
  };
}

const joined = {
  alive: 2,
  filled: true,
  labelled: 2,
  owned: 2,
  workspace: true,
  managed: true,
  template: true,
  account: true,
  cluster: 'there',
  host: false,
};

const situations: readonly { readonly situation: Situation; readonly is: Partial<typeof joined> }[] = [
  { situation: 'pure-member', is: { template: false } },
  { situation: 'standalone-joined', is: {} },
  { situation: 'former-host', is: { host: true } },
  { situation: 'projects-released', is: { labelled: 0, owned: 0 } },
  { situation: 'detached', is: { cluster: 'gone' } },
  {
    situation: 'workspaces-removed',
    is: { labelled: 0, owned: 0, workspace: false, managed: false, template: false, cluster: 'gone' },
  },
  { situation: 'host-gone', is: { cluster: 'unreachable' } },
];

describe('a member that is seeded as', () => {
  it.for(situations)('$situation is that', { timeout: 60_000 }, async ({ situation, is }) => {
    const { a, m, f } = sandbox.clusters;
    const member = situation === 'former-host' ? f : m;
    const seeded = await seedSituation(situation, { host: a, member, name: 'm', workspaces });
    expect(seeded.projects).toEqual({ 'team-a': projects });
    expect(await look(a.connection, member.connection)).toEqual({ ...joined, ...is });
  });
});

describe('seeds', { timeout: 60_000 }, () => {
  it('a second owner of projects keeps them alive when their workspace goes', async () => {
    const { a, m } = sandbox.clusters;
    const member = m.connection;
    await seedSituation('detached', { host: a, member: m, name: 'm', workspaces });
    const reference = await addForeignOwner(member, { projects: ['team-a-001'], owner: 'tenant-x' });
    const { ownerReferences } = (await member.get(core.namespaces, { name: 'team-a-001' })).metadata;
    expect(ownerReferences?.map(({ kind }) => kind)).toEqual(['Workspace', 'ClusterRole']);
    expect(ownerReferences).toContainEqual(reference);
    await addForeignOwner(member, { projects: ['team-a-001'], owner: 'tenant-x' });
    expect((await member.get(core.namespaces, { name: 'team-a-001' })).metadata.ownerReferences).toHaveLength(2);
    await member.delete(kubesphere.workspaceTemplates, { name: 'team-a' }, background);
    await until(
      'the other project is gone',
      async () => (await member.find(core.namespaces, { name: 'team-a-002' })) === undefined,
    );
    expect((await member.get(core.namespaces, { name: 'team-a-001' })).metadata.deletionTimestamp).toBeUndefined();
  });

  it('multi-cluster projects are on the member with their contents, and a stub is on the host', async () => {
    const { a, m } = sandbox.clusters;
    await seedSituation('pure-member', { host: a, member: m, name: 'm', workspaces });
    await createFederatedProjects(a.connection, { workspace: 'team-a', names: ['shared'], clusters: ['m'] });
    const { shared } = await observeProjects(m.connection, ['shared']);
    expect(shared?.labels).toMatchObject({ [workspaceLabel]: 'team-a', [managedLabel]: 'true' });
    const contents = Object.keys(shared?.contents ?? {});
    for (const key of ['Deployment/web', 'PersistentVolumeClaim/data', 'Secret/credentials', 'ConfigMap/settings'])
      expect(contents).toContain(key);
    const stub = await a.connection.get(core.namespaces, { name: 'shared' });
    expect(stub.metadata.labels).toMatchObject({
      'kubesphere.io/kubefed-host-namespace': 'true',
      [managedLabel]: 'false',
    });
    await a.connection.delete(kubesphere.federatedNamespaces, { namespace: 'shared', name: 'shared' }, background);
    await until(
      'it is gone from the member',
      async () => (await m.connection.find(core.namespaces, { name: 'shared' })) === undefined,
    );
  });

  it('apps are uninstalled with their HelmRelease, and with their workspace', async () => {
    const { a, m } = sandbox.clusters;
    const member = m.connection;
    await seedSituation('detached', { host: a, member: m, name: 'm', workspaces });
    await createHelmReleases(member, { workspace: 'team-a', project: 'team-a-001', names: ['shop', 'wiki'] });
    const made = async () => {
      const { contents = {} } = (await observeProjects(member, ['team-a-001']))['team-a-001'] ?? {};
      return Object.keys(contents)
        .filter((key) => /shop|wiki/.test(key))
        .sort();
    };
    const of = (name: string) => [
      `ConfigMap/${name}`,
      `Deployment/${name}`,
      `HelmRelease.application.kubesphere.io/${name}`,
      `PersistentVolumeClaim/${name}`,
      `Secret/sh.helm.release.v1.${name}.v1`,
    ];
    expect(await made()).toEqual([...of('shop'), ...of('wiki')].sort());
    await member.delete(kubesphere.helmReleases, { name: 'shop' }, background);
    await until('shop is uninstalled', async () => (await made()).length === of('wiki').length);
    expect(await made()).toEqual(of('wiki'));
    await member.delete(kubesphere.workspaceTemplates, { name: 'team-a' }, background);
    await until(
      'wiki is uninstalled',
      async () => (await member.find(kubesphere.helmReleases, { name: 'wiki' })) === undefined,
    );
  });

  it('apps of a member that its host knows of go with its Cluster, and what they made stays', async () => {
    const { a, m } = sandbox.clusters;
    await seedSituation('pure-member', { host: a, member: m, name: 'm', workspaces });
    await createHelmReleases(a.connection, {
      workspace: 'team-a',
      project: 'team-a-001',
      names: ['shop'],
      cluster: 'm',
      target: m.connection,
    });
    await a.connection.delete(kubesphere.clusters, { name: 'm' }, background);
    await until(
      'the release is gone',
      async () => (await a.connection.find(kubesphere.helmReleases, { name: 'shop' })) === undefined,
    );
    expect(await m.connection.find(core.deployments, { namespace: 'team-a-001', name: 'shop' })).toBeDefined();
  });

  it('roles of a workspace and invited people reach the members', async () => {
    const { a, m } = sandbox.clusters;
    await seedSituation('pure-member', { host: a, member: m, name: 'm', workspaces });
    await createWorkspaceRole(a.connection, { workspace: 'team-a', name: 'auditor' });
    await inviteToWorkspace(a.connection, { workspace: 'team-a', user: 'ann', role: 'auditor' });
    await inviteToWorkspace(a.connection, { workspace: 'team-a', user: 'bob' });
    for (const name of ['ann-team-a-auditor', 'bob-team-a-viewer']) {
      const binding = await until(`${name} is on the member`, () =>
        m.connection.find(kubesphere.workspaceRoleBindings, { name }),
      );
      expect(binding.metadata.labels).toMatchObject({ [workspaceLabel]: 'team-a', [managedLabel]: 'true' });
    }
    await until('so is the role', () => m.connection.find(kubesphere.workspaceRoles, { name: 'team-a-auditor' }));
  });

  it('leftovers of a former host are out of reach of the next one', async () => {
    const { a, m } = sandbox.clusters;
    const member = m.connection;
    await seedLeftovers(member, { users: ['ann'], admins: ['bob'] });
    const kept = (await member.get(kubesphere.users, { name: 'ann' })).spec.password;
    await seedSituation('pure-member', { host: a, member: m, name: 'm', workspaces });
    await inviteToWorkspace(a.connection, { workspace: 'team-a', user: 'ann' });
    await until('the host cannot reach her', async () => {
      const { status } = await a.connection.get(kubesphere.federatedUsers, { name: 'ann' });
      return status?.clusters?.some((entry) => entry.name === 'm' && entry.status === 'ManagedLabelFalse');
    });
    expect((await member.get(kubesphere.users, { name: 'ann' })).spec.password).toBe(kept);
    const { metadata } = await member.get(core.clusterRoleBindings, { name: 'bob-cluster-admin' });
    expect(metadata.labels).toMatchObject({ [userLabel]: 'bob' });
  });
});

describe('members that are seeded one after the other', () => {
  it('have the same workspace, each with projects of its own', { timeout: 60_000 }, async () => {
    const members = { m1: { role: 'standalone' }, m2: { role: 'member' }, m3: { role: 'member' } } as const;
    await using several = await createSandbox({ clusters: { a: { role: 'host' }, ...members }, speed: 100 });
    const { a, m1, m2, m3 } = several.clusters;
    await seedSituation('standalone-joined', { host: a, member: m1, name: 'm1', workspaces });
    await seedSituation('pure-member', { host: a, member: m2, name: 'm2', workspaces });
    await seedSituation('pure-member', { host: a, member: m3, name: 'm3', workspaces });
    for (const { connection } of [m1, m2, m3]) {
      const workspace = await connection.get(kubesphere.workspaces, { name: 'team-a' });
      expect(workspace.metadata.labels?.[managedLabel]).toBe('true');
      expect(Object.keys(await observeProjects(connection)).sort()).toEqual(projects);
    }
    const { spec } = await a.connection.get(kubesphere.workspaceTemplates, { name: 'team-a' });
    expect(spec.placement?.clusters).toEqual([{ name: 'm1' }, { name: 'm2' }, { name: 'm3' }]);
  });
});
