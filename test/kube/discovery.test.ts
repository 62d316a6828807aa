import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/kube/connection.ts';
import { apiFailureOf, connect, status } from './support.ts';

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

const all = ['create', 'delete', 'get', 'list', 'watch'];

describe('aggregated discovery', () => {
  const kind = (plural: string, kind: string, more: object = {}) => ({
    resource: plural,
    responseKind: { group: '', version: '', kind },
    scope: 'Namespaced',
    verbs: all,
    subresources: [{ subresource: 'status', verbs: ['get'] }],
    ...more,
  });
  const groups = (...items: object[]) => ({
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    items,
  });
  const accept =
    /^application\/json;g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList,.*v2beta1.*,application\/json$/;

  it('names every listable kind once, in its preferred version', async () => {
    nock(server, { reqheaders: { accept } })
      .get('/api')
      .reply(
        200,
        groups({
          metadata: {},
          versions: [
            {
              version: 'v1',
              freshness: 'Current',
              resources: [
                kind('namespaces', 'Namespace', { scope: 'Cluster' }),
                kind('bindings', 'Binding', { verbs: ['create'] }),
              ],
            },
          ],
        }),
      );
    nock(server, { reqheaders: { accept } })
      .get('/apis')
      .reply(
        200,
        groups({
          metadata: { name: 'batch' },
          versions: [
            {
              version: 'v1',
              freshness: 'Current',
              resources: [kind('jobs', 'Job'), kind('drafts', 'Draft', { verbs: ['get'] })],
            },
            {
              version: 'v1beta1',
              freshness: 'Current',
              resources: [kind('jobs', 'Job'), kind('cronjobs', 'CronJob'), kind('drafts', 'Draft')],
            },
          ],
        }),
      );
    expect(await m.resources()).toEqual([
      { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false, verbs: all },
      { group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true, verbs: all },
      { group: 'batch', version: 'v1beta1', kind: 'CronJob', plural: 'cronjobs', namespaced: true, verbs: all },
      { group: 'batch', version: 'v1beta1', kind: 'Draft', plural: 'drafts', namespaced: true, verbs: all },
    ]);
  });

  it('fails when a group is stale, for nobody knows what it holds', async () => {
    nock(server).get('/api').reply(200, groups());
    nock(server)
      .get('/apis')
      .reply(
        200,
        groups({ metadata: { name: 'metrics.k8s.io' }, versions: [{ version: 'v1beta1', freshness: 'Stale' }] }),
      );
    const error = await apiFailureOf(m.resources());
    expect(error).toMatchObject({ code: 'SERVER_ERROR', retryable: true });
    expect(error.message).toBe(
      'm: the API group metrics.k8s.io/v1beta1 does not answer, so which kinds it holds is not known. Repair its server, or delete the APIService v1beta1.metrics.k8s.io if it is no longer wanted.',
    );
  });
});

describe('classic discovery', () => {
  const list = (...resources: object[]) => ({ kind: 'APIResourceList', resources });
  const kind = (name: string, kind: string, more: object = {}) => ({
    name,
    kind,
    namespaced: true,
    verbs: all,
    ...more,
  });
  const batch = {
    name: 'batch',
    versions: [{ version: 'v1beta1' }, { version: 'v1' }],
    preferredVersion: { version: 'v1' },
  };

  it('is asked group by group where the server knows no other, the preferred version first', async () => {
    nock(server)
      .get('/api')
      .reply(200, { kind: 'APIVersions', versions: ['v1'] });
    nock(server)
      .get('/api/v1')
      .reply(200, list(kind('pods', 'Pod'), kind('pods/log', 'Pod', { verbs: ['get', 'list'] })));
    nock(server)
      .get('/apis')
      .reply(200, { kind: 'APIGroupList', groups: [batch] });
    nock(server)
      .get('/apis/batch/v1')
      .reply(200, list(kind('jobs', 'Job')));
    nock(server)
      .get('/apis/batch/v1beta1')
      .reply(200, list(kind('jobs', 'Job'), kind('cronjobs', 'CronJob')));
    expect(await m.resources()).toEqual([
      { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, verbs: all },
      { group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true, verbs: all },
      { group: 'batch', version: 'v1beta1', kind: 'CronJob', plural: 'cronjobs', namespaced: true, verbs: all },
    ]);
  });

  it('fails when one group does not answer', async () => {
    nock(server).get('/api').reply(200, { kind: 'APIVersions', versions: [] });
    nock(server)
      .get('/apis')
      .reply(200, { kind: 'APIGroupList', groups: [batch] });
    nock(server)
      .get('/apis/batch/v1')
      .reply(200, list(kind('jobs', 'Job')));
    nock(server)
      .get('/apis/batch/v1beta1')
      .reply(503, status(503, 'ServiceUnavailable', 'no endpoints'));
    const error = await apiFailureOf(m.resources({ retry: false }));
    expect(error).toMatchObject({ code: 'SERVER_ERROR', retryable: true });
    expect(error.message).toContain('the API group batch/v1beta1 does not answer');
  });

  it('takes no other answer for a list of groups', async () => {
    nock(server).get('/api').reply(200, { kind: 'Else' });
    nock(server).get('/apis').reply(200, { kind: 'APIGroupList', groups: [] });
    expect(await apiFailureOf(m.resources())).toMatchObject({ code: 'SERVER_ERROR' });
  });
});
