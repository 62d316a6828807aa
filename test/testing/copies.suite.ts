import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectName, Resource } from '../../src/kube/objects.ts';
import { core, type Untyped } from '../../src/kube/resources.ts';
import { managedLabel, userLabel, workspaceLabel } from '../../src/kubesphere/names.ts';
import { type FederatedObject, federatedKinds, kubesphere } from '../../src/kubesphere/resources.ts';
import { createUser, createWorkspace, joinCluster, until } from '../../src/testing/index.ts';
import { notificationKinds, propagatedKinds } from '../../src/testing/kinds.ts';
import type { Federation, Ground } from '../grounds.ts';
import { background, conditionOf, patient, propagation, slow, untilGone } from './support.ts';

const groupLabel = 'iam.kubesphere.io/group-ref';
const viewer = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-viewer' };

/** Templates of the kinds whose objects cannot be empty. */
const templates: Readonly<Record<string, object>> = {
  ClusterRoleBinding: { roleRef: viewer, subjects: [] },
  Deployment: workload('Deployment'),
  ReplicaSet: workload('ReplicaSet'),
  StatefulSet: workload('StatefulSet'),
  Job: {
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'one', image: 'sandbox' }] } } },
  },
  Ingress: { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
  LimitRange: { spec: { limits: [] } },
  PersistentVolumeClaim: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  Service: { spec: { ports: [{ port: 80, protocol: 'TCP' }] } },
};

function workload(kind: string): object {
  const labels = { app: 'one' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'one', image: 'sandbox' }] } };
  return {
    spec: { selector: { matchLabels: labels }, template, ...(kind === 'StatefulSet' ? { serviceName: 'one' } : {}) },
  };
}

/** What a host copies to its member besides users and workspaces. */
export function describeCopies(ground: Ground): void {
  describe(`what a host copies to its member, on ${ground.name}`, slow, () => {
    let federation: Federation<'a' | 'm'>;
    const a = () => federation.clusters.a.connection;
    const m = () => federation.clusters.m.connection;
    const arrived = (resource: Resource, at: ObjectName) =>
      until(
        `${resource.kind} ${at.name} is on the member`,
        async () => (await m().find(resource, at))?.metadata.labels?.[managedLabel] === 'true',
        patient,
      );
    const everywhere = { placement: { clusters: [{ name: 'm' }] } };

    beforeAll(async () => {
      federation = await ground.start({ a: { role: 'host' }, m: { role: 'member' } });
      await joinCluster(a(), { name: 'm', kubeconfig: federation.clusters.m.kubeconfig });
      await a().create(core.namespaces, { metadata: { name: 'shared' } });
      await a().create(kubesphere.federatedNamespaces, {
        metadata: { namespace: 'shared', name: 'shared' },
        spec: { template: {}, ...everywhere },
      });
      await arrived(core.namespaces, { name: 'shared' });
    }, slow.timeout);
    afterAll(() => federation?.[Symbol.asyncDispose](), slow.timeout);

    it('does not serve the kinds of kubefed on a member', async () => {
      const groups = (await m().resources()).map(({ group }) => group);
      expect(groups).not.toContain(kubesphere.federatedUsers.group);
      expect((await a().resources()).map(({ group }) => group)).toContain(kubesphere.federatedUsers.group);
    });

    it('is every kind of which kubefed has a definition, each placed by itself', async () => {
      const own = new Set<string>([core.namespaces, kubesphere.users, kubesphere.workspaces].map(({ kind }) => kind));
      const kinds = propagatedKinds('3.3').filter(({ target }) => !own.has(target.kind));
      expect(kinds.length).toBeGreaterThan(federatedKinds.length);
      const at = ({ namespaced }: Resource): ObjectName =>
        namespaced ? { namespace: 'shared', name: 'copied' } : { name: 'copied' };
      for (const { federated, target } of kinds) {
        const template = templates[target.kind] ?? {};
        await a().create(federated, { metadata: at(federated), spec: { template, ...everywhere } });
      }
      for (const { target } of kinds) await arrived(target, at(target));
      for (const { federated } of kinds) await a().delete(federated, at(federated), background);
      for (const { target } of kinds) await untilGone(m(), target, at(target));
    });

    it('follows the overrides of a cluster, and says so where they cannot be applied', async () => {
      const at = { namespace: 'shared', name: 'overridden' };
      const overrides = [
        {
          clusterName: 'm',
          clusterOverrides: [
            { path: '/data/colour', value: 'green' },
            { op: 'add', path: '/metadata/labels', value: { own: 'yes' } },
            { op: 'add', path: '/metadata/annotations', value: { told: 'so' } },
            { op: 'remove', path: '/data/dropped' },
          ],
        },
        { clusterName: 'elsewhere', clusterOverrides: [{ path: '/data/colour', value: 'blue' }] },
      ];
      const template = { metadata: { annotations: { of: 'the template' } }, data: { colour: 'red', dropped: 'x' } };
      await a().create(kubesphere.federatedConfigMaps, { metadata: at, spec: { template, ...everywhere, overrides } });
      await arrived(core.configMaps, at);
      const { metadata, data } = await m().get(core.configMaps, at);
      expect(data).toEqual({ colour: 'green' });
      expect(metadata.labels).toEqual({ own: 'yes', [managedLabel]: 'true' });
      // Annotations of a template are not taken over, those of an override are.
      expect(metadata.annotations).toEqual({ told: 'so' });

      const impossible = [{ clusterName: 'm', clusterOverrides: [{ path: '/metadata/name', value: 'other' }] }];
      await a().patch(kubesphere.federatedConfigMaps, at, { type: 'merge', body: { spec: { overrides: impossible } } });
      await until(
        'kubefed refuses them',
        async () => (await propagation(a(), kubesphere.federatedConfigMaps, at, 'm')) === 'ApplyOverridesFailed',
        patient,
      );
      const federated = await a().get(kubesphere.federatedConfigMaps, at);
      expect(conditionOf(federated, 'Propagation')).toMatchObject({ status: 'False', reason: 'CheckClusters' });
      expect((await m().get(core.configMaps, at)).data).toEqual({ colour: 'green' });
    });

    it('belongs nowhere in a namespace that is not federated, and its condition says why', async () => {
      const at = { namespace: 'default', name: 'lonely' };
      await a().create(kubesphere.federatedConfigMaps, { metadata: at, spec: { template: {}, ...everywhere } });
      await until(
        'kubefed looked at it',
        async () =>
          conditionOf(await a().get(kubesphere.federatedConfigMaps, at), 'Propagation')?.reason ===
          'NamespaceNotFederated',
        patient,
      );
      expect(await m().find(core.configMaps, at)).toBeUndefined();
    });

    it('keeps what the member allocated to a Service, and its annotations', async () => {
      const at = { namespace: 'shared', name: 'web' };
      const kind = propagatedKinds('3.3').find(({ target }) => target.kind === 'Service');
      if (kind === undefined) throw new Error('Services are not propagated');
      const service: Resource<Untyped> = kind.target;
      const spec = { template: { spec: { ports: [{ port: 80, protocol: 'TCP' }] } }, ...everywhere };
      await a().create(kind.federated, { metadata: at, spec });
      await arrived(service, at);
      const body = { metadata: { annotations: { own: 'yes' } }, spec: { healthCheckNodePort: null } };
      await m().patch(service, at, { type: 'merge', body });
      const before = await m().get(service, at);
      const port = { port: 80, protocol: 'TCP', name: 'web' };
      const template = { spec: { ports: [port] } };
      await a().patch(kind.federated, at, { type: 'merge', body: { spec: { template } } });
      await until(
        'the change arrives',
        async () => JSON.stringify((await m().get(service, at)).spec?.['ports']).includes('"web"'),
        patient,
      );
      const after = await m().get(service, at);
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.metadata.annotations).toMatchObject({ own: 'yes' });
      expect(after.spec?.['clusterIP']).toEqual(before.spec?.['clusterIP']);
    });

    it('leaves copies where they are when the federated object says orphan, without its mark', async () => {
      const at = { namespace: 'shared', name: 'orphaned' };
      await a().create(kubesphere.federatedConfigMaps, {
        metadata: { ...at, annotations: { 'kubefed.io/orphan': 'true' } },
        spec: { template: { data: { kept: 'yes' } }, ...everywhere },
      });
      await arrived(core.configMaps, at);
      await a().delete(kubesphere.federatedConfigMaps, at, background);
      await untilGone(a(), kubesphere.federatedConfigMaps, at);
      await until(
        'the mark is off',
        async () => (await m().get(core.configMaps, at)).metadata.labels?.[managedLabel] === undefined,
        patient,
      );
      expect((await m().get(core.configMaps, at)).data).toEqual({ kept: 'yes' });
    });

    it('includes groups and who is in them; they belong to their workspace, and take what names them along', async () => {
      await createUser(a(), { name: 'grouped' });
      await createWorkspace(a(), { name: 'grouping', manager: 'grouped', clusters: ['m'] });
      const groupRef = { apiGroup: 'iam.kubesphere.io', kind: 'Group', name: 'crew' };
      await a().create(kubesphere.groups, {
        metadata: { name: 'crew', labels: { [workspaceLabel]: 'grouping' } },
        ...{ spec: {} },
      });
      await a().create(kubesphere.groups, {
        metadata: { name: 'juniors', labels: { 'iam.kubesphere.io/group-parent': 'crew' } },
        ...{ spec: {} },
      });
      await a().create(kubesphere.groupBindings, {
        metadata: { name: 'crew-grouped', labels: { [groupLabel]: 'crew', [userLabel]: 'grouped' } },
        ...{ groupRef, users: ['grouped'] },
      });
      await a().create(core.clusterRoleBindings, {
        metadata: { name: 'crew-viewer', labels: { [groupLabel]: 'crew' } },
        roleRef: viewer,
        subjects: [{ apiGroup: viewer.apiGroup, kind: 'Group', name: 'crew' }],
      });
      await arrived(kubesphere.groups, { name: 'crew' });
      await arrived(kubesphere.groupBindings, { name: 'crew-grouped' });
      for (const connection of [a(), m()]) {
        await until(
          'the user knows its group',
          async () =>
            (await connection.get(kubesphere.users, { name: 'grouped' })).spec.groups?.includes('crew') === true,
          patient,
        );
      }
      const owner = async (resource: Resource, name: string) =>
        (await a().get(resource, { name })).metadata.ownerReferences?.[0]?.kind;
      await until(
        'it has an owner',
        async () => (await owner(kubesphere.groups, 'crew')) === 'WorkspaceTemplate',
        patient,
      );
      await until('so has its child', async () => (await owner(kubesphere.groups, 'juniors')) === 'Group', patient);

      await a().delete(kubesphere.workspaceTemplates, { name: 'grouping' }, background);
      for (const connection of [a(), m()]) {
        for (const name of ['crew', 'juniors']) await untilGone(connection, kubesphere.groups, { name });
        await untilGone(connection, kubesphere.groupBindings, { name: 'crew-grouped' });
      }
      await untilGone(a(), core.clusterRoleBindings, { name: 'crew-viewer' });
      await until(
        'the user is in no group',
        async () => (await a().get(kubesphere.users, { name: 'grouped' })).spec.groups?.length === 0,
        patient,
      );
    });

    it('includes the settings of notifications', async () => {
      const [config] = notificationKinds('3.3');
      if (config === undefined) throw new Error('no notification kinds');
      await a().create(config.target, { metadata: { name: 'mail' }, spec: { email: { port: 25 } } });
      await arrived(config.target, { name: 'mail' });
      expect((await m().get(config.target, { name: 'mail' })).spec).toEqual({ email: { port: 25 } });
    });

    it('counts a FederatedNamespace only in the namespace of its own name', async () => {
      const at = { namespace: 'shared', name: 'misnamed' };
      await a().create(kubesphere.federatedNamespaces, { metadata: at, spec: { template: {}, ...everywhere } });
      const witness = { namespace: 'shared', name: 'witness' };
      const federated: Resource<FederatedObject> = kubesphere.federatedConfigMaps;
      await a().create(federated, { metadata: witness, spec: { template: {}, ...everywhere } });
      await arrived(core.configMaps, witness);
      expect(await m().find(core.namespaces, { name: 'misnamed' })).toBeUndefined();
      expect((await a().get(kubesphere.federatedNamespaces, at)).metadata.finalizers).toBeUndefined();
    });
  });
}
