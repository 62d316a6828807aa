import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { core } from '../../src/kube/resources.ts';
import { finalizers, installation, kubefedNamespace, kubesphereNamespace } from '../../src/kubesphere/names.ts';
import { type ClusterConfiguration, kubesphere } from '../../src/kubesphere/resources.ts';
import { createUser, createWorkspace, joinCluster, until } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import { background, conditionOf, patient, slow, untilGone } from './support.ts';

const configurationAt = { namespace: kubesphereNamespace, name: installation.configuration };
const settingsAt = { namespace: kubesphereNamespace, name: installation.config };

/** What the installer makes of a cluster, and what it does not unmake. */
export function describeRoles(ground: Ground): void {
  describe(`roles and the installer, on ${ground.name}`, slow, () => {
    let federation: Federation<'h' | 'x'>;
    const h = () => federation.clusters.h.connection;
    const x = () => federation.clusters.x.connection;
    const configuration = (): Promise<ClusterConfiguration> =>
      h().get(kubesphere.clusterConfigurations, configurationAt);
    const configure = (spec: object) =>
      h().patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body: { spec } });
    const settings = async (): Promise<Record<string, Record<string, unknown>>> =>
      parse((await h().get(core.configMaps, settingsAt)).data?.[installation.configKey] ?? '');
    const cluster = (name: string) => h().find(kubesphere.clusters, { name });

    beforeAll(async () => {
      federation = await ground.start({ h: { role: 'standalone' }, x: { role: 'member' } });
    }, slow.timeout);
    afterAll(() => federation?.[Symbol.asyncDispose](), slow.timeout);

    it('make a host of a standalone cluster: kubefed with its kinds, a Cluster of its own, everything federated', async () => {
      await createUser(h(), { name: 'early' });
      await createWorkspace(h(), { name: 'early', manager: 'early' });
      expect((await h().resources()).some(({ kind }) => kind === 'KubeFedCluster')).toBe(false);
      await configure({ multicluster: { clusterRole: 'host', hostClusterName: 'home' } });
      await until('the run is over', async () => (await settings())['multicluster']?.['enable'] === true, patient);
      await h().get(core.deployments, { namespace: kubefedNamespace, name: 'kubefed-controller-manager' });
      await until(
        'it is ready to itself',
        async () => conditionOf(await cluster('home'), 'Ready')?.status === 'True',
        patient,
      );
      await until(
        'the workspace is federated',
        async () => (await h().find(kubesphere.federatedWorkspaces, { name: 'early' })) !== undefined,
        patient,
      );
      expect((await cluster('home'))?.status?.nodeCount).toBe(1);
    });

    it('make the Cluster of the host again when somebody deletes it', async () => {
      const uid = (await cluster('home'))?.metadata.uid;
      await h().delete(kubesphere.clusters, { name: 'home' }, background);
      await until(
        'another one is there',
        async () => {
          const found = await cluster('home');
          return found !== undefined && found.metadata.uid !== uid;
        },
        patient,
      );
    });

    it('prepare a Cluster of type proxy for its agent, which never comes', async () => {
      const connection = { type: 'proxy' } as const;
      await h().create(kubesphere.clusters, { metadata: { name: 'far' }, spec: { joinFederation: true, connection } });
      await until(
        'it is initialised',
        async () => conditionOf(await cluster('far'), 'Initialized')?.status === 'True',
        patient,
      );
      const { token, kubeconfig, kubernetesAPIEndpoint } = (await cluster('far'))?.spec.connection ?? {};
      expect(token).toMatch(/^[0-9a-f]{64}$/);
      expect(kubernetesAPIEndpoint).toMatch(/^https:\/\/.*:6443$/);
      expect(kubeconfig).toBeUndefined();
      expect(conditionOf(await cluster('far'), 'Federated')).toBeUndefined();
      await h().delete(kubesphere.clusters, { name: 'far' }, background);
      await untilGone(h(), kubesphere.clusters, { name: 'far' });
    });

    it('leave kubefed at work when a host becomes a member: it goes on with its members, though nobody joins any more (H17)', async () => {
      await joinCluster(h(), { name: 'x', kubeconfig: federation.clusters.x.kubeconfig });
      await configure({ multicluster: { clusterRole: 'member' } });
      await until('the run is over', async () => (await settings())['multicluster']?.['enable'] === false, patient);
      expect((await settings())['authentication']?.['oauthOptions']).toMatchObject({ accessTokenMaxAge: 0 });
      await h().create(core.namespaces, { metadata: { name: 'haunted' } });
      await h().create(kubesphere.federatedNamespaces, {
        metadata: { namespace: 'haunted', name: 'haunted' },
        spec: { template: {}, placement: { clusters: [{ name: 'x' }] } },
      });
      await until(
        'it is on the member',
        async () => (await x().find(core.namespaces, { name: 'haunted' })) !== undefined,
        patient,
      );
      // A template of a cluster that is no host becomes a Workspace there, and no FederatedWorkspace.
      await createWorkspace(h(), { name: 'late', manager: 'early' });
      expect(await h().find(kubesphere.federatedWorkspaces, { name: 'late' })).toBeUndefined();
      const connection = {
        type: 'direct',
        kubeconfig: Buffer.from(federation.clusters.x.kubeconfig).toString('base64'),
      } as const;
      await h().create(kubesphere.clusters, { metadata: { name: 'y' }, spec: { joinFederation: true, connection } });
      expect((await cluster('y'))?.metadata.finalizers ?? []).not.toContain(finalizers.cluster);
      await h().delete(kubesphere.clusters, { name: 'y' }, background);
      await untilGone(h(), kubesphere.clusters, { name: 'y' });
    });

    it('make the ClusterConfiguration anew where its settings are those of a former release', async () => {
      const { uid } = (await configuration()).metadata;
      await configure({ networkpolicy: { enabled: true }, notification: { enabled: true }, terminal: null });
      await until(
        'another one is installed',
        async () => {
          const { metadata, status } = (await h().find(kubesphere.clusterConfigurations, configurationAt)) ?? {};
          const core = status?.['core'];
          return metadata !== undefined && metadata.uid !== uid && JSON.stringify(core ?? {}).includes('version');
        },
        patient,
      );
      const { spec } = await configuration();
      expect(spec).toMatchObject({ network: { networkpolicy: { enabled: true } }, terminal: { timeout: 600 } });
      expect(Object.keys(spec)).not.toEqual(expect.arrayContaining(['networkpolicy']));
      expect(Object.keys(spec)).not.toEqual(expect.arrayContaining(['notification']));
      expect((await settings())['network']).toMatchObject({ enableNetworkPolicy: true });
    });

    it('stop where a run fails, with what it did so far, until the settings change again', async () => {
      const name = 'keep-settings';
      await h().create(core.validatingAdmissionPolicies, {
        metadata: { name },
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            resourceRules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps'] },
            ],
          },
          validations: [{ expression: `request.name != "${installation.config}"`, message: 'nobody writes this now' }],
        },
      });
      await h().create(core.validatingAdmissionPolicyBindings, {
        metadata: { name },
        spec: { policyName: name, validationActions: ['Deny'] },
      });
      const body = { metadata: { annotations: { probe: 'x' } } };
      const probe = () => h().patch(core.configMaps, settingsAt, { type: 'merge', body }, { dryRun: true });
      await until(
        'it is refused',
        () =>
          probe().then(
            () => false,
            () => true,
          ),
        patient,
      );
      await configure({ alerting: { enabled: true } });
      await until(
        'the component is installed',
        async () => (await configuration()).status?.['alerting'] !== undefined,
        patient,
      );
      expect((await settings())['alerting']).toBeUndefined();
      await h().delete(core.validatingAdmissionPolicyBindings, { name }, background);
      await h().delete(core.validatingAdmissionPolicies, { name }, background);
      await until(
        'it is accepted',
        () =>
          probe().then(
            () => true,
            () => false,
          ),
        patient,
      );
      expect((await settings())['alerting']).toBeUndefined();
      await configure({ events: { enabled: true } });
      await until('the next run writes both', async () => (await settings())['events'] !== undefined, patient);
      expect((await settings())['alerting']).toBeDefined();
    });
  });
}
