import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Federation } from '../../../src/federation.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import { kubefedNamespace, kubesphereNamespace, managedLabel, userLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { Candidate, Preflight } from '../../../src/modules/clusters/preflight.ts';
import {
  createSandbox,
  createUser,
  createWorkspace,
  joinCluster,
  type Moment,
  type Sandbox,
  until,
} from '../../../src/testing/index.ts';

const jwtSecret = 'shared-by-host-and-member';
let sandbox: Sandbox<'a' | 'c'>;
let start: Moment;
let federation: Federation;
beforeAll(async () => {
  sandbox = await createSandbox({
    clusters: { a: { role: 'host', jwtSecret }, c: { role: 'member', jwtSecret } },
    speed: 100,
  });
  await sandbox.clock.rest();
  start = sandbox.moment();
  federation = await Federation.connect({ kubeconfig: sandbox.clusters.a.kubeconfig, name: 'a' });
}, 120_000);
afterEach(() => sandbox.rewind(start), 60_000);
afterAll(async () => {
  await federation[Symbol.asyncDispose]();
  await sandbox.close();
});

const host = (): Connection => sandbox.clusters.a.connection;
const member = (): Connection => sandbox.clusters.c.connection;
const kubeconfig = () => sandbox.clusters.c.clientCertificateKubeconfig;
const look = (candidate: Partial<Candidate> = {}): Promise<Preflight> =>
  federation.clusters.preflight({ name: 'c', kubeconfig: kubeconfig(), ...candidate });
const shown = ({ findings }: Preflight): string[] =>
  findings.map(({ code, severity, where }) => `${code} ${severity} ${where}`);
const configurationAt = { namespace: kubesphereNamespace, name: 'ks-installer' };
const configure = async (connection: Connection, spec: object, is: () => Promise<boolean>): Promise<void> => {
  await connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body: { spec } });
  await until('the installer has run', is);
};
const down = (cluster: string, name: string): Promise<unknown> =>
  sandbox.faults.add({ cluster, fault: { controller: name, down: true } });

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

/** What is done before the look, and what it must find then. */
const conditions: Readonly<
  Record<string, readonly [found: string, arrange: () => Promise<Partial<Candidate> | void>]>
> = {
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
    },
  ],
  'a user without every right': [
    'NOT_ADMIN blocks c',
    async () => ({ kubeconfig: sandbox.clusters.c.kubeconfigFor({ user: 'nobody-much', groups: ['system:readers'] }) }),
  ],
  'a name that is taken': [
    'CLUSTER_NAME blocks a',
    async () => {
      const spec = { joinFederation: false, connection: { type: 'direct' as const } };
      await host().create(kubesphere.clusters, { metadata: { name: 'c' }, spec });
    },
  ],
  'the same cluster under another name': [
    'CLUSTER_TWICE blocks other',
    async () => {
      await joinCluster(host(), { name: 'c', kubeconfig: kubeconfig() });
      return { name: 'other' };
    },
  ],
  'no role of a member': [
    'CLUSTER_ROLE blocks c',
    () =>
      configure(
        member(),
        { multicluster: { clusterRole: 'none' } },
        async () => (await readInstallation(member())).role === 'none',
      ),
  ],
  'tokens of the host that it does not accept': [
    'TOKEN_MAX_AGE blocks c',
    () =>
      configure(
        member(),
        { multicluster: { clusterRole: 'none' } },
        async () => (await readInstallation(member())).role === 'none',
      ),
  ],
  'another jwtSecret': [
    'JWT_SECRET blocks c',
    async () => {
      const { jwtDigest } = await readInstallation(member());
      await configure(
        member(),
        { authentication: { jwtSecret: 'another' } },
        async () => (await readInstallation(member())).jwtDigest !== jwtDigest,
      );
    },
  ],
  'its controllers down': [
    'CONTROLLERS blocks c',
    async () => {
      const at = { namespace: kubesphereNamespace, name: 'ks-controller-manager' };
      const body = { status: { availableReplicas: 0 } };
      await member().patch(core.deployments, at, { type: 'merge', body }, { subresource: 'status' });
    },
  ],
  'the host’s controllers down': [
    'CONTROLLERS blocks a',
    async () => {
      const at = { namespace: kubesphereNamespace, name: 'ks-controller-manager' };
      const body = { status: { availableReplicas: 0 } };
      await host().patch(core.deployments, at, { type: 'merge', body }, { subresource: 'status' });
    },
  ],
  'the marks of a host': [
    'HOST_MARKS blocks c',
    async () => {
      const labels = { [managedLabel]: 'true' };
      await member().patch(kubesphere.users, { name: 'admin' }, { type: 'merge', body: { metadata: { labels } } });
    },
  ],
  'another host’s account': [
    'OTHER_HOST blocks c',
    async () => {
      await member().create(core.namespaces, { metadata: { name: kubefedNamespace } });
      const metadata = { namespace: kubefedNamespace, name: 'elsewhere-kubesphere' };
      await member().create<ServiceAccount>(core.serviceAccounts, { metadata });
    },
  ],
  'members of its own': [
    'MEMBER_IS_HOST blocks c',
    async () => {
      const spec = { joinFederation: false, connection: { type: 'direct' as const } };
      await member().create(kubesphere.clusters, { metadata: { name: 'sub' }, spec });
    },
  ],
  'leftovers of a host': [
    'LEFTOVERS warns c',
    async () => {
      const labels = { [managedLabel]: 'true' };
      await member().create(core.namespaces, { metadata: { name: 'left', labels } });
    },
  ],
  'leftovers that the host would delete': [
    'LEFTOVERS_LOST blocks c',
    async () => {
      await down('a', 'kubefed');
      const labels = { [managedLabel]: 'true' };
      await member().create(core.namespaces, { metadata: { name: 'left', labels } });
      await host().create(core.namespaces, { metadata: { name: 'left' } });
      await host().create(kubesphere.federatedNamespaces, {
        metadata: { namespace: 'left', name: 'left' },
        spec: { template: {}, placement: { clusters: [{ name: 'elsewhere' }] } },
      });
    },
  ],
  'a workspace of a name that the host places there': [
    'WORKSPACE_NAME blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['c'] });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
    },
  ],
  'a workspace of a name that the host has elsewhere': [
    'WORKSPACE_NAME warns c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['elsewhere'] });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
    },
  ],
  'a workspace left from a host, for which the join is refused': [
    'WORKSPACE_CONFLICT blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['elsewhere'] });
      await member().create(kubesphere.workspaces, {
        metadata: { name: 'team', labels: { [managedLabel]: 'true' } },
        spec: { manager: 'admin' },
      });
    },
  ],
  'another person of the same name': [
    'SAME_USER_NAME blocks c',
    async () => {
      await createUser(host(), { name: 'ann', email: 'ann@one.example' });
      await createUser(member(), { name: 'ann', email: 'ann@two.example' });
    },
  ],
  'the same address under another name': [
    'SAME_EMAIL blocks c',
    async () => {
      await createUser(host(), { name: 'ann', email: 'ann@one.example' });
      await createUser(member(), { name: 'anna', email: 'ann@one.example' });
    },
  ],
  'users of a former host': [
    'USERS_KEEP warns c',
    async () => {
      const labels = { [managedLabel]: 'false' };
      await member().patch(kubesphere.users, { name: 'admin' }, { type: 'merge', body: { metadata: { labels } } });
    },
  ],
  'rights that wait for a user of the host': [
    'STALE_RIGHTS warns c',
    async () => {
      await createUser(host(), { name: 'ann' });
      await member().create(core.clusterRoleBindings, {
        metadata: { name: 'ann-cluster-admin', labels: { [userLabel]: 'ann' } },
        subjects: [{ kind: 'User', name: 'ann', apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin', apiGroup: 'rbac.authorization.k8s.io' },
      });
    },
  ],
  'placements left from an earlier cluster of that name': [
    'INHERITED_PLACEMENT warns a',
    () => createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['c'] }).then(() => undefined),
  ],
  'agents that have nowhere to dial': ['TOWER_ADDRESS blocks a', async () => ({ connection: 'agent' })],
};

describe('it finds', { timeout: 60_000 }, () => {
  test.each(Object.entries(conditions))('%s', async (_what, [found, arrange]) => {
    const candidate = await arrange();
    const answer = await look(candidate ?? {});
    expect(shown(answer)).toContain(found);
    if (found.includes(' blocks ')) expect(answer.ready).toBe(false);
  });
});

test('where agents are told to dial, it finds nothing against one', async () => {
  const body = { multicluster: { proxyPublishAddress: 'http://203.0.113.1:8080' } };
  await configure(host(), body, async () => (await readInstallation(host())).proxyPublishAddress !== undefined);
  expect(shown(await look({ connection: 'agent', kubeconfig: sandbox.clusters.c.kubeconfig }))).toEqual([
    'OVERWRITTEN warns c',
  ]);
});

test('credentials that end soon are told, ended ones block', async () => {
  const soon = sandbox.clusters.c.clientCertificateKubeconfig;
  expect(shown(await look({ kubeconfig: soon })).join()).not.toMatch(/EXPIRE/);
});
