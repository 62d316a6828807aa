import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCluster } from '../../src/kube/connect.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import {
  finalizers,
  hostClusterRole,
  hostSecret,
  hostServiceAccount,
  kubefedNamespace,
  managedLabel,
  namespaceLabel,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { compareProjects, createUser, observeProjects, until, untilFederated } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import {
  addOrphanFlag,
  background,
  conditionOf,
  hostWorkspace,
  mark,
  patient,
  place,
  propagation,
  slow,
  untilGoing,
  untilGone,
  workspaceUid,
} from './support.ts';

const kubefedCluster = (name: string) => ({ namespace: kubefedNamespace, name });

async function firstReady(host: Connection): Promise<bigint> {
  for await (const event of host.watch(kubesphere.kubeFedClusters, { namespace: kubefedNamespace })) {
    if (event.type === 'synced' || event.object.metadata.name !== 'm') continue;
    if (conditionOf(event.object, 'Ready')?.status === 'True') return BigInt(event.object.metadata.resourceVersion);
  }
  throw new Error('the watch ended before the member was ready');
}

/** A host and its member, from the join to the detach. */
export function describeFederation(ground: Ground): void {
  describe(`a host and its member, on ${ground.name}`, slow, () => {
    let federation: Federation<'a' | 'm'>;
    beforeAll(async () => {
      federation = await ground.start({ a: { role: 'host' }, m: { role: 'member' } });
    }, slow.timeout);
    afterAll(() => federation?.[Symbol.asyncDispose](), slow.timeout);
    const a = () => federation.clusters.a.connection;
    const m = () => federation.clusters.m.connection;
    const kubeconfig = () => federation.clusters.m.kubeconfig;
    /** The revision at which kubefed first called the member ready; it goes on writing probes into that object. */
    let ready: Promise<bigint>;
    /** A user as he was before the member was joined. */
    let stranger: Awaited<ReturnType<typeof user>>;
    const user = async (connection = m(), name = 'someone') => connection.get(kubesphere.users, { name });

    it('leaves a Cluster with joinFederation false alone, and joins it once that is true', async () => {
      await createUser(m(), { name: 'adopted', password: 'M@mber12' });
      await createUser(m(), { name: 'kept', password: 'M@mber12' });
      await mark(m(), kubesphere.users, { name: 'kept' }, 'false');
      for (const name of ['adopted', 'kept']) await createUser(a(), { name, password: 'H@st1234' });
      const connection = { type: 'direct', kubeconfig: Buffer.from(kubeconfig()).toString('base64') } as const;
      await a().create(kubesphere.clusters, { metadata: { name: 'm' }, spec: { joinFederation: false, connection } });
      await until(
        'the controller saw it',
        async () =>
          (await a().get(kubesphere.clusters, { name: 'm' })).metadata.finalizers?.includes(finalizers.cluster),
        patient,
      );
      expect((await a().get(kubesphere.clusters, { name: 'm' })).status).toBeUndefined();
      expect(await m().find(core.namespaces, { name: kubefedNamespace })).toBeUndefined();
      stranger = await user(m(), 'adopted');
      ready = firstReady(a());
      ready.catch(() => {}); // is awaited in the next test
      await a().patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body: { spec: { joinFederation: true } } });
      await until(
        'Ready',
        async () => conditionOf(await a().get(kubesphere.clusters, { name: 'm' }), 'Ready')?.status === 'True',
        patient,
      );
      const { status } = await a().get(kubesphere.clusters, { name: 'm' });
      expect(status?.uid).toBe((await m().get(core.namespaces, { name: 'kube-system' })).metadata.uid);
      expect(status?.kubeSphereVersion).toBe('v3.3.2');
    });

    it('says Ready before anything is synced; then users are taken over in place, their passwords overwritten', async () => {
      const { metadata: before, spec } = stranger;
      await until(
        'adopted',
        async () => (await user(m(), 'adopted')).metadata.labels?.[managedLabel] === 'true',
        patient,
      );
      const after = await user(m(), 'adopted');
      expect(after.metadata.uid).toBe(before.uid);
      expect(after.spec.password).not.toBe(spec.password);
      expect(after.spec.password).toBe((await user(a(), 'adopted')).spec.password);
      const synced = await a().get(kubesphere.federatedUsers, { name: 'adopted' });
      expect(await ready).toBeLessThan(BigInt(synced.metadata.resourceVersion));
    });

    it('refuses to touch what is marked managed=false, says so for good on the host itself, and syncs once unmarked', async () => {
      const status = (cluster: string) => propagation(a(), kubesphere.federatedUsers, { name: 'kept' }, cluster);
      await until('refused on the member', async () => (await status('m')) === 'ManagedLabelFalse', patient);
      expect(await status('host')).toBe('ManagedLabelFalse');
      const before = await user(m(), 'kept');
      expect(before.spec.password).not.toBe((await user(a(), 'kept')).spec.password);
      await mark(m(), kubesphere.users, { name: 'kept' }, null);
      await untilFederated(a(), { name: 'm', workspaces: [] });
      expect((await user(m(), 'kept')).spec.password).toBe((await user(a(), 'kept')).spec.password);
      expect((await a().get(kubesphere.federatedUsers, { name: 'kept' })).status?.conditions?.[0]?.status).toBe(
        'False',
      );
    });

    it('never finishes a Cluster on 3.3 whose kubeconfig has no client certificate, yet kubefed uses it', async () => {
      const connection = {
        type: 'direct',
        kubeconfig: Buffer.from(federation.clusters.m.tokenKubeconfig).toString('base64'),
      } as const;
      await a().create(kubesphere.clusters, { metadata: { name: 't' }, spec: { joinFederation: true, connection } });
      await until(
        'kubefed calls it ready',
        async () =>
          conditionOf(await a().find(kubesphere.kubeFedClusters, kubefedCluster('t')), 'Ready')?.status === 'True',
        patient,
      );
      expect((await a().get(kubesphere.clusters, { name: 't' })).status).toBeUndefined();
      await a().delete(kubesphere.clusters, { name: 't' }, background);
      await untilGone(a(), kubesphere.clusters, { name: 't' });
    });

    it('deletes the projects of a workspace whose placement was shrunk, unbound ones excepted', async () => {
      const names = await hostWorkspace(a(), m(), { name: 'shrunk', cluster: 'm', count: 4 });
      const [unbound = '', ...bound] = names;
      const before = await observeProjects(m(), names);
      await m().patch(
        core.namespaces,
        { name: unbound },
        { type: 'merge', body: { metadata: { labels: { [workspaceLabel]: null } } } },
      );
      await until(
        'it is unbound',
        async () => ((await m().get(core.namespaces, { name: unbound })).metadata.ownerReferences ?? []).length === 0,
        patient,
      );
      await place(a(), 'shrunk', []);
      await untilGone(m(), kubesphere.workspaces, { name: 'shrunk' });
      await untilGoing(m(), bound);
      const after = compareProjects(before, await observeProjects(m(), names));
      expect(after).toMatchObject({ kept: [unbound], lost: bound });
    });

    it('cannot reach a Workspace that the member marked managed=false, by placement or by deletion', async () => {
      const names = await hostWorkspace(a(), m(), { name: 'immune', cluster: 'm', count: 2 });
      const uid = await workspaceUid(m(), 'immune');
      await mark(m(), kubesphere.workspaces, { name: 'immune' }, 'false');
      await until(
        'the host notices',
        async () =>
          (await propagation(a(), kubesphere.federatedWorkspaces, { name: 'immune' }, 'm')) === 'ManagedLabelFalse',
        patient,
      );
      const before = await observeProjects(m(), names);
      await place(a(), 'immune', []);
      await until(
        'the host is done with the member',
        async () => (await propagation(a(), kubesphere.federatedWorkspaces, { name: 'immune' }, 'm')) === undefined,
        patient,
      );
      await a().delete(kubesphere.workspaceTemplates, { name: 'immune' }, background);
      await untilGone(a(), kubesphere.workspaceTemplates, { name: 'immune' });
      await untilGone(a(), kubesphere.federatedWorkspaces, { name: 'immune' });
      expect(await workspaceUid(m(), 'immune')).toBe(uid);
      expect(compareProjects(before, await observeProjects(m(), names))).toMatchObject({
        kept: names,
        lost: [],
        written: [],
      });
    });

    it("deletes a workspace's projects with its template, on the member and on the host", async () => {
      const names = await hostWorkspace(a(), m(), { name: 'deleted', cluster: 'm', count: 3 });
      await a().create(core.namespaces, {
        metadata: { name: 'deleted-here', labels: { [workspaceLabel]: 'deleted' } },
      });
      await a().delete(kubesphere.workspaceTemplates, { name: 'deleted' }, background);
      await untilGone(a(), core.namespaces, { name: 'deleted-here' });
      await untilGoing(m(), names);
      for (const name of names) await untilGone(m(), core.namespaces, { name });
    });

    it('hands the orphan flag down to the member: the Workspace goes, its projects stay', async () => {
      const names = await hostWorkspace(a(), m(), { name: 'handed', cluster: 'm', count: 3 });
      const before = await observeProjects(m(), names);
      await addOrphanFlag(a(), 'handed');
      await a().delete(kubesphere.workspaceTemplates, { name: 'handed' }, background);
      await untilGone(m(), kubesphere.workspaces, { name: 'handed' });
      await untilGone(a(), kubesphere.workspaceTemplates, { name: 'handed' });
      const after = await observeProjects(m(), names);
      expect(compareProjects(before, after)).toMatchObject({ kept: names, lost: [], contents: { lost: [] } });
      expect(Object.values(after).flatMap(({ ownerReferences }) => ownerReferences)).toEqual([]);
    });

    it('recreates a Workspace that the member deleted, under another UID', async () => {
      await hostWorkspace(a(), m(), { name: 'again', cluster: 'm', count: 0 });
      const uid = await workspaceUid(m(), 'again');
      await m().delete(kubesphere.workspaces, { name: 'again' }, background);
      await until(
        'another one is there',
        async () => {
          const found = await m().find(kubesphere.workspaces, { name: 'again' });
          return found !== undefined && found.metadata.uid !== uid;
        },
        patient,
      );
    });

    it('keeps hold of a multi-cluster project: a label taken off comes back; unmarked, it is bound at once', async () => {
      await hostWorkspace(a(), m(), { name: 'multi', cluster: 'm', count: 0 });
      const name = 'multi-project';
      await a().create(core.namespaces, {
        metadata: { name, labels: { [workspaceLabel]: 'multi', [managedLabel]: 'false' } },
      });
      await a().create(kubesphere.federatedNamespaces, {
        metadata: { name, namespace: name },
        spec: {
          template: { metadata: { labels: { [workspaceLabel]: 'multi' } } },
          placement: { clusters: [{ name: 'm' }] },
        },
      });
      await until(
        'it is on the member',
        async () => (await m().find(core.namespaces, { name })) !== undefined,
        patient,
      );
      const project = async () => (await m().get(core.namespaces, { name })).metadata;
      await until('looked at', async () => (await project()).finalizers?.includes(finalizers.namespace), patient);
      expect((await project()).ownerReferences ?? []).toEqual([]);
      // Selectors cannot rely on KubeSphere's own name label: kubefed takes it off.
      await until(
        'the name label is off',
        async () => (await project()).labels?.[namespaceLabel] === undefined,
        patient,
      );
      await m().patch(
        core.namespaces,
        { name },
        { type: 'merge', body: { metadata: { labels: { [workspaceLabel]: null } } } },
      );
      await until('the label is back', async () => (await project()).labels?.[workspaceLabel] === 'multi', patient);

      await mark(m(), core.namespaces, { name }, null);
      const uid = await workspaceUid(m(), 'multi');
      await until('the Workspace owns it', async () => (await project()).ownerReferences?.[0]?.uid === uid, patient);
      await until(
        'kubefed took it back, owner and all',
        async () => {
          const { labels, ownerReferences = [] } = await project();
          return labels?.[managedLabel] === 'true' && ownerReferences.length === 0;
        },
        patient,
      );
      await a().delete(core.namespaces, { name }, background);
      await untilGone(m(), core.namespaces, { name });
      await untilGone(a(), core.namespaces, { name });
    });

    it("deletes a host's namespaced copies where no FederatedNamespace says that they belong", async () => {
      const at = { namespace: 'lonely', name: 'settings' };
      for (const connection of [a(), m()]) await connection.create(core.namespaces, { metadata: { name: 'lonely' } });
      await a().create(kubesphere.federatedConfigMaps, {
        metadata: at,
        spec: { template: { data: {} }, placement: { clusters: [{ name: 'm' }] } },
      });
      await m().create(core.configMaps, { metadata: { ...at, labels: { [managedLabel]: 'true' } }, data: {} });
      await m().create(core.secrets, { metadata: { ...at, labels: { [managedLabel]: 'true' } }, data: {} });
      await untilGone(m(), core.configMaps, at);
      // Without a counterpart on the host kubefed only lets go.
      await until(
        'the Secret is unmarked',
        async () => (await m().get(core.secrets, at)).metadata.labels?.[managedLabel] === undefined,
        patient,
      );
    });

    it('goes on saying Ready when its account is deleted, while kubefed is blind until somebody touches its object', async () => {
      const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
      const { uid } = (await m().get(core.serviceAccounts, account)).metadata;
      await m().delete(core.serviceAccounts, account, background);
      const kubefed = () => a().get(kubesphere.kubeFedClusters, kubefedCluster('m'));
      await until('kubefed is blind', async () => conditionOf(await kubefed(), 'Offline')?.status === 'True', patient);
      await until(
        'the account is back, and so is the token on the host',
        async () => {
          const found = await m().find(core.serviceAccounts, account);
          return found !== undefined && found.metadata.uid !== uid;
        },
        patient,
      );
      await createUser(a(), { name: 'unseen' });
      await until(
        'the host reports the member as not ready',
        async () => (await propagation(a(), kubesphere.federatedUsers, { name: 'unseen' }, 'm')) === 'ClusterNotReady',
        patient,
      );
      expect(conditionOf(await a().get(kubesphere.clusters, { name: 'm' }), 'Ready')?.status).toBe('True');
      expect(conditionOf(await kubefed(), 'Offline')?.status).toBe('True');
      expect(await m().find(kubesphere.users, { name: 'unseen' })).toBeUndefined();
      const body = { metadata: { annotations: { touched: 'true' } } };
      await a().patch(kubesphere.kubeFedClusters, kubefedCluster('m'), { type: 'merge', body });
      await until('kubefed sees again', async () => conditionOf(await kubefed(), 'Ready')?.status === 'True', patient);
      await until(
        'the user arrives',
        async () => (await m().find(kubesphere.users, { name: 'unseen' })) !== undefined,
        patient,
      );
    });

    it('removes the record of an app with its Cluster, without uninstalling it', async () => {
      const [name = ''] = await hostWorkspace(a(), m(), { name: 'released', cluster: 'm', count: 1 });
      const marks = {
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': 'shop' },
      };
      const app = { namespace: name, name: 'web' };
      await m().patch(core.deployments, app, { type: 'merge', body: { metadata: marks } });
      const labels = { [workspaceLabel]: 'released', 'kubesphere.io/cluster': 'm', 'kubesphere.io/namespace': name };
      await a().create(kubesphere.helmReleases, { metadata: { name: 'shop', labels }, spec: { name: 'shop' } });
      await until(
        'it belongs to its Cluster',
        async () =>
          (await a().get(kubesphere.helmReleases, { name: 'shop' })).metadata.ownerReferences?.[0]?.kind === 'Cluster',
        patient,
      );
      await a().delete(kubesphere.clusters, { name: 'm' }, background);
      await untilGone(a(), kubesphere.clusters, { name: 'm' });
      await untilGone(a(), kubesphere.helmReleases, { name: 'shop' });
      expect((await m().get(core.deployments, app)).metadata.deletionTimestamp).toBeUndefined();
    });

    it('leaves behind, when its Cluster is deleted: account, token, rights, marks, placements and status', async () => {
      expect(await a().find(kubesphere.kubeFedClusters, kubefedCluster('m'))).toBeUndefined();
      expect(await a().find(core.secrets, { namespace: kubefedNamespace, name: hostSecret('m') })).toBeUndefined();
      const federated = await a().get(kubesphere.federatedWorkspaces, { name: 'released' });
      expect(federated.spec.placement?.clusters).toEqual([{ name: 'm' }]);
      expect(await propagation(a(), kubesphere.federatedWorkspaces, { name: 'released' }, 'm')).toBe('');
      expect((await m().get(kubesphere.workspaces, { name: 'released' })).metadata.labels?.[managedLabel]).toBe('true');
      await m().get(core.clusterRoleBindings, { name: hostClusterRole('m') });
      const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
      const { secrets = [] } = await m().get(core.serviceAccounts, account);
      const secret = await m().get(core.secrets, { ...account, name: secrets[0]?.name ?? '' });
      const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString();
      const text = kubeconfig().replace(/client-certificate-data: .*\n\s*client-key-data: .*/, `token: ${token}`);
      await using old = await connectCluster({ kubeconfig: text, name: 'm' });
      expect((await old.get(core.namespaces, { name: 'released-1' })).metadata.name).toBe('released-1');
    });

    it('refuses to join a member whose marked Workspace it places elsewhere, after making its account there', async () => {
      const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
      await m().delete(core.serviceAccounts, account, background);
      await untilGone(m(), core.serviceAccounts, account);
      await place(a(), 'released', []);
      const connection = { type: 'direct', kubeconfig: Buffer.from(kubeconfig()).toString('base64') } as const;
      await a().create(kubesphere.clusters, { metadata: { name: 'm' }, spec: { joinFederation: true, connection } });
      const refusal = await until(
        'refused',
        async () => conditionOf(await a().get(kubesphere.clusters, { name: 'm' }), 'Federated'),
        patient,
      );
      expect(refusal).toMatchObject({ status: 'False', reason: expect.stringContaining('released') });
      await m().get(core.serviceAccounts, account);
      await a().get(core.secrets, { namespace: kubefedNamespace, name: hostSecret('m') });
      expect(await a().find(kubesphere.kubeFedClusters, kubefedCluster('m'))).toBeUndefined();
      const before = await observeProjects(m(), ['released-1']);
      await place(a(), 'released', ['m']);
      await until(
        'the next attempt succeeds',
        async () => conditionOf(await a().get(kubesphere.clusters, { name: 'm' }), 'Ready')?.status === 'True',
        patient,
      );
      await untilFederated(a(), { name: 'm', workspaces: ['released'] });
      expect(compareProjects(before, await observeProjects(m(), ['released-1'])).lost).toEqual([]);
    });
  });
}
