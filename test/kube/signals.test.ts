import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import type { CallOptions } from '../../src/types.ts';
import { answer, type Handler, servePlain } from './server.ts';
import { connect, failureOf, namespace } from './support.ts';

const silent: Handler = () => undefined;
const p1 = { name: 'p1' };

/** Every call that takes a signal and a time limit. */
const calls: Record<string, (m: Connection, options: CallOptions) => Promise<unknown>> = {
  get: (m, options) => m.get(core.namespaces, p1, options),
  find: (m, options) => m.find(core.namespaces, p1, options),
  list: (m, options) => m.list(core.namespaces, options).toArray(),
  pages: async (m, options) => {
    for await (const _page of m.list(core.namespaces, options).pages());
  },
  listMetadata: (m, options) => m.listMetadata(core.namespaces, options).toArray(),
  create: (m, options) => m.create(core.namespaces, { metadata: p1 }, options),
  patch: (m, options) => m.patch(core.namespaces, p1, { type: 'merge', body: {} }, { ...options, uid: 'u' }),
  delete: (m, options) => m.delete(core.namespaces, p1, { ...options, propagationPolicy: 'Orphan', uid: 'u' }),
  resources: (m, options) => m.resources(options),
  version: (m, options) => m.version(options),
  raw: (m, options) => m.raw('/readyz', options),
};

describe.each(Object.entries(calls))('%s', (_name, call) => {
  it('sends nothing when the signal is aborted already', async () => {
    await using server = await servePlain(silent);
    await using m = await connect(server.url);
    expect(await failureOf(call(m, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
    expect(server.arrived).toEqual([]);
  });

  it('ends at once when the signal is aborted on the way, and when its time is up', async () => {
    const controller = new AbortController();
    await using server = await servePlain(() => controller.abort(new Error('enough')));
    await using m = await connect(server.url);
    expect(await failureOf(call(m, { signal: controller.signal }))).toMatchObject({
      code: 'ABORTED',
      retryable: false,
    });
    expect(await failureOf(call(m, { timeoutMs: 20 }))).toMatchObject({ code: 'TIMEOUT' });
  });

  it('ends when the connection is closed', async () => {
    const arrived = Promise.withResolvers<void>();
    await using server = await servePlain(() => arrived.resolve());
    await using m = await connect(server.url);
    const failing = failureOf(call(m, {}));
    await arrived.promise;
    await m[Symbol.asyncDispose]();
    const error = await failing;
    expect(error).toMatchObject({ code: 'ABORTED' });
    expect(error.message).toBe('m: the connection was closed. Connect again to go on.');
    expect(await failureOf(call(m, {}))).toMatchObject({ code: 'ABORTED' });
  });
});

describe('a time limit', () => {
  it('is for all pages of a list together, and for all repeats', async () => {
    let pages = 0;
    await using server = await servePlain((request, reply) => {
      if (request.url.includes('continue=')) return;
      pages += 1;
      answer(reply, { metadata: { resourceVersion: '1', continue: 'next' }, items: [namespace('p1')] });
    });
    await using m = await connect(server.url);
    const error = await failureOf(m.list(core.namespaces, { timeoutMs: 500 }).toArray());
    expect(error.message).toBe('m: LIST namespaces took longer than 500 ms.');
    expect(pages).toBe(1);

    await using failing = await servePlain((_request, reply) => answer(reply, {}, 503));
    await using broken = await connect(failing.url);
    const retry = { retries: 1_000, minDelayMs: 20, maxDelayMs: 20 };
    expect(await failureOf(broken.version({ timeoutMs: 100, retry }))).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('the signal of a caller', () => {
  it('has no more listeners after any number of calls and watches than before', async () => {
    await using server = await servePlain((request, reply) => {
      if (request.url.includes('watch=1')) {
        reply.writeHead(200);
        reply.write(`${JSON.stringify({ type: 'ADDED', object: namespace('p2', '2') })}\n`);
      } else if (request.url.startsWith('/api/v1/namespaces?') && request.method === 'GET')
        answer(reply, { metadata: { resourceVersion: '1' }, items: [] });
      else answer(reply, namespace('p1'));
    });
    await using m = await connect(server.url);
    const signal = new CountingSignal();
    for (let round = 0; round < 5; round++) {
      await m.get(core.namespaces, p1, { signal });
      await m.list(core.namespaces, { signal }).toArray();
      await m.create(core.namespaces, { metadata: p1 }, { signal });
      for await (const event of m.watch(core.namespaces, { signal })) if (event.type === 'added') break;
    }
    expect(signal.added).toBeGreaterThan(0);
    expect(signal.listeners).toBe(0);
  });
});

/** An AbortSignal that counts who listens. */
class CountingSignal extends EventTarget implements AbortSignal {
  readonly aborted = false;
  readonly reason: unknown = undefined;
  onabort = null;
  listeners = 0;
  added = 0;
  throwIfAborted(): void {}
  override addEventListener(...parameters: Parameters<EventTarget['addEventListener']>): void {
    this.listeners += 1;
    this.added += 1;
    super.addEventListener(...parameters);
  }
  override removeEventListener(...parameters: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners -= 1;
    super.removeEventListener(...parameters);
  }
}
