import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import { core } from '../../src/kube/resources.ts';
import { apiFailureOf, connect, namespace, status } from './support.ts';

const server = 'http://m.test:8080';
const path = '/api/v1/namespaces';
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

/** A page as servers send it: the items without apiVersion and kind. */
function page(names: readonly string[], next?: string, resourceVersion = '70') {
  return {
    kind: 'NamespaceList',
    apiVersion: 'v1',
    metadata: { resourceVersion, ...(next !== undefined && { continue: next }) },
    items: names.map((name) => ({ metadata: namespace(name).metadata })),
  };
}
const expired = status(410, 'Expired', 'The provided continue parameter is too old');

describe('a list', () => {
  it('reads page after page, and fills in what servers omit from items', async () => {
    nock(server)
      .get(path)
      .query({ limit: 2, labelSelector: 'a=b,c' })
      .reply(200, page(['p1', 'p2'], 'next'));
    nock(server)
      .get(path)
      .query({ limit: 2, labelSelector: 'a=b,c', continue: 'next' })
      .reply(200, page(['p3']));
    const items = await m.list(core.namespaces, { limit: 2, labelSelector: 'a=b,c' }).toArray();
    expect(items).toEqual([namespace('p1'), namespace('p2'), namespace('p3')]);
  });

  it('asks for 500 at a time, of one namespace, by field, and for no version: what is stored, not what is cached', async () => {
    nock(server)
      .get('/apis/apps/v1/namespaces/p1/deployments')
      .query({ limit: 500, fieldSelector: 'metadata.name=web' })
      .reply(200, page(['web']));
    const [web] = await m.list(core.deployments, { namespace: 'p1', fieldSelector: 'metadata.name=web' }).toArray();
    expect(web).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } });
  });

  it('fetches a page only when it is read', async () => {
    nock(server)
      .get(path)
      .query({ limit: 500 })
      .reply(200, page(['p1'], 'next'));
    for await (const { items, resourceVersion } of m.list(core.namespaces).pages()) {
      expect(items.map(({ metadata }) => metadata.name)).toEqual(['p1']);
      expect(resourceVersion).toBe('70');
      break;
    }
    nock(server)
      .get(path)
      .query({ limit: 500 })
      .reply(200, page(['p1'], 'next'));
    for await (const item of m.list(core.namespaces)) {
      expect(item.metadata.name).toBe('p1');
      break;
    }
  });

  it('reads everything again in one answer when the server has forgotten the rest', async () => {
    nock(server)
      .get(path)
      .query({ limit: 1 })
      .reply(200, page(['old'], 'next'));
    nock(server).get(path).query({ limit: 1, continue: 'next' }).reply(410, expired);
    nock(server)
      .get(path)
      .query({})
      .reply(200, page(['p1', 'p2'], undefined, '99'));
    const items = await m.list(core.namespaces, { limit: 1 }).toArray();
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['p1', 'p2']);
  });

  it('never ends early while it is iterated: what was yielded cannot be taken back', async () => {
    nock(server)
      .get(path)
      .query({ limit: 1 })
      .reply(200, page(['p1'], 'next'));
    nock(server).get(path).query({ limit: 1, continue: 'next' }).reply(410, expired);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { metadata } of m.list(core.namespaces, { limit: 1 })) seen.push(metadata.name);
    })();
    expect(await apiFailureOf(reading)).toMatchObject({ code: 'EXPIRED', status: 410 });
    expect(seen).toEqual(['p1']);
  });

  it('takes an empty list for empty, and anything else for no list', async () => {
    nock(server)
      .get(path)
      .query(true)
      .reply(200, { metadata: { resourceVersion: '5' }, items: null });
    expect(await m.list(core.namespaces).toArray()).toEqual([]);
    for (const answer of [namespace('p1'), { items: [] }, page([undefined as unknown as string]), [], 'x']) {
      nock(server).get(path).query(true).reply(200, JSON.stringify(answer));
      expect(await apiFailureOf(m.list(core.namespaces).toArray())).toMatchObject({ code: 'SERVER_ERROR' });
    }
  });

  it('reads kinds that the server computes and does not store: they have neither UID nor resourceVersion', async () => {
    nock(server)
      .get('/api/v1/componentstatuses')
      .query(true)
      .reply(200, { metadata: {}, items: [{ metadata: { name: 'etcd-0' } }] });
    const computed = {
      group: '',
      version: 'v1',
      kind: 'ComponentStatus',
      plural: 'componentstatuses',
      namespaced: false,
    };
    expect(await m.listMetadata(computed).toArray()).toEqual([{ metadata: { name: 'etcd-0' } }]);
  });
});

describe('a list of metadata', () => {
  it('asks for metadata only, and yields nothing else even where the server sends all', async () => {
    nock(server, {
      reqheaders: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io, application/json' },
    })
      .get(path)
      .query(true)
      .reply(200, { ...page([]), items: [{ ...namespace('p1'), spec: { finalizers: ['kubernetes'] } }] });
    expect(await m.listMetadata(core.namespaces).toArray()).toEqual([{ metadata: namespace('p1').metadata }]);
  });
});
