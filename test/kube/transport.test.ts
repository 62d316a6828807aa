import type { Http2ServerRequest } from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import {
  answer,
  base64,
  type Handler,
  type Reply,
  serveHttp2,
  servePlain,
  serveTls,
  testCertificates,
} from './server.ts';
import { apiFailureOf, connect, failureOf, namespace, quickly } from './support.ts';

const ready: Handler = (_request, reply) => answer(reply, { gitVersion: 'v1.27.2' });
const times = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work));

async function trusting(server: string, cluster: object = {}, user: object = { token: 't0k' }) {
  const { ca } = await testCertificates();
  return connect({ server, cluster: { 'certificate-authority-data': base64(ca), ...cluster }, user });
}
/** The HTTP/2 session that a request came in on. */
const sessionOf = (original: unknown) => (original as Http2ServerRequest).stream.session;

describe('connections', () => {
  it('are few over HTTP/1.1, and used again', async () => {
    await using server = await servePlain(ready);
    await using m = await connect(server.url);
    await times(100, () => m.version());
    await times(100, () => m.version());
    expect(server.arrived).toHaveLength(200);
    expect(server.connections()).toBeLessThanOrEqual(16);
  });

  it('are one over HTTP/2, where the server speaks it', async () => {
    await using server = await serveHttp2(ready);
    await using m = await trusting(server.url);
    await times(90, () => m.version());
    expect(server.arrived).toHaveLength(90);
    expect(server.connections()).toBe(1);
  });

  it('are HTTP/1.1 over TLS where the server speaks no other', async () => {
    await using server = await serveTls(ready);
    await using m = await trusting(server.url);
    expect(await times(40, () => m.version())).toHaveLength(40);
    expect(server.connections()).toBeLessThanOrEqual(16);
  });

  it('are HTTP/1.1 for large bodies: over HTTP/2, aborting one that is not yet sent would hang the process', async () => {
    const versions: string[] = [];
    await using server = await serveHttp2((request, reply, { httpVersion }) => {
      versions.push(`${request.body.length > 16_384 ? 'large' : 'small'} ${httpVersion}`);
      answer(reply, namespace('p1'), 201);
    });
    await using m = await trusting(server.url);
    const create = (size: number, signal?: AbortSignal) =>
      m.create(
        core.configMaps,
        { metadata: { name: 'c', namespace: 'p1' }, data: { text: 'x'.repeat(size) } },
        signal && { signal },
      );
    await create(10);
    await create(700_000);
    expect(versions).toEqual(['small 2.0', 'large 1.1']);

    const controller = new AbortController();
    const given = failureOf(create(700_000, controller.signal));
    await turn();
    controller.abort();
    expect((await given).code).toBe('ABORTED');
    await create(10);
    expect(versions.at(-1)).toBe('small 2.0');
  });

  it('of watches never hold up calls', async () => {
    await using server = await servePlain((request, reply) => {
      if (request.url.includes('watch=1')) reply.writeHead(200).write(' \n');
      else if (request.url === '/version') answer(reply, { gitVersion: 'v1' });
      else answer(reply, { metadata: { resourceVersion: '1' }, items: [] });
    });
    await using m = await connect(server.url);
    const stop = new AbortController();
    const synced = Array.from({ length: 30 }, () => Promise.withResolvers<void>());
    const watches = synced.map(async ({ resolve }) => {
      for await (const event of m.watch(core.namespaces, { signal: stop.signal }))
        if (event.type === 'synced') resolve();
    });
    await Promise.all(synced.map(({ promise }) => promise));
    expect(await m.version()).toBe('v1');
    stop.abort();
    await Promise.all(watches);
  });

  it.each([
    ['before it answered', () => undefined],
    ['in the middle of an answer', (reply: Reply) => void reply.writeHead(200).write(' \n')],
  ])('that fell silent %s are given up, so that the next call goes over a new one', async (_when, begin) => {
    let silent = true;
    await using server = await serveHttp2((request, reply) => {
      if (request.url.includes('watch=1')) return begin(reply);
      if (request.url === '/version') answer(reply, { gitVersion: 'v1' });
      else answer(reply, { metadata: { resourceVersion: silent ? '1' : '2' }, items: [] });
    });
    await using m = await trusting(server.url);
    await m.version();
    let watches = 0;
    const stop = new AbortController();
    const timer = setInterval(() => {
      watches = server.arrived.filter(({ url }) => url.includes('watch=1')).length;
      if (watches >= 2) stop.abort();
    }, 20);
    for await (const _event of m.watch(core.namespaces, { signal: stop.signal, deadAfterMs: 600, ...quickly }))
      silent = false;
    clearInterval(timer);
    const before = server.connections();
    await m.version();
    expect(before).toBeGreaterThanOrEqual(3);
    expect(server.connections()).toBe(before + 1);
  });
});

describe('an HTTP/2 session that the server ends', () => {
  it('loses no request: what is under way is answered, the rest goes over a new one', async () => {
    let count = 0;
    await using server = await serveHttp2((_request, reply, original) => {
      count += 1;
      if (count % 10 === 0) sessionOf(original)?.goaway();
      setTimeout(() => answer(reply, { gitVersion: 'v1' }), 5);
    });
    await using m = await trusting(server.url);
    for (let round = 0; round < 5; round++) expect(await times(15, () => m.version({ retry: false }))).toHaveLength(15);
    expect(server.connections()).toBeGreaterThan(1);
  });

  it('repeats reads that it broke, and no create', async () => {
    let breaking = true;
    await using server = await serveHttp2((request, reply, original) => {
      if (breaking && request.url !== '/version') sessionOf(original)?.destroy();
      else if (request.url === '/version') answer(reply, { gitVersion: 'v1' });
      else answer(reply, namespace('p1'));
      if (request.method === 'GET' && request.url !== '/version') breaking = false;
    });
    await using m = await trusting(server.url);
    await m.version();
    const creates = times(3, () => apiFailureOf(m.create(core.namespaces, { metadata: { name: 'p1' } }, quickly)));
    for (const error of await creates) expect(error).toMatchObject({ code: 'UNREACHABLE', details: { sent: true } });
    expect(server.arrived.filter(({ method }) => method === 'POST')).toHaveLength(3);
    expect((await m.get(core.namespaces, { name: 'p1' }, quickly)).metadata.name).toBe('p1');
  });
});

describe('TLS', () => {
  it('trusts the certificate authority of the kubeconfig and no other, and tells what to check', async () => {
    await using server = await serveTls(ready);
    await using m = await connect(server.url);
    const error = await apiFailureOf(m.version(quickly));
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: false, details: { sent: false } });
    expect(error.message).toContain('Check certificate-authority and tls-server-name');
    expect(server.arrived).toEqual([]);
  });

  it('can be told not to check', async () => {
    await using server = await serveTls(ready);
    await using m = await connect({ server: server.url, cluster: { 'insecure-skip-tls-verify': true } });
    expect(await m.version()).toBe('v1.27.2');
  });

  it('expects the name of tls-server-name, and asks the server for it', async () => {
    const names: unknown[] = [];
    await using server = await serveTls((request, reply, original) => {
      names.push('servername' in original.socket ? original.socket.servername : undefined);
      ready(request, reply, original);
    });
    await using named = await trusting(server.url, { 'tls-server-name': 'localhost' });
    expect(await named.version()).toBe('v1.27.2');
    expect(names).toEqual(['localhost']);
    await using other = await trusting(server.url, { 'tls-server-name': 'kube.example' });
    expect(await apiFailureOf(other.version(quickly))).toMatchObject({ code: 'UNREACHABLE', retryable: false });
  });

  it('keeps the certificate authority for a context without user', async () => {
    await using server = await serveTls(ready);
    await using m = await trusting(server.url, {}, {});
    expect(await m.version()).toBe('v1.27.2');
    expect(server.arrived[0]?.headers.authorization).toBeUndefined();
  });
});

describe('a server that is not there', () => {
  it('is named, with what to do', async () => {
    const gone = await servePlain(ready);
    await gone[Symbol.asyncDispose]();
    await using m = await connect(gone.url);
    const error = await apiFailureOf(m.create(core.namespaces, { metadata: { name: 'p1' } }, quickly));
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true, details: { sent: false } });
    expect(error.message).toMatch(
      /^m: CREATE namespaces "p1" could not be sent: .*ECONNREFUSED.* Check that the cluster can be reached/,
    );
  });
});
