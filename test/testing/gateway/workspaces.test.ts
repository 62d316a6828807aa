import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { finalizers } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { compareProjects, createUser, joinCluster, observeProjects, type Sandbox } from '../../../src/testing/index.ts';
import { recordAt, recordsAt } from '../../../src/testing/server/object.ts';
import { hostWorkspace, place, slow, untilGoing, untilGone, workspaceUid } from '../support.ts';
import { type Ask, jwtSecret, signedIn, startTown } from './kit.ts';

const tenant = '/kapis/tenant.kubesphere.io';
const workspaces = `${tenant}/v1alpha2/workspaces`;
const templates = `${tenant}/v1alpha3/workspacetemplates`;
const orphan = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan' };

describe('workspaces through the gateway', slow, () => {
  let town: Sandbox<'a' | 'm' | 'n'>;
  let admin: Ask;
  beforeAll(async () => {
    town = await startTown({
      a: { role: 'host', jwtSecret },
      m: { role: 'member', jwtSecret },
      n: { role: 'member', jwtSecret },
    });
    admin = await signedIn(town.clusters.a.gateway);
    const { a, m, n } = town.clusters;
    await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
    await joinCluster(a.connection, { name: 'n', kubeconfig: n.clientCertificateKubeconfig });
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);
  const host = () => town.clusters.a.connection;
  const member = () => town.clusters.m.connection;
  const onMember = (name: string, count: number) => hostWorkspace(host(), member(), { name, cluster: 'm', count });
  const template = (name: string) => host().get(kubesphere.workspaceTemplates, { name });
  const placement = async (name: string) => (await template(name)).spec.placement?.clusters?.map((to) => to.name);

  describe('H20: a deletion whose body is not read deletes all projects', () => {
    it.each([
      ['an Orphan body sent as text/plain', { body: JSON.stringify(orphan), type: 'text/plain' }],
      ['an Orphan body without any content type', { body: JSON.stringify(orphan) }],
      ['an Orphan body that was cut short', { body: JSON.stringify(orphan).slice(0, -2), type: 'application/json' }],
      ['no body', {}],
    ])('%s: 200, and every project of the workspace is lost', async (what, request) => {
      const name = `gone-${what.length}`;
      const names = await onMember(name, 4);
      const before = await observeProjects(member(), names);
      expect(await admin(`${workspaces}/${name}`, { method: 'DELETE', ...request })).toMatchObject({
        status: 200,
        json: { message: 'success' },
      });
      await untilGoing(member(), names);
      const { kept, lost } = compareProjects(before, await observeProjects(member(), names));
      expect({ kept, lost }).toEqual({ kept: [], lost: names });
    });

    it.each([
      ['v1alpha2', workspaces],
      ['v1alpha3', templates],
    ])('an Orphan body that is read: the same 200, and none is lost (%s)', async (version, base) => {
      const name = `kept-${version}`;
      const names = await onMember(name, 4);
      const before = await observeProjects(member(), names);
      const owner = await workspaceUid(member(), name);
      expect(await admin(`${base}/${name}`, { method: 'DELETE', body: orphan })).toMatchObject({
        status: 200,
        json: { message: 'success' },
      });
      await untilGone(host(), kubesphere.workspaceTemplates, { name });
      await untilGone(member(), kubesphere.workspaces, { name });
      const after = await observeProjects(member(), names);
      expect(compareProjects(before, after).lost).toEqual([]);
      for (const project of names) {
        const { metadata } = await member().get(core.namespaces, { name: project });
        expect(metadata.ownerReferences?.some(({ uid }) => uid === owner) ?? false).toBe(false);
      }
    });

    it('marks the template before it deletes it', async () => {
      const name = 'held';
      await onMember(name, 1);
      await host().patch(
        kubesphere.workspaceTemplates,
        { name },
        { type: 'merge', body: { metadata: { finalizers: [finalizers.workspaceTemplate, 'example.com/hold'] } } },
      );
      await admin(`${workspaces}/${name}`, { method: 'DELETE', body: orphan });
      const { metadata } = await template(name);
      expect(metadata.deletionTimestamp).toBeDefined();
      await untilGone(member(), kubesphere.workspaces, { name });
      expect(await member().get(core.namespaces, { name: 'held-1' })).toMatchObject({ status: { phase: 'Active' } });
    });

    it('answers 404 for a workspace that does not exist', async () => {
      expect(await admin(`${workspaces}/none`, { method: 'DELETE' })).toMatchObject({
        status: 404,
        text: 'workspacetemplates.tenant.kubesphere.io "none" not found\n',
      });
    });
  });

  describe('H9: a placement is edited by index', () => {
    const json = 'application/json-patch+json';
    const patch = (name: string, operations: unknown, type = json) =>
      admin(`${templates}/${name}`, { method: 'PATCH', body: JSON.stringify(operations), type });
    const remove = (index: number, name: string) => ({
      op: 'remove',
      path: `/spec/placement/clusters/${index}`,
      value: { name },
    });

    it('the cluster that stands at the index goes, not the one that the value names: its projects are lost', async () => {
      const names = await onMember('indexed', 3);
      await place(host(), 'indexed', ['host', 'n', 'm']);
      // The console reads the list, and decides to take n away: index 1. Somebody else takes the host away meanwhile.
      const seen = (await placement('indexed'))?.indexOf('n') ?? -1;
      await place(host(), 'indexed', ['n', 'm']);
      const before = await observeProjects(member(), names);
      expect((await patch('indexed', [remove(seen, 'n')])).status).toBe(200);
      expect(await placement('indexed')).toEqual(['n']);
      await untilGoing(member(), names);
      expect(compareProjects(before, await observeProjects(member(), names)).lost).toEqual(names);
    });

    it('takes no test, no replace, and no remove without a value there', async () => {
      await onMember('strict', 1);
      const test = { op: 'test', path: '/spec/placement/clusters/0/name', value: 'm' };
      expect(await patch('strict', [test, remove(0, 'm')])).toMatchObject({
        status: 400,
        text: 'not support operation type\n',
      });
      expect((await patch('strict', [{ ...test, op: 'replace' }])).status).toBe(400);
      const { value: _value, ...bare } = remove(0, 'm');
      expect(await patch('strict', [bare])).toMatchObject({
        status: 500,
        text: 'operation, missing value field: missing value\n',
      });
      expect(await placement('strict')).toEqual(['m']);
    });

    it('reads every patch as a JSON Patch, whatever it is sent as', async () => {
      await onMember('merged', 1);
      const merge = { spec: { placement: { clusters: [] } } };
      expect((await patch('merged', merge, 'application/merge-patch+json')).status).toBe(500);
      expect(await placement('merged')).toEqual(['m']);
      const add = { op: 'add', path: '/spec/placement/clusters/-', value: { name: 'n' } };
      expect((await patch('merged', [add], 'application/merge-patch+json')).status).toBe(200);
      expect(await placement('merged')).toEqual(['m', 'n']);
      expect((await patch('merged', [add], 'text/plain')).status).toBe(415);
    });

    it('replaces a selector by the first cluster that is authorised', async () => {
      await createUser(host(), { name: 'everywhere-manager' });
      const spec = { template: { spec: { manager: 'everywhere-manager' } }, placement: { clusterSelector: {} } };
      await admin(workspaces, { method: 'POST', body: { metadata: { name: 'everywhere' }, spec } });
      const value = { clusters: [{ name: 'm' }] };
      expect((await patch('everywhere', [{ op: 'add', path: '/spec/placement', value }])).status).toBe(200);
      expect((await template('everywhere')).spec.placement).toEqual({ clusters: [{ name: 'm' }] });
    });

    it('asks for rights on the cluster that the value names, and tells who lacks them of a fault inside', async () => {
      await onMember('guarded', 1);
      const manager = await signedIn(town.clusters.a.gateway, 'guarded-manager');
      const operations = [remove(0, 'm')];
      const asManager = (body: unknown) =>
        manager(`${templates}/guarded`, { method: 'PATCH', body: JSON.stringify(body), type: json });
      expect(await asManager(operations)).toMatchObject({
        status: 500,
        text: 'clusters.cluster.kubesphere.io "m" is forbidden: user is not allowed to use the cluster m\n',
      });
      const label = (value: string | null) =>
        host().patch(
          kubesphere.clusters,
          { name: 'n' },
          { type: 'merge', body: { metadata: { labels: { 'cluster.kubesphere.io/visibility': value } } } },
        );
      await label('public');
      // n is public, so nobody minds its name in the value; m is what goes.
      expect((await asManager([remove(0, 'n')])).status).toBe(200);
      expect(await placement('guarded')).toEqual([]);
      await label(null);
    });
  });

  it('creates, replaces and reads workspaces under both addresses; a create answers 200', async () => {
    await createUser(host(), { name: 'both-manager' });
    const spec = { template: { spec: { manager: 'both-manager' } }, placement: { clusters: [{ name: 'm' }] } };
    const made = await admin(workspaces, { method: 'POST', body: { metadata: { name: 'both' }, spec } });
    expect(made).toMatchObject({ status: 200, json: { kind: 'WorkspaceTemplate' } });
    expect((await admin(workspaces, { method: 'POST', body: { metadata: { name: 'both' }, spec } })).status).toBe(400);
    const read = await admin(`${templates}/both`);
    expect(read.json).toMatchObject({ metadata: { name: 'both' }, spec });
    const renamed = { ...read.json, metadata: { name: 'other' } };
    expect((await admin(`${templates}/both`, { method: 'PUT', body: renamed })).status).toBe(400);
    const stale = { ...read.json, metadata: { ...recordAt(read.json, 'metadata'), resourceVersion: '1' } };
    expect((await admin(`${templates}/both`, { method: 'PUT', body: stale })).status).toBe(500);
    expect((await admin(`${workspaces}/none`)).text).toBe('workspacetemplate.tenant.kubesphere.io "none" not found\n');
  });

  it('answers the clusters of a workspace, without their kubeconfigs', async () => {
    await onMember('shown', 1);
    const { json, text } = await admin(`${workspaces}/shown/clusters`);
    expect(json['totalItems']).toBe(1);
    expect(recordsAt(json, 'items')[0]).toMatchObject({ metadata: { name: 'm' } });
    expect(text).not.toContain('"kubeconfig"');
    const everywhere = await admin(`${workspaces}/system-workspace/clusters`);
    expect(everywhere.json['totalItems']).toBe(3);
  });

  it('binds no namespace of others, unbinds none, and takes off no label: null is read as an empty one', async () => {
    await onMember('mine', 1);
    const base = `/kapis/clusters/m/tenant.kubesphere.io/v1alpha2/workspaces/mine/namespaces`;
    await member().create(core.namespaces, { metadata: { name: 'foreign' } });
    const body = { metadata: { labels: { 'kubesphere.io/workspace': 'mine' } } };
    expect(await admin(`${base}/foreign`, { method: 'PATCH', body })).toMatchObject({
      status: 404,
      text: 'namespace "foreign" not found\n',
    });
    const away = { metadata: { labels: { 'kubesphere.io/workspace': 'elsewhere', extra: 'yes' } } };
    const patched = await admin(`${base}/mine-1`, { method: 'PATCH', body: away });
    expect(patched.json).toMatchObject({
      metadata: { labels: { 'kubesphere.io/workspace': 'mine', extra: 'yes' } },
    });
    const off = { metadata: { labels: { 'kubesphere.io/workspace': null, extra: null } } };
    expect((await admin(`${base}/mine-1`, { method: 'PATCH', body: off })).json).toMatchObject({
      metadata: { labels: { 'kubesphere.io/workspace': 'mine', extra: '' } },
    });
    const listed = await admin(base);
    expect(listed.json).toMatchObject({ totalItems: 1, items: [{ metadata: { name: 'mine-1' } }] });
    const created = await admin(base, { method: 'POST', body: { metadata: { name: 'mine-2' } } });
    expect(created.json).toMatchObject({ metadata: { labels: { 'kubesphere.io/workspace': 'mine' } } });
    expect((await admin(`${base}/mine-2`, { method: 'DELETE' })).json['message']).toBe('success');
    await untilGone(member(), core.namespaces, { name: 'mine-2' });
  });
});
