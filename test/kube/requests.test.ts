import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection, Patch } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import { apiFailureOf, connect, failureOf, namespace, status } from './support.ts';

const server = 'http://m.test:8080';
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

const api = (headers: Record<string, string> = {}) =>
  nock(server, { reqheaders: { authorization: 'Bearer t0k', ...headers } });

describe('get and find', () => {
  it('ask for one object by its path', async () => {
    api({ accept: 'application/json' }).get('/api/v1/namespaces/p1').reply(200, namespace('p1'));
    expect(await m.get(core.namespaces, { name: 'p1' })).toEqual(namespace('p1'));
    api().get('/apis/apps/v1/namespaces/p1/deployments/web').reply(200, namespace('web'));
    expect(await m.find(core.deployments, { namespace: 'p1', name: 'web' })).toEqual(namespace('web'));
  });

  it('keep a path in front of the API, as proxies have it', async () => {
    await using behind = await connect('http://m.test:8080/clusters/m/');
    expect(behind.server).toBe('http://m.test:8080/clusters/m');
    api().get('/clusters/m/api/v1/namespaces/p1').reply(200, namespace('p1'));
    expect(await behind.get(core.namespaces, { name: 'p1' })).toEqual(namespace('p1'));
  });

  it('differ where nothing is: an error, or undefined', async () => {
    api()
      .get('/api/v1/namespaces/p1')
      .twice()
      .reply(404, status(404, 'NotFound', 'namespaces "p1" not found'));
    const error = await apiFailureOf(m.get(core.namespaces, { name: 'p1' }));
    expect(error).toMatchObject({
      code: 'NOT_FOUND',
      message: 'm: GET namespaces "p1" found nothing: namespaces "p1" not found',
      retryable: false,
      status: 404,
      reason: 'NotFound',
      resource: { cluster: 'm', apiVersion: 'v1', kind: 'Namespace', name: 'p1' },
    });
    expect(await m.find(core.namespaces, { name: 'p1' })).toBeUndefined();
  });

  it('take a kind that is not served for absent only when an API server is there to say so', async () => {
    api().get('/apis/apps/v1/namespaces/p1/deployments/web').reply(404, '404 page not found\n');
    api().get('/version').reply(200, { gitVersion: 'v1.27.2' });
    expect(await m.find(core.deployments, { namespace: 'p1', name: 'web' })).toBeUndefined();

    api().get('/apis/apps/v1/namespaces/p1/deployments/web').reply(404, '<html>nothing here</html>');
    api().get('/version').reply(404, '<html>nothing here</html>');
    const error = await apiFailureOf(m.find(core.deployments, { namespace: 'p1', name: 'web' }, { retry: false }));
    expect(error).toMatchObject({ code: 'SERVER_ERROR', retryable: true });
    expect(error.message).toContain('a 404 that no Kubernetes API server wrote');
  });

  it.each(['', '.', '..', 'a/b', 'a%2Fb'])('refuse the name %j, whose path would be another one', async (name) => {
    for (const call of [
      m.get(core.namespaces, { name }),
      m.patch(core.namespaces, { name }, { type: 'merge', body: {} }),
      m.delete(core.namespaces, { name }, { propagationPolicy: 'Background' }),
      m.get(core.deployments, { namespace: name, name: 'web' }),
    ])
      expect(await failureOf(call)).toMatchObject({ code: 'INVALID' });
  });

  it('refuse a missing namespace, and one where the kind has none', async () => {
    expect(await failureOf(m.get(core.deployments, { name: 'web' }))).toMatchObject({ code: 'INVALID' });
    expect(await failureOf(m.create(core.configMaps, { metadata: { name: 'c' } }))).toMatchObject({ code: 'INVALID' });
    const error = await failureOf(
      m.delete(core.namespaces, { name: 'p', namespace: 'q' }, { propagationPolicy: 'Orphan' }),
    );
    expect(error).toMatchObject({ code: 'INVALID' });
    expect(await failureOf(m.list(core.namespaces, { namespace: 'q' }).toArray())).toMatchObject({ code: 'INVALID' });
  });
});

describe('create', () => {
  it('posts the object with its type, and says who writes', async () => {
    api({ 'content-type': 'application/json' })
      .post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'p1', labels: { a: 'b' } } })
      .query({ fieldManager: 'kubesphere-federation' })
      .reply(201, namespace('p1'));
    expect(await m.create(core.namespaces, { metadata: { name: 'p1', labels: { a: 'b' } } })).toEqual(namespace('p1'));
  });

  it('creates in the namespace of its metadata; a dry run and another manager are in the query', async () => {
    api()
      .post('/api/v1/namespaces/p1/configmaps', (body) => body.data.k === 'v' && body.metadata.generateName === 'c-')
      .query({ fieldManager: 'me', dryRun: 'All' })
      .reply(201, namespace('c-1'));
    const made = { metadata: { generateName: 'c-', namespace: 'p1' }, data: { k: 'v' } };
    expect(await m.create(core.configMaps, made, { dryRun: true, fieldManager: 'me' })).toEqual(namespace('c-1'));
  });

  it('says that there is one already', async () => {
    api()
      .post('/api/v1/namespaces')
      .query(true)
      .reply(409, status(409, 'AlreadyExists', 'namespaces "p1" already exists'));
    const error = await apiFailureOf(m.create(core.namespaces, { metadata: { name: 'p1' } }));
    expect(error).toMatchObject({ code: 'ALREADY_EXISTS', status: 409, retryable: false });
  });
});

describe('patch', () => {
  it('merges, with the object that is meant in the metadata of the body', async () => {
    api({ 'content-type': 'application/merge-patch+json' })
      .patch('/api/v1/namespaces/p1', { metadata: { labels: { a: null }, uid: 'u1', resourceVersion: '7' } })
      .query({ fieldManager: 'kubesphere-federation' })
      .reply(200, namespace('p1', '8'));
    const patch = { type: 'merge', body: { metadata: { labels: { a: null } } } } as const;
    const patched = await m.patch(core.namespaces, { name: 'p1' }, patch, { uid: 'u1', resourceVersion: '7' });
    expect(patched.metadata.resourceVersion).toBe('8');
  });

  it('leaves the body alone without preconditions', async () => {
    api().patch('/api/v1/namespaces/p1', { spec: {} }).query(true).reply(200, namespace('p1'));
    await m.patch(core.namespaces, { name: 'p1' }, { type: 'merge', body: { spec: {} } });
  });

  it('tests the object that is meant before the operations of a JSON patch, and reaches the status', async () => {
    api({ 'content-type': 'application/json-patch+json' })
      .patch('/api/v1/namespaces/p1/status', [
        { op: 'test', path: '/metadata/uid', value: 'u1' },
        { op: 'test', path: '/metadata/resourceVersion', value: '7' },
        { op: 'remove', path: '/status/phase' },
      ])
      .query({ fieldManager: 'kubesphere-federation', dryRun: 'All' })
      .reply(200, namespace('p1'));
    const patch = { type: 'json', operations: [{ op: 'remove', path: '/status/phase' }] } as const;
    const options = { uid: 'u1', resourceVersion: '7', subresource: 'status', dryRun: true } as const;
    await m.patch(core.namespaces, { name: 'p1' }, patch, options);
  });

  it('calls a JSON patch that tests and cannot be applied a conflict, and anything else about it a refusal', async () => {
    // As kube-apiserver 1.34 answers, with the same words for a failed test and for a path that is missing.
    const unapplied = status(422, 'Invalid', 'the server rejected our request due to an error in our request');
    const testing = { type: 'json', operations: [{ op: 'test', path: '/metadata/labels/a', value: 'b' }] } as const;
    const plain = { type: 'json', operations: [{ op: 'remove', path: '/x' }] } as const;
    const refusal = (answer: object, patch: Patch, options = {}) => {
      api().patch('/api/v1/namespaces/p1').query(true).reply(422, answer);
      return apiFailureOf(m.patch(core.namespaces, { name: 'p1' }, patch, options));
    };
    expect(await refusal(unapplied, testing)).toMatchObject({ code: 'CONFLICT', status: 422, reason: 'Invalid' });
    expect(await refusal(unapplied, plain, { uid: 'u1' })).toMatchObject({ code: 'CONFLICT' });
    expect(await refusal(unapplied, plain)).toMatchObject({ code: 'REJECTED' });
    const invalid = status(422, 'Invalid', 'Namespace "p1" is invalid: metadata.labels: Invalid value', {
      causes: [{ reason: 'FieldValueInvalid', message: 'Invalid value', field: 'metadata.labels' }],
    });
    expect(await refusal(invalid, testing)).toMatchObject({ code: 'REJECTED' });
  });

  it('calls another UID than the one of a merge patch a conflict, which the server words as an immutable field', async () => {
    const patch = { type: 'merge', body: {} } as const;
    const immutable = status(
      422,
      'Invalid',
      'Namespace "p1" is invalid: metadata.uid: Invalid value: "u1": field is immutable',
      {
        causes: [
          { reason: 'FieldValueInvalid', message: 'Invalid value: "u1": field is immutable', field: 'metadata.uid' },
        ],
      },
    );
    api().patch('/api/v1/namespaces/p1').query(true).twice().reply(422, immutable);
    const error = await apiFailureOf(m.patch(core.namespaces, { name: 'p1' }, patch, { uid: 'u1' }));
    expect(error).toMatchObject({ code: 'CONFLICT', status: 422, retryable: false });
    expect(await apiFailureOf(m.patch(core.namespaces, { name: 'p1' }, patch))).toMatchObject({ code: 'REJECTED' });
  });
});

describe('delete', () => {
  it('sends policy and preconditions, the policy in the query too in case a proxy drops the body', async () => {
    api({ 'content-type': 'application/json' })
      .delete('/apis/apps/v1/namespaces/p1/deployments/web', {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Orphan',
        preconditions: { uid: 'u1', resourceVersion: '7' },
      })
      .query({ propagationPolicy: 'Orphan' })
      .reply(200, status(200, '', ''));
    const options = { propagationPolicy: 'Orphan', uid: 'u1', resourceVersion: '7' } as const;
    expect(await m.delete(core.deployments, { namespace: 'p1', name: 'web' }, options)).toBeUndefined();
  });

  it('can be tried without effect', async () => {
    api()
      .delete('/api/v1/namespaces/p1', {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Foreground',
        dryRun: ['All'],
      })
      .query({ propagationPolicy: 'Foreground', dryRun: 'All' })
      .reply(200, namespace('p1'));
    await m.delete(core.namespaces, { name: 'p1' }, { propagationPolicy: 'Foreground', dryRun: true });
  });
});

describe('version and raw', () => {
  it('read what lies outside the resource API', async () => {
    api().get('/version').reply(200, { gitVersion: 'v1.27.2' });
    expect(await m.version()).toBe('v1.27.2');
    api({ accept: '*/*' }).get('/readyz').reply(200, 'ok');
    expect(await m.raw('/readyz')).toBe('ok');
    api().get('/none').reply(404, 'nothing');
    expect(await apiFailureOf(m.raw('/none'))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'm: GET "/none" found nothing: nothing',
    });
    expect(await failureOf(m.raw('readyz'))).toMatchObject({ code: 'INVALID' });
  });

  it('refuse an answer that cannot be the API server’s', async () => {
    api().get('/version').reply(200, '<html>sign in</html>');
    expect(await apiFailureOf(m.version())).toMatchObject({ code: 'SERVER_ERROR', retryable: false });
    api().get('/version').reply(200, { name: 'no version' });
    expect(await apiFailureOf(m.version())).toMatchObject({ code: 'SERVER_ERROR' });
    api().get('/api/v1/namespaces/p1').reply(200, { no: 'object' });
    expect(await apiFailureOf(m.get(core.namespaces, { name: 'p1' }))).toMatchObject({ code: 'SERVER_ERROR' });
  });
});
