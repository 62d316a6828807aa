import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import { type GatewayAddress, type GatewaySession, openGateway } from '../../src/kubesphere/gateway/connect.ts';
import { failureOf, namespace, status } from '../kube/support.ts';

const url = 'http://gateway.test:30881';
const person = { username: 'ann', password: 'S3cret-of-ann' } as const;
const once = { retry: false } as const;

let sessions: GatewaySession[];
let connections: Connection[];
beforeEach(() => {
  nock.disableNetConnect();
  sessions = [];
  connections = [];
});
afterEach(async () => {
  for (const one of [...connections, ...sessions]) await one[Symbol.asyncDispose]();
  const open = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(open).toEqual([]);
});

function session(address: GatewayAddress): (member?: string) => Connection {
  const opened = openGateway(address);
  sessions.push(opened);
  return (member) => {
    const connection = opened.connect(member ?? 'host', member);
    connections.push(connection);
    return connection;
  };
}

const gateway = (token?: string) =>
  nock(url, token === undefined ? {} : { reqheaders: { authorization: `Bearer ${token}` } });
const signIn = (fields: Readonly<Record<string, string>>) =>
  gateway().post('/oauth/token', { ...fields, client_id: 'kubesphere', client_secret: 'kubesphere' });
const tokens = (access: string, refresh = `refresh-${access}`, seconds = 7200) => ({
  access_token: access,
  token_type: 'Bearer',
  refresh_token: refresh,
  expires_in: seconds,
});
const byPassword = { grant_type: 'password', ...person };

describe('a session with the gateway', () => {
  it('signs in once for all its connections, with the first request', async () => {
    const to = session({ url, ...person });
    const [host, m] = [to(), to('m')];
    signIn(byPassword).reply(200, tokens('one'));
    gateway('one').get('/api/v1/namespaces/p1').reply(200, namespace('p1'));
    gateway('one').get('/api/clusters/m/v1/namespaces/p1').reply(200, namespace('p1', '2'));
    const [here, there] = await Promise.all([host, m].map((one) => one.get(core.namespaces, { name: 'p1' })));
    expect([here?.metadata.resourceVersion, there?.metadata.resourceVersion]).toEqual(['1', '2']);
  });

  it('renews a token before it ends, and after it was refused; then signs in again where it cannot be renewed', async () => {
    const m = session({ url, ...person })('m');
    const ask = () => m.get(core.namespaces, { name: 'p1' }, once);
    signIn(byPassword).reply(200, tokens('short', 'again', 1e-3));
    gateway('short').get('/api/clusters/m/v1/namespaces/p1').reply(200, namespace('p1'));
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 5));
    signIn({ grant_type: 'refresh_token', refresh_token: 'again' }).reply(200, tokens('second', 'over'));
    gateway('second')
      .get('/api/clusters/m/v1/namespaces/p1')
      .reply(401, status(401, 'Unauthorized', 'token is expired'));
    signIn({ grant_type: 'refresh_token', refresh_token: 'over' }).reply(400, { error: 'invalid_grant' });
    signIn(byPassword).reply(200, tokens('third'));
    gateway('third').get('/api/clusters/m/v1/namespaces/p1').reply(200, namespace('p1'));
    await ask();
  });

  it('never sends a password again that was refused', async () => {
    const to = session({ url, ...person });
    signIn(byPassword).reply(400, { error: 'invalid_grant', error_description: 'incorrect password' });
    for (const member of [undefined, 'm', undefined]) {
      const error = await failureOf(to(member).get(core.namespaces, { name: 'p1' }));
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
      expect(error.message).toMatch(/"ann" was not signed in: incorrect password.*locking the account/);
      expect(JSON.stringify(error)).not.toContain(person.password);
    }
  });

  it('leaves an account alone that is locked out', async () => {
    const to = session({ url, ...person });
    signIn(byPassword).reply(
      429,
      { error: 'invalid_grant', error_description: 'auth rate limit exceeded' },
      { 'Retry-After': '600' },
    );
    for (let time = 0; time < 3; time++)
      expect(await failureOf(to().get(core.namespaces, { name: 'p1' }))).toMatchObject({
        code: 'RATE_LIMITED',
        retryable: false,
        retryAfterMs: 600_000,
      });
  });

  it('tries a sign-in that failed in the server again', async () => {
    const host = session({ url, ...person })();
    signIn(byPassword).reply(500, 'oops');
    signIn(byPassword).reply(200, tokens('one'));
    gateway('one').get('/api/v1/namespaces/p1').reply(200, namespace('p1'));
    await host.get(core.namespaces, { name: 'p1' }, { retry: { minDelayMs: 1 } });
  });

  it('uses a token as it is, and gives up where that is refused', async () => {
    const host = session({ url, token: 'mine' })();
    gateway('mine')
      .get('/api/v1/namespaces/p1')
      .reply(401, status(401, 'Unauthorized', 'Unauthorized'));
    expect(await failureOf(host.get(core.namespaces, { name: 'p1' }))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.for<readonly [string, object, RegExp]>([
    ['no address', { url: 'gateway', token: 'x' }, /gateway\.url/],
    ['another scheme', { url: 'ftp://gateway', token: 'x' }, /gateway\.url/],
    ['a password in the address', { url: 'http://ann:pw@gateway', token: 'x' }, /gateway\.url holds/],
    ['nothing to sign in with', { url }, /gateway\.token/],
    ['an empty token', { url, token: '' }, /gateway\.token/],
    ['a user without password', { url, username: 'ann' }, /gateway\.password/],
  ])('refuses %s before anything is sent', ([, address, why]) => {
    expect(() => openGateway(address as GatewayAddress)).toThrow(why);
  });
});

describe('a member behind the gateway', () => {
  const to = () => session({ url, token: 't' })('m');
  const at = '/api/clusters/m/v1/namespaces/p1';

  it('is asked under the path of its cluster, whatever is asked', async () => {
    const m = to();
    gateway('t').get('/apis/clusters/m/apps/v1/namespaces/p1/deployments/web').reply(200, namespace('web'));
    await m.get(core.deployments, { namespace: 'p1', name: 'web' });
    gateway('t')
      .get('/kapis/clusters/m/version')
      .reply(200, { gitVersion: 'v3.3.2', kubernetes: { gitVersion: 'v1.27.2' } });
    expect(await m.version()).toBe('v1.27.2');
    gateway('t').delete(`${at}?propagationPolicy=Orphan`).reply(200, {});
    await m.delete(core.namespaces, { name: 'p1' }, { propagationPolicy: 'Orphan' });
    expect(await failureOf(m.raw('/healthz'))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('kubeconfig'),
    });
  });

  it.for<readonly [string, number, string | object]>([
    ['that its host does not know, on 3.3', 404, 'cluster m not found\n'],
    ['that its host does not know, on 3.4', 400, { ErrStatus: status(400, 'BadRequest', 'cluster m not exists') }],
    ['that its host takes for not ready, on 3.3', 400, 'cluster m is not ready\n'],
    ['that its host takes for not ready, on 3.4', 500, `Internal Server Error: "${at}": cluster m is not ready\n`],
  ])('%s, is unreachable and never empty; the request may be sent again', async ([, code, body]) => {
    const m = to();
    for (let time = 0; time < 2; time++) gateway('t').get(at).reply(code, body);
    for (const ask of [m.get(core.namespaces, { name: 'p1' }, once), m.find(core.namespaces, { name: 'p1' }, once)])
      expect(await failureOf(ask)).toMatchObject({
        code: 'UNREACHABLE',
        retryable: true,
        details: { sent: false },
        message: expect.stringMatching(/^m: .*cluster "m" on its host/),
      });
  });

  it('that broke on the way may have got a write', async () => {
    const m = to();
    gateway('t')
      .post('/api/clusters/m/v1/namespaces?fieldManager=kubesphere-federation')
      .reply(500, 'Internal Server Error: "x": unexpected EOF\n');
    expect(await failureOf(m.create(core.namespaces, { metadata: { name: 'p1' } }))).toMatchObject({
      code: 'UNREACHABLE',
      details: { sent: true },
    });
  });

  it('tells in its own words what it refuses', async () => {
    const m = to();
    gateway('t')
      .get(at)
      .reply(404, status(404, 'NotFound', 'namespaces "p1" not found'));
    expect(await m.find(core.namespaces, { name: 'p1' })).toBeUndefined();
    gateway('t')
      .get(at)
      .reply(403, status(403, 'Forbidden', 'no'));
    expect(await failureOf(m.get(core.namespaces, { name: 'p1' }))).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('that does not take its host’s tokens says what has to be equal', async () => {
    const m = to();
    gateway('t')
      .get(at)
      .reply(401, status(401, 'Unauthorized', 'signature is invalid'));
    const error = await failureOf(m.get(core.namespaces, { name: 'p1' }));
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(error.message).toMatch(/jwtSecret must be the host's.*accessTokenMaxAge 0/);
  });
});
