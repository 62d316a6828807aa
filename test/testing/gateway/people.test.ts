import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { Sandbox } from '../../../src/testing/index.ts';
import { until } from '../../../src/testing/index.ts';
import { recordAt, recordsAt } from '../../../src/testing/server/object.ts';
import { localWorkspace, patient, slow } from '../support.ts';
import { type Ask, asking, signedIn, signInForm, startTown } from './kit.ts';

const iam = '/kapis/iam.kubesphere.io/v1alpha2';

describe('people through the gateway', slow, () => {
  let town: Sandbox<'c'>;
  let admin: Ask;
  beforeAll(async () => {
    town = await startTown({ c: { role: 'standalone' } });
    await localWorkspace(town.clusters.c.connection, 'team', 1);
    admin = await signedIn(town.clusters.c.gateway);
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);
  const connection = () => town.clusters.c.connection;
  const signIn = (name: string, secret?: string) =>
    asking(town.clusters.c.gateway)('/oauth/token', { method: 'POST', body: signInForm(name, secret) });
  const create = (name: string, role?: string) =>
    admin(`${iam}/users`, {
      method: 'POST',
      body: {
        metadata: { name, ...(role === undefined ? {} : { annotations: { 'iam.kubesphere.io/globalrole': role } }) },
        spec: { email: `${name}@example.com`, password: 'P@88w0rd' },
      },
    });
  const bindingsOf = async (name: string) =>
    (await connection().list(kubesphere.globalRoleBindings).toArray())
      .filter(({ subjects = [] }) => subjects.some((subject) => subject.name === name))
      .map(({ metadata }) => metadata.name);

  it('makes a binding of the annotation with which a user is created, and shows no password', async () => {
    const made = await create('anna', 'platform-self-provisioner');
    expect(made.status).toBe(200);
    expect(recordAt(made.json, 'spec')).toEqual({ email: 'anna@example.com' });
    const user = await connection().get(kubesphere.users, { name: 'anna' });
    expect(user.metadata.annotations?.['iam.kubesphere.io/globalrole']).toBeUndefined();
    expect(await bindingsOf('anna')).toEqual(['anna-platform-self-provisioner']);
    const { json, text } = await admin(`${iam}/users/anna`);
    expect(recordAt(json, 'metadata', 'annotations')['iam.kubesphere.io/globalrole']).toBe('platform-self-provisioner');
    expect(text).not.toContain('$2');
  });

  it('creates nobody with a role that does not exist', async () => {
    expect((await create('ghost', 'none')).status).toBe(404);
    expect(await connection().find(kubesphere.users, { name: 'ghost' })).toBeUndefined();
  });

  it('keeps the password when a user is replaced, changes the platform role, and closes the account', async () => {
    await create('ben', 'platform-regular');
    await until('ben can sign in', async () => (await signIn('ben')).status === 200, patient);
    const { json } = await admin(`${iam}/users/ben`);
    const annotations = { 'iam.kubesphere.io/globalrole': 'platform-self-provisioner' };
    const metadata = { ...recordAt(json, 'metadata'), annotations };
    const body = { ...json, metadata, spec: { ...recordAt(json, 'spec'), lang: 'en' } };
    expect((await admin(`${iam}/users/ben`, { method: 'PUT', body })).status).toBe(200);
    expect((await signIn('ben')).status).toBe(200);
    expect(await bindingsOf('ben')).toEqual(['ben-platform-self-provisioner']);
    const again = (await admin(`${iam}/users/ben`)).json;
    await admin(`${iam}/users/ben`, { method: 'PUT', body: { ...again, status: { state: 'Disabled' } } });
    expect((await signIn('ben')).status).toBe(400);
  });

  it('sets passwords: managers without the old one, but a wrong old one is refused to them, too', async () => {
    await create('cleo');
    const set = (body: object) => admin(`${iam}/users/cleo/password`, { method: 'PUT', body });
    expect((await set({ currentPassword: 'wrong', password: 'An0ther-one' })).status).toBe(400);
    expect((await set({ password: 'An0ther-one' })).status).toBe(200);
    await until('the new password is good', async () => (await signIn('cleo', 'An0ther-one')).status === 200, patient);
    expect((await signIn('cleo')).status).toBe(400);
  });

  it('lists users by page, by name and by role', async () => {
    const names = async (query: string) =>
      recordsAt((await admin(`${iam}/users?sortBy=name&ascending=true&${query}`)).json, 'items').map(
        (user) => recordAt(user, 'metadata')['name'],
      );
    expect((await names('limit=1&page=1')).length).toBe(1);
    expect(await names('limit=1&page=1')).toEqual(['admin']);
    expect(await names('name=leo')).toEqual(['cleo']);
    expect(await names('globalrole=platform-admin')).toEqual(['admin']);
    expect(await names('whatever=nothing')).toEqual([]);
  });

  it('answers 500 for a user who does not exist, and deletes one with all bindings', async () => {
    expect((await admin(`${iam}/users/nobody`)).status).toBe(500);
    await create('dora', 'platform-regular');
    expect((await admin(`${iam}/users/dora`, { method: 'DELETE' })).status).toBe(200);
    await until('dora is gone', async () => (await bindingsOf('dora')).length === 0, patient);
  });

  describe('members of a workspace', () => {
    const members = `${iam}/workspaces/team/workspacemembers`;
    const roleOf = async (name: string) => {
      const { json } = await admin(`${members}/${name}`);
      return recordAt(json, 'metadata', 'annotations')['iam.kubesphere.io/workspacerole'];
    };
    const invite = (...people: object[]) => admin(members, { method: 'POST', body: people });

    it('have one role: another one replaces it', async () => {
      await create('eve');
      expect((await invite({ username: 'eve', roleRef: 'team-viewer' })).status).toBe(200);
      expect(await roleOf('eve')).toBe('team-viewer');
      const body = { username: 'eve', roleRef: 'team-regular' };
      expect((await admin(`${members}/eve`, { method: 'PUT', body })).status).toBe(200);
      expect(await roleOf('eve')).toBe('team-regular');
      const bindings = await connection().list(kubesphere.workspaceRoleBindings).toArray();
      expect(
        bindings.filter(({ subjects = [] }) => subjects[0]?.name === 'eve').map(({ metadata }) => metadata.name),
      ).toEqual(['eve-team-regular']);
      expect((await admin(`${members}/eve`, { method: 'PUT', body: { ...body, username: 'fay' } })).status).toBe(400);
    });

    it('are invited one after the other, up to the first that fails: who came before is in', async () => {
      const stopped = await invite(
        { username: 'anna', roleRef: 'team-viewer' },
        { username: 'ben', roleRef: 'none' },
        { username: 'cleo', roleRef: 'team-viewer' },
      );
      expect(stopped).toMatchObject({ status: 404, text: 'workspacerole.iam.kubesphere.io "none" not found\n' });
      expect(await roleOf('anna')).toBe('team-viewer');
      expect((await admin(`${members}/cleo`)).status).toBe(404);
    });

    it('may be strangers: nobody looks whether there is such a user, and nobody sees them', async () => {
      expect((await invite({ username: 'stranger', roleRef: 'team-viewer' })).status).toBe(200);
      expect((await admin(`${members}/stranger`)).status).toBe(404);
    });

    it('go again', async () => {
      expect((await admin(`${members}/anna`, { method: 'DELETE' })).status).toBe(200);
      expect((await admin(`${members}/anna`)).status).toBe(404);
    });

    it('take roles of their workspace only', async () => {
      expect((await invite({ username: 'anna', roleRef: 'system-workspace-admin' })).status).toBe(404);
    });
  });

  it('knows members of projects and of the cluster in the same way', async () => {
    for (const base of [`${iam}/namespaces/team-1/members`, `${iam}/clustermembers`]) {
      const roles = base.includes('namespaces') ? ['viewer', 'operator'] : ['cluster-viewer', 'cluster-admin'];
      for (const roleRef of roles)
        expect((await admin(base, { method: 'POST', body: [{ username: 'anna', roleRef }] })).status).toBe(200);
      const { json } = await admin(`${base}/anna`);
      expect(Object.values(recordAt(json, 'metadata', 'annotations'))).toContain(roles[1]);
      expect(Object.values(recordAt(json, 'metadata', 'annotations'))).not.toContain(roles[0]);
      await admin(`${base}/anna`, { method: 'DELETE' });
      expect((await admin(`${base}/anna`)).status).toBe(404);
    }
  });

  it('assembles roles from those that they name, and takes no rules from anybody', async () => {
    const base = `${iam}/workspaces/team/workspaceroles`;
    const made = await admin(base, {
      method: 'POST',
      body: {
        metadata: {
          name: 'team-auditor',
          annotations: { 'iam.kubesphere.io/aggregation-roles': '["team-regular"]' },
        },
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
      },
    });
    const regular = await admin(`${base}/team-regular`);
    expect(made.json).toMatchObject({
      metadata: { labels: { 'kubesphere.io/workspace': 'team' } },
      rules: regular.json['rules'],
    });
    const viewer = (await admin(`${base}/team-viewer`)).json['rules'];
    const annotations = { 'iam.kubesphere.io/aggregation-roles': '["team-viewer"]' };
    const patched = await admin(`${base}/team-auditor`, { method: 'PATCH', body: { metadata: { annotations } } });
    expect(patched.json['rules']).toEqual(viewer);
    const again = await admin(`${base}/team-auditor`, { method: 'PATCH', body: { rules: [] } });
    expect(again.json['rules']).toEqual(viewer);
    expect(
      (await admin(`${iam}/workspaces/system-workspace/workspaceroles/team-auditor`, { method: 'DELETE' })).status,
    ).toBe(404);
    expect((await admin(`${base}/team-auditor`, { method: 'DELETE' })).status).toBe(200);
  });

  it('reads roles of every level', async () => {
    const globals = await admin(`${iam}/globalroles?names=platform-admin`);
    expect(globals.json['totalItems']).toBe(1);
    const own = await admin(`${iam}/workspaces/team/workspaceroles`);
    expect(own.json['totalItems']).toBe(4);
    expect((await admin(`${iam}/workspaces/team/workspaceroles/team-admin`)).status).toBe(200);
    expect((await admin(`${iam}/workspaces/system-workspace/workspaceroles/team-admin`)).status).toBe(404);
    expect((await admin(`${iam}/namespaces/team-1/roles/viewer`)).status).toBe(200);
  });
});
