import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { core } from '../../../src/kube/resources.ts';
import { installation, kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, joinCluster, type Sandbox, until } from '../../../src/testing/index.ts';
import { patient, slow } from '../support.ts';
import { type Ask, jwtSecret, signedIn, startTown } from './kit.ts';

const clusters = '/kapis/cluster.kubesphere.io/v1alpha1/clusters';
const encoded = (text: string) => Buffer.from(text).toString('base64');

/** Section 2.7 of the domain reference. */
describe('importing clusters through the gateway', slow, () => {
  let town: Sandbox<'a' | 'newer' | 'm' | 'n' | 'alone'>;
  let admin: Ask;
  let newer: Ask;
  beforeAll(async () => {
    town = await startTown({
      a: { role: 'host', jwtSecret },
      newer: { role: 'host', version: '3.4', jwtSecret },
      m: { role: 'member', jwtSecret },
      n: { role: 'member', jwtSecret: 'another' },
      alone: { role: 'standalone', jwtSecret },
    });
    admin = await signedIn(town.clusters.a.gateway);
    newer = await signedIn(town.clusters.newer.gateway);
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);
  const kubeconfig = (of: 'a' | 'm' | 'n' | 'alone') => encoded(town.clusters[of].clientCertificateKubeconfig);
  const validate = (ask: Ask, connection: object) =>
    ask(`${clusters}/validation`, { method: 'POST', body: { metadata: { name: 'new' }, spec: { connection } } });
  const secretTrouble =
    'failed to validate member cluster configuration, err: hostcluster Jwt is not equal to member cluster jwt, please edit the member cluster cluster config\n';

  it('finds nothing wrong with a member that is prepared, and creates nothing', async () => {
    expect(await validate(admin, { type: 'direct', kubeconfig: kubeconfig('m') })).toMatchObject({
      status: 200,
      text: '',
    });
    expect(await town.clusters.a.connection.find(kubesphere.clusters, { name: 'new' })).toBeUndefined();
  });

  it.each([
    ['a proxy connection', { type: 'proxy' }, 'cluster connection type MUST be direct\n'],
    ['no kubeconfig', { type: 'direct' }, 'cluster kubeconfig MUST NOT be empty\n'],
  ])('refuses %s with 400 and plain text', async (_what, connection, text) => {
    expect(await validate(admin, connection)).toMatchObject({ status: 400, type: 'text/plain; charset=utf-8', text });
  });

  it('refuses a kubeconfig that is none', async () => {
    expect((await validate(admin, { type: 'direct', kubeconfig: encoded('nothing: at all') })).status).toBe(400);
  });

  it('refuses a member that does not answer', async () => {
    await town.clusters.n.suspend();
    expect((await validate(admin, { type: 'direct', kubeconfig: kubeconfig('n') })).status).toBe(400);
    await town.clusters.n.restore();
  });

  it('refuses a cluster that is imported already, told by the UID of its kube-system, itself included', async () => {
    const { connection } = town.clusters.a;
    await until(
      'the host knows its own UID',
      async () => (await connection.get(kubesphere.clusters, { name: 'host' })).status?.uid !== undefined,
      patient,
    );
    expect(await validate(admin, { type: 'direct', kubeconfig: kubeconfig('a') })).toMatchObject({
      status: 400,
      text: 'cluster new already exists (host), MUST not import the same cluster twice\n',
    });
  });

  it('refuses a member with another jwtSecret', async () => {
    expect(await validate(admin, { type: 'direct', kubeconfig: kubeconfig('n') })).toMatchObject({
      status: 400,
      text: secretTrouble,
    });
  });

  it('looks at the clusterRole of the member on 3.4 only', async () => {
    const connection = { type: 'direct', kubeconfig: kubeconfig('alone') };
    expect((await validate(admin, connection)).status).toBe(200);
    expect(await validate(newer, connection)).toMatchObject({
      status: 400,
      text: "failed to validate member cluster configuration, err: the clusterRole of the member cluster must be 'member'\n",
    });
    expect((await validate(newer, { type: 'direct', kubeconfig: kubeconfig('m') })).status).toBe(200);
  });

  it('does not ask whether another host has the member: two hosts may both import it', async () => {
    const { a, m } = town.clusters;
    await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
    expect((await validate(newer, { type: 'direct', kubeconfig: kubeconfig('m') })).status).toBe(200);
  });

  it('refuses a member whose ks-apiserver is down', async () => {
    await town.clusters.alone.gateway.close();
    const { status, text } = await validate(admin, { type: 'direct', kubeconfig: kubeconfig('alone') });
    expect(status).toBe(400);
    expect(text).toMatch(/^unable validate kubesphere endpoint, invalid response: ks-apiserver , please make sure/);
  });

  describe('replacing a kubeconfig', () => {
    const put = (cluster: string, text: string) =>
      admin(`${clusters}/${cluster}/kubeconfig`, { method: 'PUT', body: { kubeconfig: text } });
    const stored = async () =>
      (await town.clusters.a.connection.get(kubesphere.clusters, { name: 'm' })).spec.connection.kubeconfig;

    /** The cluster controller writes the same object now and then, and whoever comes second is told of a conflict. */
    const untilStored = (text: string) =>
      until(
        'the kubeconfig is stored',
        async () => {
          const answer = await put('m', text);
          return (await stored()) === text ? answer : undefined;
        },
        patient,
      );

    it("refuses the host's own, none at all, and another cluster's", async () => {
      expect((await put('host', kubeconfig('a'))).text).toBe('update kubeconfig of the host cluster is not allowed\n');
      expect((await put('m', '')).text).toBe('cluster kubeconfig MUST NOT be empty\n');
      const before = await stored();
      const other = await put('m', encoded(town.clusters.newer.clientCertificateKubeconfig));
      expect(other.status).toBe(400);
      expect(other.text).toMatch(/^this kubeconfig corresponds to a different cluster/);
      expect(await stored()).toBe(before);
    });

    it('stores another one of the same cluster', async () => {
      const other = encoded(town.clusters.m.kubeconfig);
      expect((await untilStored(other)).status).toBe(200);
    });

    it('stores it although it answers 400, where the jwtSecrets differ (3.3 and 3.4)', async () => {
      const { connection } = town.clusters.m;
      const at = { namespace: kubesphereNamespace, name: installation.config };
      const text = (await connection.get(core.configMaps, at)).data?.[installation.configKey] ?? '';
      const write = (config: string) =>
        connection.patch(core.configMaps, at, { type: 'merge', body: { data: { [installation.configKey]: config } } });
      await write(text.replace(jwtSecret, 'changed-since'));
      const other = kubeconfig('m');
      expect(await untilStored(other)).toMatchObject({ status: 400, text: secretTrouble });
      await write(text);
    });
  });

  describe('lists of clusters', () => {
    const lists = '/kapis/resources.kubesphere.io/v1alpha3';

    it('have pages, and never a kubeconfig: what is put back like that has none any more', async () => {
      const { connection } = town.clusters.a;
      await connection.create(kubesphere.clusters, {
        metadata: { name: 'zzz' },
        spec: { joinFederation: false, connection: { type: 'direct', kubeconfig: kubeconfig('n') } },
      });
      const { json, text } = await admin(`${lists}/clusters?sortBy=name&limit=1`);
      expect(json).toMatchObject({ items: [{ metadata: { name: 'zzz' } }] });
      expect(json['totalItems']).toBeGreaterThan(1);
      expect(text).not.toContain(kubeconfig('n'));
      const native = '/apis/cluster.kubesphere.io/v1alpha1/clusters/zzz';
      expect((await admin(native)).text).toContain(kubeconfig('n'));
      await until(
        'it is put back as it was shown',
        async () => {
          const { json: body } = await admin(`${lists}/clusters/zzz`);
          return (await admin(native, { method: 'PUT', body })).status === 200;
        },
        patient,
      );
      expect((await admin(native)).text).not.toContain(kubeconfig('n'));
    });

    it('answer 404 for a kind that they do not know, and 500 for an object that is not there', async () => {
      expect(await admin(`${lists}/unicorns`)).toMatchObject({ status: 404, text: 'resource is not supported\n' });
      expect((await admin(`${lists}/clusters/none`)).status).toBe(500);
      const maps = await admin(`${lists}/namespaces/kubesphere-system/configmaps?names=kubesphere-config`);
      expect(maps.json['totalItems']).toBe(1);
    });

    it("show a user's clusters only where they were granted", async () => {
      const { connection } = town.clusters.a;
      await createUser(connection, { name: 'granted' });
      const ask = await signedIn(town.clusters.a.gateway, 'granted');
      const mine = '/kapis/tenant.kubesphere.io/v1alpha2/clusters';
      expect((await ask(mine)).json['totalItems']).toBe(0);
      const annotations = { 'iam.kubesphere.io/granted-clusters': 'zzz,none' };
      await connection.patch(
        kubesphere.users,
        { name: 'granted' },
        { type: 'merge', body: { metadata: { annotations } } },
      );
      expect((await ask(mine)).json).toMatchObject({ totalItems: 1, items: [{ metadata: { name: 'zzz' } }] });
      expect((await ask(`${lists}/clusters`)).json['totalItems']).toBeGreaterThan(1);
    });
  });

  describe("an agent's manifest", () => {
    const manifest = (cluster: string) => admin(`${clusters}/${cluster}/agent/deployment`);

    it('is there for clusters that an agent connects, and 404 for others', async () => {
      const { connection } = town.clusters.a;
      await connection.create(kubesphere.clusters, {
        metadata: { name: 'far' },
        spec: { joinFederation: true, connection: { type: 'proxy', token: 'shown-to-tower' } },
      });
      expect((await manifest('m')).text).toBe('cluster m is not using proxy connection\n');
      expect((await manifest('none')).status).toBe(404);
      const unknown = await manifest('far');
      expect(unknown.status).toBe(404);
      expect(unknown.text).toContain('tower');
    });

    it('names cluster, token and the address of tower', async () => {
      const at = { namespace: kubesphereNamespace, name: installation.config };
      const { connection } = town.clusters.a;
      const text = (await connection.get(core.configMaps, at)).data?.[installation.configKey] ?? '';
      const config = text.replace(
        /^multicluster:\n/m,
        'multicluster:\n  proxyPublishAddress: http://203.0.113.7:8080\n',
      );
      await connection.patch(core.configMaps, at, {
        type: 'merge',
        body: { data: { [installation.configKey]: config } },
      });
      const { status, text: yaml } = await manifest('far');
      expect(status).toBe(200);
      expect(parse(yaml)).toMatchObject({
        kind: 'Deployment',
        metadata: { name: 'cluster-agent', namespace: 'kubesphere-system' },
        spec: {
          template: {
            spec: {
              serviceAccountName: 'kubesphere',
              containers: [
                {
                  command: expect.arrayContaining([
                    '--name=far',
                    '--token=shown-to-tower',
                    '--proxy-server=http://203.0.113.7:8080',
                  ]),
                },
              ],
            },
          },
        },
      });
    });
  });
});
