import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { core } from '../../src/kube/resources.ts';
import {
  installation,
  kubesphereNamespace,
  managedLabel,
  sandboxLabel,
  systemWorkspace,
  userLabel,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  createSandbox,
  createUser,
  createWorkspace,
  joinCluster,
  type Sandbox,
  until,
} from '../../src/testing/index.ts';
import { background, conditionOf, patient, slow, untilGone } from './support.ts';

const at = (name: string) => ({ namespace: kubesphereNamespace, name });

describe('an installation of KubeSphere', slow, () => {
  let sandbox: Sandbox<'a' | 'm'>;
  const a = () => sandbox.clusters.a.connection;
  const m = () => sandbox.clusters.m.connection;
  const settings = async (connection = m()): Promise<Record<string, Record<string, unknown>>> =>
    parse((await connection.get(core.configMaps, at(installation.config))).data?.[installation.configKey] ?? '');
  const configure = (spec: object) =>
    m().patch(kubesphere.clusterConfigurations, at(installation.configuration), { type: 'merge', body: { spec } });
  const secret = async (key: string): Promise<string> =>
    Buffer.from((await m().get(core.secrets, at(installation.secret))).data?.[key] ?? '', 'base64').toString();

  beforeAll(async () => {
    sandbox = await createSandbox({
      clusters: { a: { role: 'host', version: '3.4', jwtSecret: 'the secret of a' }, m: { role: 'standalone' } },
      speed: 120,
    });
  }, slow.timeout);
  afterAll(() => sandbox?.close(), slow.timeout);

  it('has what the installer leaves: configuration, components, system-workspace, admin, the mark of a sandbox', async () => {
    expect(await settings(a())).toMatchObject({
      authentication: { jwtSecret: 'the secret of a' },
      multicluster: { clusterRole: 'host', enable: true },
    });
    const { status } = await a().get(kubesphere.clusterConfigurations, at(installation.configuration));
    expect(status).toMatchObject({
      core: { status: 'enabled', version: 'v3.4.1' },
      multicluster: { status: 'enabled' },
    });
    expect((await a().get(core.namespaces, { name: 'kube-system' })).metadata.labels).toMatchObject({
      [workspaceLabel]: systemWorkspace,
      [sandboxLabel]: 'true',
    });
    const manager = await a().get(core.deployments, at('ks-controller-manager'));
    expect(manager.status).toMatchObject({ availableReplicas: 1 });
    await until(
      'system-workspace owns its namespaces',
      async () => {
        const { uid } = (await m().get(kubesphere.workspaces, { name: systemWorkspace })).metadata;
        return (await m().get(core.namespaces, { name: 'default' })).metadata.ownerReferences?.[0]?.uid === uid;
      },
      patient,
    );
    await until(
      'admin is cluster-admin',
      async () => (await m().find(core.clusterRoleBindings, { name: 'admin-cluster-admin' })) !== undefined,
      patient,
    );
  });

  it('joins a 3.4 host with a token, and is told its name there, unknown keys included', async () => {
    await joinCluster(a(), { name: 'm', kubeconfig: sandbox.clusters.m.kubeconfig });
    await until('it knows its name', async () => (await settings())['multicluster']?.['clusterName'] === 'm', patient);
    const { status } = await a().get(kubesphere.clusters, { name: 'm' });
    expect(conditionOf({ ...(status === undefined ? {} : { status }) }, 'Ready')?.status).toBe('True');
    expect(status?.kubeSphereVersion).toBe('v3.3.2');
    expect(status?.configz).toMatchObject({ authentication: true, multicluster: false });
  });

  it('is configured anew when its ClusterConfiguration changes: everything written by others is lost, then the name comes back', async () => {
    const before = await secret('token');
    await m().patch(core.configMaps, at(installation.config), {
      type: 'merge',
      body: { data: { [installation.configKey]: 'authentication: { jwtSecret: by hand }\n' } },
    });
    await configure({ authentication: { jwtSecret: 'the secret of a' }, multicluster: { clusterRole: 'member' } });
    await until(
      'the run is over',
      async () => (await settings())['authentication']?.['jwtSecret'] === 'the secret of a',
      patient,
    );
    const { authentication, multicluster } = await settings();
    expect(authentication).toMatchObject({ oauthOptions: { accessTokenMaxAge: 0 } });
    expect(multicluster).toMatchObject({ clusterRole: 'member', enable: false });
    expect(await secret('secret')).toBe('the secret of a');
    expect(await secret('token')).not.toBe(before);
    await until(
      'the host wrote the name again',
      async () => (await settings())['multicluster']?.['clusterName'] === 'm',
      patient,
    );
  });

  it('keeps its secret when the one in the ClusterConfiguration is emptied', async () => {
    const { uid } = (await m().get(core.secrets, at(installation.secret))).metadata;
    await configure({ authentication: { jwtSecret: '' }, alerting: { enabled: true } });
    await until(
      'alerting is installed',
      async () =>
        (await m().get(kubesphere.clusterConfigurations, at(installation.configuration))).status?.['alerting'] !==
        undefined,
      patient,
    );
    expect(await secret('secret')).toBe('the secret of a');
    expect((await m().get(core.secrets, at(installation.secret))).metadata.uid).toBe(uid);
  });

  it('federates a user before hashing the password, and deletes what bears the name of a deleted user', async () => {
    await createUser(a(), { name: 'guest' });
    const labels = { [userLabel]: 'guest' };
    const roleRef = { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: 'platform-regular' };
    await a().create(kubesphere.globalRoleBindings, { metadata: { name: 'guest', labels }, roleRef, subjects: [] });
    const there = async () => (await m().find(kubesphere.users, { name: 'guest' }))?.spec.password;
    const hashed = (await a().get(kubesphere.users, { name: 'guest' })).spec.password;
    await until('the hash is on the member', async () => (await there()) === hashed, patient);
    await until(
      'the binding too',
      async () => (await m().find(kubesphere.globalRoleBindings, { name: 'guest' })) !== undefined,
      patient,
    );
    await a().delete(kubesphere.users, { name: 'guest' }, background);
    for (const connection of [a(), m()]) {
      await untilGone(connection, kubesphere.users, { name: 'guest' });
      await untilGone(connection, kubesphere.globalRoleBindings, { name: 'guest' });
    }
  });

  it('gives rights on a member to a user of the host whom a stale binding there names (H16)', async () => {
    await createUser(a(), { name: 'stale' });
    await m().create(core.clusterRoleBindings, {
      metadata: { name: 'stale-cluster-viewer', labels: { [userLabel]: 'stale' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-viewer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'stale' }],
    });
    await until(
      'the host grants the cluster',
      async () =>
        (await a().get(kubesphere.users, { name: 'stale' })).metadata.annotations?.[
          'iam.kubesphere.io/granted-clusters'
        ] === 'm',
      patient,
    );
  });

  it('makes a workspace quota a dependent of its Workspace alone, so that it goes with it', async () => {
    await createUser(m(), { name: 'quota-manager' });
    await createWorkspace(m(), { name: 'quota', manager: 'quota-manager' });
    const other = await m().get(core.namespaces, { name: 'default' });
    const foreign = { apiVersion: 'v1', kind: 'Namespace', name: 'default', uid: other.metadata.uid };
    await m().create(kubesphere.resourceQuotas, {
      metadata: { name: 'quota', labels: { [workspaceLabel]: 'quota' }, ownerReferences: [foreign] },
      spec: {},
    });
    const { uid } = (await m().get(kubesphere.workspaces, { name: 'quota' })).metadata;
    await until(
      'it belongs to the Workspace',
      async () => {
        const owners = (await m().get(kubesphere.resourceQuotas, { name: 'quota' })).metadata.ownerReferences ?? [];
        return owners.length === 1 && owners[0]?.uid === uid;
      },
      patient,
    );
    await m().delete(kubesphere.workspaceTemplates, { name: 'quota' }, background);
    await untilGone(m(), kubesphere.resourceQuotas, { name: 'quota' });
  });

  it('puts built-in roles of a project back as they were, and keeps those of others', async () => {
    const at = { namespace: 'default', name: 'operator' };
    await until('it is there', async () => (await m().find(core.roles, at)) !== undefined, patient);
    const { rules = [] } = await m().get(core.roles, at);
    const own = { namespace: 'default', name: 'own' };
    await m().create(core.roles, { metadata: own, rules: [] });
    await m().patch(core.roles, at, { type: 'merge', body: { rules: [] } });
    await m().patch(
      core.namespaces,
      { name: 'default' },
      { type: 'merge', body: { metadata: { labels: { touched: 'true' } } } },
    );
    await until(
      'the rules are back',
      async () => (await m().get(core.roles, at)).rules?.length === rules.length,
      patient,
    );
    expect((await m().get(core.roles, own)).rules ?? []).toEqual([]);
  });

  it('has a WorkspaceTemplate whose events wipe the mark of the host from its Workspace, until kubefed marks it again', async () => {
    const marked = async () =>
      (await m().get(kubesphere.workspaces, { name: systemWorkspace })).metadata.labels?.[managedLabel];
    await until('the host adopted system-workspace', async () => (await marked()) === 'true', patient);
    const { resourceVersion } = (await m().get(kubesphere.workspaces, { name: systemWorkspace })).metadata;
    const body = { metadata: { annotations: { touched: 'true' } } };
    await m().patch(kubesphere.workspaceTemplates, { name: systemWorkspace }, { type: 'merge', body });
    await until('wiped', async () => (await marked()) === undefined, { ...patient, everyMs: 2 });
    await until('marked again', async () => (await marked()) === 'true', patient);
    expect((await m().get(kubesphere.workspaces, { name: systemWorkspace })).metadata.resourceVersion).not.toBe(
      resourceVersion,
    );
  });
});
