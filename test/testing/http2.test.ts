import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCluster } from '../../src/kube/connect.ts';
import { core } from '../../src/kube/resources.ts';
import { createSandbox, joinCluster, type Sandbox, until } from '../../src/testing/index.ts';
import { clusterIn, userIn } from '../kubeconfigs.ts';

/** The same everywhere: a member takes its host's tokens. */
const jwtSecret = 's'.repeat(32);
const map = { namespace: 'default', name: 'one' };

describe('clusters of which one speaks HTTP/2', () => {
  let sandbox: Sandbox<'a' | 'm' | 'plain'>;
  beforeAll(async () => {
    sandbox = await createSandbox({
      // The two members are alike but for that: the second is made after the first.
      clusters: {
        a: { role: 'host', http2: true, jwtSecret },
        m: { role: 'member', http2: true, jwtSecret },
        plain: { role: 'member' },
      },
      speed: 100,
    });
    await joinCluster(sandbox.clusters.a.connection, {
      name: 'm',
      kubeconfig: sandbox.clusters.m.clientCertificateKubeconfig,
    });
  }, 120_000);
  afterAll(() => sandbox.close());

  /** What a server takes of what it is offered. */
  async function agreed(name: 'a' | 'm' | 'plain', ...protocols: string[]): Promise<string | false | null> {
    const { hostname: host, port } = new URL(sandbox.clusters[name].url);
    const ca = authorityOf(name);
    const socket = connectTls({ host, port: Number(port), ca, ALPNProtocols: protocols });
    await once(socket, 'secureConnect');
    socket.destroy();
    return socket.alpnProtocol;
  }
  const authorityOf = (name: 'a' | 'm' | 'plain'): string =>
    Buffer.from(
      String(clusterIn(sandbox.clusters[name].kubeconfig)['certificate-authority-data']),
      'base64',
    ).toString();

  it('offers it where it was asked for, and nowhere else', async () => {
    expect(await agreed('a', 'h2', 'http/1.1')).toBe('h2');
    expect(await agreed('m', 'h2', 'http/1.1')).toBe('h2');
    expect(await agreed('plain', 'h2', 'http/1.1')).toBe('http/1.1');
  });

  it('answers clients of either, each in its own', async () => {
    expect(await agreed('m', 'http/1.1')).toBe('http/1.1');
    for (const allowH2 of [true, false]) {
      const dispatcher = new Agent({ connect: { ca: authorityOf('m') }, allowH2 });
      const { url, kubeconfig } = sandbox.clusters.m;
      const authorization = `Bearer ${String(userIn(kubeconfig)['token'])}`;
      const answer = await request(`${url}/api/v1/namespaces/default`, { dispatcher, headers: { authorization } });
      expect(answer.statusCode).toBe(200);
      expect(await answer.body.json()).toMatchObject({ kind: 'Namespace', metadata: { name: 'default' } });
      // Connection headers are what HTTP/2 does without.
      expect('connection' in answer.headers).toBe(!allowH2);
      await dispatcher.destroy();
    }
  });

  it('answers no request without TLS', async () => {
    const { port } = new URL(sandbox.clusters.m.url);
    await expect(request(`http://127.0.0.1:${port}/version`)).rejects.toThrow();
  });

  it('is put back under clients that are connected, and its gateway goes on', async () => {
    const { a, m } = sandbox.clusters;
    await using connection = await connectCluster({ kubeconfig: m.kubeconfig });
    const moment = sandbox.moment();
    await connection.create(core.configMaps, { metadata: map });
    const stop = new AbortController();
    const heard: string[] = [];
    const watching = (async () => {
      for await (const event of connection.watch(core.configMaps, { namespace: 'default', signal: stop.signal }))
        heard.push(event.type === 'synced' ? event.objects.map(({ metadata }) => metadata.name).join() : event.type);
    })();
    await until('the watch has begun', async () => heard.some((names) => names.split(',').includes('one')));
    await sandbox.rewind(moment);
    await until('the watch has begun anew', async () => heard.length > 1);
    expect(await connection.find(core.configMaps, map)).toBeUndefined();
    const body = new URLSearchParams({
      ...{ grant_type: 'password', username: 'admin', password: 'P@88w0rd' },
      ...{ client_id: 'kubesphere', client_secret: 'kubesphere' },
    });
    const signedIn = await fetch(`${a.gateway.url}/oauth/token`, { method: 'POST', body });
    const { access_token: token } = (await signedIn.json()) as { access_token: string };
    await until('the gateway passes on to the member', async () => {
      const answer = await fetch(`${a.gateway.url}/api/clusters/m/v1/namespaces/default`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return answer.status === 200;
    });
    stop.abort();
    await watching.catch(() => {});
  });
});
