import { describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { redact } from '../../../src/internal/redact.ts';
import { core } from '../../../src/kube/resources.ts';
import { kubefedNamespace, managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { detachCluster } from '../../../src/modules/operations/detach-cluster.ts';
import { shutOut } from '../../../src/modules/operations/host-access.ts';
import { expectCopies } from '../../../src/modules/operations/host-copies.ts';
import { importCluster } from '../../../src/modules/operations/import-cluster.ts';
import { background, cluster, given, ownedBy, refusal, there, work } from './kit.ts';

describe('shutting a host out', () => {
  const name = 'kubefed-controller-manager:m-kubesphere';
  const rbac = 'rbac.authorization.k8s.io/v1';
  const out = () => shutOut(cluster, 'm').run(work, { account: null, role: null, binding: null });

  test('is refused while what goes owns a namespace, or anything in a project', async () => {
    const role = await given(core.clusterRoles, { name }, { rules: [] });
    await given(core.namespaces, { name: 'n1', ...ownedBy('ClusterRole', rbac, role) });
    await expect(out()).rejects.toMatchObject(refusal('KEPT_AT_RISK', /namespace\(s\) with it: n1/));
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: { ownerReferences: null } } },
    );
    await given(core.configMaps, { namespace: 'n1', name: 'settings', ...ownedBy('ClusterRole', rbac, role) });
    await expect(out()).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /1 object\(s\) in projects with it: ConfigMap n1\/settings/),
    );
    expect(await there(core.clusterRoles, name)).toBe(true);
  });
});

describe('what a host had copied', () => {
  test('goes where it arrived, stays without the mark where it was before, and not if it owns a namespace', async () => {
    const user = (name: string) => ({ name, labels: { [managedLabel]: 'true' } }) as never;
    const spec = { spec: { email: 'x@example.com' } };
    await given(kubesphere.users, user('before'), spec);
    const copies = expectCopies(cluster, 'm', [cluster]);
    const before = await copies.capture(work);
    const arrived = await given(kubesphere.users, user('arrived'), { spec: { email: 'y@example.com' } });
    await given(core.namespaces, { name: 'n1', ...ownedBy('User', 'iam.kubesphere.io/v1alpha2', arrived) });
    await expect(copies.compensate(work, before, undefined)).rejects.toMatchObject(refusal('KEPT_AT_RISK', /n1/));
    expect(await there(kubesphere.users, 'arrived')).toBe(true);
    await cluster.connection.patch(
      core.namespaces,
      { name: 'n1' },
      { type: 'merge', body: { metadata: { ownerReferences: null } } },
    );
    await given(kubesphere.users, { name: 'own' }, { spec: { email: 'z@example.com' } });
    await copies.compensate(work, before, undefined);
    expect([await there(kubesphere.users, 'arrived'), await there(kubesphere.users, 'own')]).toEqual([false, true]);
    expect(
      (await cluster.connection.get(kubesphere.users, { name: 'before' })).metadata.labels ?? {},
    ).not.toHaveProperty([managedLabel]);
  });
});

describe('what a host had copied, and its account', () => {
  test('stay while that host has the member, by as much as its KubeFedCluster, and go when it has not', async () => {
    const at = { namespace: kubefedNamespace, name: 'm-kubesphere' };
    const copies = expectCopies(cluster, 'm', [cluster]);
    const before = await copies.capture(work);
    await given(core.serviceAccounts, at);
    await given(kubesphere.users, { name: 'sent', labels: { [managedLabel]: 'true' } } as never, {
      spec: { email: 'x@example.com' },
    });
    const seat = { namespace: kubefedNamespace, name: 'm' };
    await given(kubesphere.kubeFedClusters, seat, { spec: {} });
    const left = async () => [
      await there(core.serviceAccounts, at.name, at.namespace),
      await there(kubesphere.users, 'sent'),
    ];
    await expect(copies.compensate(work, before, undefined)).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /c holds cluster "m".*Unbind it from c/s),
    );
    expect(await left()).toEqual([true, true]);
    await cluster.connection.delete(kubesphere.kubeFedClusters, seat, background);
    await copies.compensate(work, before, undefined);
    expect(await left()).toEqual([false, false]);
  });
});

describe('detaching a cluster', () => {
  const connection = { type: 'direct' } as const;
  const secrets = async () => ({ kubeconfig: 'k' });
  const before = { labels: {}, annotations: {}, spec: { joinFederation: true, connection } };

  test('is refused where the object stands for another cluster by now, and while its kubeconfig is not parked', async () => {
    await given(kubesphere.clusters, { name: 'm' }, { spec: { connection }, status: { uid: 'other' } });
    await expect(detachCluster(cluster, 'm', 'mine', { secrets }).run(work, before)).rejects.toMatchObject(
      refusal('WORLD_MOVED', /stands for another cluster \(UID other\)/),
    );
    const none = async () => Promise.reject(new FederationError('WORLD_MOVED', 'not parked'));
    await expect(detachCluster(cluster, 'm', 'other', { secrets: none }).run(work, before)).rejects.toMatchObject(
      refusal('WORLD_MOVED', /not parked/),
    );
    expect(await there(kubesphere.clusters, 'm')).toBe(true);
  });

  test('is not undone while the other host holds it by as much as its KubeFedCluster', async () => {
    await given(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: 'm' },
      { spec: { apiEndpoint: 'https://x', secretRef: { name: 's' } } },
    );
    const undoing = detachCluster(cluster, 'm', 'uid', { secrets, unlessHeldBy: cluster }).compensate(
      work,
      before,
      undefined,
    );
    await expect(undoing).rejects.toMatchObject(
      refusal('KEPT_AT_RISK', /c holds cluster "m".*Delete the Cluster on c/),
    );
    expect(await there(kubesphere.clusters, 'm')).toBe(false);
  });
});

describe('importing a cluster', () => {
  const settings = () => ({ name: 'm', member: cluster, kubeconfig: async () => 'k', proof: [] });

  test('is refused while the former host holds it', async () => {
    await given(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: 'm' },
      { spec: { apiEndpoint: 'https://x', secretRef: { name: 's' } } },
    );
    const importing = importCluster(cluster, { ...settings(), unlessHeldBy: cluster }).run(work, null);
    await expect(importing).rejects.toMatchObject(refusal('KEPT_AT_RISK', /c holds cluster "m"/));
    expect(await there(kubesphere.clusters, 'm')).toBe(false);
  });

  test("neither takes another's Cluster object for its own, nor deletes it to undo", async () => {
    await given(kubesphere.clusters, { name: 'm' }, { spec: { connection: { type: 'direct' } } });
    await expect(importCluster(cluster, settings()).run(work, null)).rejects.toMatchObject(
      refusal('ALREADY_EXISTS', /did not make/),
    );
    await importCluster(cluster, settings()).compensate(work, null, undefined);
    expect(await there(kubesphere.clusters, 'm')).toBe(true);
  });
});

describe('what is remembered of an object for the journal', () => {
  test('is without the copy that kubectl apply keeps in it, which holds its secrets', async () => {
    const applied = JSON.stringify({ spec: { connection: { kubeconfig: 'a'.repeat(60) } } });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': applied, note: 'kept' };
    await given(
      kubesphere.clusters,
      { name: 'm', annotations } as never,
      { spec: { joinFederation: false, connection: { type: 'direct', kubeconfig: 'YQ==' } } } as never,
    );
    const before = await detachCluster(cluster, 'm', 'uid', { secrets: async () => ({ kubeconfig: '' }) }).capture(
      work,
    );
    expect(before.annotations).toEqual({ note: 'kept' });
    expect(JSON.stringify(before)).not.toMatch(/aaaa|YQ==/);
    expect(redact(applied)).not.toContain('aaaa');
  });
});
