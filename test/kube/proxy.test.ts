import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { proxyFor } from '../../src/kube/proxy.ts';
import { core } from '../../src/kube/resources.ts';
import { answer, base64, type Handler, serveHttp2, servePlain, serveTls, testCertificates } from './server.ts';
import { apiFailureOf, connect, quickly } from './support.ts';

const ready: Handler = (_request, reply) => answer(reply, { gitVersion: 'v1.27.2' });

/** An HTTP proxy that sends everything to `port` on the loopback, whatever is asked for. */
async function proxyTo(port: number, refuse = false) {
  const tunnels: { readonly to: string; readonly authorization: string | undefined }[] = [];
  const forwarded: string[] = [];
  const server = http.createServer((request, response) => {
    forwarded.push(request.url ?? '');
    const { pathname, search } = new URL(request.url ?? '');
    const onward = http.request(
      { port, host: '127.0.0.1', path: `${pathname}${search}`, headers: request.headers },
      (incoming) => {
        response.writeHead(incoming.statusCode ?? 500, incoming.headers);
        incoming.pipe(response);
      },
    );
    onward.end();
  });
  const sockets = new Set<net.Socket>();
  server.on('connect', (request, client) => {
    tunnels.push({ to: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    if (refuse) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const onward = net.connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(client);
      client.pipe(onward);
    });
    for (const socket of [onward, client as net.Socket]) sockets.add(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    forwarded,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

afterEach(() => vi.unstubAllEnvs());

describe('a proxy', () => {
  it.each([
    ['HTTP/1.1', serveTls],
    ['HTTP/2', serveHttp2],
  ])('of the kubeconfig is asked for a tunnel, with TLS inside it checked as ever (%s)', async (_version, serve) => {
    await using server = await serve(ready);
    await using proxy = await proxyTo(server.port);
    const { ca } = await testCertificates();
    await using m = await connect({
      server: 'https://kube.example:6443',
      cluster: {
        'certificate-authority-data': base64(ca),
        'tls-server-name': 'localhost',
        'proxy-url': `http://me:s3cret@${proxy.host}`,
      },
    });
    expect(await m.version()).toBe('v1.27.2');
    expect(await m.version()).toBe('v1.27.2');
    const expected = { to: 'kube.example:6443', authorization: `Basic ${base64('me:s3cret')}` };
    for (const tunnel of proxy.tunnels) expect(tunnel).toEqual(expected);
    expect(proxy.tunnels.length).toBeGreaterThan(0);
    expect(server.arrived[0]?.headers['proxy-authorization']).toBeUndefined();

    await using strict = await connect({
      server: 'https://kube.example:6443',
      cluster: { 'certificate-authority-data': base64(ca), 'proxy-url': `http://${proxy.host}` },
    });
    expect(await apiFailureOf(strict.version(quickly))).toMatchObject({ code: 'UNREACHABLE', retryable: false });
  });

  it('of the environment is used, unless NO_PROXY excludes the server', async () => {
    await using server = await serveTls(ready);
    await using proxy = await proxyTo(server.port);
    const cluster = { 'insecure-skip-tls-verify': true };
    vi.stubEnv('HTTPS_PROXY', `http://${proxy.host}`);
    vi.stubEnv('NO_PROXY', '');
    await using m = await connect({ server: 'https://kube.example', cluster });
    await m.version();
    expect(proxy.tunnels.map(({ to }) => to)).toEqual(['kube.example:443']);
    vi.stubEnv('NO_PROXY', 'localhost,127.0.0.0/8');
    await using direct = await connect({ server: server.url, cluster });
    await direct.version();
    expect(proxy.tunnels).toHaveLength(1);
  });

  it('is asked for the whole address where the API server speaks plain HTTP', async () => {
    await using server = await servePlain(ready);
    await using proxy = await proxyTo(server.port);
    await using m = await connect({ server: 'http://kube.example', cluster: { 'proxy-url': `http://${proxy.host}` } });
    expect(await m.version()).toBe('v1.27.2');
    expect(proxy.forwarded).toEqual(['http://kube.example/version']);
  });

  it('that refuses is named, without its password, and the write was never sent', async () => {
    await using proxy = await proxyTo(1, true);
    const cluster = { 'proxy-url': `http://me:s3cret@${proxy.host}` };
    await using m = await connect({ server: 'https://kube.example', cluster });
    const error = await apiFailureOf(m.create(core.namespaces, { metadata: { name: 'p1' } }, { retry: false }));
    expect(error).toMatchObject({ code: 'UNREACHABLE', details: { sent: false } });
    expect(error.message).toContain('the proxy on the way');
    expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('s3cret');
  });
});

describe('which proxy', () => {
  it('is refused, unseen, where it is no address', () => {
    const refusal = (from: () => unknown) =>
      expect(from).toThrow(/^The (?:variable HTTPS_PROXY|proxy-url of the kubeconfig) is no http or https address/);
    refusal(() => proxyFor(https, 's3cret', {}));
    refusal(() => proxyFor(https, 'socks5://me:s3cret@proxy.example', {}));
    refusal(() => proxyFor(https, undefined, { HTTPS_PROXY: 'ftp://s3cret' }));
  });

  const https = new URL('https://kube.example:6443');
  const proxy = 'http://proxy.example:3128';

  it('is the one of the kubeconfig before that of the environment', () => {
    expect(proxyFor(https, 'http://other.example', { HTTPS_PROXY: proxy })).toBe('http://other.example');
    expect(proxyFor(https, undefined, { HTTPS_PROXY: proxy })).toBe(proxy);
    expect(proxyFor(https, '', { https_proxy: 'proxy.example:3128' })).toBe(proxy);
  });

  it('depends on the scheme', () => {
    expect(proxyFor(https, undefined, { HTTP_PROXY: proxy })).toBeUndefined();
    expect(proxyFor(new URL('http://kube.example'), undefined, { HTTP_PROXY: proxy })).toBe(proxy);
  });

  it.each(['https://localhost:6443', 'https://127.0.0.1:6443', 'https://[::1]:6443'])('is none for %s', (server) => {
    expect(proxyFor(new URL(server), undefined, { HTTPS_PROXY: proxy })).toBeUndefined();
    expect(proxyFor(new URL(server), proxy, {})).toBe(proxy);
  });

  it.each([
    ['kube.example', true],
    ['KUBE.example', true],
    ['example', true],
    ['.example', true],
    ['*.example', true],
    ['.kube.example', false],
    ['be.example', false],
    ['kube.example:6443', true],
    ['kube.example:443', false],
    ['a.test, kube.example', true],
    ['*', true],
    ['', false],
    ['10.0.0.0/8', false],
  ])('is excluded by NO_PROXY=%s for kube.example:6443: %s', (rule, excluded) => {
    const found = proxyFor(https, undefined, { HTTPS_PROXY: proxy, NO_PROXY: rule });
    expect(found).toBe(excluded ? undefined : proxy);
  });

  it.each([
    ['https://10.1.2.3:6443', '10.0.0.0/8', true],
    ['https://11.1.2.3:6443', '10.0.0.0/8', false],
    ['https://10.1.2.3:6443', '10.1.2.3', true],
    ['https://10.1.2.3:6443', '10.1.2.3:6443', true],
    ['https://10.1.2.3:6443', '2.3', false],
    ['https://10.1.2.3:6443', '10.0.0.0/99', false],
    ['https://[fd00::1]:6443', 'fd00::/8', true],
    ['https://[fd00::1]:6443', 'fd00::1', true],
    ['https://[fe00::1]:6443', 'fd00::/8', false],
  ])('is excluded for %s by NO_PROXY=%s: %s', (server, rule, excluded) => {
    const found = proxyFor(new URL(server), undefined, { HTTPS_PROXY: proxy, NO_PROXY: rule });
    expect(found).toBe(excluded ? undefined : proxy);
  });
});
