import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, type Sandbox } from '../../../src/testing/index.ts';
import { recordAt, recordsAt } from '../../../src/testing/server/object.ts';
import { localWorkspace, slow } from '../support.ts';
import { type Ask, asking, signedIn, startTown } from './kit.ts';

const iam = '/kapis/iam.kubesphere.io/v1alpha2';

describe('rights at the gateway', slow, () => {
  let town: Sandbox<'c'>;
  let admin: Ask;
  let manager: Ask;
  let guest: Ask;
  beforeAll(async () => {
    town = await startTown({ c: { role: 'standalone' } });
    const { connection } = town.clusters.c;
    await localWorkspace(connection, 'team', 2);
    await localWorkspace(connection, 'other', 1);
    await createUser(connection, { name: 'guest' });
    [admin, manager, guest] = (await Promise.all(
      ['admin', 'team-manager', 'guest'].map((name) => signedIn(town.clusters.c.gateway, name)),
    )) as [Ask, Ask, Ask];
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);
  const anybody = () => asking(town.clusters.c.gateway);

  it('lets everybody read version and configuration, and nothing else', async () => {
    expect(await anybody()('/kapis/version')).toMatchObject({ status: 200, json: { gitVersion: 'v3.3.2' } });
    const configz = await anybody()('/kapis/config.kubesphere.io/v1alpha2/configs/configz');
    expect(configz).toMatchObject({ status: 200, json: { multicluster: false, openpitrix: true, devops: false } });
    expect(configz.text).not.toContain('jwtSecret');
    expect(await anybody()('/api/v1/namespaces')).toMatchObject({
      status: 403,
      json: { kind: 'Status', reason: 'Forbidden', message: expect.stringContaining('"system:anonymous" cannot list') },
    });
    expect((await anybody()('/healthz')).status).toBe(403);
  });

  it('serves the native API to administrators of the platform: lists, writes, dry runs, discovery', async () => {
    expect((await admin('/apis')).json['kind']).toBe('APIGroupList');
    const made = await admin('/api/v1/namespaces', { method: 'POST', body: { metadata: { name: 'made' } } });
    expect(made.status).toBe(201);
    const dry = await admin('/api/v1/namespaces/made?dryRun=All', { method: 'DELETE' });
    expect(dry.status).toBe(200);
    expect((await admin('/api/v1/namespaces/made')).json).toMatchObject({ status: { phase: 'Active' } });
    expect(await admin('/api/v1/namespaces/none')).toMatchObject({ status: 404, json: { reason: 'NotFound' } });
  });

  it('says in managedFields who wrote: the caller through the native API, ks-apiserver through its own', async () => {
    const written = async (name: string) => {
      const { metadata } = await town.clusters.c.connection.get(kubesphere.workspaceTemplates, { name });
      return metadata.managedFields?.map(({ manager: who }) => who);
    };
    const kind = { apiVersion: 'tenant.kubesphere.io/v1alpha2', kind: 'WorkspaceTemplate' };
    const body = { ...kind, metadata: { name: 'through-kapis' }, spec: { template: {} } };
    const made = await admin('/kapis/tenant.kubesphere.io/v1alpha2/workspaces', { method: 'POST', body });
    expect(made.status).toBe(200);
    expect(await written('through-kapis')).toContain('ks-apiserver');
    const native = '/apis/tenant.kubesphere.io/v1alpha2/workspacetemplates';
    const headers = { 'user-agent': 'somebody/1.0' };
    await admin(native, { method: 'POST', body: { ...body, metadata: { name: 'through-apis' } }, headers });
    expect(await written('through-apis')).toContain('somebody');
  });

  it('streams watches through the native API', async () => {
    const { json } = await admin('/api/v1/namespaces/default/configmaps');
    const { url } = town.clusters.c.gateway;
    const token = await asking(town.clusters.c.gateway)('/oauth/token', {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'password', username: 'admin', password: 'P@88w0rd' },
        ...{ client_id: 'kubesphere', client_secret: 'kubesphere' },
      }),
    });
    const ending = new AbortController();
    const from = recordAt(json, 'metadata')['resourceVersion'];
    const response = await fetch(`${url}/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=${from}`, {
      headers: { authorization: `Bearer ${token.json['access_token']}` },
      signal: ending.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await admin('/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { metadata: { name: 'seen' }, data: { with: 'ümlauts' } },
    });
    const first = await reader?.read();
    expect(JSON.parse(first?.value ?? '{}')).toMatchObject({
      type: 'ADDED',
      object: { metadata: { name: 'seen' }, data: { with: 'ümlauts' } },
    });
    ending.abort();
  });

  it("lets a workspace's manager do everything in its projects, and nothing in those of others", async () => {
    expect((await manager('/api/v1/namespaces/team-1/secrets')).status).toBe(200);
    const body = { metadata: { name: 'mine' } };
    expect((await manager('/api/v1/namespaces/team-1/configmaps', { method: 'POST', body })).status).toBe(201);
    expect((await manager('/api/v1/namespaces/other-1/secrets')).status).toBe(403);
    expect((await manager('/api/v1/nodes')).status).toBe(200);
    expect((await manager('/api/v1/secrets')).status).toBe(403);
  });

  it('lets the manager of any workspace into projects that belong to none', async () => {
    await admin('/api/v1/namespaces', { method: 'POST', body: { metadata: { name: 'nobodys' } } });
    expect((await manager('/api/v1/namespaces/nobodys/secrets')).status).toBe(200);
    expect((await guest('/api/v1/namespaces/nobodys/secrets')).status).toBe(403);
  });

  it('lets people see and change themselves', async () => {
    expect((await guest(`${iam}/users/guest`)).status).toBe(200);
    expect((await guest(`${iam}/users/team-manager`)).status).toBe(403);
    const body = { currentPassword: 'wrong', password: 'N3w-passw0rd' };
    const refused = await guest(`${iam}/users/guest/password`, { method: 'PUT', body });
    expect(refused).toMatchObject({ status: 400, text: 'incorrect old password\n' });
  });

  it('shows people the workspaces in which they have a role', async () => {
    const names = async (ask: Ask) => {
      const { json } = await ask('/kapis/tenant.kubesphere.io/v1alpha2/workspaces?sortBy=name&ascending=true');
      return recordsAt(json, 'items').map((item) => recordAt(item, 'metadata')['name']);
    };
    expect(await names(guest)).toEqual([]);
    expect(await names(manager)).toEqual(['team']);
    expect(await names(admin)).toEqual(expect.arrayContaining(['other', 'system-workspace', 'team']));
  });

  it('tells a regular of a workspace its name, and none of what is in its projects', async () => {
    const roleRef = 'team-regular';
    const invited = await admin(`${iam}/workspaces/team/workspacemembers`, {
      method: 'POST',
      body: [{ username: 'guest', roleRef }],
    });
    expect(invited.status).toBe(200);
    expect((await guest(`${iam}/workspaces/team/workspacemembers`)).status).toBe(200);
    expect((await guest('/api/v1/namespaces/team-1/secrets')).status).toBe(403);
    await admin(`${iam}/namespaces/team-1/members`, {
      method: 'POST',
      body: [{ username: 'guest', roleRef: 'viewer' }],
    });
    expect((await guest('/api/v1/namespaces/team-1/secrets')).status).toBe(200);
    const body = { metadata: { name: 'not-mine' } };
    expect((await guest('/api/v1/namespaces/team-1/configmaps', { method: 'POST', body })).status).toBe(403);
  });

  it('has routes as they are: 404 and 405 in plain words for all others', async () => {
    expect(await admin('/kapis/nothing.kubesphere.io/v1/things')).toMatchObject({
      status: 404,
      text: '404: Page Not Found\n',
    });
    expect((await admin('/oauth/token')).status).toBe(405);
  });
});
