import { once as happening } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { type ConnectClusterOptions, connectCluster } from '../../../src/kube/connect.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import { connectNear } from '../../../src/testing/connect.ts';
import { type ApiServer, startApiServer } from '../../../src/testing/server/server.ts';
import { until } from '../../../src/testing/until.ts';
import { altered, clusterIn } from '../../kubeconfigs.ts';

type Connect = (options: Omit<ConnectClusterOptions, 'dispatcher'>) => Promise<Connection>;

const ways: readonly { readonly way: string; readonly http2: boolean; readonly connect: Connect }[] = [
  { way: 'HTTP/1.1', http2: false, connect: connectCluster },
  { way: 'HTTP/2', http2: true, connect: connectCluster },
  { way: 'a call in the process', http2: false, connect: connectNear },
];

const map = { namespace: 'default', name: 'one' };
const once = { retry: false } as const;

describe.each(ways)('a server reached by $way', ({ http2, connect }) => {
  const open: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  });
  const started = async (name = 'test'): Promise<ApiServer> => {
    const server = await startApiServer({ name, speed: 100, http2 });
    open.push(server);
    return server;
  };
  const connected = async (kubeconfig: string): Promise<Connection> => {
    const connection = await connect({ kubeconfig });
    open.push(connection);
    return connection;
  };
  const code = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'ok',
      (error: unknown) => (FederationError.is(error) ? error.code : error),
    );

  it('writes, reads, and hears of changes while it watches', async () => {
    const server = await started();
    const connection = await connected(server.kubeconfig);
    const stop = new AbortController();
    const heard: string[] = [];
    const watching = (async () => {
      const options = { namespace: 'default', signal: stop.signal };
      for await (const event of connection.watch(core.configMaps, options)) {
        heard.push(
          event.type === 'synced' ? `synced ${event.objects.length}` : `${event.type} ${event.object.metadata.name}`,
        );
      }
    })();
    await until('the watch has begun', async () => heard.includes('synced 0'));
    await connection.create(core.configMaps, { metadata: map, data: { size: 'x'.repeat(100_000) } });
    await connection.patch(core.configMaps, map, { type: 'merge', body: { data: { more: 'ä' } } });
    expect((await connection.get(core.configMaps, map)).data?.['more']).toBe('ä');
    await connection.delete(core.configMaps, map, { propagationPolicy: 'Background' });
    await until('all three were heard of', async () => heard.length === 4);
    expect(heard).toEqual(['synced 0', 'added one', 'modified one', 'deleted one']);
    stop.abort();
    await watching;
  });

  it('knows who shows a client certificate, and trusts none of another authority', async () => {
    const server = await started();
    const stranger = await started('stranger');
    const text = (one: ApiServer) => one.clientCertificateKubeconfig;
    const admin = await connected(text(server));
    await admin.create(core.configMaps, { metadata: map, data: { some: 'thing' } });
    expect((await admin.get(core.configMaps, map)).metadata.managedFields?.[0]?.manager).toBe('kubesphere-federation');

    // The stranger's certificate, shown to a server whose own is verified.
    const foreign = text(stranger).replace(stranger.url, server.url);
    const trusting = altered(foreign, { cluster: clusterIn(text(server)) });
    expect(await code((await connected(trusting)).get(core.configMaps, map, once))).toBe('UNAUTHENTICATED');
    expect(await code((await connected(foreign)).get(core.configMaps, map, once))).toBe('UNREACHABLE');
  });

  it('is refused by a suspended server, loses its watch, and goes on once that is back', async () => {
    const server = await started();
    const connection = await connected(server.kubeconfig);
    const stop = new AbortController();
    const heard: string[] = [];
    const watching = (async () => {
      const options = { namespace: 'default', signal: stop.signal, retry: { minDelayMs: 1, maxDelayMs: 20 } };
      for await (const event of connection.watch(core.configMaps, options)) heard.push(event.type);
    })();
    await until('the watch has begun', async () => heard.length > 0);
    await server.suspend();
    expect(await code(connection.get(core.configMaps, map, once))).toBe('UNREACHABLE');
    await server.restore();
    await connection.create(core.configMaps, { metadata: map, data: {} });
    await until('the watch went on', async () => heard.includes('added'));
    stop.abort();
    await watching;
  });

  it('meets the same faults', async () => {
    const server = await started();
    const connection = await connected(server.kubeconfig);
    const failing = async (fault: 'reset-before' | 'reset-after', name: string): Promise<readonly unknown[]> => {
      const lift = server.intercept(({ verb }) => (verb === 'create' ? fault : undefined));
      const call = connection.create(core.configMaps, { metadata: { ...map, name }, data: {} }, once);
      const outcome = await code(call);
      lift();
      return [outcome, (await connection.find(core.configMaps, { ...map, name })) !== undefined];
    };
    expect(await failing('reset-before', 'never')).toEqual(['UNREACHABLE', false]);
    expect(await failing('reset-after', 'unheard')).toEqual(['UNREACHABLE', true]);
  });

  it('gives up what its caller aborts', async () => {
    const server = await started();
    const connection = await connected(server.kubeconfig);
    let seen = 0;
    const lift = server.intercept(() => {
      seen += 1;
      return { delayMs: 60_000 };
    });
    const stop = new AbortController();
    const call = connection.get(core.configMaps, map, { signal: stop.signal });
    await until('the server has the request', async () => seen > 0);
    stop.abort();
    expect(await code(call)).toBe('ABORTED');
    lift();
  });
});

it.for([
  [true, 'h2'],
  [false, 'http/1.1'],
] as const)('where http2 is %s, whoever offers both is answered %s', async ([http2, agreed]) => {
  await using server = await startApiServer({ name: 'test', http2 });
  const { hostname, port } = new URL(server.url);
  const offer = { host: hostname, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] };
  const socket = connectTls(offer);
  await happening(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe(agreed);
  socket.destroy();
});
