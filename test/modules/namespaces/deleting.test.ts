import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { openCluster } from '../../../src/kubesphere/cluster.ts';
import { devopsLabel, managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { inProject } from '../../../src/modules/namespaces/resources.ts';
import { deleteProject } from '../../../src/modules/operations/delete-project.ts';
import { parts } from '../../../src/modules/shield-forms.ts';
import { shieldsUp } from '../../../src/modules/shields-up.ts';
import type { Work } from '../../../src/modules/work.ts';
import { createFederatedProjects, createProjects } from '../../../src/testing/index.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { appOf, projectOnM, strayOnM, workspaceOnM } from './specs/start.ts';

let world: ModuleWorld;
let workspace = '';
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  workspace = await workspaceOnM(world);
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const m = () => world.clusters.m.connection;
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });
const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};
const stays = async (cluster: 'a' | 'm', name: string) => {
  const { metadata } = await world.clusters[cluster].connection.get(core.namespaces, { name });
  expect(metadata.deletionTimestamp).toBeUndefined();
};

describe('namespaces.delete', { timeout: 60_000 }, () => {
  test('tells before what is in it: objects by kind, claims with what becomes of their data, apps', async () => {
    const name = world.fresh('full');
    await createProjects(m(), { workspace, names: [name], creator: 'ann' });
    await m().create(inProject.volumes, {
      metadata: { name: `pv-${name}` },
      spec: {
        persistentVolumeReclaimPolicy: 'Delete',
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/x' },
      },
    } as never);
    await m().create(inProject.claims, {
      metadata: { name: 'disk', namespace: name },
      spec: {
        volumeName: `pv-${name}`,
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
    } as never);
    await appOf(world, 'a', `rls-${name}`, { workspace, project: name, cluster: 'm' });
    const { uid } = await world.federation.namespaces.get({ cluster: 'm', name });
    expect(await world.federation.namespaces.delete({ cluster: 'm', name, uid }, { dryRun: true })).toMatchObject({
      outcome: 'dry-run',
      forecast: {
        effect: 'change',
        changes: [{ verb: 'delete', resource: { kind: 'Namespace', name, uid } }],
        expects: {
          objects: { 'deployments.apps': 1, persistentvolumeclaims: 2, 'roles.rbac.authorization.k8s.io': 3 },
          claims: [
            { name: 'data', volume: null, reclaimPolicy: null },
            { name: 'disk', volume: `pv-${name}`, reclaimPolicy: 'Delete' },
          ],
          apps: [`a/rls-${name}`],
        },
      },
    });
    await stays('m', name);
  });

  test('leaves another one of that name alone', async () => {
    const { name } = await strayOnM(world);
    await expect(world.federation.namespaces.delete({ cluster: 'm', name, uid: 'former' })).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /not former: it is another one/),
    );
    await stays('m', name);
  });

  test('leaves what a list told of alone, where somebody took it over since', async () => {
    const { namespaces } = world.federation;
    const { name } = await strayOnM(world);
    const info = await namespaces.get({ cluster: 'm', name });
    await namespaces.bind({ cluster: 'm', name, workspace });
    const taken = new RegExp(
      `"${name}" is in workspace "${workspace}" by now, not in (none|"former"): .*Nothing was deleted`,
    );
    for (const item of [info, { ...info, workspace: 'former' }]) {
      const project = { cluster: 'm', ...item };
      await expect(namespaces.delete(project)).rejects.toMatchObject(refusal('WORLD_MOVED', taken));
      expect(await namespaces.delete(project, { dryRun: true })).toMatchObject({
        forecast: { effect: 'blocked', why: expect.stringMatching(taken) },
      });
    }
    await stays('m', name);
    const seen = { cluster: 'm', ...(await namespaces.get({ cluster: 'm', name })) };
    expect(await namespaces.delete(seen)).toMatchObject({ outcome: 'changed' });
  });

  test('refuses what is of a multi-cluster project, on the member and on the host, and what is of DevOps or the installation', async () => {
    const name = world.fresh('fed');
    await createFederatedProjects(world.clusters.a.connection, { workspace, names: [name], clusters: ['m'] });
    for (const cluster of ['a', 'm'] as const) {
      const { uid } = await world.federation.namespaces.get({ cluster, name });
      await expect(world.federation.namespaces.delete({ cluster, name, uid })).rejects.toMatchObject(
        refusal('INVALID', /multi-cluster project.*deleteFederated/),
      );
      await stays(cluster, name);
    }
    for (const [labels, why] of [
      [{ [devopsLabel]: 'pipes' }, /DevOpsProject instead/],
      [{ [workspaceLabel]: 'system-workspace' }, /belongs to the installation/],
    ] as const) {
      const { name: marked, uid } = await strayOnM(world);
      await m().patch(core.namespaces, { name: marked }, { type: 'merge', body: { metadata: { labels } } });
      const refused = refusal('INVALID', why);
      await expect(world.federation.namespaces.delete({ cluster: 'm', name: marked, uid })).rejects.toMatchObject(
        refused,
      );
      await stays('m', marked);
    }
  });

  test('refuses a namespace of the host that holds a FederatedNamespace, whatever its labels say', async () => {
    const a = world.clusters.a.connection;
    const name = world.fresh('fed');
    const { metadata } = await a.create(core.namespaces, { metadata: { name } });
    await a.create(kubesphere.federatedNamespaces, {
      metadata: { name, namespace: name },
      spec: { template: {}, placement: { clusters: [] } },
    });
    const at = { cluster: 'a', name, uid: metadata.uid };
    await expect(world.federation.namespaces.delete(at)).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /holds FederatedNamespace.*every member/),
    );
    await stays('a', name);
  });

  test('refuses a copy that was released, while its host still places it there and would make it again', async () => {
    const name = world.fresh('fed');
    await createFederatedProjects(world.clusters.a.connection, { workspace, names: [name], clusters: ['m'] });
    const release = { metadata: { labels: { [managedLabel]: 'false' } } };
    await m().patch(core.namespaces, { name }, { type: 'merge', body: release });
    const { uid } = await world.federation.namespaces.get({ cluster: 'm', name });
    const deletion = () => world.federation.namespaces.delete({ cluster: 'm', name, uid });
    await expect(deletion()).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /placed there still, and a would make this namespace again.*setFederatedPlacement/),
    );
    await stays('m', name);
    await world.federation.namespaces.setFederatedPlacement(
      name,
      { clusters: [] },
      { projects: 'keep', lookBackMs: 250 },
    );
    expect(await deletion()).toMatchObject({ outcome: 'changed' });
    expect(await m().find(core.namespaces, { name })).toBeUndefined();
  });

  test('refuses what a selector means by one of two labels of the cluster, until that multi-cluster project is on its way out', async () => {
    const { connection } = world.clusters.a;
    const { name, uid } = await strayOnM(world);
    const labels = { [name]: 'here' };
    await connection.patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body: { metadata: { labels } } });
    await connection.create(core.namespaces, { metadata: { name } });
    const at = { namespace: name, name };
    await connection.create(kubesphere.federatedNamespaces, {
      metadata: { ...at, finalizers: ['example.com/stay'] },
      spec: { template: {}, placement: { clusterSelector: { matchLabels: labels } } },
    });
    const deletion = () => world.federation.namespaces.delete({ cluster: 'm', name, uid });
    await expect(deletion()).rejects.toMatchObject(refusal('PLAN_BLOCKED', /placed there still/));
    await stays('m', name);
    await connection.delete(kubesphere.federatedNamespaces, at, { propagationPolicy: 'Background' });
    expect(await deletion()).toMatchObject({ outcome: 'changed' });
    await connection.patch(kubesphere.federatedNamespaces, at, {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
  });

  test('refuses while it is protected, and while something outside of it would go along', async () => {
    const kept = await strayOnM(world);
    await world.federation.namespaces.protect({ cluster: 'm', names: [kept.name] });
    await expect(
      world.federation.namespaces.delete({ cluster: 'm', name: kept.name, uid: kept.uid }),
    ).rejects.toMatchObject(refusal('PLAN_BLOCKED', /is protected \(shield .*unprotect/));
    await stays('m', kept.name);

    const [owner, child] = [await strayOnM(world), world.fresh('child')];
    await m().create(core.namespaces, {
      metadata: {
        name: child,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: owner.name, uid: owner.uid }],
      },
    });
    await expect(
      world.federation.namespaces.delete({ cluster: 'm', name: owner.name, uid: owner.uid }),
    ).rejects.toMatchObject(refusal('PLAN_BLOCKED', new RegExp(`1 object\\(s\\) outside.*Namespace ${child}`)));
    await stays('m', owner.name);
  });

  test('looks again before it deletes: what became one that must stay meanwhile stays', async () => {
    const { name, uid } = await strayOnM(world);
    const cluster = await openCluster(m());
    let kept: readonly string[] = [];
    let mayGo = true;
    let maker: string | undefined;
    const operation = deleteProject(
      cluster,
      { name, uid },
      {
        keptBy: async () => kept,
        assertMayGo: () => {
          if (!mayGo) throw new Error('not any more');
        },
        madeAgainBy: async () => maker,
        contents: async () => ({ objects: {}, claims: [], apps: [] }),
      },
    );
    const before = await operation.capture(work);
    maker = 'a';
    await expect(operation.run(work, before)).rejects.toMatchObject(refusal('KEPT_AT_RISK', /a would make this/));
    maker = undefined;
    kept = ['shield x'];
    await expect(operation.run(work, before)).rejects.toMatchObject(refusal('KEPT_AT_RISK', /protected \(shield x\)/));
    [kept, mayGo] = [[], false];
    await expect(operation.run(work, before)).rejects.toThrow('not any more');
    await stays('m', name);
  });

  test('names the finalizers that hold it when it does not go', async () => {
    const { name, uid } = await projectOnM(world, workspace);
    await m().create(core.configMaps, {
      metadata: { name: 'held', namespace: name, finalizers: ['example.com/held'] },
      data: {},
    });
    const operation = deleteProject(
      await openCluster(m()),
      { name, uid },
      {
        keptBy: async () => [],
        assertMayGo: () => {},
        madeAgainBy: async () => undefined,
        contents: async () => ({ objects: {}, claims: [], apps: [] }),
        goneLimitMs: 1_500,
      },
    );
    const before = await operation.capture(work);
    await operation.run(work, before);
    await expect(operation.verify(work, before, before)).rejects.toMatchObject(
      refusal('NOT_OBSERVED', /not gone after 2 s.*finalizers .*kubernetes/),
    );
    const at = { name: 'held', namespace: name };
    await m().patch(core.configMaps, at, { type: 'merge', body: { metadata: { finalizers: null } } });
    await operation.verify(work, before, before).catch(() => operation.verify(work, before, before));
    expect(await m().find(core.namespaces, { name })).toBeUndefined();
  });
});

describe('protections', { timeout: 60_000 }, () => {
  test('of both forms are read as they were raised; a policy without its binding is none', async () => {
    const [first, second] = [await strayOnM(world), await strayOnM(world)];
    const shielded = { id: 'old-server', namespaces: [first.name, second.name], workspaces: [workspace] };
    for (const { resource, name, body } of parts('webhook', shielded))
      await m().create(resource, { ...body, metadata: { name } });
    const [policy] = parts('policy', { ...shielded, id: 'half', workspaces: [] });
    if (policy === undefined) throw new Error('A shield of policies has policies.');
    await m().create(policy.resource, { ...policy.body, metadata: { name: policy.name } });
    await world.federation.namespaces.protect({ cluster: 'm', names: [second.name], workspaces: [workspace] });
    const up = await shieldsUp(await openCluster(m()), {});
    const webhook = {
      id: 'old-server',
      form: 'webhook',
      namespaces: [first.name, second.name].sort(),
      workspaces: 'all',
    };
    expect(up).toContainEqual({ ...webhook, runId: undefined });
    expect(up.filter(({ id }) => id === 'half')).toEqual([]);
    expect(up).toContainEqual(
      expect.objectContaining({ form: 'policy', namespaces: [second.name], workspaces: [workspace] }),
    );
    await m().delete(
      core.validatingWebhookConfigurations,
      { name: 'kubesphere-federation-old-server' },
      { propagationPolicy: 'Background' },
    );
  });

  test('are lifted by all of their names only; one that died half way is completed', async () => {
    const [first, second] = [await strayOnM(world), await strayOnM(world)];
    const names = [first.name, second.name];
    const what = { cluster: 'm', names };
    await world.federation.namespaces.protect(what);
    await expect(world.federation.namespaces.unprotect({ cluster: 'm', names: [first.name] })).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', new RegExp(`no protection keeps just these.*${first.name}, ${second.name}`)),
    );
    const mine = (await world.federation.namespaces.protections('m')).find(({ namespaces }) =>
      namespaces.includes(first.name),
    );
    const binding = { name: `kubesphere-federation-${mine?.id}-namespaces` };
    await m().delete(core.validatingAdmissionPolicyBindings, binding, { propagationPolicy: 'Background' });
    expect(await world.federation.namespaces.protect(what)).toMatchObject({ outcome: 'changed' });
    expect(await m().find(core.validatingAdmissionPolicyBindings, binding)).toBeDefined();
    expect(await world.federation.namespaces.unprotect(what, { dryRun: true })).toMatchObject({
      forecast: { effect: 'change', changes: [{ verb: 'delete' }, { verb: 'delete' }] },
    });
  });

  test('are not lifted while an owner is gone, not by a dry run either', async () => {
    const { name } = await strayOnM(world);
    const what = { cluster: 'm', names: [name] };
    await world.federation.namespaces.protect(what);
    const owners = (ownerReferences: object[]) =>
      m().patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { ownerReferences } } });
    await owners([{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'gone', uid: 'dead' }]);
    expect(await world.federation.namespaces.unprotect(what, { dryRun: true })).toMatchObject({
      outcome: 'dry-run',
      forecast: { effect: 'blocked', why: expect.stringMatching(/ClusterRole "gone".*stays up/) },
    });
    await expect(world.federation.namespaces.unprotect(what)).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /ClusterRole "gone".*stays up/),
    );
    await stays('m', name);
    await owners([]);
  });
});
