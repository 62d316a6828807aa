import { type Case, compact, del, get, given, patch, play, post, take, topic, watch } from '../case.ts';
import { paths } from './kinds.ts';
import { cm, configMap } from './listed.ts';

const changes = [
  given(patch('merge', `${cm}/a`, { data: { b: '2' } })),
  given(del(`${cm}/a`)),
  given(post(cm, configMap('b'))),
] as const;
const watched = (query: string) => watch('w', `${cm}?watch=1&${query}`);
const a = given(post(cm, configMap('a', { on: 'yes' })));

/** What a server forgets, all its clients miss: played alone. */
const alone = (one: Omit<Case, 'topic'>): Omit<Case, 'topic'> => ({ ...one, alone: true });

export const watches = topic('watches', [
  alone(
    play(
      'from a revision that was forgotten',
      compact,
      watch('w', `${paths.widgets}?watch=1&resourceVersion=1&timeoutSeconds=20`),
      take('w', 'all'),
    ),
  ),
  alone(
    play(
      'from a revision that etcd alone forgot',
      a,
      changes[0],
      compact,
      watched('resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20'),
      take('w', 1),
    ),
  ),
  alone(
    play(
      'open while the history is forgotten',
      a,
      watched('resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20'),
      changes[0],
      take('w', 1),
      compact,
      ...changes.slice(1),
      take('w', 2),
    ),
  ),
  alone(
    play(
      'from 0 after the history was forgotten',
      a,
      given(patch('merge', `${cm}/a`, { data: { b: '2' } })),
      compact,
      watched('resourceVersion=0&timeoutSeconds=20'),
      take('w', 1),
      given(post(cm, configMap('b'))),
      take('w', 1),
    ),
  ),
  alone(
    play(
      'without a revision after the history was forgotten',
      a,
      given(patch('merge', `${cm}/a`, { data: { b: '2' } })),
      compact,
      watched('timeoutSeconds=20'),
      take('w', 1),
      given(post(cm, configMap('b'))),
      take('w', 1),
    ),
  ),
  play(
    'from a revision',
    a,
    watched('resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20'),
    ...changes,
    take('w', 3),
  ),
  play('without a revision', a, watched('timeoutSeconds=20'), take('w', 1), ...changes, take('w', 3)),
  play('from 0', a, watched('resourceVersion=0&timeoutSeconds=20'), take('w', 1), ...changes, take('w', 3)),
  play(
    'what happened before it began',
    a,
    ...changes,
    watched('resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20'),
    take('w', 3),
  ),
  play(
    'resumed where another ended',
    a,
    given(patch('merge', `${cm}/a`, { data: { b: '2' } })),
    given(patch('merge', `${cm}/a`, { data: { b: '3' } })),
    watched('resourceVersion={2.metadata.resourceVersion}&timeoutSeconds=20'),
    take('w', 1),
  ),
  play(
    'ends after timeoutSeconds',
    a,
    watched('resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=1'),
    take('w', 'all'),
  ),
  play(
    'entering and leaving a label selection',
    a,
    watched('resourceVersion={1.metadata.resourceVersion}&labelSelector=on%3Dyes&timeoutSeconds=20'),
    given(patch('merge', `${cm}/a`, { metadata: { labels: { on: 'no' } } })),
    given(patch('merge', `${cm}/a`, { metadata: { labels: { other: 'x' } } })),
    given(patch('merge', `${cm}/a`, { metadata: { labels: { on: 'yes' } } })),
    given(del(`${cm}/a`)),
    take('w', 3),
  ),
  play(
    'of one object by name',
    a,
    watched('resourceVersion={1.metadata.resourceVersion}&fieldSelector=metadata.name%3Da&timeoutSeconds=20'),
    given(post(cm, configMap('z'))),
    given(patch('merge', `${cm}/a`, { data: { b: '2' } })),
    take('w', 1),
  ),
  play('with watch=abc', a, watch('w', `${cm}?watch=abc&timeoutSeconds=1&resourceVersion=0`), take('w', 1)),
  play('of one object with ?watch', a, watch('w', `${cm}/a?watch=1&timeoutSeconds=1`), take('w', 1)),
  play(
    'sendInitialEvents',
    a,
    watched('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=20'),
    take('w', 2),
    ...changes,
    take('w', 3),
  ),
  play(
    'sendInitialEvents without bookmarks',
    a,
    watched('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=20'),
    take('w', 1),
    ...changes,
    take('w', 3),
  ),
  play(
    'sendInitialEvents as metadata only',
    a,
    watch(
      'w',
      `${cm}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=20`,
      { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
    ),
    take('w', 2),
  ),
  play(
    'sendInitialEvents of custom resources',
    watch(
      'w',
      `${paths.widgets}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=20`,
    ),
    take('w', 1),
  ),
  play(
    'sendInitialEvents without resourceVersionMatch',
    a,
    get(`${cm}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=1`),
  ),
  play(
    'sendInitialEvents false',
    a,
    watched(
      'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20',
    ),
    ...changes,
    take('w', 3),
  ),
  play(
    'resourceVersionMatch without sendInitialEvents',
    a,
    get(`${cm}?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1&timeoutSeconds=1`),
  ),
  play(
    'resourceVersionMatch Exact with sendInitialEvents',
    a,
    get(`${cm}?watch=1&sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1&timeoutSeconds=1`),
  ),
  play('from a revision that is none', get(`${cm}?watch=1&resourceVersion=abc&timeoutSeconds=1`)),
  play('with a continue token', get(`${cm}?watch=1&continue=abc&timeoutSeconds=1`)),
  play(
    'with a limit',
    a,
    watched('limit=1&resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20'),
    ...changes,
    take('w', 3),
  ),
  play(
    'as metadata only',
    a,
    watch('w', `${cm}?watch=1&resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20`, {
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    }),
    ...changes,
    take('w', 3),
  ),
  play(
    'as metadata only, as KubeSphere asks',
    a,
    watch('w', `${cm}?watch=1&resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20`, {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    }),
    ...changes,
    take('w', 3),
  ),
  play(
    'of custom resources',
    watch('w', `${paths.widgets}?watch=1&timeoutSeconds=20`),
    given(
      post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'a' }, spec: {} }),
    ),
    given(patch('merge', `${paths.widgets}/a`, { spec: { x: 1 } })),
    given(patch('merge', `${paths.widgets}/a/status`, { status: { x: 1 } })),
    given(del(`${paths.widgets}/a`)),
    take('w', 4),
  ),
  play(
    'of custom resources in another version',
    watch('w', '/apis/conformance.test/v1beta1/namespaces/{ns}/widgets?watch=1&timeoutSeconds=20'),
    given(
      post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'a' }, spec: {} }),
    ),
    given(del(`${paths.widgets}/a`)),
    take('w', 2),
  ),
  play(
    'of an object with a finalizer that is deleted',
    given(post(cm, { metadata: { name: 'a', finalizers: ['conformance.test/wait'] } })),
    watched('resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20'),
    given(del(`${cm}/a`)),
    given(patch('merge', `${cm}/a`, { metadata: { finalizers: null } })),
    take('w', 2),
  ),
  play(
    'says nothing of writes that change nothing',
    a,
    watched('resourceVersion={1.metadata.resourceVersion}&timeoutSeconds=20'),
    given(patch('merge', `${cm}/a`, { data: { a: '1' } })),
    given(patch('merge', `${cm}/a?dryRun=All`, { data: { a: '2' } })),
    given(post(cm, configMap('b'))),
    take('w', 1),
  ),
  play(
    'a list that becomes a watch',
    a,
    given(get(cm)),
    watched('resourceVersion={2.metadata.resourceVersion}&timeoutSeconds=20'),
    given(post(cm, configMap('b'))),
    take('w', 1),
  ),
  play('with watch=true', a, watch('w', `${cm}?watch=true&timeoutSeconds=1&resourceVersion=0`), take('w', 1)),
  play('with watch=false', a, get(`${cm}?watch=false`)),
  play(
    'across namespaces',
    watch('w', '/api/v1/configmaps?watch=1&labelSelector=across%3D{id}&timeoutSeconds=20'),
    given(post(cm, configMap('b', { across: '{id}' }))),
    take('w', 1),
  ),
]);
