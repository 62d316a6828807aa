import { createServer, request, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, joinCluster, type Sandbox, untilFederated } from '../../../src/testing/index.ts';
import { envelope, field } from '../server/envelope.ts';
import { slow } from '../support.ts';
import { type Ask, asking, jwtSecret, password, signedIn, startTown } from './kit.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const basic = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
const masters = { 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' };

describe('what a gateway passes on', slow, () => {
  let town: Sandbox<'a' | 'm'>;
  let admin: Ask;
  beforeAll(async () => {
    town = await startTown({ a: { role: 'host', jwtSecret }, m: { role: 'member', jwtSecret } });
    const { a, m } = town.clusters;
    admin = await signedIn(a.gateway);
    await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
    await untilFederated(a.connection, { name: 'm', workspaces: [] });
  }, slow.timeout);
  afterAll(() => town?.[Symbol.asyncDispose](), slow.timeout);

  /** Sends requests for `m` to another ks-apiserver. */
  const lead = (kubesphereAPIEndpoint: string | null) =>
    town.clusters.a.connection.patch(
      kubesphere.clusters,
      { name: 'm' },
      { type: 'merge', body: { spec: { connection: { kubesphereAPIEndpoint } } } },
    );
  const writer = (cluster: 'a' | 'm', name: string) =>
    town.clusters[cluster].history((record) => record.name === name && record.verb === 'create').at(-1)?.user;

  describe('are bytes:', () => {
    it.each([
      ['/api', 'a'],
      ['/api/clusters/m', 'm'],
    ] as const)('a protobuf body arrives under %s as it was sent', async (prefix, cluster) => {
      const bytes = Buffer.from([0xff, 0x00, 0x80, 0xc3]);
      const metadata = field(1, [field(1, 'in-protobuf')]);
      const body = envelope('v1', 'Secret', metadata, field(2, [field(1, 'key'), field(2, bytes)]));
      const { status } = await fetch(`${town.clusters.a.gateway.url}${prefix}/v1/namespaces/default/secrets`, {
        method: 'POST',
        headers: { authorization: basic, accept: `${protobuf},application/json`, 'content-type': protobuf },
        body,
      });
      expect(status).toBe(201);
      const at = { namespace: 'default', name: 'in-protobuf' };
      const secret = await town.clusters[cluster].connection.get(core.secrets, at);
      expect(secret.data).toEqual({ key: bytes.toString('base64') });
    });

    it('an answer in protobuf comes as it is, and one that is compressed can be read', async () => {
      const answer = Buffer.concat([envelope('v1', 'Secret'), Buffer.from([0xff, 0x00, 0x80, 0xc3])]);
      const zipped = gzipSync(JSON.stringify({ text: 'größer' }));
      await using member = await startMember((accept) =>
        accept === protobuf ? [{ 'content-type': protobuf }, answer] : [{ 'content-encoding': 'gzip' }, zipped],
      );
      await lead(member.url);
      const get = (accept: string) =>
        fetch(`${town.clusters.a.gateway.url}/api/clusters/m/v1/x`, { headers: { accept, authorization: basic } });
      expect(Buffer.from(await (await get(protobuf)).arrayBuffer())).toEqual(answer);
      expect(await (await get('application/json')).json()).toEqual({ text: 'größer' });
      await lead(null);
    });
  });

  describe('may be asked for somebody else, as in the product:', () => {
    const create = (ask: Ask, prefix: string, name: string, headers: Readonly<Record<string, string>>) =>
      ask(`${prefix}/v1/namespaces/default/configmaps`, { method: 'POST', body: { metadata: { name } }, headers });

    it('the own API server acts as whoever is named, once the rights of who asks were enough', async () => {
      const refused = await create(admin, '/api', 'as-jane', { 'impersonate-user': 'jane' });
      expect(refused.status).toBe(403);
      expect(refused.json['message']).toContain('User "jane" cannot create resource "configmaps"');
      expect((await create(admin, '/api', 'as-master', masters)).status).toBe(201);
      expect(writer('a', 'as-master')).toBe('jane');
      const anonymous = await create(asking(town.clusters.a.gateway), '/api', 'as-nobody', masters);
      expect(anonymous.status).toBe(403);
      expect(anonymous.json['message']).toContain('User "system:anonymous" cannot create resource "configmaps"');
    });

    it("a member's API server asks whoever is named for its service proxy, and its ks-apiserver hears nothing of it", async () => {
      const refused = await create(admin, '/api/clusters/m', 'as-jane', { 'impersonate-user': 'jane' });
      expect(refused.status).toBe(403);
      expect(refused.json['message']).toContain('User "jane" cannot create resource "services/proxy"');
      expect((await create(admin, '/api/clusters/m', 'as-master', masters)).status).toBe(201);
      expect(writer('m', 'as-master')).toBe('system:serviceaccount:kubesphere-system:kubesphere');
      const anonymous = await create(asking(town.clusters.a.gateway), '/api/clusters/m', 'as-nobody', masters);
      expect(anonymous.json['message']).toContain('User "system:anonymous" cannot create resource "configmaps"');
    });

    it("a member's ks-apiserver that is reached straight passes them on like the host's", async () => {
      await lead(town.clusters.m.gateway.url);
      expect((await create(admin, '/api/clusters/m', 'straight', masters)).status).toBe(201);
      expect(writer('m', 'straight')).toBe('jane');
      await lead(null);
    });
  });

  describe('is the path that was judged:', () => {
    /** A request whose path no client tidies up beforehand. */
    const bare = (path: string, authorization = basic) =>
      new Promise<{ readonly status: number | undefined; readonly location: unknown; readonly text: string }>(
        (resolve, reject) => {
          const { hostname, port } = new URL(town.clusters.a.gateway.url);
          const asked = request({ hostname, port, path, headers: { authorization } }, (answer) => {
            let text = '';
            answer.setEncoding('utf8');
            answer.on('data', (chunk: string) => {
              text += chunk;
            });
            answer.on('end', () => resolve({ status: answer.statusCode, location: answer.headers.location, text }));
          });
          asked.on('error', reject).end();
        },
      );

    it.each(['/api', '/api/clusters/m'])('under %s, decoded once', async (prefix) => {
      const secrets = await bare(`${prefix}/v1/namespaces/default%2Fsecrets`);
      expect(secrets).toMatchObject({ status: 200 });
      expect(secrets.text).toContain('"kind":"SecretList"');
      const twice = await bare(`${prefix}/v1/namespaces/default%252Fsecrets`);
      expect(twice.text).toContain('namespaces \\"default%2Fsecrets\\" not found');
      expect((await bare(`${prefix}/v1/namespaces/%zz`)).status).toBe(400);
    });

    it.each(['..', '%2e%2e', '.', ''])('under /api, where nothing is behind the segment "%s"', async (segment) => {
      for (const prefix of ['/api', '/api/clusters/m']) {
        const inside = await bare(`${prefix}/v1/namespaces/${segment}/secrets/${segment}/x`);
        expect(inside.status).toBe(404);
        expect((await bare(`${prefix}/v1/namespaces/default/${segment}/kube-system/secrets`)).status).toBe(404);
      }
    });

    it('under /kapis, and whoever asks for dots or double slashes is sent to the plain path first', async () => {
      await createUser(town.clusters.a.connection, { name: 'plain' });
      const plain = `Basic ${Buffer.from(`plain:${password}`).toString('base64')}`;
      const users = '/kapis/iam.kubesphere.io/v1alpha2/users';
      expect((await bare(`${users}%2Fadmin`)).text).toContain('"name":"admin"');
      const refused = await bare(`${users}%2Fadmin`, plain);
      expect(refused.status).toBe(403);
      expect(refused.text).toContain('users.iam.kubesphere.io \\"admin\\" is forbidden');
      // What is open to everybody begins like this.
      for (const path of [`/oauth/..${users}`, `/oauth/%2e%2e${users}`, `/oauth/..%2F${users}`])
        expect(await bare(path, '')).toMatchObject({ status: 301, location: users, text: '' });
      expect(await bare('/kapis//version?x=1')).toMatchObject({ status: 301, location: '/kapis/version?x=1' });
    });
  });
});

/** Something under a member's address that answers what it is told to, by what its clients accept. */
async function startMember(
  answer: (accept: string | undefined) => readonly [Readonly<Record<string, string>>, Buffer],
): Promise<AsyncDisposable & { readonly url: string }> {
  const server: Server = createServer((incoming, outgoing) => {
    const [headers, body] = answer(incoming.headers.accept);
    outgoing.writeHead(200, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
