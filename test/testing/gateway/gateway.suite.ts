import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import {
  compareProjects,
  type Gateway,
  joinCluster,
  observeProjects,
  startGateway,
  until,
  untilFederated,
} from '../../../src/testing/index.ts';
import { recordAt } from '../../../src/testing/server/object.ts';
import type { Federation, Ground } from '../../grounds.ts';
import { hostWorkspace, localWorkspace, patient, slow, untilGoing, untilGone } from '../support.ts';
import { type Ask, asking, jwtSecret, password, signedIn, signInForm } from './kit.ts';

const workspaces = '/kapis/tenant.kubesphere.io/v1alpha2/workspaces';
const orphan = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan' };

/**
 * ks-apiserver in front of API servers of either kind. A real one proxies to no loopback address, so that the way to the
 * member is `spec.connection.kubesphereAPIEndpoint` here.
 */
export function describeGateway(ground: Ground): void {
  describe(`a gateway on ${ground.name}`, slow, () => {
    let federation: Federation<'a' | 'm'>;
    const gateways: Gateway[] = [];
    let admin: Ask;
    const a = () => federation.clusters.a.connection;
    const m = () => federation.clusters.m.connection;
    beforeAll(async () => {
      federation = await ground.start({ a: { role: 'host', jwtSecret }, m: { role: 'member', jwtSecret } });
      for (const { kubeconfig } of [federation.clusters.a, federation.clusters.m])
        gateways.push(await startGateway({ kubeconfig }));
      await joinCluster(a(), { name: 'm', kubeconfig: federation.clusters.m.kubeconfig });
      await untilFederated(a(), { name: 'm', workspaces: [] });
      const connection = { kubesphereAPIEndpoint: gateways[1]?.url };
      await a().patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body: { spec: { connection } } });
      const signIn = () => asking(gateway())('/oauth/token', { method: 'POST', body: signInForm('admin') });
      await until('admin can sign in', async () => (await signIn()).status === 200, patient);
      admin = await signedIn(gateway());
    }, slow.timeout);
    afterAll(async () => {
      for (const one of gateways) await one.close();
      await federation?.[Symbol.asyncDispose]();
    }, slow.timeout);
    const gateway = (): Gateway => {
      const [first] = gateways;
      if (first === undefined) throw new Error('no gateway was started');
      return first;
    };

    it('serves the native API of its cluster and of the member: writes, dry runs, refusals', async () => {
      for (const [prefix, connection] of [
        ['/api', a()],
        ['/api/clusters/m', m()],
      ] as const) {
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'written' }, data: { text: 'größer' } };
        const base = `${prefix}/v1/namespaces/default/configmaps`;
        expect((await admin(`${base}?dryRun=All`, { method: 'POST', body })).status).toBe(201);
        const at = { namespace: 'default', name: 'written' };
        expect(await connection.find(core.configMaps, at)).toBeUndefined();
        expect((await admin(base, { method: 'POST', body })).status).toBe(201);
        expect((await admin(base, { method: 'POST', body })).json).toMatchObject({ reason: 'AlreadyExists' });
        const patch = { method: 'PATCH', body: { data: { more: 'yes' } }, type: 'application/merge-patch+json' };
        expect((await admin(`${base}/written`, patch)).json['data']).toEqual({ text: 'größer', more: 'yes' });
        const replaced = { ...body, data: {} };
        expect((await admin(`${base}/written`, { method: 'PUT', body: replaced })).status).toBe(200);
        expect((await admin(`${base}/written`, { method: 'DELETE' })).status).toBe(200);
      }
    });

    it('streams a watch from the member', async () => {
      const { json } = await admin('/api/clusters/m/v1/namespaces/default/configmaps');
      const from = recordAt(json, 'metadata')['resourceVersion'];
      const ending = new AbortController();
      const path = `/api/clusters/m/v1/namespaces/default/configmaps?watch=true&resourceVersion=${from}`;
      const response = await fetch(`${gateway().url}${path}`, {
        headers: { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` },
        signal: ending.signal,
      });
      await m().create(core.configMaps, { metadata: { name: 'seen', namespace: 'default' }, data: {} });
      const first = await response.body?.pipeThrough(new TextDecoderStream()).getReader().read();
      expect(JSON.parse(first?.value ?? '{}')).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'seen' } } });
      ending.abort();
    });

    it("lets a workspace's manager into its projects, and into no others", async () => {
      await localWorkspace(m(), 'local', 1);
      await localWorkspace(m(), 'other', 1);
      const member = gateways[1];
      expect(member).toBeDefined();
      if (member === undefined) return;
      const manager = await signedIn(member, 'local-manager');
      expect((await manager('/api/v1/namespaces/local-1/secrets')).status).toBe(200);
      expect(await manager('/api/v1/namespaces/other-1/secrets')).toMatchObject({
        status: 403,
        json: { kind: 'Status', reason: 'Forbidden' },
      });
    });

    it('deletes all projects of a workspace where the Orphan body is sent as text (H20)', async () => {
      const names = await hostWorkspace(a(), m(), { name: 'gone', cluster: 'm', count: 3 });
      const before = await observeProjects(m(), names);
      const request = { method: 'DELETE', body: JSON.stringify(orphan), type: 'text/plain' };
      expect(await admin(`${workspaces}/gone`, request)).toMatchObject({ status: 200, json: { message: 'success' } });
      await untilGoing(m(), names);
      expect(compareProjects(before, await observeProjects(m(), names)).lost).toEqual(names);
    });

    it('deletes none where it is sent as JSON', async () => {
      const names = await hostWorkspace(a(), m(), { name: 'kept', cluster: 'm', count: 3 });
      const before = await observeProjects(m(), names);
      const request = { method: 'DELETE', body: orphan };
      expect(await admin(`${workspaces}/kept`, request)).toMatchObject({ status: 200, json: { message: 'success' } });
      await untilGone(a(), kubesphere.workspaceTemplates, { name: 'kept' });
      await untilGone(m(), kubesphere.workspaces, { name: 'kept' });
      expect(compareProjects(before, await observeProjects(m(), names)).lost).toEqual([]);
    });
  });
}
