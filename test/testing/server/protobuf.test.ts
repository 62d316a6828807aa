import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fieldOf, messages } from '../../../src/testing/server/content/messages.ts';
import type { Node, StructNode } from '../../../src/testing/server/content/node.ts';
import { readProtobuf } from '../../../src/testing/server/content/protobuf.ts';
import { type Answer, type Body, type Client, startClient } from './client.ts';
import { envelope, field } from './envelope.ts';

describe('reading protobuf', () => {
  it('reads names, maps, bytes, lists, switches and times into what JSON would say', () => {
    const metadata = field(1, [
      field(1, 'a'),
      field(8, []),
      field(11, [field(1, 'one'), field(2, '1')]),
      field(11, [field(1, 'two'), field(2, '2')]),
      field(13, [field(1, 'ConfigMap'), field(3, 'owner'), field(4, 'u'), field(5, 'v1'), field(6, 0)]),
      field(14, 'x'),
      field(14, 'y'),
    ]);
    const binary = field(2, [field(1, 'key'), field(2, Buffer.from([0xff, 0x00, 0x80]))]);
    expect(readProtobuf(envelope('v1', 'Secret', metadata, binary, field(3, 'Opaque'), field(5, 1)))).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'a',
        creationTimestamp: null,
        labels: { one: '1', two: '2' },
        ownerReferences: [{ kind: 'ConfigMap', name: 'owner', uid: 'u', apiVersion: 'v1', controller: false }],
        finalizers: ['x', 'y'],
      },
      data: { key: '/wCA' },
      type: 'Opaque',
      immutable: true,
    });
    const time = field(4, [field(1, 1), field(2, 5)]);
    const lease = envelope('coordination.k8s.io/v1', 'Lease', field(2, [field(2, 15), time]));
    expect(readProtobuf(lease)).toMatchObject({
      spec: { leaseDurationSeconds: 15, renewTime: '1970-01-01T00:00:01.000000Z' },
    });
  });

  it('skips numbers that it does not know, and tells of text that ends too early or is something else', () => {
    const namespace = envelope('v1', 'Namespace', field(1, [field(1, 'a'), field(99, 'later')]), field(98, 7));
    expect(readProtobuf(namespace)).toEqual({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } });
    expect(() => readProtobuf(namespace.subarray(0, -1))).toThrow('unexpected EOF');
    expect(() => readProtobuf(Buffer.from('{}'))).toThrow('does not appear to be a protobuf message');
    expect(() => readProtobuf(envelope('v1', 'Namespace', field(1, 7)))).toThrow(
      'wrong wireType = 0 for field metadata',
    );
    expect(readProtobuf(envelope('apps/v1', 'Deployment'))).toBeUndefined();
  });

  it('knows a number for every field of every structure that it reads', () => {
    const missing: string[] = [];
    const seen = new Set<StructNode>();
    const visit = (node: Node, top: boolean): void => {
      if (node.is === 'list' || node.is === 'map') visit(node.of, false);
      if (node.is !== 'struct' || seen.has(node)) return;
      seen.add(node);
      const numbers = Array.from({ length: 32 }, (_, number) => fieldOf(node, number));
      for (const [name, { node: of }] of Object.entries(node.fields)) {
        // What every object says of itself is not in its message.
        const apart = top && (name === 'apiVersion' || name === 'kind');
        if (!apart && !numbers.includes(name)) missing.push(`${node.name}.${name}`);
        visit(of, false);
      }
      for (const name of numbers) {
        if (name !== undefined && name !== '' && name !== '-' && node.fields[name] === undefined) {
          missing.push(`${node.name} has no ${name}`);
        }
      }
    };
    for (const node of messages.values()) visit(node, true);
    expect(missing).toEqual([]);
    expect(seen.size).toBeGreaterThan(30);
  });
});

describe('a server that is written to in protobuf', () => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient();
  });
  afterAll(() => client[Symbol.asyncDispose]());

  async function post(path: string, body: Buffer): Promise<Answer> {
    const { token }: { token: string } = (parse(client.server.kubeconfig) as Body).users[0].user;
    const answer = await request(`${client.server.url}${path}`, {
      method: 'POST',
      dispatcher: client.dispatcher,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/vnd.kubernetes.protobuf' },
      body,
    });
    return { code: answer.statusCode, contentType: '', body: await answer.body.json() };
  }

  it('creates what was sent, byte for byte', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xc3]);
    const entry = field(2, [field(1, 'key'), field(2, bytes)]);
    const secret = envelope('v1', 'Secret', field(1, field(1, 'binary')), entry);
    const { code, body } = await post('/api/v1/namespaces/default/secrets', secret);
    expect([code, body.data.key]).toEqual([201, bytes.toString('base64')]);
  });

  it('refuses kinds whose numbers it does not know, and names what it takes instead', async () => {
    const { code, body } = await post(
      '/apis/apps/v1/namespaces/default/deployments',
      envelope('apps/v1', 'Deployment', field(1, field(1, 'd'))),
    );
    expect(code).toBe(415);
    expect(body.message).toContain('accepted media types include: application/json, application/yaml');
    expect(body.message).not.toContain('protobuf');
  });

  it('refuses what is no protobuf, and what is of another kind', async () => {
    const wrong = await post('/api/v1/namespaces', Buffer.from('{"metadata":{"name":"a"}}'));
    expect([wrong.code, wrong.body.reason]).toEqual([400, 'BadRequest']);
    const other = await post('/api/v1/namespaces', envelope('v1', 'Secret', field(1, field(1, 'a'))));
    expect([other.code, other.body.reason]).toEqual([400, 'BadRequest']);
  });
});

describe('OpenAPI', () => {
  it('says of every kind that the server validates its fields, of custom ones too, and nothing of what is not served', async () => {
    await using client = await startClient();
    const { body: index } = await client.get('/openapi/v3');
    expect(Object.keys(index.paths)).toContain('apis/rbac.authorization.k8s.io/v1');
    const { body } = await client.get(index.paths['api/v1'].serverRelativeURL);
    const { patch } = body.paths['/api/v1/namespaces/{namespace}/configmaps/{name}'];
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: '', version: 'v1', kind: 'ConfigMap' });
    expect(patch.parameters.map(({ name }: { name: string }) => name)).toContain('fieldValidation');
    expect((await client.get('/openapi/v3/apis/no.such/v1')).code).toBe(404);
    expect((await client.get('/openapi/v2')).body).toMatchObject({ swagger: '2.0', paths: {} });
    expect((await client.get('/openapi/v3', { token: undefined })).code).toBe(403);
  });
});
