import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Body, type Client, inNamespace, startClient, until } from './client.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
let client: Client;
let inside: string;
beforeAll(async () => {
  client = await startClient();
  inside = await inNamespace(client, 'team');
});
afterAll(() => client[Symbol.asyncDispose]());

/** A ServiceAccount with the token of a Secret made for it. */
async function account(name: string): Promise<{ token: string; secret: Body }> {
  await client.created(`${inside}/serviceaccounts`, { metadata: { name } });
  await client.created(`${inside}/secrets`, {
    metadata: { name: `${name}-token`, annotations: { 'kubernetes.io/service-account.name': name } },
    type: 'kubernetes.io/service-account-token',
  });
  const secret = await until('the Secret has a token', async () => {
    const { body } = await client.get(`${inside}/secrets/${name}-token`);
    return body.data?.token && body;
  });
  return { token: Buffer.from(secret.data.token, 'base64').toString(), secret };
}

describe('authentication', () => {
  it('refuses a token that is nobody’s, and takes no token for anonymous', async () => {
    const wrong = await client.get('/api/v1/namespaces', { token: 'nonsense' });
    expect([wrong.code, wrong.body.reason]).toEqual([401, 'Unauthorized']);
    const none = await client.get('/api/v1/namespaces', { token: undefined });
    expect(none.code).toBe(403);
    expect(none.body.message).toContain('User "system:anonymous" cannot list resource "namespaces"');
    expect((await client.get('/readyz', { token: undefined })).code).toBe(200);
  });

  it('takes the client certificate of its kubeconfig, and none of another authority', async () => {
    const login = async (kubeconfig: string): Promise<number> => {
      const config: Body = parse(kubeconfig);
      const pem = (value: string): string => Buffer.from(value, 'base64').toString();
      const { user } = config.users[0];
      const ca = parse(client.server.kubeconfig).clusters[0].cluster['certificate-authority-data'];
      const dispatcher = new Agent({
        connect: { ca: pem(ca), cert: pem(user['client-certificate-data']), key: pem(user['client-key-data']) },
      });
      const answer = await request(`${client.server.url}/api/v1/namespaces`, { dispatcher });
      await answer.body.dump();
      await dispatcher.close();
      return answer.statusCode;
    };
    expect(await login(client.server.clientCertificateKubeconfig)).toBe(200);
    await using stranger = await startClient();
    expect(await login(stranger.server.clientCertificateKubeconfig)).toBe(401);
  });
});

describe('a service account', () => {
  it('gets token, authority and namespace into its Secret, and is known by that token', async () => {
    const { token, secret } = await account('robot');
    expect(Buffer.from(secret.data.namespace, 'base64').toString()).toBe('team');
    expect(Buffer.from(secret.data['ca.crt'], 'base64').toString()).toContain('BEGIN CERTIFICATE');
    const answer = await client.get(`${inside}/configmaps`, { token });
    expect(answer.code).toBe(403);
    expect(answer.body.message).toBe(
      'configmaps is forbidden: User "system:serviceaccount:team:robot" cannot list resource "configmaps" in API group "" in the namespace "team"',
    );
  });

  it('that is deleted takes its Secret along and is refused as nobody', async () => {
    const { token } = await account('leaver');
    await client.delete(`${inside}/serviceaccounts/leaver`);
    expect((await client.get('/version', { token })).code).toBe(401);
    await until('the Secret is gone', async () => (await client.get(`${inside}/secrets/leaver-token`)).code === 404);
  });

  it('is not its successor under the same name, even while the old Secret is still there', async () => {
    const { token } = await account('twin');
    await client.merge(`${inside}/secrets/twin-token`, { metadata: { finalizers: ['example.com/hold'] } });
    await client.delete(`${inside}/serviceaccounts/twin`);
    expect((await client.get('/version', { token })).code).toBe(401);
    await client.created(`${inside}/serviceaccounts`, { metadata: { name: 'twin' } });
    expect((await client.get('/version', { token })).code).toBe(401);
    expect((await client.get(`${inside}/secrets/twin-token`)).body.data.token).toBe(
      Buffer.from(token).toString('base64'),
    );
  });

  it('is known only as long as its Secret lives', async () => {
    const { token } = await account('careless');
    expect((await client.get('/version', { token })).code).toBe(200);
    await client.delete(`${inside}/secrets/careless-token`);
    expect((await client.get('/version', { token })).code).toBe(401);
  });

  it('called default is in every namespace', async () => {
    const found = await until('it is there', async () => {
      const answer = await client.get(`${inside}/serviceaccounts/default`);
      return answer.code === 200 && answer.body;
    });
    expect(found.metadata.name).toBe('default');
  });
});

describe('authorization', () => {
  it('follows roles and bindings as they are now', async () => {
    const { token } = await account('reader');
    const subjects = [{ kind: 'ServiceAccount', name: 'reader', namespace: 'team' }];
    await client.created(`${rbac}/namespaces/team/roles`, {
      metadata: { name: 'read' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    });
    await client.created(`${rbac}/namespaces/team/rolebindings`, {
      metadata: { name: 'read' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read' },
      subjects,
    });
    expect((await client.get(`${inside}/configmaps`, { token })).code).toBe(200);
    expect((await client.get('/api/v1/configmaps', { token })).code).toBe(403);
    expect((await client.get('/api/v1/namespaces/default/configmaps', { token })).code).toBe(403);
    expect((await client.post(`${inside}/configmaps`, { metadata: { name: 'x' } }, { token })).code).toBe(403);

    await client.created(`${rbac}/clusterroles`, {
      metadata: { name: 'all:things' },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    });
    await client.created(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'all:things' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'all:things' },
      subjects,
    });
    expect((await client.post(`${inside}/configmaps`, { metadata: { name: 'x' } }, { token })).code).toBe(201);
    await client.delete(`${rbac}/clusterrolebindings/all:things`);
    expect((await client.delete(`${inside}/configmaps/x`)).code).toBe(200);
    expect((await client.post(`${inside}/configmaps`, { metadata: { name: 'x' } }, { token })).code).toBe(403);
  });

  it('answers reviews by the same rules', async () => {
    const { token } = await account('asker');
    const review = (verb: string): object => ({
      spec: { resourceAttributes: { verb, resource: 'secrets', namespace: 'team' } },
    });
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect((await client.post(path, review('get'))).body.status).toEqual({ allowed: true });
    expect((await client.post(path, review('get'), { token })).body.status.allowed).toBe(false);
  });
});
