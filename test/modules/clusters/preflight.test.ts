import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Federation } from '../../../src/federation.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import type { ObjectName, Resource } from '../../../src/kube/objects.ts';
import { core, type ServiceAccount } from '../../../src/kube/resources.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import { kubefedNamespace, kubesphereNamespace, managedLabel, userLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere, type Placement } from '../../../src/kubesphere/resources.ts';
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

const standalone = async (): Promise<undefined> => {
  const is = async () => (await readInstallation(member())).role === 'none';
  await configure(member(), { multicluster: { clusterRole: 'none' } }, is);
};

const tier = { tier: 'prod' };
const select = (resource: Resource, at: ObjectName): Promise<unknown> =>
  host().patch(resource, at, {
    type: 'merge',
    body: { spec: { placement: { clusters: null, clusterSelector: { matchLabels: tier } } } },
  });
/** A multi-cluster project of the host, and a namespace of its name on the member. */
async function federatedProject(placement: Placement, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  await down('a', 'kubefed');
  await member().create(core.namespaces, { metadata: { name: 'shop', labels } });
  await host().create(core.namespaces, { metadata: { name: 'shop' } });
  const metadata = { namespace: 'shop', name: 'shop' };
  await host().create(kubesphere.federatedNamespaces, { metadata, spec: { template: {}, placement } });
}

/** What is done before the look, and what it must find then. */
const conditions: Readonly<
  Record<string, readonly [found: string, arrange: () => Promise<Partial<Candidate> | undefined>]>
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
  'leftovers of a host': [
    'LEFTOVERS warns c',
    async () => {
      const labels = { [managedLabel]: 'true' };
      await member().create(core.namespaces, { metadata: { name: 'left', labels } });
      return undefined;
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
      return undefined;
    },
  ],
  'a workspace of a name that the host places there': [
    'WORKSPACE_NAME blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['c'] });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
      return undefined;
    },
  ],
  'a workspace of a name that the host has elsewhere': [
    'WORKSPACE_NAME blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin', clusters: ['elsewhere'] });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
      return undefined;
    },
  ],
  'a workspace of a name that the host places wherever a label is': [
    'WORKSPACE_NAME blocks c',
    async () => {
      await createWorkspace(host(), { name: 'team', manager: 'admin' });
      await select(kubesphere.workspaceTemplates, { name: 'team' });
      await createWorkspace(member(), { name: 'team', manager: 'admin' });
      return { labels: tier };
    },
  ],
  'a namespace of the name of a multi-cluster project': [
    'PROJECT_NAME blocks c',
    async () => {
      await federatedProject({ clusters: [{ name: 'c' }] });
      return undefined;
    },
  ],
  'a namespace of the name of a multi-cluster project that goes wherever a label is': [
    'PROJECT_NAME blocks c',
    async () => {
      await federatedProject({ clusterSelector: { matchLabels: tier } });
      return { labels: tier };
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
      return undefined;
    },
  ],
  'another person of the same name': [
    'SAME_USER_NAME blocks c',
    async () => {
      await createUser(host(), { name: 'ann', email: 'ann@one.example' });
      await createUser(member(), { name: 'ann', email: 'ann@two.example' });
      return undefined;
    },
  ],
  'the same address under another name': [
    'SAME_EMAIL blocks c',
    async () => {
      await createUser(host(), { name: 'ann', email: 'ann@one.example' });
      await createUser(member(), { name: 'anna', email: 'ann@one.example' });
      return undefined;
    },
  ],
  'users of a former host': [
    'USERS_KEEP warns c',
    async () => {
      const labels = { [managedLabel]: 'false' };
      await member().patch(kubesphere.users, { name: 'admin' }, { type: 'merge', body: { metadata: { labels } } });
      return undefined;
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
      return undefined;
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

describe('a namespace of the name of a multi-cluster project is left alone', { timeout: 60_000 }, () => {
  test.each<[string, Placement, Readonly<Record<string, string>>]>([
    ['that is placed elsewhere', { clusters: [{ name: 'elsewhere' }] }, {}],
    ['whose selector does not mean the cluster', { clusterSelector: { matchLabels: { tier: 'test' } } }, {}],
    ['that was released', { clusters: [{ name: 'c' }] }, { [managedLabel]: 'false' }],
  ])('%s', async (_what, placement, labels) => {
    await federatedProject(placement, labels);
    expect(shown(await look({ labels: tier })).filter((one) => one.startsWith('PROJECT_NAME'))).toEqual([]);
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
  const until = (validForMs: number) =>
    sandbox.clusters.c.kubeconfigFor({ user: 'ops', groups: ['system:masters'], certificate: true, validForMs });
  const day = 24 * 3_600_000;
  expect(shown(await look({ kubeconfig: until(100 * day) })).join()).not.toMatch(/EXPIRE/);
  expect(shown(await look({ kubeconfig: until(5 * day) }))).toContain('EXPIRES_SOON warns c');
  expect(shown(await look({ kubeconfig: until(-day) }))).toContain('EXPIRED blocks c');
});
