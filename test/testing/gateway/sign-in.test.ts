import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { installation, kubesphereNamespace } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, joinCluster, type Sandbox, until, untilFederated } from '../../../src/testing/index.ts';
import { patient, slow } from '../support.ts';
import { asking, jwtSecret, password, signedIn, signInForm, startTown } from './kit.ts';

const tokenPath = '/oauth/token';
const minute = 60_000;

describe('signing in', slow, () => {
  let town: Sandbox<'a' | 'm' | 'alone'>;
  beforeAll(async () => {
    town = await startTown({
      a: { role: 'host', jwtSecret },
      m: { role: 'member', jwtSecret },
      alone: { role: 'standalone', version: '3.4', jwtSecret: 'another' },
    });
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);
  const host = () => asking(town.clusters.a.gateway);
  const post = (body: URLSearchParams) => host()(tokenPath, { method: 'POST', body });

  it('answers a password with a bearer token for two hours and a token to renew it', async () => {
    const alone = asking(town.clusters.alone.gateway);
    const { status, json } = await alone(tokenPath, { method: 'POST', body: signInForm('admin') });
    expect(status).toBe(200);
    expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 7200 });
    const renewed = await alone(tokenPath, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: String(json['refresh_token']),
        client_id: 'kubesphere',
        client_secret: 'kubesphere',
      }),
    });
    expect(renewed.status).toBe(200);
    const again = await asking(
      town.clusters.alone.gateway,
      `Bearer ${renewed.json['access_token']}`,
    )('/api/v1/namespaces');
    expect(again.status).toBe(200);
  });

  it('takes the e-mail address for the name, and HTTP Basic for a token', async () => {
    expect((await post(signInForm('admin@kubesphere.io'))).status).toBe(200);
    const basic = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    expect((await asking(town.clusters.a.gateway, basic)('/api/v1/namespaces')).status).toBe(200);
    const wrong = `Basic ${Buffer.from('admin:wrong').toString('base64')}`;
    expect(await asking(town.clusters.a.gateway, wrong)('/api/v1/namespaces')).toMatchObject({
      status: 401,
      json: { kind: 'Status', message: 'Unauthorized: incorrect password' },
    });
  });

  it.each([
    ['an unknown client', { client_id: 'nobody' }, 401, 'invalid_client'],
    ['a wrong client secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
    ['a wrong password', { password: 'wrong' }, 400, 'invalid_grant'],
    ['an unknown user', { username: 'nobody' }, 400, 'invalid_grant'],
    ['another grant', { grant_type: 'client_credentials' }, 400, 'unsupported_grant_type'],
    ['an access token to renew with', { grant_type: 'refresh_token', refresh_token: 'x.y.z' }, 400, 'invalid_grant'],
  ])('refuses %s', async (_what, change, status, error) => {
    const form = signInForm('admin');
    for (const [field, value] of Object.entries(change)) form.set(field, value);
    expect(await post(form)).toMatchObject({ status, json: { error } });
  });

  it('reads forms only: the same fields as JSON are no client', async () => {
    const body = Object.fromEntries(signInForm('admin'));
    expect(await host()(tokenPath, { method: 'POST', body })).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    });
  });

  it('closes an account for ten minutes after ten wrong passwords, tokens given before excepted', async () => {
    await createUser(town.clusters.a.connection, { name: 'guessed' });
    const before = await signedIn(town.clusters.a.gateway, 'guessed');
    const state = async () =>
      (await town.clusters.a.connection.get(kubesphere.users, { name: 'guessed' })).status?.state;
    for (let attempt = 1; attempt <= 10; attempt++)
      expect((await post(signInForm('guessed', 'wrong'))).status).toBe(400);
    expect(await state()).toBe('AuthLimitExceeded');
    expect(await post(signInForm('guessed'))).toMatchObject({
      status: 429,
      json: { error: 'invalid_grant', error_description: 'auth rate limit exceeded' },
    });
    expect((await before('/kapis/iam.kubesphere.io/v1alpha2/users/guessed')).status).toBe(200);
    await town.clock.advance(11 * minute);
    await until('the account is open again', async () => (await state()) === 'Active', patient);
    expect((await post(signInForm('guessed'))).status).toBe(200);
  });

  it('lets nobody in whose account is disabled, not even with a token', async () => {
    const { connection } = town.clusters.a;
    await createUser(connection, { name: 'closed' });
    const before = await signedIn(town.clusters.a.gateway, 'closed');
    const body = { status: { state: 'Disabled' } };
    await connection.patch(kubesphere.users, { name: 'closed' }, { type: 'merge', body });
    expect(await post(signInForm('closed'))).toMatchObject({
      status: 400,
      json: { error_description: 'account is not active' },
    });
    expect((await before('/api/v1/namespaces')).status).toBe(401);
  });

  it('forgets tokens at sign-out', async () => {
    const admin = await signedIn(town.clusters.alone.gateway);
    expect((await admin('/oauth/logout')).status).toBe(200);
    expect((await admin('/api/v1/namespaces')).json['message']).toBe('Unauthorized: token not found in cache');
  });

  it('gives tokens without an end on a host, once its controller wrote the name of the cluster into its configuration', async () => {
    const at = { namespace: kubesphereNamespace, name: installation.config };
    const { connection } = town.clusters.a;
    const config = async () => (await connection.get(core.configMaps, at)).data?.[installation.configKey] ?? '';
    await until('the host has its name', async () => (await config()).includes('clusterName: host'), patient);
    expect((await post(signInForm('admin'))).json['expires_in']).toBe(0);
  });

  it('keeps the former way to sign in on 3.3, where it needs a right that nobody has yet, and not on 3.4', async () => {
    const path = '/kapis/iam.kubesphere.io/v1alpha2/login';
    const body = { username: 'admin', password };
    expect((await host()(path, { method: 'POST', body })).status).toBe(403);
    const admin = await signedIn(town.clusters.a.gateway);
    expect((await admin(path, { method: 'POST', body })).json['token_type']).toBe('Bearer');
    expect((await (await signedIn(town.clusters.alone.gateway))(path, { method: 'POST', body })).status).toBe(404);
  });

  it('takes tokens of another cluster only with the same secret', async () => {
    const { json } = await post(signInForm('admin'));
    const stranger = asking(town.clusters.alone.gateway, `Bearer ${json['access_token']}`);
    expect((await stranger('/api/v1/namespaces')).json['message']).toBe('Unauthorized: signature is invalid');
  });

  it("takes the host's tokens on a member while its accessTokenMaxAge is 0, and looks for them in its cache otherwise", async () => {
    const { json } = await post(signInForm('admin'));
    const onMember = asking(town.clusters.m.gateway, `Bearer ${json['access_token']}`);
    expect((await onMember('/api/v1/namespaces')).status).toBe(200);
    await editConfig(town.clusters.m.connection, (text) =>
      text.replace('accessTokenMaxAge: 0', 'accessTokenMaxAge: 2h'),
    );
    expect(await onMember('/api/v1/namespaces')).toMatchObject({
      status: 401,
      json: { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized: token not found in cache' },
    });
    await editConfig(town.clusters.m.connection, (text) =>
      text.replace('accessTokenMaxAge: 2h', 'accessTokenMaxAge: 0'),
    );
  });

  it('knows a new user on a member only once kubefed brought them there', async () => {
    const { a, m } = town.clusters;
    await createUser(a.connection, { name: 'newcomer' });
    const { json } = await post(signInForm('newcomer'));
    const onMember = asking(town.clusters.m.gateway, `Bearer ${json['access_token']}`);
    const path = '/kapis/iam.kubesphere.io/v1alpha2/users/newcomer';
    expect(await onMember(path)).toMatchObject({
      status: 401,
      json: { message: 'Unauthorized: user.iam.kubesphere.io "newcomer" not found' },
    });
    await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
    await untilFederated(a.connection, { name: 'm', workspaces: [] });
    await until('the newcomer is known', async () => (await onMember(path)).status === 200, patient);
  });
});

async function editConfig(
  connection: Sandbox<'a'>['clusters']['a']['connection'],
  edit: (text: string) => string,
): Promise<void> {
  const at = { namespace: kubesphereNamespace, name: installation.config };
  const config = await connection.get(core.configMaps, at);
  const data = { [installation.configKey]: edit(config.data?.[installation.configKey] ?? '') };
  await connection.patch(core.configMaps, at, { type: 'merge', body: { data } });
}
