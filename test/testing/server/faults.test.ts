import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nearTo } from '../../../src/testing/server/local.ts';
import { startApiServer } from '../../../src/testing/server/server.ts';
import { type Client, startClient } from './client.ts';

let client: Client;
beforeAll(async () => {
  client = await startClient();
});
afterAll(() => client[Symbol.asyncDispose]());

const maps = '/api/v1/namespaces/default/configmaps';

describe('a suspended server', () => {
  it('drops its watches, refuses connections, and is back under the same address with all it had', async () => {
    await client.created(maps, { metadata: { name: 'before' } });
    const watch = await client.watch(`${maps}?watch=true`);
    await client.server.suspend();
    await watch.ended;
    await expect(client.get(maps)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|other side closed|socket/i);
    await client.server.restore();
    expect((await client.get(`${maps}/before`)).code).toBe(200);
  });
});

describe('a server', () => {
  it('that is suspended stays so with a new certificate, and shows that once it is back', async () => {
    await client.server.suspend();
    await client.server.renewCertificate();
    await expect(client.get(maps)).rejects.toThrow();
    await client.server.restore();
    expect((await client.get(maps)).code).toBe(200);
  });

  it('that is closed is known to nobody in this process', async () => {
    const other = await startApiServer({ name: 'other' });
    expect(nearTo(other.url, {})).toBeDefined();
    await other.close();
    expect(nearTo(other.url, {})).toBeUndefined();
  });
});

describe('an interceptor', () => {
  it('sees what is asked for and answers in place of the server', async () => {
    const seen: unknown[] = [];
    const lift = client.server.intercept((request) => {
      seen.push(request);
      return { status: 429, body: { kind: 'Status' }, headers: { 'Retry-After': '1' } };
    });
    expect((await client.merge(`${maps}/x`, { data: {} })).code).toBe(429);
    expect(seen).toEqual([
      {
        verb: 'patch',
        resource: 'configmaps',
        subresource: undefined,
        name: 'x',
        namespace: 'default',
        user: 'kubernetes-admin',
        manager: 'tests',
      },
    ]);
    lift();
    expect((await client.merge(`${maps}/x`, { data: {} })).code).toBe(404);
  });

  it('breaks the connection before a write took effect, or after', async () => {
    const breaking = async (how: 'reset-before' | 'reset-after', name: string): Promise<number> => {
      const lift = client.server.intercept(({ verb }) => (verb === 'create' ? how : undefined));
      await expect(client.post(maps, { metadata: { name } })).rejects.toThrow();
      lift();
      return (await client.get(`${maps}/${name}`)).code;
    };
    expect(await breaking('reset-before', 'never')).toBe(404);
    expect(await breaking('reset-after', 'unheard')).toBe(200);
  });

  it('that tells to answer what cannot be sent breaks the connection', async () => {
    const lift = client.server.intercept(() => ({ status: 500, headers: { 'x-lines': 'a\nb' } }));
    await expect(client.get(maps)).rejects.toThrow();
    lift();
    expect((await client.get(maps)).code).toBe(200);
  });

  it('delays a request', async () => {
    let delayed = 0;
    const lift = client.server.intercept(() => {
      delayed += 1;
      return { delayMs: 20 };
    });
    expect((await client.get(maps)).code).toBe(200);
    expect(delayed).toBe(1);
    lift();
  });
});
