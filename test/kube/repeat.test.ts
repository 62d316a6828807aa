import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import type { RetryPolicy } from '../../src/types.ts';
import { apiFailureOf, connect, namespace, quickly, status } from './support.ts';

const server = 'http://m.test:8080';
const p1 = { name: 'p1' };
const merge = { type: 'merge', body: { metadata: { labels: { a: 'b' } } } } as const;
const json = { type: 'json', operations: [{ op: 'add', path: '/metadata/labels/a', value: 'b' }] } as const;
const background = { propagationPolicy: 'Background' } as const;
/** The request may have arrived. */
const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
/** The request cannot have arrived. */
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
const busy = () => status(429, 'TooManyRequests', 'slow down');

let m: Connection;
beforeEach(async () => {
  nock.disableNetConnect();
  m = await connect(server);
});
afterEach(async () => {
  await m[Symbol.asyncDispose]();
  const open = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(open).toEqual([]);
});

const on = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path = '/api/v1/namespaces/p1') =>
  nock(server).intercept(path, method).query(true);

describe('reads', () => {
  it('are repeated when the server is busy, fails, or the connection breaks', async () => {
    on('GET').reply(429, busy());
    on('GET').reply(503, status(503, 'ServiceUnavailable', 'not ready'));
    on('GET').replyWithError(lost);
    on('GET').replyWithError(refused);
    on('GET').reply(200, namespace('p1'));
    expect((await m.get(core.namespaces, p1, quickly)).metadata.name).toBe('p1');
  });

  it('are repeated as often as asked, and then fail with the last error', async () => {
    on('GET')
      .times(2)
      .reply(503, status(503, 'ServiceUnavailable', 'not ready'));
    on('GET').reply(429, busy());
    const error = await apiFailureOf(m.get(core.namespaces, p1, { retry: { retries: 2, minDelayMs: 1 } }));
    expect(error.code).toBe('RATE_LIMITED');
  });

  it('are repeated as by default where a caller’s policy says undefined', async () => {
    on('GET')
      .times(5)
      .reply(503, status(503, 'ServiceUnavailable', 'not ready'));
    const retry = { retries: undefined, minDelayMs: 1, maxDelayMs: 1 } as unknown as RetryPolicy;
    expect((await apiFailureOf(m.get(core.namespaces, p1, { retry }))).code).toBe('SERVER_ERROR');
  });

  it('are not repeated where the caller says so, nor where it cannot help', async () => {
    on('GET').reply(503, status(503, 'ServiceUnavailable', 'not ready'));
    expect((await apiFailureOf(m.get(core.namespaces, p1, { retry: false }))).code).toBe('SERVER_ERROR');
    on('GET').reply(403, status(403, 'Forbidden', 'no'));
    expect((await apiFailureOf(m.get(core.namespaces, p1, quickly))).code).toBe('FORBIDDEN');
  });

  it('wait as long as the server asks for', async () => {
    on('GET').reply(429, busy(), { 'retry-after': '3600' });
    const next = on('GET').reply(200, namespace('p1'));
    const waiting = m.get(core.namespaces, p1, { ...quickly, timeoutMs: 500 });
    await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(next.isDone()).toBe(false);
    nock.cleanAll();
  });
});

describe('writes without preconditions', () => {
  const writes = {
    create: {
      method: 'POST',
      path: '/api/v1/namespaces',
      call: () => m.create(core.namespaces, { metadata: p1 }, quickly),
    },
    patch: { method: 'PATCH', path: '/api/v1/namespaces/p1', call: () => m.patch(core.namespaces, p1, merge, quickly) },
    delete: {
      method: 'DELETE',
      path: '/api/v1/namespaces/p1',
      call: () => m.delete(core.namespaces, p1, { ...background, ...quickly }),
    },
  } as const;

  describe.each(Object.entries(writes))('%s', (_name, { method, path, call }) => {
    it('is repeated while it certainly had no effect', async () => {
      on(method, path).reply(429, busy());
      on(method, path).replyWithError(refused);
      on(method, path).reply(200, namespace('p1'));
      await expect(call()).resolves.not.toThrow();
    });

    it('is never repeated after a broken connection, and says that its effect is not known', async () => {
      on(method, path).replyWithError(lost);
      const error = await apiFailureOf(call());
      expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true, details: { sent: true } });
      expect(error.message).toContain('Whether it took effect is not known');
    });

    it('is never repeated after a failure of the server', async () => {
      on(method, path).reply(504, status(504, 'Timeout', 'request did not complete'));
      expect(await apiFailureOf(call())).toMatchObject({ code: 'SERVER_ERROR', retryable: true });
    });
  });

  it('are repeated like reads in a dry run', async () => {
    on('POST', '/api/v1/namespaces').replyWithError(lost);
    on('POST', '/api/v1/namespaces').reply(201, namespace('p1'));
    await m.create(core.namespaces, { metadata: p1 }, { ...quickly, dryRun: true });
    on('DELETE').reply(500, status(500, 'InternalError', 'etcd'));
    on('DELETE').reply(200, namespace('p1'));
    await m.delete(core.namespaces, p1, { ...background, ...quickly, dryRun: true });
  });
});

describe('a patch that names its object', () => {
  it('is repeated after a lost answer', async () => {
    on('PATCH').replyWithError(lost);
    on('PATCH').reply(502, 'bad gateway');
    on('PATCH').reply(200, namespace('p1', '9'));
    const patched = await m.patch(core.namespaces, p1, merge, { ...quickly, uid: 'u1' });
    expect(patched.metadata.resourceVersion).toBe('9');
  });

  it('says of a conflict after a lost answer that the change may be its own', async () => {
    on('PATCH').replyWithError(lost);
    on('PATCH').reply(409, status(409, 'Conflict', 'the object has been modified'));
    const error = await apiFailureOf(m.patch(core.namespaces, p1, merge, { ...quickly, resourceVersion: '7' }));
    expect(error).toMatchObject({ code: 'CONFLICT', status: 409, retryable: false, details: { answerLost: true } });
    expect(error.message).toContain('The answer to an earlier attempt of this call was lost');
  });

  it('says so of every other failure too, for none of them proves that nothing happened', async () => {
    on('PATCH').replyWithError(lost);
    on('PATCH').replyWithError(refused);
    const options = { resourceVersion: '7', retry: { retries: 1, minDelayMs: 1 } };
    const error = await apiFailureOf(m.patch(core.namespaces, p1, merge, options));
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true, details: { answerLost: true } });
  });

  it('says nothing of the kind where no answer was lost', async () => {
    on('PATCH').reply(429, busy());
    on('PATCH').reply(409, status(409, 'Conflict', 'the object has been modified'));
    const error = await apiFailureOf(m.patch(core.namespaces, p1, merge, { ...quickly, resourceVersion: '7' }));
    expect(error).toMatchObject({ code: 'CONFLICT', details: null });
  });

  it('as a JSON patch is repeated only with a resourceVersion: the same operations twice are not the same as once', async () => {
    on('PATCH').replyWithError(lost);
    expect((await apiFailureOf(m.patch(core.namespaces, p1, json, { ...quickly, uid: 'u1' }))).code).toBe(
      'UNREACHABLE',
    );
    on('PATCH').replyWithError(lost);
    on('PATCH').reply(200, namespace('p1'));
    await m.patch(core.namespaces, p1, json, { ...quickly, uid: 'u1', resourceVersion: '7' });
  });
});

describe('a delete that names its object', () => {
  it('has reached its aim when the object is gone after a lost answer', async () => {
    on('DELETE').replyWithError(lost);
    on('DELETE').reply(404, status(404, 'NotFound', 'namespaces "p1" not found'));
    await expect(m.delete(core.namespaces, p1, { ...background, ...quickly, uid: 'u1' })).resolves.toBeUndefined();
  });

  it('fails when the object was not there to begin with', async () => {
    on('DELETE').reply(429, busy());
    on('DELETE').reply(404, status(404, 'NotFound', 'namespaces "p1" not found'));
    const error = await apiFailureOf(m.delete(core.namespaces, p1, { ...background, ...quickly, uid: 'u1' }));
    expect(error).toMatchObject({ code: 'NOT_FOUND', details: null });
  });

  it('does not call another object of that name a success', async () => {
    on('DELETE').replyWithError(lost);
    on('DELETE').reply(
      409,
      status(409, 'Conflict', 'Precondition failed: UID in precondition: u1, UID in object meta: u2'),
    );
    const error = await apiFailureOf(m.delete(core.namespaces, p1, { ...background, ...quickly, uid: 'u1' }));
    expect(error).toMatchObject({ code: 'CONFLICT', details: { answerLost: true } });
  });
});
