import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectMember, Federation } from '../../src/federation.ts';
import { connectCluster } from '../../src/kube/connect.ts';
import { core } from '../../src/kube/resources.ts';
import {
  kubefedNamespace,
  kubesphereNamespace,
  managedLabel,
  unboundAnnotation,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  createSandbox,
  createUser,
  type Sandbox,
  startApiServer,
  until,
  untilFederated,
} from '../../src/testing/index.ts';

const background = { propagationPolicy: 'Background' } as const;
const patient = { timeout: 60_000 };

const ways: readonly (readonly [string, (host: Sandbox['clusters'][string]) => Promise<Federation>])[] = [
  ['by kubeconfigs', ({ clientCertificateKubeconfig: kubeconfig }) => Federation.connect({ kubeconfig, name: 'a' })],
  [
    'through the gateway',
    ({ gateway: { url } }) =>
      Federation.connect({ gateway: { url, username: 'admin', password: 'P@88w0rd' }, name: 'a' }),
  ],
];

for (const [way, connect] of ways) {
  describe(`a federation reached ${way}`, () => {
    let sandbox: Sandbox<'a' | 'm'>;
    let federation: Federation;
    beforeAll(async () => {
      sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'standalone' } }, speed: 100 });
      await createUser(sandbox.clusters.a.connection, { name: 'alice' });
      federation = await connect(sandbox.clusters.a);
    }, 60_000);
    afterAll(async () => {
      await federation[Symbol.asyncDispose]();
      await sandbox.close();
    });

    const member = () => connectMember({ kubeconfig: sandbox.clusters.m.clientCertificateKubeconfig, name: 'm' });

    describe('Federation.connect', patient, () => {
      test('refuses a cluster that is no host', async () => {
        const { kubeconfig } = sandbox.clusters.m;
        await expect(Federation.connect({ kubeconfig })).rejects.toMatchObject({
          code: 'NOT_A_HOST',
          message: expect.stringMatching(/clusterRole is "none".*connectMember/),
        });
      });

      test('refuses a cluster without KubeSphere, and one whose version it does not know', async () => {
        await using server = await startApiServer({ name: 'bare' });
        const connecting = () => Federation.connect({ kubeconfig: server.kubeconfig });
        await expect(connecting()).rejects.toMatchObject({
          code: 'UNSUPPORTED',
          message: expect.stringMatching(/bare: no KubeSphere found/),
        });
        await using admin = await connectCluster({ kubeconfig: server.kubeconfig });
        const labels = { 'app.kubernetes.io/version': 'v5.0.0' };
        const containers = [{ name: 'a', image: 'a' }];
        await admin.create(core.namespaces, { metadata: { name: kubesphereNamespace } });
        await admin.create(core.deployments, {
          metadata: { namespace: kubesphereNamespace, name: 'ks-apiserver', labels },
          spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
        });
        await expect(connecting()).rejects.toMatchObject({
          code: 'UNSUPPORTED',
          message: expect.stringMatching(/"v5\.0\.0" is not supported/),
        });
      });

      test('knows no cluster that its host does not have', async () => {
        await expect(federation.member('ghost')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      });
    });

    describe('clusters', patient, () => {
      const settings = () => ({ name: 'm', kubeconfig: sandbox.clusters.m.clientCertificateKubeconfig });

      test('prepareMember: a dry run forecasts and writes nothing, then it is done, then it is so already', async () => {
        await using m = await member();
        const at = { namespace: kubesphereNamespace, name: 'ks-installer' };
        const { metadata } = await m.connection.get(kubesphere.clusterConfigurations, at);
        expect(await federation.clusters.prepareMember(m, { dryRun: true })).toMatchObject({
          outcome: 'dry-run',
          forecast: {
            effect: 'change',
            changes: [{ verb: 'update', after: { '/spec/multicluster/clusterRole': 'member' } }],
          },
        });
        const after = await m.connection.get(kubesphere.clusterConfigurations, at);
        expect(after.metadata.resourceVersion).toBe(metadata.resourceVersion);
        expect(await federation.clusters.prepareMember(m)).toMatchObject({ outcome: 'changed' });
        expect(await federation.clusters.prepareMember(m)).toMatchObject({ outcome: 'already' });
      });

      test('import: a dry run forecasts and writes nothing, then it waits until something arrived', async () => {
        const { a, m } = sandbox.clusters;
        expect(await federation.clusters.import(settings(), { dryRun: true })).toMatchObject({
          outcome: 'dry-run',
          forecast: {
            effect: 'change',
            changes: [
              { verb: 'create', resource: { kind: 'Secret' } },
              { verb: 'create', resource: { kind: 'Cluster', name: 'm' } },
              { verb: 'delete', resource: { kind: 'Secret' } },
            ],
          },
        });
        expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
        expect(await federation.clusters.import(settings())).toMatchObject({ outcome: 'changed' });
        const { metadata } = await m.connection.get(kubesphere.workspaces, { name: 'system-workspace' });
        expect(metadata.labels).toHaveProperty([managedLabel], 'true');
        expect(await federation.clusters.waitUntilReady('m')).toMatchObject({ name: 'm', role: 'member', ready: true });
        expect((await federation.clusters.list().toArray()).map(({ name }) => name).sort()).toEqual(['host', 'm']);
        expect(JSON.stringify(await federation.clusters.get('m'))).not.toMatch(/client-key|token/);
      });

      test('import: refused where the name is taken, and for the host itself', async () => {
        await expect(federation.clusters.import(settings())).rejects.toMatchObject({
          code: 'PLAN_BLOCKED',
          message: expect.stringMatching(/a has a cluster "m" already.*imported there already/),
        });
        const kubeconfig = sandbox.clusters.a.clientCertificateKubeconfig;
        await expect(federation.clusters.import({ name: 'x', kubeconfig })).rejects.toMatchObject({
          code: 'SAME_CLUSTER',
        });
      });

      test('unbind: not the host; a dry run writes nothing; what bears marks is then imported only when told so', async () => {
        await expect(federation.clusters.unbind('host')).rejects.toMatchObject({ code: 'INVALID' });
        await expect(federation.clusters.unbind('ghost')).rejects.toMatchObject({ code: 'NOT_FOUND' });
        expect(await federation.clusters.unbind('m', { dryRun: true })).toMatchObject({ outcome: 'dry-run' });
        expect(await federation.clusters.get('m')).toMatchObject({ name: 'm' });
        expect(await federation.clusters.unbind('m')).toMatchObject({ outcome: 'changed' });
        const at = { namespace: kubefedNamespace, name: 'm' };
        expect(await federation.host.connection.find(kubesphere.kubeFedClusters, at)).toBeUndefined();
        await expect(federation.clusters.import(settings())).rejects.toMatchObject({
          code: 'PLAN_BLOCKED',
          message: expect.stringMatching(/bears the marks of a host.*memberMigration.*formerHostGone/),
        });
        expect(await federation.clusters.import({ ...settings(), formerHostGone: true })).toMatchObject({
          outcome: 'changed',
        });
      });
    });

    describe('workspaces', patient, () => {
      test('create: a dry run writes nothing, then it is placed nowhere; an equal name is refused or joined', async () => {
        const workspace = { name: 'team-a', manager: 'alice' };
        expect(await federation.workspaces.create(workspace, { dryRun: true })).toMatchObject({
          outcome: 'dry-run',
          forecast: { effect: 'change', changes: [{ verb: 'create' }] },
        });
        await expect(federation.workspaces.get('team-a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
        expect(await federation.workspaces.create(workspace)).toMatchObject({ outcome: 'changed' });
        expect(await federation.workspaces.get('team-a')).toMatchObject({
          manager: 'alice',
          placement: { clusters: [] },
        });
        await expect(federation.workspaces.create(workspace)).rejects.toMatchObject({
          code: 'PLAN_BLOCKED',
          message: expect.stringMatching(/already; equal names need not mean/),
        });
        expect(await federation.workspaces.create({ ...workspace, existing: 'join' })).toMatchObject({
          outcome: 'already',
        });
      });

      test('setPlacement, authorize: the cluster is added to those that are there, and a selector is left alone', async () => {
        const placed = async () => (await federation.workspaces.get('team-a')).placement.clusters;
        await expect(federation.workspaces.setPlacement('team-a', { clusters: ['elsewhere'] })).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
        expect(await federation.clusters.authorize('m', ['team-a'], { dryRun: true })).toMatchObject([
          { item: 'team-a', outcome: 'dry-run' },
        ]);
        expect(await placed()).toEqual([]);
        expect(await federation.clusters.authorize('m', ['team-a'])).toMatchObject([{ outcome: 'changed' }]);
        expect(await placed()).toEqual([{ name: 'm' }]);
        expect(await federation.clusters.authorize('m', ['team-a'])).toMatchObject([{ outcome: 'already' }]);
      });
    });

    describe('namespaces', patient, () => {
      const cluster = 'm';
      const connection = () => sandbox.clusters.m.connection;
      const read = (name: string) => connection().get(core.namespaces, { name });
      test('belong to a workspace that came from the host', async () => {
        await untilFederated(sandbox.clusters.a.connection, { name: 'm', workspaces: [] });
        const found = await until('the workspace is there', () =>
          connection().find(kubesphere.workspaces, { name: 'team-a' }),
        );
        expect(found.metadata.labels).toHaveProperty([managedLabel], 'true');
      });

      test('bind: a dry run writes nothing, then the live Workspace owns it', async () => {
        await connection().create(core.namespaces, { metadata: { name: 'shop' } });
        const at = { cluster, name: 'shop', workspace: 'team-a' };
        expect(await federation.namespaces.bind(at, { dryRun: true })).toMatchObject({
          outcome: 'dry-run',
          forecast: { effect: 'change', changes: [{ verb: 'update', resource: { name: 'shop' } }] },
        });
        expect((await read('shop')).metadata.labels).not.toHaveProperty([workspaceLabel]);
        expect(await federation.namespaces.bind(at)).toMatchObject({ outcome: 'changed' });
        const { uid } = (await connection().get(kubesphere.workspaces, { name: 'team-a' })).metadata;
        expect((await read('shop')).metadata.ownerReferences).toMatchObject([{ kind: 'Workspace', uid }]);
        expect(await federation.namespaces.bind(at)).toMatchObject({ outcome: 'already' });
        const inTeamA = await (await federation.namespaces.list({ cluster, workspace: 'team-a' })).toArray();
        expect(inTeamA).toMatchObject([{ name: 'shop', workspace: 'team-a', federated: false }]);
      });

      test('bind: not into a workspace that is not there, not out of another one, not a system namespace', async () => {
        await connection().create(core.namespaces, { metadata: { name: 'loose' } });
        await expect(federation.namespaces.bind({ cluster, name: 'loose', workspace: 'ghosts' })).rejects.toMatchObject(
          {
            code: 'PLAN_BLOCKED',
            message: expect.stringMatching(/"ghosts" is not there.*Place the workspace on that cluster first/),
          },
        );
        expect((await read('loose')).metadata.labels).not.toHaveProperty([workspaceLabel]);
        await expect(federation.namespaces.bind({ cluster, name: 'shop', workspace: 'other' })).rejects.toMatchObject({
          code: 'PLAN_BLOCKED',
          message: expect.stringMatching(/in workspace "team-a".*Unbind it there first, or transfer it/),
        });
        for (const at of [
          { name: 'kube-system', workspace: 'team-a' },
          { name: 'loose', workspace: 'system-workspace' },
        ])
          await expect(federation.namespaces.bind({ cluster, ...at })).rejects.toMatchObject({ code: 'INVALID' });
        await expect(federation.namespaces.unbind({ cluster, name: 'default' })).rejects.toMatchObject({
          code: 'INVALID',
        });
      });

      test('unbind: a dry run writes nothing, then label and Workspace owner are off, a foreign owner stays, a note says where it was', async () => {
        const role = (await connection().get(core.clusterRoles, { name: 'cluster-admin' })).metadata;
        const foreign = {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          name: role.name,
          uid: role.uid,
        };
        const { ownerReferences = [] } = (await read('shop')).metadata;
        const body = { metadata: { ownerReferences: [...ownerReferences, foreign] } };
        await connection().patch(core.namespaces, { name: 'shop' }, { type: 'merge', body });
        expect(await federation.namespaces.unbind({ cluster, name: 'shop' }, { dryRun: true })).toMatchObject({
          outcome: 'dry-run',
        });
        expect((await read('shop')).metadata.labels).toHaveProperty([workspaceLabel], 'team-a');
        expect(await federation.namespaces.unbind({ cluster, name: 'shop' })).toMatchObject({ outcome: 'changed' });
        const { labels, annotations, ownerReferences: left } = (await read('shop')).metadata;
        expect(labels).not.toHaveProperty([workspaceLabel]);
        expect(left).toEqual([foreign]);
        expect(JSON.parse(annotations?.[unboundAnnotation] ?? '')).toMatchObject({ workspace: 'team-a' });
        expect(await federation.namespaces.unbind({ cluster, name: 'shop' })).toMatchObject({ outcome: 'already' });
        await federation.namespaces.bind({ cluster, name: 'shop', workspace: 'team-a' });
        expect((await read('shop')).metadata.annotations ?? {}).not.toHaveProperty([unboundAnnotation]);
        expect((await read('shop')).metadata.ownerReferences).toContainEqual(foreign);
      });

      test('unbind: not a multi-cluster project, whose host puts the label back', async () => {
        const lift = sandbox.clusters.m.intercept(({ verb, resource, name }) =>
          verb === 'get' && resource === 'namespaces' && name === 'copied'
            ? {
                status: 200,
                body: {
                  apiVersion: 'v1',
                  kind: 'Namespace',
                  metadata: { name: 'copied', uid: 'u', resourceVersion: '1', labels: { [managedLabel]: 'true' } },
                },
              }
            : undefined,
        );
        try {
          await expect(federation.namespaces.unbind({ cluster, name: 'copied' })).rejects.toMatchObject({
            code: 'INVALID',
            message: expect.stringMatching(/multi-cluster project/),
          });
        } finally {
          lift();
        }
      });

      test('protect: a dry run writes nothing, then nobody deletes them; unprotect gives way, but for an owner that is gone', async () => {
        await connection().create(core.namespaces, { metadata: { name: 'orphan' } });
        const what = { cluster, names: ['shop', 'orphan'], workspaces: ['team-a'] };
        const deleting = () => connection().delete(core.namespaces, { name: 'shop' }, { ...background, dryRun: true });
        expect(await federation.namespaces.protect(what, { dryRun: true })).toMatchObject({ outcome: 'dry-run' });
        await deleting();
        await federation.namespaces.protect(what);
        await expect(deleting()).rejects.toMatchObject({ code: 'REJECTED' });
        await expect(connection().delete(kubesphere.workspaces, { name: 'team-a' }, background)).rejects.toMatchObject({
          code: 'REJECTED',
        });
        await connection().delete(core.namespaces, { name: 'loose' }, background);

        // Its one owner is dead: the garbage collector keeps trying to delete it.
        const owners = (ownerReferences: object[]) =>
          connection().patch(
            core.namespaces,
            { name: 'orphan' },
            { type: 'merge', body: { metadata: { ownerReferences } } },
          );
        await owners([{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'gone', uid: 'dead' }]);
        await expect(federation.namespaces.unprotect(what)).rejects.toMatchObject({
          code: 'KEPT_AT_RISK',
          message: expect.stringMatching(/orphan.*ClusterRole "gone" \(UID dead\).*which is gone.*stays up/),
        });
        await expect(deleting()).rejects.toMatchObject({ code: 'REJECTED' });
        await owners([]);
        await federation.namespaces.unprotect(what);
        await until('it is down', async () =>
          deleting().then(
            () => true,
            () => false,
          ),
        );
        expect((await connection().list(core.validatingAdmissionPolicies).toArray()).length).toBe(0);
        expect((await read('orphan')).metadata.deletionTimestamp).toBeUndefined();
      });
    });

    describe('users and components', patient, () => {
      test('users are told without their passwords', async () => {
        const names = (await federation.users.list().toArray()).map(({ name }) => name);
        expect(names).toEqual(expect.arrayContaining(['admin', 'alice']));
        const alice = await federation.users.get('alice');
        expect(alice).toMatchObject({ name: 'alice', email: 'alice@example.com' });
        expect(JSON.stringify(alice)).not.toMatch(/\$2|password/);
        await expect(federation.users.get('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      });

      test('components are those whose installation is reported', async () => {
        const { connection } = sandbox.clusters.m;
        const at = { namespace: kubesphereNamespace, name: 'ks-installer' };
        const body = { status: { logging: { status: 'enabled' }, clusterId: 'x' } };
        await connection.patch(kubesphere.clusterConfigurations, at, { type: 'merge', body });
        const found = await federation.components.status({ clusters: ['m'] });
        expect(found).toMatchObject([{ cluster: 'm', answered: true, components: { logging: 'left', devops: 'off' } }]);
        expect(JSON.stringify(found)).not.toContain('clusterId');
      });
    });
  });
}
