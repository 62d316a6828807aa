import { expect } from 'vitest';
import { parse } from 'yaml';
import { portableKubeconfig } from '../../../../src/kube/portable.ts';
import { core } from '../../../../src/kube/resources.ts';
import {
  hostClusterRole,
  hostServiceAccount,
  kubefedNamespace,
  kubesphereNamespace,
  managedLabel,
  systemWorkspace,
} from '../../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../../src/kubesphere/resources.ts';
import { until } from '../../../../src/testing/index.ts';
import { type AnyMethodSpec, method, toOpen } from '../../kit/method.ts';
import {
  agentName,
  apart,
  clustersPath,
  joined,
  parked,
  parkedBody,
  parkedPath,
  parkedToImport,
  precisely,
  renamed,
} from './scene.ts';

/** What brings a member to its host, keeps it there, and lets it go. */
export const joining: readonly AnyMethodSpec[] = [
  method({
    method: 'clusters.updateKubeconfig',
    async prepare(world) {
      await joined(world);
      const { spec } = await world.clusters.a.connection.get(kubesphere.clusters, { name: 'm' });
      return { text: renamed(world), before: spec.connection.kubeconfig };
    },
    call: ({ clusters }, { text }, options) => clusters.updateKubeconfig('m', text, options),
    async done({ clusters: { a } }, { text }) {
      const { spec, status } = await a.connection.get(kubesphere.clusters, { name: 'm' });
      expect(Buffer.from(spec.connection.kubeconfig ?? '', 'base64').toString()).toBe(
        (await portableKubeconfig(text)).text,
      );
      expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
      expect(await a.connection.find(core.secrets, { namespace: kubesphereNamespace, name: parked })).toBeUndefined();
    },
    async untouched({ clusters: { a } }, { before }) {
      const { spec } = await a.connection.get(kubesphere.clusters, { name: 'm' });
      expect(spec.connection.kubeconfig).toBe(before);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'PATCH' && path === `${clustersPath}/m` },
    writes: () => [
      { cluster: 'a', method: 'POST', path: parkedPath, body: parkedBody },
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${clustersPath}/m`,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { connection: { kubeconfig: expect.any(String) } },
        },
      },
      { cluster: 'a', method: 'DELETE', path: `${parkedPath}/${parked}`, body: precisely },
    ],
    missing: ({ clusters }, { text }, options) => clusters.updateKubeconfig('ghost', text, options),
    invalid: {
      name: ({ clusters }, { text }) => clusters.updateKubeconfig('No Name', text),
      kubeconfig: ({ clusters }) => clusters.updateKubeconfig('m', ''),
    },
  }),
  method({
    method: 'clusters.import',
    prepare: apart,
    call: ({ clusters }, settings, options) => clusters.import({ ...settings, formerHostGone: true }, options),
    async done({ clusters: { a, m } }) {
      const { status } = await a.connection.get(kubesphere.clusters, { name: 'm' });
      const { metadata } = await m.connection.get(core.namespaces, { name: 'kube-system' });
      expect(status?.uid).toBe(metadata.uid);
      await m.connection.get(core.serviceAccounts, { namespace: kubefedNamespace, name: hostServiceAccount('m') });
    },
    async untouched({ clusters: { a } }) {
      expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'PATCH' && path === `${clustersPath}/m` },
    writes: () => [
      {
        cluster: 'a',
        method: 'POST',
        path: parkedPath,
        body: expect.objectContaining({ metadata: expect.objectContaining({ name: parkedToImport }) }),
      },
      {
        cluster: 'a',
        method: 'POST',
        path: clustersPath,
        body: expect.objectContaining({ spec: expect.objectContaining({ joinFederation: false }) }),
      },
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${clustersPath}/m`,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { joinFederation: true },
        },
      },
      { cluster: 'a', method: 'DELETE', path: `${parkedPath}/${parkedToImport}`, body: precisely },
    ],
    invalid: {
      name: ({ clusters }, settings) => clusters.import({ ...settings, name: 'No Name' }),
      kubeconfig: ({ clusters }) => clusters.import({ name: 'm', kubeconfig: '' }),
      // By agent, and with the marks that are left of its former host, it would be imported unread.
      kubeConfig: ({ clusters }, { kubeconfig }) =>
        clusters.import({ name: 'm', connection: 'agent', formerHostGone: true, kubeConfig: kubeconfig } as never),
      'labels.tier': ({ clusters }, settings) => clusters.import({ ...settings, labels: { tier: 'no value' } }),
      'labels.a/b/c': ({ clusters }, settings) => clusters.import({ ...settings, labels: { 'a/b/c': 'd' } }),
      'labels.No Prefix/tier': ({ clusters }, settings) =>
        clusters.import({ ...settings, labels: { 'No Prefix/tier': 'd' } }),
    },
    without: {
      'already so': 'a name that is taken is refused, also where it is this very member: modules.test.ts',
      'not found': 'a name that is free is a good one',
    },
  }),
  method({
    method: 'clusters.unbind',
    managesWithout: [
      ...[...toOpen, 'configmaps'].map((resource) => ({
        side: 'members' as const,
        resource,
        why: 'an account that it cannot be sure of stays',
        says: /kept.*not allowed/,
      })),
      ...['bind', 'escalate'].map((verb) => ({
        side: 'members' as const,
        resource: 'clusterroles',
        verb,
        why: 'its way back alone makes the role and binds it, and whoever holds what it gives may do that, too',
      })),
    ],
    throughGateway: (answer) =>
      expect(answer).toMatchObject({
        outcome: 'changed',
        result: { account: 'kept', why: expect.stringMatching(/leads through a and ends with the unbinding/) },
      }),
    // The way back asks where the host places what bears its mark.
    prepare: async (world) => {
      const args = await joined(world);
      const { connection } = world.clusters.m;
      await until('its system-workspace is the host’s', async () => {
        const found = await connection.find(kubesphere.workspaces, { name: systemWorkspace });
        return found?.metadata.labels?.[managedLabel] === 'true';
      });
      return args;
    },
    call: ({ clusters }, _args, options) => clusters.unbind('m', options),
    async done({ clusters: { a, m } }, _args, answer) {
      expect(answer).toMatchObject({ outcome: 'changed', result: { account: 'removed' } });
      expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
      const account = { namespace: kubefedNamespace, name: hostServiceAccount('m') };
      expect(await m.connection.find(core.serviceAccounts, account)).toBeUndefined();
    },
    async untouched({ clusters: { a, m } }, { uid, kubefed }) {
      const at = { namespace: kubefedNamespace, name: 'm' };
      expect((await a.connection.get(kubesphere.clusters, { name: 'm' })).metadata.uid).toBe(uid);
      expect((await a.connection.get(kubesphere.kubeFedClusters, at)).metadata.uid).toBe(kubefed);
      await m.connection.get(core.serviceAccounts, { namespace: kubefedNamespace, name: hostServiceAccount('m') });
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'DELETE' && path === `${clustersPath}/m` },
    writes: () => [
      { cluster: 'a', method: 'POST', path: parkedPath, body: parkedBody },
      { cluster: 'a', method: 'DELETE', path: `${clustersPath}/m`, body: precisely },
      { cluster: 'a', method: 'DELETE', path: `${parkedPath}/${parked}`, body: precisely },
      ...['clusterrolebindings', 'clusterroles'].map((plural) => ({
        cluster: 'm' as const,
        method: 'DELETE' as const,
        path: `/apis/rbac.authorization.k8s.io/v1/${plural}/${encodeURIComponent(hostClusterRole('m'))}`,
        body: precisely,
      })),
      {
        cluster: 'm',
        method: 'DELETE',
        path: `/api/v1/namespaces/${kubefedNamespace}/serviceaccounts/${hostServiceAccount('m')}`,
        body: precisely,
      },
    ],
    missing: ({ clusters }, _args, options) => clusters.unbind('ghost', options),
    invalid: { name: ({ clusters }) => clusters.unbind('No Name') },
    without: { 'already so': 'a cluster that is gone is NOT_FOUND' },
  }),
  method({
    method: 'clusters.import by agent',
    prepare: agentName,
    call: ({ clusters }, name, options) =>
      clusters.import({ name, connection: 'agent', formerHostGone: true }, options),
    async done({ clusters: { a } }, name) {
      const { spec } = await a.connection.get(kubesphere.clusters, { name });
      expect(spec).toMatchObject({
        joinFederation: true,
        connection: { type: 'proxy', token: expect.stringMatching(/./) },
      });
    },
    async untouched({ clusters: { a } }, name) {
      expect(await a.connection.find(kubesphere.clusters, { name })).toBeUndefined();
    },
    decisive: {
      cluster: 'a',
      matches: ({ method, path }) => method === 'PATCH' && path.startsWith(`${clustersPath}/agent-`),
    },
    writes: (name) => [
      {
        cluster: 'a',
        method: 'POST',
        path: clustersPath,
        body: expect.objectContaining({
          metadata: expect.objectContaining({ name }),
          spec: { joinFederation: false, enable: true, connection: { type: 'proxy' } },
        }),
      },
      {
        cluster: 'a',
        method: 'PATCH',
        path: `${clustersPath}/${name}`,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { joinFederation: true },
        },
      },
    ],
    invalid: {
      name: ({ clusters }) => clusters.import({ name: 'No Name', connection: 'agent', formerHostGone: true }),
      kubeconfig: ({ clusters }) => clusters.import({ name: 'agent-x', connection: 'agent' }),
      connection: ({ clusters }) =>
        clusters.import({ name: 'agent-x', connection: 'tunnel' as 'agent', formerHostGone: true }),
    },
    without: {
      'already so': 'a name that is taken is refused: clusters.test.ts',
      'not found': 'a name that is free is a good one',
    },
  }),
  method({
    method: 'clusters.agentManifest',
    answerIsSecret: 'the manifest holds the token with which the agent signs in',
    async prepare(world) {
      const name = await agentName(world);
      await world.federation.clusters.import({ name, connection: 'agent', formerHostGone: true });
      return name;
    },
    call: ({ clusters }, name, { dryRun: _dryRun, journal: _journal, ...options }) =>
      clusters.agentManifest(name, options),
    async done({ clusters: { a } }, name, answer) {
      const { spec } = await a.connection.get(kubesphere.clusters, { name });
      const manifest = parse(String(answer));
      expect(manifest).toMatchObject({ kind: 'Deployment', metadata: { name: 'cluster-agent' } });
      expect(manifest.spec.template.spec.containers[0].command).toEqual(
        expect.arrayContaining([
          `--name=${name}`,
          `--token=${spec.connection.token}`,
          '--proxy-server=http://203.0.113.1:8080',
        ]),
      );
    },
    decisive: {
      cluster: 'a',
      matches: ({ method, path }) => method === 'GET' && path.startsWith(`${clustersPath}/agent-`),
    },
    missing: ({ clusters }, _name) => clusters.agentManifest('ghost'),
    invalid: { name: ({ clusters }) => clusters.agentManifest('No Name') },
  }),
];
