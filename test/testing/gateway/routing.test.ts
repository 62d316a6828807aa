import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, joinCluster, type Sandbox, until, untilFederated } from '../../../src/testing/index.ts';
import { recordAt } from '../../../src/testing/server/object.ts';
import { conditionOf, patient, slow } from '../support.ts';
import { type Ask, asking, jwtSecret, signedIn, startTown } from './kit.ts';

/** Sections 4.1 and 4.2 of the domain reference. */
describe('the way to other clusters', slow, () => {
  let town: Sandbox<'a' | 'm' | 'b'>;
  let admin: Ask;
  beforeAll(async () => {
    town = await startTown({
      a: { role: 'host', jwtSecret },
      m: { role: 'member', jwtSecret },
      b: { role: 'host', version: '3.4' },
    });
    const { a, m } = town.clusters;
    admin = await signedIn(town.clusters.a.gateway);
    await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
    await untilFederated(a.connection, { name: 'm', workspaces: [] });
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);
  const uidOf = async (ask: Ask, prefix: string) =>
    recordAt((await ask(`${prefix}/v1/namespaces/kube-system`)).json, 'metadata')['uid'];

  it("passes /api, /apis and /kapis on to the member, through its API server's service proxy", async () => {
    const { metadata } = await town.clusters.m.connection.get(core.namespaces, { name: 'kube-system' });
    expect(await uidOf(admin, '/api/clusters/m')).toBe(metadata.uid);
    const workspaces = await admin('/apis/clusters/m/tenant.kubesphere.io/v1alpha1/workspaces');
    expect(workspaces).toMatchObject({ status: 200, json: { kind: 'WorkspaceList' } });
    const configz = await admin('/kapis/clusters/m/config.kubesphere.io/v1alpha2/configs/configz');
    expect(configz.json['multicluster']).toBe(false);
  });

  it("serves the host's own name itself", async () => {
    expect(await uidOf(admin, '/api/clusters/host')).toBe(await uidOf(admin, '/api'));
  });

  it('brings a dry run through the service proxy, which refuses one that is sent to it straight', async () => {
    const dry = await admin('/api/clusters/m/v1/namespaces?dryRun=All', {
      method: 'POST',
      body: { metadata: { name: 'never' } },
    });
    expect(dry.status).toBe(201);
    expect(await town.clusters.m.connection.find(core.namespaces, { name: 'never' })).toBeUndefined();
    const straight = '/api/v1/namespaces/kubesphere-system/services/:ks-apiserver:/proxy/api/v1/namespaces?dryRun=All';
    await expect(town.clusters.m.connection.raw(straight)).rejects.toMatchObject({ status: 400 });
  });

  it('answers 404 in plain text for an unknown cluster on 3.3, before it asks for any right', async () => {
    expect(await admin('/kapis/clusters/none/version')).toMatchObject({
      status: 404,
      type: 'text/plain; charset=utf-8',
      text: 'cluster none not found\n',
    });
    expect((await asking(town.clusters.a.gateway)('/api/clusters/none/v1/secrets')).status).toBe(404);
  });

  it('answers 400 with the whole error for an unknown cluster on 3.4, and 500 for one that is not ready', async () => {
    const other = await signedIn(town.clusters.b.gateway);
    expect(await other('/kapis/clusters/none/version')).toMatchObject({
      status: 400,
      json: { ErrStatus: { reason: 'BadRequest', message: 'cluster none not exists' } },
    });
    await unready(town.clusters.b.connection);
    expect(await other('/kapis/clusters/unready/version')).toMatchObject({
      status: 500,
      text: 'Internal Server Error: "/kapis/clusters/unready/version": cluster unready is not ready\n',
    });
  });

  it('answers 400 in plain text for a cluster that is not ready on 3.3', async () => {
    await unready(town.clusters.a.connection);
    expect(await admin('/kapis/clusters/unready/version')).toMatchObject({
      status: 400,
      type: 'text/plain; charset=utf-8',
      text: 'cluster unready is not ready\n',
    });
  });

  it('goes to spec.connection.kubesphereAPIEndpoint where there is one', async () => {
    const { a, m } = town.clusters;
    const endpoint = (url: string | null) => ({ spec: { connection: { kubesphereAPIEndpoint: url } } });
    const write = (body: object) => a.connection.patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body });
    await write(endpoint('http://127.0.0.1:1'));
    expect((await admin('/kapis/clusters/m/version')).status).toBe(500);
    await write(endpoint(town.clusters.m.gateway.url));
    const { metadata } = await m.connection.get(core.namespaces, { name: 'kube-system' });
    expect(await uidOf(admin, '/api/clusters/m')).toBe(metadata.uid);
    await write(endpoint(null));
  });

  it('believes the Ready condition as it stands: 500 while the member is away, 400 only after the next resync', async () => {
    const { a, m } = town.clusters;
    await m.suspend();
    const away = await admin('/kapis/clusters/m/version');
    expect(away.status).toBe(500);
    expect(away.text).toMatch(/^Internal Server Error: "\/kapis\/clusters\/m\/version": /);
    await until(
      'm is not ready',
      async () => conditionOf(await a.connection.get(kubesphere.clusters, { name: 'm' }), 'Ready')?.status === 'False',
      patient,
    );
    expect((await admin('/kapis/clusters/m/version')).status).toBe(400);
    await m.restore();
    await until('m is ready', async () => (await admin('/kapis/clusters/m/version')).status === 200, patient);
  });

  it('asks nobody: who may not on the member is refused by the member, also where the host would allow it', async () => {
    const anonymous = asking(town.clusters.a.gateway);
    expect((await anonymous('/kapis/clusters/m/version')).status).toBe(200);
    expect(await anonymous('/api/clusters/m/v1/secrets')).toMatchObject({ status: 403, json: { kind: 'Status' } });
    const { a } = town.clusters;
    await createUser(a.connection, { name: 'local' });
    await a.connection.create(core.clusterRoleBindings, {
      metadata: { name: 'local-cluster-admin' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'local' }],
    });
    await untilFederated(a.connection, { name: 'm', workspaces: [] });
    const local = await signedIn(a.gateway, 'local');
    expect((await local('/api/v1/secrets')).status).toBe(200);
    await until('local is known on m', async () => (await local('/api/clusters/m/v1/secrets')).status === 403, patient);
  });

  it('gets 401 from a member with another jwtSecret', async () => {
    const { b } = town.clusters;
    await joinCluster(b.connection, { name: 'm', kubeconfig: town.clusters.m.clientCertificateKubeconfig });
    const other = await signedIn(town.clusters.b.gateway);
    expect(await other('/api/clusters/m/v1/namespaces')).toMatchObject({
      status: 401,
      json: { kind: 'Status', message: 'Unauthorized: signature is invalid' },
    });
  });
});

/** A Cluster that never joined. */
async function unready(host: Sandbox<'a'>['clusters']['a']['connection']): Promise<void> {
  await host.create(kubesphere.clusters, {
    metadata: { name: 'unready' },
    spec: { joinFederation: false, connection: { type: 'direct' } },
  });
}
