import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Fault, InterceptedRequest } from '../../../src/testing/index.ts';
import { mountOn } from '../../../src/testing/server/server.ts';
import { type Answer, type Body, type Client, startClient, until } from './client.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const proxy = '/api/v1/namespaces/default/services/http:front:80/proxy';
let client: Client;
/** What reached the service. */
let arrived: string[];

beforeAll(async () => {
  client = await startClient();
  mountOn(client.server, proxy, async (incoming, outgoing) => {
    arrived.push(`${incoming.method} ${incoming.url.slice(proxy.length)} ${await incoming.body()}`);
    outgoing.start(200, { 'content-type': 'text/plain' });
    outgoing.write('from the service');
    outgoing.end();
  });
});
beforeEach(() => {
  arrived = [];
});
afterAll(() => client[Symbol.asyncDispose]());

const tokenOf = (user: string): string => (parse(client.server.kubeconfigFor({ user })) as Body).users[0].user.token;

async function grant(user: string, rule: object): Promise<void> {
  const inside = `${rbac}/namespaces/default`;
  await client.created(`${inside}/roles`, { metadata: { name: user }, rules: [{ apiGroups: [''], ...rule }] });
  await client.created(`${inside}/rolebindings`, {
    metadata: { name: user },
    subjects: [{ kind: 'User', name: user }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user },
  });
}

/** Sends one request with every method, as somebody. */
async function statuses(user: string): Promise<Record<string, number>> {
  const token = tokenOf(user);
  const all: Record<string, number> = {};
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    all[method] = (await client.send(method, `${proxy}/x`, { token })).code;
  }
  return all;
}

describe('the service proxy', () => {
  it('passes nobody on without a right to services/proxy, and records refused writes', async () => {
    expect(await statuses('stranger')).toEqual({ GET: 403, POST: 403, PUT: 403, PATCH: 403, DELETE: 403 });
    expect(arrived).toEqual([]);
    const { body } = await client.get(`${proxy}/x`, { token: tokenOf('stranger') });
    expect(body.message).toBe(
      'services "http:front:80" is forbidden: User "stranger" cannot get resource "services/proxy" in API group "" in the namespace "default"',
    );
    const refused = client.server.history(({ user }) => user === 'stranger');
    expect(refused.map(({ verb }) => verb)).toEqual(['create', 'update', 'patch', 'delete']);
  });

  it('asks for the verb of the method, and for the name as it stands in the path', async () => {
    await grant('reader', { verbs: ['get'], resources: ['services/proxy'], resourceNames: ['http:front:80'] });
    expect(await statuses('reader')).toEqual({ GET: 200, POST: 403, PUT: 403, PATCH: 403, DELETE: 403 });
    await grant('writer', { verbs: ['create', 'update', 'patch', 'delete'], resources: ['services/proxy'] });
    expect(await statuses('writer')).toEqual({ GET: 403, POST: 200, PUT: 200, PATCH: 200, DELETE: 200 });
    await grant('elsewhere', { verbs: ['*'], resources: ['services/proxy'], resourceNames: ['front'] });
    await grant('owner', { verbs: ['*'], resources: ['services'] });
    expect((await statuses('elsewhere'))['GET']).toBe(403);
    expect((await statuses('owner'))['GET']).toBe(403);
  });

  it('says of a service that nobody answers for what a real one says whose pods are gone', async () => {
    const services = '/api/v1/namespaces/default/services';
    const ports = [{ name: 'web', port: 80 }];
    await client.created(services, { metadata: { name: 'selecting' }, spec: { ports, selector: { app: 'x' } } });
    await client.created(services, { metadata: { name: 'plain' }, spec: { ports } });
    const said = async (name: string, path = ''): Promise<string> => {
      const { code, body } = await client.get(`${services}/${name}/proxy${path}`);
      return `${code} ${body.message}`;
    };
    const none = '503 no endpoints available for service "selecting"';
    for (const name of ['selecting', 'selecting:web', 'selecting:80', 'https:selecting:']) {
      expect(await said(name, '/a/b')).toBe(none);
    }
    expect(await said('selecting:81')).toBe('503 no service port 81 found for service "selecting"');
    expect(await said('plain')).toBe('404 services "plain" not found');
    expect(await said('none', '/')).toBe('404 services "none" not found');
  });

  describe('with faults', () => {
    async function struck(
      fault: Fault,
      body?: string,
    ): Promise<{ answer: Answer | 'broken'; seen: InterceptedRequest[] }> {
      const seen: InterceptedRequest[] = [];
      const lift = client.server.intercept((request) => {
        if (request.subresource !== 'proxy') return undefined;
        seen.push(request);
        return fault;
      });
      const options = body === undefined ? {} : { body };
      const answer = await client.send('POST', `${proxy}/x`, options).catch((): 'broken' => 'broken');
      lift();
      return { answer, seen };
    }

    it('shows rules what the request is', async () => {
      const { answer, seen } = await struck({ status: 503 });
      expect(answer).toMatchObject({ code: 503 });
      expect(seen).toEqual([
        {
          verb: 'create',
          resource: 'services',
          subresource: 'proxy',
          name: 'http:front:80',
          namespace: 'default',
          user: 'kubernetes-admin',
          manager: 'tests',
        },
      ]);
      expect(arrived).toEqual([]);
    });

    it('breaks the connection before the service hears of it, or after', async () => {
      expect((await struck('reset-before')).answer).toBe('broken');
      expect(arrived).toEqual([]);
      expect((await struck('reset-after', 'said')).answer).toBe('broken');
      expect(arrived).toEqual(['POST /x said']);
    });

    it('lets the service hear of it later, and whole', async () => {
      expect((await struck({ lateMs: 10, answer: 'timeout' }, 'said')).answer).toMatchObject({ code: 504 });
      await until('the service heard of it', async () => arrived.length > 0);
      expect(arrived).toEqual(['POST /x said']);
    });

    it('cuts the answer short', async () => {
      expect((await struck({ truncateAt: 4 })).answer).toBe('broken');
      expect(arrived).toHaveLength(1);
    });

    it('delays, and then passes on', async () => {
      expect((await struck({ delayMs: 5 })).answer).toMatchObject({ code: 200, body: 'from the service' });
    });
  });
});
