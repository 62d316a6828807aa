import { compact, del, get, given, patch, play, post, topic } from '../case.ts';
import { paths } from './kinds.ts';
import { cm, configMap, three } from './listed.ts';

const list = (query: string) => get(`${cm}?${query}`);
const badQueries = [
  'resourceVersion=0',
  'resourceVersion=0&resourceVersionMatch=NotOlderThan',
  'resourceVersion=0&resourceVersionMatch=Exact',
  'resourceVersion=abc',
  'resourceVersion=-1',
  'resourceVersion=1.5',
  'resourceVersionMatch=Exact',
  'resourceVersionMatch=NotOlderThan',
  'resourceVersion=1&resourceVersionMatch=Nearly',
  'resourceVersionMatch=Nearly',
  'limit=abc',
  'limit=-1',
  'limit=0',
  'limit=1&resourceVersion=0',
  'continue=garbage',
  'continue=Z2FyYmFnZQ',
  'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&limit=1',
  'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjIiLCJydiI6MSwic3RhcnQiOiJhIn0',
  'timeoutSeconds=abc',
  'sendInitialEvents=true',
  'sendInitialEvents=false',
  'watch=false',
  'allowWatchBookmarks=true',
  'allowWatchBookmarks=maybe',
  'pretty=true',
  'unknown=parameter',
  'sendInitialEvents=maybe',
  'shard=1',
];

/** Answered from memory as soon as that knows all three: what is asked for as of any time may come from an earlier moment. */
const remembered = given(list('resourceVersion={3.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan'));
const expiredToken = `${cm}?limit=1&continue={4.metadata.continue}`;

export const lists = topic('lists', [
  {
    ...play(
      'continue after the history was forgotten',
      ...three,
      list('limit=1'),
      given(patch('merge', `${cm}/c`, { data: { a: '2' } })),
      compact,
      { do: 'until', method: 'GET', path: expiredToken, status: 410 },
      list('limit=1&continue={7.metadata.continue}'),
      list('limit=1&continue={8.metadata.continue}'),
    ),
    alone: true,
  },
  {
    ...play('an exact revision that was forgotten', ...three, list('limit=1'), given(del(`${cm}/a`)), compact, {
      do: 'until',
      method: 'GET',
      path: `${cm}?resourceVersion={4.metadata.resourceVersion}&resourceVersionMatch=Exact`,
      status: 410,
    }),
    alone: true,
  },
  ...badQueries.map((query) => play(query, ...three, remembered, list(query))),
  play('at its own revision', ...three, given(list('')), list('resourceVersion={4.metadata.resourceVersion}')),
  play(
    'not older than a revision',
    ...three,
    list('resourceVersion={3.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan'),
  ),
  play(
    'exactly at a revision of the past',
    ...three,
    list('resourceVersion={2.metadata.resourceVersion}&resourceVersionMatch=Exact'),
  ),
  play(
    'exactly at a revision of the past, with a limit',
    ...three,
    list('resourceVersion={3.metadata.resourceVersion}&resourceVersionMatch=Exact&limit=1'),
  ),
  play(
    'older revision with a limit and no match',
    ...three,
    list('resourceVersion={2.metadata.resourceVersion}&limit=2'),
  ),
  play(
    'of a deleted object, exactly in the past',
    ...three,
    given(del(`${cm}/a`)),
    list('resourceVersion={3.metadata.resourceVersion}&resourceVersionMatch=Exact'),
  ),
  play(
    'page by page, whatever happens meanwhile',
    ...three,
    list('limit=1'),
    given(del(`${cm}/b`)),
    given(post(cm, configMap('d'))),
    list('limit=1&continue={4.metadata.continue}'),
    list('limit=5&continue={7.metadata.continue}'),
  ),
  play(
    'page by page with a selector',
    ...three,
    list('limit=1&labelSelector=size'),
    list('limit=1&labelSelector=size&continue={4.metadata.continue}'),
  ),
  play(
    'a continue token with a resourceVersion',
    ...three,
    list('limit=1'),
    list('limit=1&continue={4.metadata.continue}&resourceVersion=1'),
  ),
  play(
    'a continue token with resourceVersion 0',
    ...three,
    list('limit=1'),
    list('limit=1&continue={4.metadata.continue}&resourceVersion=0'),
  ),
  play(
    'a continue token with resourceVersionMatch',
    ...three,
    list('limit=1'),
    list('limit=1&continue={4.metadata.continue}&resourceVersionMatch=Exact'),
  ),
  play(
    'a continue token of another resource',
    ...three,
    list('limit=1'),
    get(`${paths.secrets}?limit=1&continue={4.metadata.continue}`),
  ),
  play('limit that is as long as the list', ...three, list('limit=3')),
  play('of another namespace', get('/api/v1/namespaces/no-such-namespace/configmaps')),
  play(
    'of custom resources in a namespace that is not there',
    get('/apis/conformance.test/v1/namespaces/no-such-namespace/widgets'),
  ),
  play(
    'page by page of custom resources',
    ...['a', 'b', 'c'].map((name) =>
      given(post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name } })),
    ),
    get(`${paths.widgets}?limit=2`),
    get(`${paths.widgets}?limit=2&continue={4.metadata.continue}`),
  ),
  play(
    'in two versions',
    given(post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'a' } })),
    get('/apis/conformance.test/v1beta1/namespaces/{ns}/widgets'),
    get('/apis/conformance.test/v1beta1/namespaces/{ns}/widgets/a'),
  ),
  play('get at a revision of the future', ...three, get(`${cm}/a?resourceVersion=999999999`)),
  play('get at a garbage revision', ...three, get(`${cm}/a?resourceVersion=abc`)),
  play(
    'across namespaces by label',
    given(post(cm, configMap('x', { across: '{id}' }))),
    get('/api/v1/configmaps?labelSelector=across%3D{id}'),
  ),
  play(
    'across namespaces, custom',
    given(
      post(paths.widgets, {
        apiVersion: 'conformance.test/v1',
        kind: 'Widget',
        metadata: { name: 'a', labels: { across: '{id}' } },
      }),
    ),
    get('/apis/conformance.test/v1/widgets?labelSelector=across%3D{id}'),
  ),
  play(
    'two Accept clauses, Tables first',
    ...three,
    get(`${cm}/a`, { headers: { accept: 'application/vnd.kubernetes.protobuf;q=0,application/json' } }),
  ),
  play(
    'metadata only with a fallback to whole',
    ...three,
    get(cm, {
      headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' },
    }),
  ),
  play(
    'an unknown conversion',
    ...three,
    get(cm, { headers: { accept: 'application/json;as=Something;v=v1;g=meta.k8s.io' } }),
  ),
  play(
    'PartialObjectMetadata of a list',
    ...three,
    get(cm, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
  ),
  play(
    'PartialObjectMetadataList of an object',
    ...three,
    get(`${cm}/a`, { headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' } }),
  ),
  play(
    'an error asked for as metadata only',
    get(`${cm}/nobody`, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
  ),
]);
