import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, inNamespace, startClient } from './client.ts';

let client: Client;
let maps: string;
let from = 0;
beforeAll(async () => {
  client = await startClient();
  maps = `${await inNamespace(client, 'told')}/configmaps`;
});
afterAll(() => client[Symbol.asyncDispose]());
beforeEach(() => {
  from = client.server.history().length;
});

const told = () => client.server.history().slice(from);
const about = { resource: 'configmaps', namespace: 'told' };

describe('a history has every write that was refused, once', () => {
  it('by a fault that answers with a status', async () => {
    const lift = client.server.intercept(({ verb }) => (verb === 'create' ? { status: 503 } : undefined));
    await client.post(maps, { metadata: { name: 'a' } });
    lift();
    expect(told()).toMatchObject([
      { ...about, verb: 'create', user: 'kubernetes-admin', refused: { code: 503, reason: 'ServiceUnavailable' } },
    ]);
  });

  it('for credentials that are nobody’s', async () => {
    await client.send('DELETE', `${maps}/a`, { token: 'nonsense' });
    expect(told()).toMatchObject([
      { ...about, verb: 'delete', name: 'a', user: '', refused: { code: 401, reason: 'Unauthorized' } },
    ]);
  });

  it('for a verb that the resource does not know', async () => {
    await client.send('PUT', maps, { body: {} });
    await client.send('DELETE', '/api/v1/namespaces');
    expect(told()).toMatchObject([
      { ...about, verb: 'update', name: '', refused: { code: 405, reason: 'MethodNotAllowed' } },
      { resource: 'namespaces', verb: 'deletecollection', name: '', refused: { code: 405 } },
    ]);
  });

  it('for a resource that nobody serves, a form that nobody makes, by rights, and by what is there', async () => {
    await client.post('/apis/nobody.test/v1/things', {});
    await client.send('POST', maps, { body: { metadata: { name: 'a' } }, accept: 'application/xml' });
    await client.send('POST', maps, { body: { metadata: { name: 'a' } }, token: undefined });
    await client.delete(`${maps}/none`);
    expect(told().map(({ refused }) => refused?.code)).toEqual([404, 406, 403, 404]);
  });

  it('but no reads, no dry runs, and nothing that never arrived or takes effect later', async () => {
    await client.send('GET', maps, { token: 'nonsense' });
    await client.send('POST', `${maps}?dryRun=All`, { body: {}, token: 'nonsense' });
    const broken = client.server.intercept(() => 'reset-before');
    await expect(client.post(maps, { metadata: { name: 'never' } })).rejects.toThrow();
    broken();
    expect(told()).toEqual([]);
    const late = client.server.intercept(() => ({ lateMs: 1, answer: 'timeout' }));
    expect((await client.post(maps, { metadata: { name: 'late' } })).code).toBe(504);
    late();
    await expect.poll(() => told().map(({ name, refused }) => [name, refused])).toEqual([['late', undefined]]);
  });
});

it('an escaped path means the same for rights and for what is done', async () => {
  const escaped = await client.get('/%61pi/v1/namespaces/told%2Fconfigmaps');
  expect([escaped.code, escaped.body.kind]).toEqual([200, 'ConfigMapList']);
  const denied = await client.send('GET', '/%61pi/v1/namespaces/told', { token: undefined });
  expect(denied.body.message).toContain('cannot get resource "namespaces"');
  expect((await client.get('/%76ersion')).code).toBe(200);
  expect((await client.get('/api/v1/%zz')).code).toBe(400);
});
