import { afterEach, describe, expect, it } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { connectCluster } from '../../../src/kube/connect.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import { connectNear } from '../../../src/testing/connect.ts';
import { type ApiServer, Clock, type Fault, startApiServer, until } from '../../../src/testing/index.ts';

const map = { namespace: 'default', name: 'one' };
const once = { retry: false } as const;

const ways = [
  { way: 'HTTP/1.1', http2: false, connect: connectCluster },
  { way: 'HTTP/2', http2: true, connect: connectCluster },
  { way: 'a call in the process', http2: false, connect: connectNear },
] as const;

/** What a client sees of a create, and whether the object is there afterwards. */
interface Outcome {
  readonly fault: Fault;
  readonly seen: string;
  readonly status?: number;
  readonly reason?: string;
  readonly took: boolean;
}

const outcomes: readonly Outcome[] = [
  { fault: { delayMs: 50 }, seen: 'ok', took: true },
  { fault: { status: 409 }, seen: 'CONFLICT', status: 409, reason: 'Conflict', took: false },
  { fault: { status: 429 }, seen: 'RATE_LIMITED', status: 429, reason: 'TooManyRequests', took: false },
  { fault: { status: 500 }, seen: 'SERVER_ERROR', status: 500, reason: 'InternalError', took: false },
  { fault: { status: 503 }, seen: 'SERVER_ERROR', status: 503, reason: 'ServiceUnavailable', took: false },
  { fault: 'reset-before', seen: 'UNREACHABLE', took: false },
  { fault: 'reset-after', seen: 'UNREACHABLE', took: true },
  { fault: { truncateAt: 10 }, seen: 'UNREACHABLE', took: true },
];

describe.each(ways)('reached by $way', ({ http2, connect }) => {
  const open: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  });
  const started = async (clock = new Clock({ speed: 100 })): Promise<{ server: ApiServer; connection: Connection }> => {
    const server = await startApiServer({ name: 'test', clock, http2 });
    open.push(server);
    const connection = await connect({ kubeconfig: server.kubeconfig });
    open.push(connection);
    return { server, connection };
  };
  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => ({ code: 'ok' }),
      (error: unknown) => {
        if (!FederationError.is(error)) throw error;
        return error;
      },
    );
  const strike = (server: ApiServer, fault: Fault, verb: string): (() => void) =>
    server.intercept((request) => (request.verb === verb ? fault : undefined));

  it('each fault of a write: what the client sees, and what took effect', async () => {
    const { server, connection } = await started();
    for (const [index, { fault, seen, took, ...answer }] of outcomes.entries()) {
      const name = `map-${index}`;
      const lift = strike(server, fault, 'create');
      const call = connection.create(core.configMaps, { metadata: { ...map, name }, data: {} }, once);
      expect(await failure(call), JSON.stringify(fault)).toMatchObject({ code: seen, ...answer });
      lift();
      expect((await connection.find(core.configMaps, { ...map, name })) !== undefined, JSON.stringify(fault)).toBe(
        took,
      );
    }
  });

  it('Retry-After is told where it is asked for', async () => {
    const { server, connection } = await started();
    const lift = strike(server, { status: 429, retryAfterSeconds: 7 }, 'get');
    expect(await failure(connection.get(core.configMaps, map, once))).toMatchObject({ retryAfterMs: 7000 });
    lift();
  });

  it.for(['lost', 'timeout'] as const)(
    'a late write (%s) takes effect after its client was told nothing of it',
    async (answer) => {
      const clock = new Clock({ speed: 100 });
      const { server, connection } = await started(clock);
      clock.pause();
      const lift = strike(server, { lateMs: 10_000, answer }, 'create');
      const call = connection.create(core.configMaps, { metadata: map, data: {} }, once);
      expect(await failure(call)).toMatchObject({ code: answer === 'lost' ? 'UNREACHABLE' : 'SERVER_ERROR' });
      lift();
      expect(await connection.find(core.configMaps, map)).toBeUndefined();
      await clock.advance(9_000);
      expect(await connection.find(core.configMaps, map)).toBeUndefined();
      await clock.advance(2_000);
      expect(await connection.find(core.configMaps, map)).toBeDefined();
    },
  );

  it('a watch that is to take effect late is only lost, and begun anew by its client', async () => {
    const { server, connection } = await started();
    await connection.create(core.configMaps, { metadata: map, data: {} });
    let struck = 0;
    server.intercept(({ verb }) => {
      if (verb !== 'watch' || struck > 0) return undefined;
      struck += 1;
      return { lateMs: 1_000 };
    });
    let watches = 0;
    server.intercept(({ verb }) => {
      if (verb === 'watch') watches += 1;
      return undefined;
    });
    const stop = new AbortController();
    const watching = (async () => {
      const options = { namespace: 'default', signal: stop.signal, retry: { minDelayMs: 1, maxDelayMs: 20 } };
      for await (const event of connection.watch(core.configMaps, options)) void event;
    })();
    await until('it was begun anew', async () => watches > 1);
    expect(struck).toBe(1);
    stop.abort();
    await watching;
  });

  it('a get keeps no events back: it has none', async () => {
    const { server, connection } = await started();
    await connection.create(core.configMaps, { metadata: map, data: { at: '1' } });
    server.intercept(() => ({ dropEvents: 3 }));
    expect((await connection.get(core.configMaps, map, once)).data).toEqual({ at: '1' });
  });

  it('a stale get and a stale list are as things were before the last changes', async () => {
    const { server, connection } = await started();
    await connection.create(core.configMaps, { metadata: map, data: { at: '1' } });
    for (const at of ['2', '3'])
      await connection.patch(core.configMaps, map, { type: 'merge', body: { data: { at } } });
    const lifts = ['get', 'list'].map((verb) => strike(server, { staleBy: 2 }, verb));
    expect((await connection.get(core.configMaps, map)).data).toEqual({ at: '1' });
    const stale = await connection.list(core.configMaps, { namespace: 'default' }).toArray();
    expect(stale.map(({ data }) => data?.['at'])).toEqual(['1']);
    for (const lift of lifts) lift();
    expect((await connection.get(core.configMaps, map)).data).toEqual({ at: '3' });
  });

  it('a get so stale that the object was not there yet finds nothing', async () => {
    const { server, connection } = await started();
    await connection.create(core.configMaps, { metadata: map, data: {} });
    const lift = strike(server, { staleBy: 1 }, 'get');
    expect(await connection.find(core.configMaps, map)).toBeUndefined();
    lift();
    expect(await connection.find(core.configMaps, map)).toBeDefined();
  });

  it.for([{ dropEvents: 2 }, { truncateAt: 30 }, 'reset-after'] as const)(
    'a watch that goes wrong (%o) is begun anew by its client, and loses nothing',
    async (fault) => {
      const { server, connection } = await started();
      let struck = 0;
      const lift = server.intercept(({ verb }) => {
        if (verb !== 'watch' || struck > 0) return undefined;
        struck += 1;
        return fault;
      });
      const stop = new AbortController();
      const heard = new Map<string, string>();
      let synced = 0;
      const watching = (async () => {
        const options = { namespace: 'default', signal: stop.signal, retry: { minDelayMs: 1, maxDelayMs: 20 } };
        for await (const event of connection.watch(core.configMaps, options)) {
          if (event.type === 'synced') synced += 1;
          for (const object of event.type === 'synced' ? event.objects : [event.object])
            heard.set(object.metadata.name, event.type);
        }
      })();
      await until('the watch has begun', async () => synced > 0 && struck > 0);
      for (const name of ['one', 'two', 'three'])
        await connection.create(core.configMaps, { metadata: { ...map, name }, data: {} });
      await until('all three are known', async () => ['one', 'two', 'three'].every((name) => heard.has(name)));
      // Forgotten events come in a new list; after a broken line the watch goes on where it stood.
      expect(synced > 1).toBe(typeof fault === 'object' && 'dropEvents' in fault);
      stop.abort();
      await watching;
      lift();
    },
  );
});
