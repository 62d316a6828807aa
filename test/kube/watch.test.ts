import { describe, expect, it } from 'vitest';
import type { Connection, WatchEvent, WatchOptions } from '../../src/kube/connection.ts';
import type { Namespace } from '../../src/kube/resources.ts';
import { core } from '../../src/kube/resources.ts';
import { type Arrived, answer, type LoopbackServer, type Reply, servePlain } from './server.ts';
import { apiFailureOf, connect, failureOf, namespace, quickly, status } from './support.ts';

/** What one request of a watch is answered with. */
type Turn = (reply: Reply, request: Arrived) => void;

/** Answers lists and watches in the given order; a watch beyond the last one stays silent. */
async function serve(lists: readonly Turn[], watches: readonly Turn[]): Promise<LoopbackServer> {
  const [left, right] = [[...lists], [...watches]];
  return servePlain((request, reply) => {
    const turn = request.url.includes('watch=1') ? right.shift() : left.shift();
    turn?.(reply, request);
  });
}
const list =
  (resourceVersion: string, ...names: string[]): Turn =>
  (reply) =>
    answer(reply, {
      metadata: { resourceVersion },
      items: names.map((name) => ({ metadata: namespace(name).metadata })),
    });
const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
/** Sends events and ends, or stays open. */
const events =
  (text: string, then: 'end' | 'stay' | 'break' = 'stay'): Turn =>
  (reply) => {
    reply.writeHead(200, { 'content-type': 'application/json' });
    reply.write(text);
    if (then === 'end') reply.end();
    if (then === 'break') setImmediate(() => reply.socket?.destroy());
  };
const bookmark = (resourceVersion: string): string =>
  line('BOOKMARK', { kind: 'Namespace', metadata: { resourceVersion } });

/** The first `count` events, in short form. */
async function take(m: Connection, count: number, options: WatchOptions = quickly): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of m.watch(core.namespaces, options)) {
    seen.push(short(event));
    if (seen.length === count) break;
  }
  return seen;
}
function short(event: WatchEvent<Namespace>): string {
  if (event.type === 'synced') return `synced ${event.objects.map(({ metadata }) => metadata.name).join(',')}`;
  return `${event.type} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`;
}
const versions = (server: LoopbackServer): (string | null)[] =>
  server.arrived
    .filter(({ url }) => url.includes('watch=1'))
    .map(({ url }) => new URL(url, 'http://m').searchParams.get('resourceVersion'));

describe('a watch', () => {
  it('begins with all there is, then tells each change', async () => {
    const text =
      line('ADDED', namespace('p2', '8')) +
      line('MODIFIED', namespace('p1', '9')) +
      line('DELETED', namespace('p2', '10'));
    await using server = await serve([list('7', 'p1')], [events(text)]);
    await using m = await connect(server.url);
    expect(await take(m, 4)).toEqual(['synced p1', 'added p2@8', 'modified p1@9', 'deleted p2@10']);
  });

  it('asks for bookmarks, from where the list ended, with the same selection, and for an end before it counts as dead', async () => {
    await using server = await serve([list('7')], [events(line('ADDED', namespace('p2', '8')))]);
    await using m = await connect(server.url);
    await take(m, 2, { labelSelector: 'a=b', fieldSelector: 'metadata.name=p2', deadAfterMs: 60_000 });
    expect(server.arrived.map(({ url }) => url)).toEqual([
      '/api/v1/namespaces?limit=500&labelSelector=a%3Db&fieldSelector=metadata.name%3Dp2',
      '/api/v1/namespaces?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=40&labelSelector=a%3Db&fieldSelector=metadata.name%3Dp2',
    ]);
  });

  it('reads events that arrive in pieces, also within a character', async () => {
    const object = { ...namespace('p2', '8'), note: 'ü' };
    const bytes = Buffer.from(line('ADDED', object));
    const cut = bytes.indexOf(Buffer.from('ü')) + 1;
    const pieces: Turn = (reply) => {
      reply.writeHead(200);
      reply.write(bytes.subarray(0, cut));
      setTimeout(() => reply.write(bytes.subarray(cut)), 10);
    };
    await using server = await serve([list('7')], [pieces]);
    await using m = await connect(server.url);
    const seen: unknown[] = [];
    for await (const event of m.watch(core.namespaces)) {
      if (event.type === 'synced') continue;
      seen.push(event);
      break;
    }
    expect(seen).toEqual([{ type: 'added', object }]);
  });

  it('goes on after a clean end and after a broken connection, from the last change or bookmark', async () => {
    await using server = await serve(
      [list('7')],
      [
        events(line('ADDED', namespace('p1', '8')) + bookmark('20'), 'end'),
        events(line('MODIFIED', namespace('p1', '21')), 'break'),
        (reply) => answer(reply, status(503, 'ServiceUnavailable', 'restarting'), 503),
        (reply) => reply.socket?.destroy(),
        events(line('DELETED', namespace('p1', '22'))),
      ],
    );
    await using m = await connect(server.url);
    expect(await take(m, 4)).toEqual(['synced ', 'added p1@8', 'modified p1@21', 'deleted p1@22']);
    expect(versions(server)).toEqual(['7', '20', '21', '21', '21']);
  });

  it.each([
    ['HTTP 410', (reply: Reply) => answer(reply, status(410, 'Expired', 'too old resource version'), 410)],
    ['an ERROR event', events(line('ERROR', status(410, 'Gone', 'too old resource version')), 'end')],
  ])('lists again and says so when the server has forgotten where it stood (%s)', async (_how, forgotten) => {
    await using server = await serve(
      [list('7', 'p1', 'p2'), list('90', 'p2', 'p3')],
      [forgotten, events(line('ADDED', namespace('p4', '91')))],
    );
    await using m = await connect(server.url);
    expect(await take(m, 3)).toEqual(['synced p1,p2', 'synced p2,p3', 'added p4@91']);
    expect(versions(server)).toEqual(['7', '90']);
  });

  it('takes a connection without any byte for dead, and goes on over a new one', async () => {
    await using server = await serve(
      [list('7')],
      [() => undefined, events(''), events(line('ADDED', namespace('p1', '8')))],
    );
    await using m = await connect(server.url);
    expect(await take(m, 2, { ...quickly, deadAfterMs: 1_000 })).toEqual(['synced ', 'added p1@8']);
    expect(versions(server)).toEqual(['7', '7', '7']);
  });

  it('lives on while bookmarks come', async () => {
    const beats: Turn = (reply) => {
      reply.writeHead(200);
      let count = 0;
      const timer = setInterval(() => {
        count += 1;
        reply.write(count < 8 ? bookmark(String(10 + count)) : line('ADDED', namespace('p1', '30')));
        if (count === 8) clearInterval(timer);
      }, 300);
    };
    await using server = await serve([list('7')], [beats]);
    await using m = await connect(server.url);
    expect(await take(m, 2, { ...quickly, deadAfterMs: 1_500 })).toEqual(['synced ', 'added p1@30']);
    expect(versions(server)).toEqual(['7']);
  });

  it('survives a server that is away while it lists again', async () => {
    const away: Turn = (reply) => reply.socket?.destroy();
    await using server = await serve(
      [list('7'), away, away, away, list('50', 'p1')],
      [(reply) => answer(reply, status(410, 'Expired', 'old'), 410)],
    );
    await using m = await connect(server.url);
    expect(await take(m, 2, { retry: { retries: 1, minDelayMs: 1, maxDelayMs: 2 } })).toEqual(['synced ', 'synced p1']);
  });

  it('refuses a list without resourceVersion: there is nothing to go on from', async () => {
    const computed: Turn = (reply) => answer(reply, { metadata: {}, items: [] });
    await using server = await serve([computed], []);
    await using m = await connect(server.url);
    expect(await apiFailureOf(take(m, 1))).toMatchObject({ code: 'SERVER_ERROR' });
  });

  it('fails where the first list fails', async () => {
    const away: Turn = (reply) => reply.socket?.destroy();
    await using server = await serve([away, away], []);
    await using m = await connect(server.url);
    const options = { retry: { retries: 1, minDelayMs: 1 } };
    expect(await apiFailureOf(take(m, 1, options))).toMatchObject({ code: 'UNREACHABLE' });
  });

  it.each([
    [401, 'Unauthorized', 'UNAUTHENTICATED'],
    [403, 'Forbidden', 'FORBIDDEN'],
    [404, 'NotFound', 'NOT_FOUND'],
  ])('throws what no reconnect can heal (%i)', async (http, reason, code) => {
    await using server = await serve([list('7')], [(reply) => answer(reply, status(http, reason, 'no'), http)]);
    await using m = await connect(server.url);
    expect(await apiFailureOf(take(m, 2))).toMatchObject({ code });
  });

  it.each(['no json', '{"type":"NEW","object":{}}', '{"type":"ADDED","object":{}}'])(
    'throws at what is no event (%s)',
    async (text) => {
      await using server = await serve([list('7')], [events(`${text}\n`)]);
      await using m = await connect(server.url);
      expect(await apiFailureOf(take(m, 2))).toMatchObject({ code: 'SERVER_ERROR' });
    },
  );
});

describe('the end of a watch', () => {
  it('is quiet when its signal is aborted: before, between two events, and while it waits', async () => {
    await using server = await serve(
      [list('7'), list('7')],
      [events(line('ADDED', namespace('p1', '8')) + line('ADDED', namespace('p2', '9'))), events('')],
    );
    await using m = await connect(server.url);
    expect(await take(m, 1, { signal: AbortSignal.abort() })).toEqual([]);

    const between = new AbortController();
    const seen: string[] = [];
    for await (const event of m.watch(core.namespaces, { signal: between.signal })) {
      seen.push(short(event));
      if (event.type === 'added') between.abort();
    }
    expect(seen).toEqual(['synced ', 'added p1@8']);

    const waiting = new AbortController();
    const last: string[] = [];
    for await (const event of m.watch(core.namespaces, { signal: waiting.signal })) {
      last.push(short(event));
      // By then the reader asked for the next one, and waits.
      setTimeout(() => waiting.abort(), 50);
    }
    expect(last).toEqual(['synced ']);
  });

  it('closes its request when the reader stops', async () => {
    const closed = Promise.withResolvers<void>();
    const open: Turn = (reply) => {
      reply.socket?.once('close', () => closed.resolve());
      events(line('ADDED', namespace('p1', '8')))(reply, { method: '', url: '', headers: {}, body: '' });
    };
    await using server = await serve([list('7')], [open]);
    await using m = await connect(server.url);
    expect(await take(m, 2)).toHaveLength(2);
    await expect(closed.promise).resolves.toBeUndefined();
  });

  it('is an error when the connection is closed under it', async () => {
    await using server = await serve([list('7')], [events('')]);
    const m = await connect(server.url);
    const reading = (async () => {
      for await (const _event of m.watch(core.namespaces)) setTimeout(() => void m[Symbol.asyncDispose](), 50);
    })();
    expect(await failureOf(reading)).toMatchObject({
      code: 'ABORTED',
      message: 'm: the connection was closed. Connect again to go on.',
    });
  });
});
