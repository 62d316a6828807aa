import { X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { FederationError } from '../../../src/errors.ts';
import type { MemberCluster } from '../../../src/federation.ts';
import { digest } from '../../../src/internal/digest.ts';
import { portableKubeconfig } from '../../../src/kube/portable.ts';
import { core } from '../../../src/kube/resources.ts';
import { readInstallation } from '../../../src/kubesphere/installation.ts';
import {
  hostClusterRole,
  hostServiceAccount,
  kubefedNamespace,
  kubesphereNamespace,
} from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { ClusterInfo } from '../../../src/modules/clusters/info.ts';
import { joinCluster, makeMember, until } from '../../../src/testing/index.ts';
import { type ExpectedWrite, method, toOpen } from '../kit/method.ts';
import type { ModuleWorld } from '../kit/world.ts';

const clustersPath = '/apis/cluster.kubesphere.io/v1alpha1/clusters';
const parkedPath = `/api/v1/namespaces/${kubesphereNamespace}/secrets`;
const parked = 'kubesphere-federation-parked-m';
const parkedSecret = 'kubesphere-federation-parked-jwt-secret';
const parkedBody = expect.objectContaining({ metadata: expect.objectContaining({ name: parked }) });
const configurationPath = `/apis/installer.kubesphere.io/v1alpha1/namespaces/${kubesphereNamespace}/clusterconfigurations/ks-installer`;

/** Member M, joined to A by whatever its name and kubeconfig are. */
async function joined({ clusters: { a, m } }: ModuleWorld) {
  await makeMember({ host: a.connection, member: m.connection });
  const found = await a.connection.find(kubesphere.clusters, { name: 'm' });
  if (found === undefined) await joinCluster(a.connection, { name: 'm', kubeconfig: m.kubeconfig });
  const at = { namespace: kubefedNamespace, name: 'm' };
  const kubefed = await until('kubefed has M', () => a.connection.find(kubesphere.kubeFedClusters, at));
  return {
    kubeconfig: m.kubeconfig,
    uid: (await a.connection.get(kubesphere.clusters, { name: 'm' })).metadata.uid,
    kubefed: kubefed.metadata.uid,
  };
}

/** Clusters without those that other specs have left, which no agent ever called for. */
const withoutAgents = (names: readonly string[]): readonly string[] => names.filter((one) => !one.startsWith('agent-'));

/** Its Cluster and kubefed's go; nothing on the member. */
async function letGoOf({ connection }: ModuleWorld['clusters']['a'], name: string): Promise<void> {
  await connection.delete(kubesphere.clusters, { name }, { propagationPolicy: 'Orphan' });
  await until('its Cluster is gone', async () => !(await connection.find(kubesphere.clusters, { name })));
  const at = { namespace: kubefedNamespace, name };
  await until('kubefed has let go of it', async () => !(await connection.find(kubesphere.kubeFedClusters, at)));
}

/** M, which A has let go of; its account there stays. */
async function apart(world: ModuleWorld) {
  const { a } = world.clusters;
  if ((await a.connection.find(kubesphere.clusters, { name: 'm' })) !== undefined) await letGoOf(a, 'm');
  return { name: 'm', kubeconfig: world.clusters.m.kubeconfig };
}

/** The kubeconfig of M under another user name: another text, the same rights. */
function renamed(world: ModuleWorld): string {
  const kubeconfig = parse(world.clusters.m.kubeconfig) as {
    readonly users: readonly { readonly name: string; readonly user: object }[];
    readonly contexts: readonly { readonly name: string; readonly context: object }[];
  };
  const user = world.fresh('admin');
  return stringify({
    ...kubeconfig,
    users: kubeconfig.users.map((one) => ({ ...one, name: user })),
    contexts: kubeconfig.contexts.map((one) => ({ ...one, context: { ...one.context, user } })),
  });
}

const precisely = expect.objectContaining({
  preconditions: { uid: expect.any(String), resourceVersion: expect.any(String) },
});
const configurationAt = { namespace: kubesphereNamespace, name: 'ks-installer' };

/** A free name, on a host whose tower has an address. */
async function agentName(world: ModuleWorld): Promise<string> {
  const { a } = world.clusters;
  const body = { spec: { multicluster: { proxyPublishAddress: 'http://203.0.113.1:8080' } } };
  await a.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
  const told = async () => (await readInstallation(a.connection)).proxyPublishAddress !== undefined;
  await until('agents are told where to dial', told);
  return world.fresh('agent');
}

/** Every method of `federation.clusters`, but those of placement. */
export const methods = [
  method({
    method: 'clusters.list',
    prepare: joined,
    call: ({ clusters }, _args, { dryRun: _dryRun, journal: _journal, ...options }) => clusters.list(options).toArray(),
    async done({ clusters: { m } }, { uid }, answer) {
      const { metadata } = await m.connection.get(core.namespaces, { name: 'kube-system' });
      const found = (answer as ClusterInfo[]).find(({ name }) => name === 'm');
      expect(found).toMatchObject({ objectUid: uid, uid: metadata.uid, role: 'member', connection: 'direct' });
      const all = (answer as ClusterInfo[]).map(({ name, role }) => `${name} ${role}`);
      expect(withoutAgents(all).toSorted()).toEqual(['host host', 'm member', 'n member']);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === clustersPath },
    invalid: {},
    without: { 'not found': 'a list of all names nothing', 'bad input': 'it takes nothing but options' },
  }),
  method({
    method: 'clusters.get',
    prepare: joined,
    call: ({ clusters }, _args, { dryRun: _dryRun, journal: _journal, ...options }) => clusters.get('m', options),
    async done({ clusters: { m } }, { uid }, answer) {
      const certificate = parse(m.kubeconfig).users[0].user['client-certificate-data'];
      const { validTo } = new X509Certificate(Buffer.from(certificate, 'base64'));
      expect(answer).toMatchObject({
        name: 'm',
        objectUid: uid,
        kubeconfigExpires: new Date(validTo).toISOString(),
      });
      expect(JSON.stringify(answer)).not.toMatch(/client-key|certificate-data|BEGIN/);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === `${clustersPath}/m` },
    missing: ({ clusters }) => clusters.get('ghost'),
    invalid: { name: ({ clusters }) => clusters.get('No Name') },
  }),
  method({
    method: 'clusters.watch',
    prepare: joined,
    async call({ clusters }, _args, { signal }) {
      for await (const event of clusters.watch(signal === undefined ? {} : { signal }))
        if (event.type === 'synced') return event.clusters.map(({ name }) => name).sort();
      signal?.throwIfAborted();
      return undefined;
    },
    done: async (_world, _args, answer) => expect(withoutAgents(answer as string[])).toEqual(['host', 'm', 'n']),
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === clustersPath },
    invalid: {},
    without: {
      'not found': 'a watch of all names nothing',
      'bad input': 'it takes nothing but options',
      aborted: 'a watch whose signal is aborted ends quietly: clusters.test.ts',
    },
  }),
  method({
    method: 'clusters.waitUntilReady',
    prepare: joined,
    call: ({ clusters }, _args, { dryRun: _dryRun, journal: _journal, ...options }) =>
      clusters.waitUntilReady('m', options),
    done: async (_world, { uid }, answer) => expect(answer).toMatchObject({ name: 'm', objectUid: uid, ready: true }),
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path.startsWith(clustersPath) },
    missing: ({ clusters }) => clusters.waitUntilReady('ghost'),
    invalid: { name: ({ clusters }) => clusters.waitUntilReady('No Name') },
  }),
  method({
    method: 'clusters.preflight',
    prepare: joined,
    call: ({ clusters }, world, { dryRun: _dryRun, journal: _journal, ...options }) =>
      clusters.preflight({ name: 'free', kubeconfig: world.kubeconfig }, options),
    done: async (_world, _args, answer) =>
      expect(answer).toMatchObject({
        ready: false,
        findings: expect.arrayContaining([
          expect.objectContaining({ code: 'CLUSTER_TWICE', severity: 'blocks', where: 'free' }),
        ]),
      }),
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'GET' && path === clustersPath },
    invalid: {
      name: ({ clusters }, { kubeconfig }) => clusters.preflight({ name: 'No Name', kubeconfig }),
      kubeconfig: ({ clusters }) => clusters.preflight({ name: 'm', kubeconfig: '' }),
      connection: ({ clusters }, { kubeconfig }) =>
        clusters.preflight({ name: 'm', kubeconfig, connection: 'tunnel' as 'agent' }),
    },
    without: { 'not found': 'a name that is free is a good one' },
  }),
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
    // Of the members that are there already: what it cannot open it does not compare with.
    managesWithout: toOpen.map((resource) => ({ side: 'members', resource })),
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
    ],
    invalid: {
      name: ({ clusters }, settings) => clusters.import({ ...settings, name: 'No Name' }),
      kubeconfig: ({ clusters }) => clusters.import({ name: 'm', kubeconfig: '' }),
    },
    without: {
      'already so': 'a name that is taken is refused, also where it is this very member: modules.test.ts',
      'not found': 'a name that is free is a good one',
    },
  }),
  method({
    method: 'clusters.prepareMember',
    throughGateway: 'UNAUTHENTICATED',
    async prepare({ clusters: { m } }) {
      const body = { spec: { authentication: { jwtSecret: 'of-nobody' }, multicluster: { clusterRole: 'none' } } };
      await m.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
      await until('M is standalone', async () => (await readInstallation(m.connection)).role === 'none');
      return null;
    },
    call: async (federation, _args, options) =>
      federation.clusters.prepareMember(await federation.member('m'), { ...options, formerHostGone: true }),
    async done({ clusters: { a, m } }) {
      const [host, member] = await Promise.all([readInstallation(a.connection), readInstallation(m.connection)]);
      expect(member).toMatchObject({ role: 'member', jwtDigest: host.jwtDigest, acceptsHostTokens: true });
    },
    async untouched({ clusters: { m } }) {
      const { spec } = await m.connection.get(kubesphere.clusterConfigurations, configurationAt);
      expect(spec).toMatchObject({
        authentication: { jwtSecret: 'of-nobody' },
        multicluster: { clusterRole: 'none' },
      });
    },
    decisive: { cluster: 'm', matches: ({ method, path }) => method === 'PATCH' && path === configurationPath },
    writes: () => [
      {
        cluster: 'm',
        method: 'PATCH',
        path: configurationPath,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { authentication: { jwtSecret: expect.any(String) }, multicluster: { clusterRole: 'member' } },
        },
      },
    ],
    invalid: { member: ({ clusters }) => clusters.prepareMember({} as MemberCluster) },
    without: { 'not found': 'it takes a cluster that is connected' },
  }),
  method({
    method: 'clusters.unbind',
    managesWithout: [...toOpen, 'configmaps', '*'].map((resource) => ({
      side: 'members',
      resource,
      says: /kept.*not allowed/,
    })),
    throughGateway: (answer) =>
      expect(answer).toMatchObject({
        outcome: 'changed',
        result: { account: 'kept', why: expect.stringMatching(/leads through a and ends with the unbinding/) },
      }),
    prepare: joined,
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
  method({
    method: 'clusters.alignJwtSecret',
    throughGateway: 'UNAUTHENTICATED',
    async prepare(world) {
      await joined(world);
      const { m } = world.clusters;
      const body = { spec: { authentication: { jwtSecret: 'of-nobody' } } };
      await m.connection.patch(kubesphere.clusterConfigurations, configurationAt, { type: 'merge', body });
      const other = digest('of-nobody');
      await until('M has another secret', async () => (await readInstallation(m.connection)).jwtDigest === other);
      return null;
    },
    call: async ({ clusters }, _args, options) => {
      const [outcome] = await unwrapped(clusters.alignJwtSecret(['m'], options));
      return outcome;
    },
    async done({ clusters: { a, m } }) {
      const [host, member] = await Promise.all([readInstallation(a.connection), readInstallation(m.connection)]);
      expect(member).toMatchObject({ role: 'member', jwtDigest: host.jwtDigest, acceptsHostTokens: true });
    },
    async untouched({ clusters: { m } }) {
      const { spec } = await m.connection.get(kubesphere.clusterConfigurations, configurationAt);
      expect(spec).toMatchObject({ authentication: { jwtSecret: 'of-nobody' } });
    },
    decisive: { cluster: 'm', matches: ({ method, path }) => method === 'PATCH' && path === configurationPath },
    writes: () => [
      {
        cluster: 'm',
        method: 'PATCH',
        path: configurationPath,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { authentication: { jwtSecret: expect.any(String) }, multicluster: { clusterRole: 'member' } },
        },
      },
    ],
    missing: ({ clusters }, _args, options) => unwrapped(clusters.alignJwtSecret(['ghost'], options)),
    invalid: { clusters: ({ clusters }) => clusters.alignJwtSecret([]) },
  }),
  method({
    method: 'clusters.rotateJwtSecret',
    throughGateway: 'PLAN_BLOCKED',
    async prepare(world) {
      await joined(world);
      const { a, m, n } = world.clusters;
      // Members that never called are none that could follow.
      for (const { metadata } of await a.connection.list(kubesphere.clusters).toArray())
        if (metadata.name.startsWith('agent-')) await letGoOf(a, metadata.name);
      for (const one of [m, n]) await makeMember({ host: a.connection, member: one.connection });
      const { jwtDigest } = await readInstallation(a.connection);
      return { jwtSecret: `${world.password()}-${'x'.repeat(32)}`, before: jwtDigest };
    },
    call: ({ clusters }, { jwtSecret }, options) => clusters.rotateJwtSecret({ ...options, jwtSecret }),
    async done({ clusters: { a, m, n } }, { jwtSecret }, answer) {
      expect(answer).toMatchObject({ outcome: 'changed', result: { members: ['m', 'n'] } });
      expect(await readInstallation(a.connection)).toMatchObject({ role: 'host', jwtDigest: digest(jwtSecret) });
      for (const { connection } of [m, n])
        expect(await readInstallation(connection)).toMatchObject({
          ...{ role: 'member', jwtDigest: digest(jwtSecret), acceptsHostTokens: true },
        });
      const left = { namespace: kubesphereNamespace, name: parkedSecret };
      expect(await a.connection.find(core.secrets, left)).toBeUndefined();
    },
    async untouched({ clusters: { a, m, n } }, { before }) {
      for (const { connection } of [a, m, n])
        expect((await readInstallation(connection)).jwtDigest, connection.cluster).toBe(before);
    },
    decisive: { cluster: 'a', matches: ({ method, path }) => method === 'PATCH' && path === configurationPath },
    writes: ({ jwtSecret }) => {
      const trusts = (cluster: 'a' | 'm' | 'n', clusterRole: string): ExpectedWrite => ({
        cluster,
        method: 'PATCH',
        path: configurationPath,
        body: {
          metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
          spec: { authentication: { jwtSecret }, multicluster: { clusterRole } },
        },
      });
      const data = { former: expect.any(String), next: Buffer.from(jwtSecret).toString('base64') };
      const metadata = expect.objectContaining({ name: parkedSecret });
      return [
        { cluster: 'a', method: 'POST', path: parkedPath, body: expect.objectContaining({ metadata, data }) },
        trusts('a', 'host'),
        { cluster: 'a', method: 'DELETE', path: `${parkedPath}/${parkedSecret}`, body: precisely },
        trusts('m', 'member'),
        trusts('n', 'member'),
      ];
    },
    whileOtherIsDown: 'UNREACHABLE',
    invalid: {
      jwtSecret: ({ clusters }) => clusters.rotateJwtSecret({ jwtSecret: 'much too short' }),
    },
    without: { 'not found': 'it names nothing' },
  }),
];

/** A call over one cluster fails with what that one failed with. */
async function unwrapped<T>(calling: Promise<T>): Promise<T> {
  try {
    return await calling;
  } catch (error) {
    throw FederationError.is(error, 'BATCH_FAILED') ? error.cause : error;
  }
}
