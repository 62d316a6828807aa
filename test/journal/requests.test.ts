import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterJournal } from '../../src/journal/cluster-journal.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { connect, status } from '../kube/support.ts';
import { failureOf } from '../workflow/harness.ts';
import { driving, opened } from './kit.ts';

const server = 'http://m.test:8080';
const configMaps = '/api/v1/namespaces/runs/configmaps';
let connection: Connection;

beforeEach(async () => {
  nock.disableNetConnect();
  connection = await connect(server);
});
afterEach(async () => {
  await connection[Symbol.asyncDispose]();
  const open = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  expect(open).toEqual([]);
});

const journal = () => clusterJournal(connection, { namespace: 'runs' });
const api = () => nock(server);
const stored = (seq: number, uid = `uid-${seq}`, kind = seq === 1 ? 'run' : 'record') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `kubesphere-federation.r.0000000${seq}`,
    namespace: 'runs',
    uid,
    resourceVersion: String(seq),
    labels: { 'kubesphere-federation/journal': kind, 'kubesphere-federation/run': 'r' },
  },
});
const answersFirst = (...items: object[]) =>
  api()
    .get(configMaps)
    .query((query) => query['fieldSelector'] === 'metadata.name=kubesphere-federation.r.00000001')
    .matchHeader('accept', /PartialObjectMetadataList/)
    .reply(200, { metadata: { resourceVersion: '9' }, items });

describe('an append', () => {
  it('of the first record is one create, after a look whether there is anything of its id', async () => {
    let body: unknown;
    api()
      .get(configMaps)
      .query(({ labelSelector }) => {
        const kinds = 'kubesphere-federation/journal in (run,removed,record)';
        return labelSelector === `kubesphere-federation/run=r,${kinds}`;
      })
      .matchHeader('accept', /PartialObjectMetadataList/)
      .reply(200, { metadata: { resourceVersion: '9' }, items: [] });
    api()
      .post(`${configMaps}?fieldManager=kubesphere-federation`, (sent) => {
        body = sent;
        return true;
      })
      .reply(201, stored(1));
    await journal().append('r', 1, opened);
    expect(body).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'kubesphere-federation.r.00000001',
        namespace: 'runs',
        labels: { 'kubesphere-federation/journal': 'run', 'kubesphere-federation/run': 'r' },
      },
      immutable: true,
      data: { format: '1', digest: expect.stringMatching(/^[0-9a-f]{64}$/), entry: JSON.stringify(opened) },
    });
  });

  it('of a later one is a create and a look at the metadata of the first', async () => {
    const { metadata } = stored(2);
    api()
      .post(`${configMaps}?fieldManager=kubesphere-federation`, ({ metadata: sent }) => sent.name === metadata.name)
      .reply(201, stored(2));
    answersFirst(stored(1));
    await journal().append('r', 2, driving('d1'));
  });

  it('to a number that is taken is a conflict and nothing more', async () => {
    api()
      .post(`${configMaps}?fieldManager=kubesphere-federation`)
      .reply(409, status(409, 'AlreadyExists', 'configmaps "kubesphere-federation.r.00000002" already exists'));
    expect((await failureOf(journal().append('r', 2, driving('d1')))).code).toBe('JOURNAL_CONFLICT');
  });

  it('to a run that is gone takes its own record back, by UID and resourceVersion', async () => {
    api().post(`${configMaps}?fieldManager=kubesphere-federation`).reply(201, stored(2));
    answersFirst();
    api()
      .delete(`${configMaps}/kubesphere-federation.r.00000002?propagationPolicy=Background`, (body) => {
        expect(body.preconditions).toEqual({ uid: 'uid-2', resourceVersion: '2' });
        return true;
      })
      .reply(200, status(200, '', ''));
    expect((await failureOf(journal().append('r', 2, driving('d1')))).code).toBe('JOURNAL_CONFLICT');
  });

  it('that the server refuses is no conflict', async () => {
    api()
      .post(`${configMaps}?fieldManager=kubesphere-federation`)
      .reply(403, status(403, 'Forbidden', 'no right to create configmaps'));
    expect(await failureOf(journal().append('r', 2, driving('d1')))).toMatchObject({
      code: 'FORBIDDEN',
      retryable: false,
    });
  });
});
