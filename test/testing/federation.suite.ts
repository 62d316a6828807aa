import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import {
  finalizers,
  kubefedNamespace,
  managedLabel,
  namespaceLabel,
  workspaceLabel,
} from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createUser, until, untilFederated } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import {
  background,
  conditionOf,
  hostWorkspace,
  mark,
  patient,
  propagation,
  slow,
  untilGone,
  workspaceUid,
} from './support.ts';

const kubefedCluster = (name: string) => ({ namespace: kubefedNamespace, name });

/** Resolves once the Workspace with that UID owns the project, were it for a moment: a watch misses no state. */
async function ownedBy(member: Connection, project: string, uid: string): Promise<void> {
  for await (const event of member.watch(core.namespaces)) {
    if (event.type === 'synced' || event.object.metadata.name !== project) continue;
    if (event.object.metadata.ownerReferences?.[0]?.uid === uid) return;
  }
  throw new Error(`the watch ended before a Workspace owned ${project}`);
}

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
      // Written on the member first; only then does the host's object say so.
      const at = { name: 'adopted' };
      await until('the host says so', async () => propagation(a(), kubesphere.federatedUsers, at, 'm'), patient);
      const synced = await a().get(kubesphere.federatedUsers, at);
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

    it('keeps hold of a multi-cluster project: no owner, no label with its name; unmarked it is taken back, and goes with the namespace of the host', async () => {
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
      const owned = ownedBy(m(), name, await workspaceUid(m(), 'multi'));
      await mark(m(), core.namespaces, { name }, null);
      await owned;
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
  });
}
