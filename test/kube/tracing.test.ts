import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type RequestTrace, tracing } from '../../src/internal/tracing.ts';
import { core } from '../../src/kube/resources.ts';
import { answer, servePlain } from './server.ts';
import { connect, namespace } from './support.ts';

const heard: object[] = [];
const keep = (trace: object): void => void heard.push({ ...trace });
const ignore = (): void => undefined;
const subscriber = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: keep, error: ignore };
beforeEach(() => {
  heard.length = 0;
  tracing.request.subscribe(subscriber);
});
afterEach(() => {
  tracing.request.unsubscribe(subscriber);
});

it('every request is traced with method, path and status; without query, headers and bodies', async () => {
  await using server = await servePlain((request, reply) => {
    if (request.method === 'POST') answer(reply, { ...namespace('p1'), secret: 'from the server' });
    else reply.writeHead(503).end();
  });
  await using m = await connect({ server: server.url, user: { token: 't0k3n' } });
  await m.create(core.namespaces, { metadata: { name: 'p1', labels: { note: 'in the body' } } });
  await m.list(core.namespaces, { labelSelector: 'a=hidden', retry: false }).toArray().catch(ignore);
  const [first, ...others] = heard;
  expect(first).toEqual({ cluster: 'm', method: 'POST', path: '/api/v1/namespaces', watch: false, status: 200 });
  expect(others).toEqual([{ cluster: 'm', method: 'GET', path: '/api/v1/namespaces', watch: false, status: 503 }]);
  expect(JSON.stringify(heard)).not.toMatch(/t0k3n|hidden|in the body|from the server|Bearer|\?/);
});

it('a request without an answer has no status, but an error; one that stays open is marked', async () => {
  await using server = await servePlain((request, reply) => {
    if (request.url.includes('watch=1')) reply.writeHead(200).write(' \n');
    else if (request.url === '/version') reply.socket?.destroy();
    else answer(reply, { metadata: { resourceVersion: '1' }, items: [] });
  });
  await using m = await connect(server.url);
  await m.version({ retry: false }).catch(ignore);
  expect(heard[0]).toEqual({
    cluster: 'm',
    method: 'GET',
    path: '/version',
    watch: false,
    error: expect.any(Error),
  } satisfies RequestTrace & { error: unknown });
  const stop = new AbortController();
  const events = m.watch(core.namespaces, { signal: stop.signal })[Symbol.asyncIterator]();
  await events.next();
  const next = events.next().catch(ignore);
  const open = { cluster: 'm', method: 'GET', path: '/api/v1/namespaces', watch: true, status: 200 };
  await vi.waitFor(() => expect(heard).toContainEqual(open));
  stop.abort();
  await next;
});
