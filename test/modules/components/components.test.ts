import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { Federation } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import { installation, kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { catalogue, seenNames } from '../../../src/modules/components/catalogue.ts';
import type { PluggableName } from '../../../src/modules/components/component.ts';
import { createSandbox, until } from '../../../src/testing/index.ts';
import { type Scene, startScene } from '../users/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 60_000);
afterAll(() => scene[Symbol.asyncDispose]());

const patient = { timeout: 60_000 };
const at = { namespace: kubesphereNamespace, name: installation.configuration };
const components = () => scene.federation.components;
const on = (cluster: 'a' | 'm' | 'n') => scene.sandbox.clusters[cluster].connection;
const configuration = (cluster: 'a' | 'm' | 'n') => on(cluster).get(kubesphere.clusterConfigurations, at);
const write = (cluster: 'a' | 'm' | 'n', body: object) =>
  on(cluster).patch(kubesphere.clusterConfigurations, at, { type: 'merge', body });
const away = (cluster: 'n') => scene.sandbox.faults.add({ cluster, fault: 'unreachable' });
const stateOn = async (cluster: string) => {
  const [found] = await components().status({ clusters: [cluster] });
  if (found?.answered !== true) throw new Error(`${cluster} did not answer`);
  return found.components;
};

describe('enabling', patient, () => {
  test('the App Store is refused on a member, with the reason, and nothing is written there; on the host it gets ready', async () => {
    const before = await configuration('m');
    await expect(components().enable('app-store', { clusters: ['a', 'm'] })).rejects.toMatchObject({
      code: 'BATCH_FAILED',
      cause: { code: 'PLAN_BLOCKED', message: expect.stringMatching(/m is a member: App Store.*on the host alone/) },
      details: {
        items: [
          { item: 'a', outcome: 'changed' },
          { item: 'm', outcome: 'failed' },
        ],
      },
    });
    expect((await configuration('m')).spec).toEqual(before.spec);
    expect(await components().waitUntilReady('app-store', { clusters: ['a'] })).toEqual(['a']);
    expect(await stateOn('a')).toMatchObject({ 'app-store': 'ready' });
  });

  test('the App Store is refused on a cluster that was imported without a role, too: 3.3 takes it as a member', async () => {
    const before = await configuration('n');
    const config = { namespace: kubesphereNamespace, name: installation.config };
    const { data } = await on('n').get(core.configMaps, config);
    const given = parse(data?.[installation.configKey] ?? '');
    const setRole = (multicluster: object) =>
      on('n').patch(core.configMaps, config, {
        type: 'merge',
        body: { data: { [installation.configKey]: stringify({ ...given, multicluster }) } },
      });
    await setRole({ ...given.multicluster, clusterRole: 'none' });
    await expect(components().enable('app-store', { clusters: ['n'] })).rejects.toMatchObject({
      code: 'BATCH_FAILED',
      cause: { code: 'PLAN_BLOCKED', message: expect.stringMatching(/n is no host: App Store.*on the host alone/) },
    });
    expect((await configuration('n')).spec).toEqual(before.spec);
    await setRole(given.multicluster);
  });

  test('on several clusters tells what became of each, one that is away included; those that are done are left alone', async () => {
    {
      await using _ = await away('n');
      await expect(
        components().enable('logging', { clusters: ['m', 'n'] }, { retry: false, timeoutMs: 3_000 }),
      ).rejects.toMatchObject({
        code: 'BATCH_FAILED',
        details: {
          items: [
            { item: 'm', outcome: 'changed' },
            { item: 'n', outcome: 'failed' },
          ],
        },
      });
    }
    expect(await components().enable('logging', { clusters: ['m', 'n'] })).toMatchObject([
      { item: 'm', outcome: 'already' },
      { item: 'n', outcome: 'changed' },
    ]);
    expect(await components().waitUntilReady('logging', { clusters: ['m', 'n'] })).toEqual(['m', 'n']);
  });

  test('sets every switch that a component has, and no other', async () => {
    await write('m', {
      spec: { edgeruntime: { kubeedge: { cloudCore: { cloudHub: { advertiseAddress: ['10.0.0.1'] } } } } },
    });
    await components().enable('kubeedge', { clusters: ['m'] });
    expect((await configuration('m')).spec).toMatchObject({
      edgeruntime: {
        enabled: true,
        kubeedge: { enabled: true, cloudCore: { cloudHub: { advertiseAddress: ['10.0.0.1'] } } },
      },
    });
  });
});

describe('settings', patient, () => {
  const address = 'cloudCore.cloudHub.advertiseAddress';
  const enable = (settings: { readonly [address]: readonly string[] }) =>
    components().enable('kubeedge', { clusters: ['n'], settings });

  test('are written along in one request, and again only while the installer still reads them', async () => {
    await using _ = await scene.sandbox.faults.add({ cluster: 'n', fault: { controller: 'installer', down: true } });
    await write('n', { spec: { edgeruntime: { enabled: false, kubeedge: null } }, status: { edgeruntime: null } });
    const { metadata } = await configuration('n');
    expect(await enable({ [address]: ['10.0.0.2'] })).toMatchObject([{ outcome: 'changed' }]);
    const after = await configuration('n');
    expect(after.spec['edgeruntime']).toEqual({
      enabled: true,
      kubeedge: { enabled: true, cloudCore: { cloudHub: { advertiseAddress: ['10.0.0.2'] } } },
    });
    expect(after.metadata.generation).toBe(Number(metadata.generation) + 1);
    expect(await enable({ [address]: ['10.0.0.2'] })).toMatchObject([{ outcome: 'already' }]);
    expect(await enable({ [address]: ['10.0.0.3', '10.0.0.4'] })).toMatchObject([{ outcome: 'changed' }]);

    await write('n', { status: { edgeruntime: { status: 'enabled' } } });
    const { spec } = await configuration('n');
    await expect(enable({ [address]: ['10.0.0.5'] })).rejects.toMatchObject({
      cause: {
        code: 'PLAN_BLOCKED',
        message: expect.stringMatching(/n: KubeEdge is installed.*\/status\/edgeruntime/),
      },
    });
    expect((await configuration('n')).spec).toEqual(spec);
    expect(await enable({ [address]: ['10.0.0.3', '10.0.0.4'] })).toMatchObject([{ outcome: 'already' }]);
    await write('n', { spec: { edgeruntime: { enabled: false } }, status: { edgeruntime: null } });
  });

  test('that a release does not have are refused there', async () => {
    const { spec } = await configuration('m');
    const settings = { jenkinsCpuReq: 1, jenkinsMemoryReq: '3Gi' };
    await expect(components().enable('devops', { clusters: ['m'], settings })).rejects.toMatchObject({
      cause: { code: 'PLAN_BLOCKED', message: expect.stringMatching(/m has KubeSphere v3\.3\.2.*no jenkinsCpuReq\./) },
    });
    expect((await configuration('m')).spec).toEqual(spec);
  });
});

describe('what cannot be switched', patient, () => {
  test.each(Object.values(catalogue).flatMap((one) => (one.pluggable ? [] : [[one.name, one] as const])))(
    '%s is refused before any request, with the reason',
    async (name, { why }) => {
      const refused = { code: 'UNSUPPORTED', message: expect.stringContaining(why), details: { component: name } };
      // Nobody has that cluster, and nobody is asked for it.
      const nowhere = { clusters: ['ghost'] };
      const given = name as PluggableName;
      await expect(components().enable(given, nowhere)).rejects.toMatchObject(refused);
      await expect(components().disable(given, nowhere)).rejects.toMatchObject(refused);
      await expect(components().waitUntilReady(given, nowhere)).rejects.toMatchObject(refused);
    },
  );

  test('is shown where the status holds it', async () => {
    expect(Object.keys(await stateOn('a')).sort()).toEqual([...seenNames].sort());
    expect(await stateOn('a')).toMatchObject({ core: 'ready', monitoring: 'ready', 'multi-cluster': 'ready' });
    await using _ = await scene.sandbox.faults.add({ cluster: 'm', fault: { controller: 'installer', down: true } });
    const { spec, status = {} } = await configuration('m');
    const none = { minio: null, es: null, openldap: null, multicluster: null };
    await write('m', { spec: { devops: { enabled: false } }, status: none });
    expect(await stateOn('m')).toMatchObject({ 'multi-cluster': 'off', minio: 'off', es: 'off', openldap: 'off' });
    const [enabled, failed] = [{ status: 'enabled' }, { status: 'failed' }];
    await write('m', { status: { minio: enabled, es: failed, openldap: enabled, multicluster: enabled } });
    // A host that became a member keeps kubefed.
    expect(await stateOn('m')).toMatchObject({
      minio: 'ready',
      es: 'failed',
      openldap: 'left',
      'multi-cluster': 'left',
    });
    await write('m', { spec: { devops: { enabled: true } }, status: { devops: null } });
    expect(await stateOn('m')).toMatchObject({ openldap: 'ready', devops: 'installing' });
    await write('m', { spec: { devops: spec.devops }, status: { ...none, ...status } });
  });
});

describe('disabling', patient, () => {
  test('says what stays, and the state says that it did', async () => {
    await components().enable('events', { clusters: ['m'] });
    await components().waitUntilReady('events', { clusters: ['m'] });
    expect(await components().disable('events', { clusters: ['m'] })).toMatchObject([
      { item: 'm', outcome: 'changed', result: { leaves: catalogue.events.leaves } },
    ]);
    expect(await stateOn('m')).toMatchObject({ events: 'left' });
    expect(await components().disable('events', { clusters: ['m'] })).toMatchObject([
      { outcome: 'already', result: { leaves: catalogue.events.leaves } },
    ]);
  });
});

describe('waiting', patient, () => {
  test('goes on when the installer makes the ClusterConfiguration anew', async () => {
    const before = (await configuration('n')).metadata.uid;
    const lift = await scene.sandbox.faults.add({ cluster: 'n', fault: { controller: 'installer', down: true } });
    // A setting of a former release: the installer deletes the object, and makes one of its own.
    await write('n', { spec: { terminal: null } });
    await components().enable('devops', { clusters: ['n'] });
    const waiting = components().waitUntilReady('devops', { clusters: ['n'] });
    await lift[Symbol.asyncDispose]();
    expect(await waiting).toEqual(['n']);
    const after = await configuration('n');
    expect(after.metadata.uid).not.toBe(before);
    expect(after.status).toMatchObject({ devops: { status: 'enabled' } });
  });

  test('for what is not switched on ends at once', async () => {
    await expect(components().waitUntilReady('auditing', { clusters: ['m'] })).rejects.toMatchObject({
      code: 'BATCH_FAILED',
      cause: { code: 'NOT_OBSERVED', message: expect.stringMatching(/m: component auditing is not switched on/) },
    });
  });

  test('ends when the installer says that it failed, while one waits', async () => {
    await using _ = await scene.sandbox.faults.add({ cluster: 'm', fault: { controller: 'installer', down: true } });
    await components().enable('service-mesh', { clusters: ['m'] });
    const waiting = components().waitUntilReady('service-mesh', { clusters: ['m'] });
    const failing = expect(waiting).rejects.toMatchObject({
      cause: { code: 'NOT_OBSERVED', message: expect.stringMatching(/service-mesh failed.*ks-installer/) },
    });
    // Only what is said after the first look counts.
    await until('it waits', async () => (await stateOn('m'))['service-mesh'] === 'installing');
    await new Promise((resolve) => setImmediate(resolve));
    await write('m', { status: { servicemesh: { status: 'installing' } } });
    await write('m', { status: { servicemesh: { status: 'failed' } } });
    await failing;
    expect(await stateOn('m')).toMatchObject({ 'service-mesh': 'failed' });
    await write('m', { status: { servicemesh: null } });
  });

  test('looks at kubesphere-config for what has no status', async () => {
    await components().enable('network-policy', { clusters: ['m'] });
    expect(await stateOn('m')).toMatchObject({ 'network-policy': 'installing' });
    await components().waitUntilReady('network-policy', { clusters: ['m'] });
    expect(await stateOn('m')).toMatchObject({ 'network-policy': 'ready', 'ip-pools': 'off' });
  });
});

test('the installer has a status of its own for each component that the catalogue gives one', patient, async () => {
  // The sandbox has no stores of its own.
  const stores: readonly string[] = ['openldap', 'redis'];
  const all = Object.values(catalogue).flatMap((one) =>
    one.pluggable && one.statusPath !== undefined && !stores.includes(one.name) ? [one] : [],
  );
  for (const { name } of all) await components().enable(name, { clusters: ['n'] });
  for (const { name } of all) expect(await components().waitUntilReady(name, { clusters: ['n'] })).toEqual(['n']);
});

test(
  'diff: host with host, members by name, and what one alone has is nothing on the other side',
  patient,
  async () => {
    await using other = await createSandbox({ clusters: { b: { role: 'host' } }, speed: 100 });
    const { b } = other.clusters;
    await using federation = await Federation.connect({ kubeconfig: b.clientCertificateKubeconfig, name: 'b' });
    await components().enable('app-store', { clusters: ['a'] });
    await components().waitUntilReady('app-store', { clusters: ['a'] });
    const { differences, silent } = await components().diff(federation);
    expect(silent).toEqual([]);
    expect(differences).toContainEqual({ component: 'app-store', cluster: 'host', here: 'ready', there: 'off' });
    expect(differences).toContainEqual({ component: 'logging', cluster: 'm', here: 'ready', there: 'absent' });
    expect(differences).not.toContainEqual(expect.objectContaining({ cluster: 'host', component: 'devops' }));
  },
);

describe('overview', patient, () => {
  test('one glance, without a secret; a jwtSecret that differs and a member that is away are named', async () => {
    const config = { namespace: kubesphereNamespace, name: installation.config };
    const read = async (cluster: 'a' | 'm') =>
      parse((await on(cluster).get(core.configMaps, config)).data?.[installation.configKey] ?? '');
    const [host, member] = [await read('a'), await read('m')];
    const put = (settings: object) =>
      on('m').patch(core.configMaps, config, {
        type: 'merge',
        body: { data: { [installation.configKey]: stringify(settings) } },
      });
    await put({ ...member, authentication: { ...member.authentication, jwtSecret: 'Marked-Other-Secret' } });
    const { kubeconfig = '' } = (await on('a').get(kubesphere.clusters, { name: 'm' })).spec.connection;
    const lift = await away('n');
    try {
      const found = await scene.federation.overview({ retry: false });
      const text = JSON.stringify(found);
      for (const secret of ['Marked-Other-Secret', host.authentication.jwtSecret, kubeconfig, 'BEGIN ', 'LS0t'])
        expect(text).not.toContain(secret);
      expect(found).toMatchObject({ host: 'a', silent: ['n'] });
      const of = (name: string) => found.clusters.find((one) => one.name === name);
      expect(of('a')).toMatchObject({ role: 'host', itself: { answered: true, role: 'host', jwtSecret: 'agrees' } });
      expect(of('m')).toMatchObject({
        role: 'member',
        connection: 'direct',
        ready: true,
        since: expect.any(String),
        kubeconfig: { by: 'certificate', expires: expect.any(String), hostWarns: false },
        itself: { answered: true, jwtSecret: 'differs', acceptsHostTokens: true, kubeSphereVersion: 'v3.3.2' },
      });
      expect(of('m')?.kubeconfig?.daysLeft).toBeGreaterThan(7);
      expect(of('n')?.itself).toMatchObject({ answered: false, why: expect.any(String) });
    } finally {
      await lift[Symbol.asyncDispose]();
      await put(member);
    }
  });

  test('counts projects, not what the installation is made of', async () => {
    const before = await scene.federation.overview();
    await on('m').create(core.namespaces, {
      metadata: { name: 'counted', labels: { 'kubesphere.io/workspace': 'team' } },
    });
    await on('m').create(core.namespaces, {
      metadata: {
        name: 'stub',
        labels: { 'kubesphere.io/workspace': 'team', 'kubesphere.io/kubefed-host-namespace': 'true' },
      },
    });
    expect((await scene.federation.overview()).projects).toBe(before.projects + 1);
  });
});
