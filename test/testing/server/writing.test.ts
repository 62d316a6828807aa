import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Client, custom, define, inNamespace, isAlive, startClient } from './client.ts';

let client: Client;
let maps: string;
beforeAll(async () => {
  client = await startClient();
  maps = `${await inNamespace(client, 'writing')}/configmaps`;
});
afterAll(() => client[Symbol.asyncDispose]());

const configMap = (name: string, rest: object = {}): Promise<Body> =>
  client.created(maps, { metadata: { name }, ...rest });
const other = '00000000-0000-4000-8000-000000000000';

describe('create', () => {
  it('gives the object what the server decides, and nothing the client claims for it', async () => {
    const created = await configMap('new', {
      metadata: { name: 'new', uid: 'mine', creationTimestamp: '2001-01-01T00:00:00Z' },
      data: { x: 'y' },
    });
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'writing' } });
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.metadata.creationTimestamp).not.toBe('2001-01-01T00:00:00Z');
    expect(created.metadata.managedFields).toMatchObject([{ manager: 'tests', operation: 'Update' }]);
  });

  it('makes names from generateName', async () => {
    const { metadata } = await client.created(maps, { metadata: { generateName: 'made-' } });
    expect(metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  it.each([
    ['a name that is taken', { name: 'twice' }, 409, 'configmaps "twice" already exists'],
    [
      'no name at all',
      {},
      422,
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'another namespace',
      { name: 'x', namespace: 'y' },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'labels that are no strings',
      { name: 'x', labels: { a: 1 } },
      400,
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      'a resourceVersion',
      { name: 'x', resourceVersion: '1' },
      500,
      'resourceVersion should not be set on objects to be created',
    ],
  ])('refuses %s', async (_what, metadata, code, message) => {
    await client.post(maps, { metadata: { name: 'twice' } });
    const answer = await client.post(maps, { metadata });
    expect(answer.code).toBe(code);
    expect(answer.body.message).toBe(message);
  });

  it.each([
    ['Upper', {}, 'metadata.name'],
    ['x', { labels: { 'a b': 'c' } }, 'metadata.labels'],
    ['x', { labels: { a: '-c' } }, 'metadata.labels'],
    ['x', { annotations: { 'a/b/c': '' } }, 'metadata.annotations'],
    ['x', { finalizers: ['unqualified'] }, 'metadata.finalizers[0]'],
    [
      'x',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '' }] },
      'metadata.ownerReferences.uid',
    ],
  ])('refuses malformed metadata of %s %o', async (name, metadata, field) => {
    const answer = await client.post(maps, { metadata: { name, ...metadata } });
    expect(answer.code).toBe(422);
    expect(answer.body.details.causes.map((cause: Body) => cause.field)).toContain(field);
  });

  it('needs a namespace that exists', async () => {
    const answer = await client.post('/api/v1/namespaces/nowhere/configmaps', { metadata: { name: 'x' } });
    expect(answer.code).toBe(404);
    expect(answer.body.details).toEqual({ name: 'nowhere', kind: 'namespaces' });
  });

  it('knows no dry run but of everything', async () => {
    const answer = await client.post(`${maps}?dryRun=Some`, { metadata: { name: 'half' } });
    expect(answer.code).toBe(422);
    expect((await client.get(`${maps}/half`)).code).toBe(404);
  });

  it('of a namespaced object needs a namespace in its address', async () => {
    expect((await client.post('/api/v1/configmaps', { metadata: { name: 'x' } })).code).toBe(405);
  });

  it('as a dry run checks everything and keeps nothing', async () => {
    expect((await client.post(`${maps}?dryRun=All`, { metadata: { name: 'dry' } })).code).toBe(201);
    expect((await client.get(`${maps}/dry`)).code).toBe(404);
    expect((await client.post(`${maps}?dryRun=All`, { metadata: { name: 'DRY' } })).code).toBe(422);
  });

  it('labels every namespace with its own name, for good', async () => {
    await client.created('/api/v1/namespaces', {
      metadata: { name: 'named', labels: { 'kubernetes.io/metadata.name': 'liar' } },
    });
    const answer = await client.merge('/api/v1/namespaces/named', {
      metadata: { labels: { 'kubernetes.io/metadata.name': null } },
    });
    expect(answer.body.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'named' });
  });
});

describe('update', () => {
  it('refuses a state that is no longer the newest', async () => {
    const old = await configMap('raced');
    await client.merge(`${maps}/raced`, { data: { a: '1' } });
    const answer = await client.put(`${maps}/raced`, { ...old, data: { a: '2' } });
    expect(answer.code).toBe(409);
    expect(answer.body).toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "raced": the object has been modified; please apply your changes to the latest version and try again',
      details: { name: 'raced', kind: 'configmaps' },
    });
  });

  it('refuses another UID as a conflict', async () => {
    const object = await configMap('whose');
    const answer = await client.put(`${maps}/whose`, { metadata: { name: 'whose', uid: other } });
    expect(answer.code).toBe(409);
    expect(answer.body.message).toContain(`UID in precondition: ${other}, UID in object meta: ${object.metadata.uid}`);
  });

  it('does not write what changes nothing', async () => {
    const before = await configMap('same', { data: { a: '1' } });
    const after = await client.merge(`${maps}/same`, { data: { a: '1' }, metadata: { labels: {} } });
    expect(after.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('keeps what is immutable', async () => {
    await configMap('fixed', { immutable: true, data: { a: '1' } });
    const answer = await client.merge(`${maps}/fixed`, { data: { a: '2' } });
    expect(answer.code).toBe(422);
    expect(answer.body.details.causes[0].message).toBe('Forbidden: field is immutable when `immutable` is set');
  });
});

describe('what never changes', () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a' };
  const spec = {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  };

  it.each([
    ['the role of a binding', rbac, { metadata: { name: 'f' }, roleRef }, { roleRef: { name: 'b' } }, 'roleRef'],
    [
      'the type of a Secret',
      '/api/v1/namespaces/writing/secrets',
      { metadata: { name: 'f' } },
      { type: 'x/y' },
      'type',
    ],
    [
      'the selector of a Deployment',
      '/apis/apps/v1/namespaces/writing/deployments',
      { metadata: { name: 'f' }, spec },
      { spec: { selector: { matchLabels: { a: 'c' } } } },
      'spec.selector',
    ],
  ])('%s', async (_what, path, object, change, field) => {
    await client.created(path, object);
    const answer = await client.merge(`${path}/f`, change);
    expect(answer.code).toBe(422);
    expect(answer.body.details.causes[0].field).toBe(field);
  });

  it('the name, the namespace, and the time of deletion', async () => {
    await configMap('stays');
    expect((await client.merge(`${maps}/stays`, { metadata: { name: 'moves' } })).code).toBe(400);
    expect((await client.merge(`${maps}/stays`, { metadata: { namespace: 'default' } })).code).toBe(400);
    expect(
      (await client.merge(`${maps}/stays`, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })).code,
    ).toBe(422);
  });

  it('a namespace’s finalizer and phase, but through its subresources', async () => {
    const { body } = await client.merge('/api/v1/namespaces/writing', {
      spec: { finalizers: [] },
      status: { phase: 'Terminating' },
    });
    expect(body).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
  });
});

describe('patch', () => {
  const patch = (name: string, type: string, body: object) =>
    client.send('PATCH', `${maps}/${name}`, { type: `application/${type}+json`, body });

  it('merges: null removes, lists are replaced', async () => {
    await configMap('merged', { data: { a: '1', b: '2' }, metadata: { name: 'merged', finalizers: ['x.io/a'] } });
    const { body } = await patch('merged', 'merge-patch', {
      data: { a: null, c: '3' },
      metadata: { finalizers: ['x.io/b'] },
    });
    expect(body.data).toEqual({ b: '2', c: '3' });
    expect(body.metadata.finalizers).toEqual(['x.io/b']);
  });

  it('of an older resourceVersion is a conflict, of a foreign UID invalid', async () => {
    await configMap('guarded');
    expect((await patch('guarded', 'merge-patch', { metadata: { resourceVersion: '1' }, data: { a: '1' } })).code).toBe(
      409,
    );
    const answer = await patch('guarded', 'merge-patch', { metadata: { uid: other }, data: { a: '1' } });
    expect(answer.code).toBe(422);
    expect(answer.body.details.causes[0]).toMatchObject({
      field: 'metadata.uid',
      message: `Invalid value: "${other}": field is immutable`,
    });
    expect((await client.get(`${maps}/guarded`)).body.data).toBeUndefined();
  });

  it('as JSON patch does all or nothing, and keeps to itself why it failed', async () => {
    await configMap('steps', { data: { a: '1' } });
    const failed = await patch('steps', 'json-patch', [
      { op: 'add', path: '/data/b', value: '2' },
      { op: 'test', path: '/data/a', value: 'other' },
    ]);
    expect(failed.code).toBe(422);
    expect(failed.body.message).toBe('the server rejected our request due to an error in our request');
    expect((await client.get(`${maps}/steps`)).body.data).toEqual({ a: '1' });
    const done = await patch('steps', 'json-patch', [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'add', path: '/metadata/labels', value: {} },
      { op: 'add', path: '/metadata/labels/x.io~1b', value: 'c' },
      { op: 'remove', path: '/data/a' },
    ]);
    expect(done.body.metadata.labels).toEqual({ 'x.io/b': 'c' });
    expect(done.body.data).toBeUndefined();
  });

  it('as strategic merge joins finalizers and owner references by their keys', async () => {
    const owner = {
      apiVersion: 'v1',
      kind: 'Namespace',
      name: 'writing',
      uid: (await client.get('/api/v1/namespaces/writing')).body.metadata.uid,
    };
    await configMap('joined', { metadata: { name: 'joined', finalizers: ['x.io/a'], ownerReferences: [owner] } });
    const type = 'strategic-merge-patch';
    const added = await patch('joined', type, {
      metadata: { finalizers: ['x.io/b'], ownerReferences: [{ ...owner, controller: true }] },
    });
    expect([...added.body.metadata.finalizers].sort()).toEqual(['x.io/a', 'x.io/b']);
    expect(added.body.metadata.ownerReferences).toEqual([{ ...owner, controller: true }]);
    const removed = await patch('joined', type, {
      metadata: {
        '$deleteFromPrimitiveList/finalizers': ['x.io/a'],
        ownerReferences: [{ $patch: 'delete', uid: owner.uid }],
      },
    });
    expect(removed.body.metadata.finalizers).toEqual(['x.io/b']);
    expect(removed.body.metadata.ownerReferences).toBeUndefined();
  });

  it('refuses a media type it does not know, and strategic merges of custom resources', async () => {
    await configMap('typed');
    expect((await client.send('PATCH', `${maps}/typed`, { type: 'text/plain', body: {} })).code).toBe(415);
    await define(client, 'Typed');
    await client.created('/apis/example.com/v1/typeds', custom('Typed', { name: 'x' }));
    const type = 'application/strategic-merge-patch+json';
    expect((await client.send('PATCH', '/apis/example.com/v1/typeds/x', { type, body: {} })).code).toBe(415);
  });
});

describe('delete', () => {
  it('answers a Status when the object is gone, and 404 afterwards', async () => {
    const { metadata } = await configMap('plain');
    const answer = await client.delete(`${maps}/plain`);
    expect(answer.body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'plain', kind: 'configmaps', uid: metadata.uid },
    });
    expect((await client.delete(`${maps}/plain`)).body).toMatchObject({
      code: 404,
      message: 'configmaps "plain" not found',
    });
  });

  it('keeps an object with finalizers until the last is taken off, and lets none be added', async () => {
    await configMap('held', { metadata: { name: 'held', finalizers: ['x.io/a'] } });
    const answer = await client.delete(`${maps}/held`);
    expect(answer.body.metadata).toMatchObject({ finalizers: ['x.io/a'], deletionGracePeriodSeconds: 0 });
    expect(answer.body.metadata.deletionTimestamp).toBeDefined();
    const added = await client.merge(`${maps}/held`, { metadata: { finalizers: ['x.io/a', 'x.io/b'] } });
    expect(added.code).toBe(422);
    expect(added.body.message).toContain('no new finalizers can be added if the object is being deleted');
    expect((await client.merge(`${maps}/held`, { metadata: { finalizers: null } })).code).toBe(200);
    expect((await client.get(`${maps}/held`)).code).toBe(404);
  });

  it('holds to its preconditions', async () => {
    const { metadata } = await configMap('this');
    const wrongUid = await client.delete(`${maps}/this`, { preconditions: { uid: other } });
    expect(wrongUid.code).toBe(409);
    expect(wrongUid.body.message).toContain(
      `the UID in the precondition (${other}) does not match the UID in record (${metadata.uid})`,
    );
    expect((await client.delete(`${maps}/this`, { preconditions: { resourceVersion: '1' } })).code).toBe(409);
    const { uid, resourceVersion } = metadata;
    expect((await client.delete(`${maps}/this`, { preconditions: { uid, resourceVersion } })).code).toBe(200);
  });

  it('as a dry run, by query or by body, leaves the object alone', async () => {
    await configMap('safe');
    expect((await client.delete(`${maps}/safe?dryRun=All`)).code).toBe(200);
    expect((await client.delete(`${maps}/safe`, { dryRun: ['All'] })).code).toBe(200);
    expect(await isAlive(client, `${maps}/safe`)).toBe(true);
  });

  it('of a collection takes what is selected, and is not known for namespaces', async () => {
    await configMap('many-1', { metadata: { name: 'many-1', labels: { many: '1' } } });
    await configMap('many-2', { metadata: { name: 'many-2' } });
    expect((await client.delete(`${maps}?labelSelector=many`)).body.items).toHaveLength(1);
    expect((await client.get(`${maps}/many-1`)).code).toBe(404);
    expect((await client.get(`${maps}/many-2`)).code).toBe(200);
    expect((await client.delete('/api/v1/namespaces')).code).toBe(405);
  });
});

describe('a custom resource', () => {
  beforeAll(async () => {
    await define(client, 'Part', { versions: ['v1', 'v1beta1'] });
    await define(client, 'Whole', { status: false });
  });

  it('is one object in all its versions', async () => {
    await client.created('/apis/example.com/v1/parts', custom('Part', { name: 'p' }, { spec: { a: 1 } }));
    const older = await client.merge('/apis/example.com/v1beta1/parts/p', { spec: { b: 2 } });
    expect(older.body.apiVersion).toBe('example.com/v1beta1');
    expect((await client.get('/apis/example.com/v1/parts/p')).body).toMatchObject({
      apiVersion: 'example.com/v1',
      spec: { a: 1, b: 2 },
    });
  });

  it('keeps status and the rest apart where status is a subresource, and counts generations', async () => {
    const path = '/apis/example.com/v1/parts/q';
    const created = await client.created(
      '/apis/example.com/v1/parts',
      custom('Part', { name: 'q' }, { spec: { a: 1 }, status: { x: 1 } }),
    );
    expect(created.status).toBeUndefined();
    const status = await client.merge(`${path}/status`, {
      status: { x: 2 },
      spec: { a: 9 },
      metadata: { labels: { l: 'l' } },
    });
    expect(status.body).toMatchObject({ spec: { a: 1 }, status: { x: 2 }, metadata: { generation: 1 } });
    expect(status.body.metadata.labels).toBeUndefined();
    const spec = await client.merge(path, { spec: { a: 2 }, status: { x: 9 } });
    expect(spec.body).toMatchObject({ spec: { a: 2 }, status: { x: 2 }, metadata: { generation: 2 } });
  });

  it('has its status in the object where it is no subresource', async () => {
    await client.created('/apis/example.com/v1/wholes', custom('Whole', { name: 'w' }, { status: { x: 1 } }));
    expect((await client.merge('/apis/example.com/v1/wholes/w', { status: { x: 2 } })).body.status).toEqual({ x: 2 });
    expect((await client.merge('/apis/example.com/v1/wholes/w/status', { status: { x: 3 } })).code).toBe(404);
  });
});
