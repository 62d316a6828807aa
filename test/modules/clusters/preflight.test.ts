import { expect, test } from 'vitest';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import { kubefedNamespace, kubesphereNamespace, managedLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { joinCluster } from '../../../src/testing/index.ts';
import {
  type Conditions,
  configure,
  describeFound,
  host,
  kubeconfig,
  look,
  member,
  sandbox,
  shown,
} from './preflight-kit.ts';

test('a member that was prepared is ready; nothing is written to tell so', async () => {
  const before = sandbox.history().length;
  const answer = await look();
  expect(answer.ready, JSON.stringify(answer)).toBe(true);
  expect(shown(answer)).toEqual(['OVERWRITTEN warns c']);
  const mine = sandbox
    .history()
    .slice(before)
    .filter(({ manager }) => /kubesphere-federation/.test(manager ?? ''));
  expect(mine).toEqual([]);
});

test('every finding says where, what, and what to do, and holds no secret', async () => {
  const { findings } = await look({ kubeconfig: sandbox.clusters.c.kubeconfig });
  expect(findings.length).toBeGreaterThan(0);
  for (const { code, where, what, remedy } of findings) {
    expect([code, where]).toEqual([expect.stringMatching(/^[A-Z_]+$/), expect.stringMatching(/^(a|c)$/)]);
    expect(what.length * remedy.length).toBeGreaterThan(0);
  }
  expect(JSON.stringify(findings)).not.toMatch(/shared-by|client-key|BEGIN|eyJ/);
});

const standalone = async (): Promise<undefined> => {
  const is = async () => (await readInstallation(member())).role === 'none';
  await configure(member(), { multicluster: { clusterRole: 'none' } }, is);
};

/** Of the cluster, its installation and the way to it. */
const conditions: Conditions = {
  'a kubeconfig with a token, on 3.3': [
    'CLIENT_CERTIFICATE blocks c',
    async () => ({ kubeconfig: sandbox.clusters.c.kubeconfig }),
  ],
  'a kubeconfig that rests on a plugin of this machine': [
    'UNREAD blocks c',
    async () => ({
      kubeconfig: JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        users: [{ name: 'u', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'get-token' } } }],
        'current-context': 'c',
      }),
    }),
  ],
  'a kubeconfig that leads to the host': [
    'SAME_CLUSTER blocks c',
    async () => ({ kubeconfig: sandbox.clusters.a.clientCertificateKubeconfig }),
  ],
  'a kubeconfig through a host’s gateway': [
    'THROUGH_A_HOST blocks c',
    async () => ({ kubeconfig: kubeconfig().replace(/(server: \S+|"server":\s*"[^"]+)/, '$1/clusters/c') }),
  ],
  'a member that does not answer': [
    'NO_WAY blocks c',
    async () => {
      await sandbox.faults.add({ cluster: 'c', fault: 'unreachable' });
      return undefined;
    },
  ],
  'a user without every right': [
    'NOT_ADMIN blocks c',
    async () => {
      const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }];
      await member().create(core.clusterRoles, { metadata: { name: 'readers' }, rules });
      await member().create(core.clusterRoleBindings, {
        metadata: { name: 'readers' },
        subjects: [{ kind: 'User', name: 'reader', apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { kind: 'ClusterRole', name: 'readers', apiGroup: 'rbac.authorization.k8s.io' },
      });
      return { kubeconfig: sandbox.clusters.c.kubeconfigFor({ user: 'reader', certificate: true }) };
    },
  ],
  'a name that is taken': [
    'CLUSTER_NAME blocks a',
    async () => {
      const spec = { joinFederation: false, connection: { type: 'direct' as const } };
      await host().create(kubesphere.clusters, { metadata: { name: 'c' }, spec });
      return undefined;
    },
  ],
  'the same cluster under another name': [
    'CLUSTER_TWICE blocks other',
    async () => {
      await joinCluster(host(), { name: 'c', kubeconfig: kubeconfig() });
      return { name: 'other' };
    },
  ],
  'no role of a member': ['CLUSTER_ROLE blocks c', standalone],
  'tokens of the host that it does not accept': ['TOKEN_MAX_AGE blocks c', standalone],
  'another jwtSecret': [
    'JWT_SECRET blocks c',
    async () => {
      const { jwtDigest } = await readInstallation(member());
      await configure(
        member(),
        { authentication: { jwtSecret: 'another' } },
        async () => (await readInstallation(member())).jwtDigest !== jwtDigest,
      );
      return undefined;
    },
  ],
  'its controllers down': [
    'CONTROLLERS blocks c',
    async () => {
      const at = { namespace: kubesphereNamespace, name: 'ks-controller-manager' };
      const body = { status: { availableReplicas: 0 } };
      await member().patch(core.deployments, at, { type: 'merge', body }, { subresource: 'status' });
      return undefined;
    },
  ],
  'the host’s controllers down': [
    'CONTROLLERS blocks a',
    async () => {
      const at = { namespace: kubesphereNamespace, name: 'ks-controller-manager' };
      const body = { status: { availableReplicas: 0 } };
      await host().patch(core.deployments, at, { type: 'merge', body }, { subresource: 'status' });
      return undefined;
    },
  ],
  'the marks of a host': [
    'HOST_MARKS blocks c',
    async () => {
      const labels = { [managedLabel]: 'true' };
      await member().patch(kubesphere.users, { name: 'admin' }, { type: 'merge', body: { metadata: { labels } } });
      return undefined;
    },
  ],
  'another host’s account': [
    'OTHER_HOST blocks c',
    async () => {
      await member().create(core.namespaces, { metadata: { name: kubefedNamespace } });
      const metadata = { namespace: kubefedNamespace, name: 'elsewhere-kubesphere' };
      await member().create<ServiceAccount>(core.serviceAccounts, { metadata });
      return undefined;
    },
  ],
  'members of its own': [
    'MEMBER_IS_HOST blocks c',
    async () => {
      const spec = { joinFederation: false, connection: { type: 'direct' as const } };
      await member().create(kubesphere.clusters, { metadata: { name: 'sub' }, spec });
      return undefined;
    },
  ],
  'agents that have nowhere to dial': ['TOWER_ADDRESS blocks a', async () => ({ connection: 'agent' })],
};

describeFound(conditions);

test('where agents are told to dial, it finds nothing against one', async () => {
  const body = { multicluster: { proxyPublishAddress: 'http://203.0.113.1:8080' } };
  await configure(host(), body, async () => (await readInstallation(host())).proxyPublishAddress !== undefined);
  expect(shown(await look({ connection: 'agent', kubeconfig: sandbox.clusters.c.kubeconfig }))).toEqual([
    'OVERWRITTEN warns c',
  ]);
});

test('credentials that end soon are told, ended ones block', async () => {
  const until = (validForMs: number) =>
    sandbox.clusters.c.kubeconfigFor({ user: 'ops', groups: ['system:masters'], certificate: true, validForMs });
  const day = 24 * 3_600_000;
  expect(shown(await look({ kubeconfig: until(100 * day) })).join()).not.toMatch(/EXPIRE/);
  expect(shown(await look({ kubeconfig: until(5 * day) }))).toContain('EXPIRES_SOON warns c');
  expect(shown(await look({ kubeconfig: until(-day) }))).toContain('EXPIRED blocks c');
});
