import { get, given, patch, play, post, send, topic } from '../case.ts';
import { paths } from './kinds.ts';

const { configMaps: cm, serviceAccounts: sa, roles } = paths;
const base = {
  metadata: {
    name: 'a',
    labels: { x: '1', y: '2' },
    annotations: { n: '1' },
    finalizers: ['a.test/one', 'a.test/two'],
  },
  data: { k: 'v', l: 'w' },
};
const make = given(post(cm, base));
const owners = [1, 2].map((n) => ({
  apiVersion: 'nobody.test/v1',
  kind: 'Nothing',
  name: `o${n}`,
  uid: `00000000-0000-0000-0000-00000000000${n}`,
}));
const owned = given(post(cm, { metadata: { name: 'a', ownerReferences: owners } }));
const [first, second] = owners;
const third = { ...first, name: 'o3', uid: '00000000-0000-0000-0000-000000000003' };

const strategic: readonly (readonly [string, unknown])[] = [
  ['labels and data', { metadata: { labels: { x: '9', z: '3' } }, data: { k: null } }],
  ['an empty one', {}],
  ['finalizers merge', { metadata: { finalizers: ['a.test/three'] } }],
  ['finalizers already there', { metadata: { finalizers: ['a.test/two'] } }],
  ['finalizers null', { metadata: { finalizers: null } }],
  ['finalizers taken out', { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.test/one'] } }],
  ['finalizers taken out that are not there', { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.test/nine'] } }],
  [
    'finalizers taken out and added',
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.test/one'], finalizers: ['a.test/three'] } },
  ],
  ['finalizers in another order', { metadata: { '$setElementOrder/finalizers': ['a.test/two', 'a.test/one'] } }],
  [
    'finalizers added in an order',
    {
      metadata: {
        '$setElementOrder/finalizers': ['a.test/three', 'a.test/one', 'a.test/two'],
        finalizers: ['a.test/three'],
      },
    },
  ],
  [
    'an order that lacks an addition',
    { metadata: { '$setElementOrder/finalizers': ['a.test/one', 'a.test/two'], finalizers: ['a.test/three'] } },
  ],
  ['$patch replace of a map', { metadata: { labels: { $patch: 'replace', z: '3' } } }],
  ['$patch delete of a map', { metadata: { labels: { $patch: 'delete' } } }],
  ['$patch replace of the data', { data: { $patch: 'replace', m: 'n' } }],
  ['$patch nobody knows', { data: { $patch: 'invent', m: 'n' } }],
  ['$patch that is a number', { data: { $patch: 1 } }],
  ['$retainKeys', { data: { $retainKeys: ['k', 'm'], m: 'n' } }],
  ['$retainKeys that lacks a key of the patch', { data: { $retainKeys: ['k'], m: 'n' } }],
  ['$retainKeys that is no list', { data: { $retainKeys: 'k' } }],
  ['data that becomes null', { data: null }],
  ['data that becomes a list', { data: ['a'] }],
  ['data that becomes a string', { data: 'a' }],
  ['a label that becomes a number', { metadata: { labels: { x: 5 } } }],
  ['labels that become a list', { metadata: { labels: ['x'] } }],
  ['another name', { metadata: { name: 'b' } }],
  ['another uid', { metadata: { uid: '12345678-1234-1234-1234-123456789012' } }],
  ['an old resourceVersion', { metadata: { resourceVersion: '1' } }],
  ['another kind', { kind: 'Other' }],
  ['another apiVersion', { apiVersion: 'v2' }],
  ['a null for what is not there', { data: { nothing: null } }],
  ['finalizers that become a string', { metadata: { finalizers: 'x' } }],
  ['an order that is a string', { metadata: { '$setElementOrder/finalizers': 'x' } }],
];
const references: readonly (readonly [string, unknown])[] = [
  ['one more', [third]],
  ['one changed', [{ uid: second?.uid, name: 'renamed' }]],
  ['one deleted', [{ uid: first?.uid, $patch: 'delete' }]],
  ['one deleted that is not there', [{ uid: third.uid, $patch: 'delete' }]],
  ['one deleted and one more', [{ uid: first?.uid, $patch: 'delete' }, third]],
  ['all replaced', [{ $patch: 'replace' }, third]],
  ['all replaced by none', [{ $patch: 'replace' }]],
  ['one without its merge key', [{ name: 'x' }]],
  ['a string among them', ['x']],
  ['a directive nobody knows', [{ uid: first?.uid, $patch: 'invent' }]],
  ['none', []],
  ['null', null],
];
const json: readonly (readonly [string, unknown])[] = [
  [
    'a test and a removal',
    [
      { op: 'test', path: '/data/k', value: 'v' },
      { op: 'remove', path: '/data/k' },
    ],
  ],
  ['a test of null', [{ op: 'test', path: '/data/nothing', value: null }]],
  ['a test of a missing place', [{ op: 'test', path: '/data/nothing', value: 'v' }]],
  ['replace of a missing place', [{ op: 'replace', path: '/data/nothing', value: 'v' }]],
  ['add below a missing place', [{ op: 'add', path: '/nothing/x', value: 'v' }]],
  ['add to the end of a list', [{ op: 'add', path: '/metadata/finalizers/-', value: 'a.test/three' }]],
  ['add into a list', [{ op: 'add', path: '/metadata/finalizers/1', value: 'a.test/three' }]],
  ['add beyond a list', [{ op: 'add', path: '/metadata/finalizers/9', value: 'a.test/three' }]],
  ['remove from a list', [{ op: 'remove', path: '/metadata/finalizers/0' }]],
  ['remove beyond a list', [{ op: 'remove', path: '/metadata/finalizers/9' }]],
  ['a negative index', [{ op: 'remove', path: '/metadata/finalizers/-1' }]],
  ['a name with a slash and a tilde', [{ op: 'add', path: '/metadata/annotations/a.test~1b', value: '1' }]],
  ['a path without a slash', [{ op: 'add', path: 'data/x', value: '1' }]],
  ['an operation without a path', [{ op: 'add', value: '1' }]],
  ['an operation without a value', [{ op: 'add', path: '/data/x' }]],
  ['an operation without an op', [{ path: '/data/x', value: '1' }]],
  ['a path that is a number', [{ op: 'add', path: 5, value: '1' }]],
  ['a copy from a missing place', [{ op: 'copy', from: '/nothing', path: '/data/x' }]],
  ['a move from a missing place', [{ op: 'move', from: '/nothing', path: '/data/x' }]],
  ['a copy without from', [{ op: 'copy', path: '/data/x' }]],
  ['the whole document', [{ op: 'replace', path: '', value: {} }]],
  ['an empty one', []],
  ['a string among the operations', ['add']],
  ['null', 'null'],
  ['a number', '5'],
  ['a value of the wrong type', [{ op: 'replace', path: '/data/k', value: 5 }]],
  [
    'the resourceVersion tested',
    [
      { op: 'test', path: '/metadata/resourceVersion', value: '{1.metadata.resourceVersion}' },
      { op: 'add', path: '/data/m', value: 'n' },
    ],
  ],
  ['the uid tested, wrongly', [{ op: 'test', path: '/metadata/uid', value: 'x' }]],
  ['the name removed', [{ op: 'remove', path: '/metadata/name' }]],
  ['the labels removed', [{ op: 'remove', path: '/metadata/labels' }]],
  ['the finalizers removed', [{ op: 'remove', path: '/metadata/finalizers' }]],
  ['no JSON', '[{'],
  [
    'more than ten thousand operations',
    Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/k', value: 'v' })),
  ],
];
const merge: readonly (readonly [string, unknown])[] = [
  ['a null for what is not there', { data: { nothing: null } }],
  ['finalizers are replaced', { metadata: { finalizers: ['a.test/three'] } }],
  ['data that becomes null', { data: null }],
  ['data that becomes a string', { data: 'a' }],
  ['metadata that becomes null', { metadata: null }],
  ['metadata that becomes a string', { metadata: 'x' }],
  ['an empty resourceVersion', { metadata: { resourceVersion: '', labels: { q: '1' } } }],
  ['a resourceVersion of null', { metadata: { resourceVersion: null, labels: { q: '1' } } }],
  ['a resourceVersion that is none', { metadata: { resourceVersion: 'abc' } }],
  ['a resourceVersion that is a number', { metadata: { resourceVersion: 5 } }],
  ['a uid of null', { metadata: { uid: null, labels: { q: '1' } } }],
  ['another namespace', { metadata: { namespace: 'default' } }],
  ['another apiVersion', { apiVersion: 'v2' }],
  ['a creationTimestamp', { metadata: { creationTimestamp: '2020-01-01T00:00:00Z' } }],
  ['managedFields of null', { metadata: { managedFields: null } }],
  ['managedFields made empty', { metadata: { managedFields: [{}] } }],
  ['a directive of the other kind of patch', { data: { $patch: 'replace' } }],
  ['generateName', { metadata: { generateName: 'x-' } }],
];

const widget = given(
  post(paths.widgets, {
    apiVersion: 'conformance.test/v1',
    kind: 'Widget',
    metadata: { name: 'a' },
    spec: { a: { b: [1, 2], c: null }, d: 'e' },
  }),
);
const mime = (type: string) => send('PATCH', `${cm}/a`, {}, { headers: { 'content-type': type } });

export const patches = topic('patches', [
  ...strategic.map(([what, body]) => play(`strategic: ${what}`, make, patch('strategic', `${cm}/a`, body))),
  ...references.map(([what, ownerReferences]) =>
    play(`strategic owners: ${what}`, owned, patch('strategic', `${cm}/a`, { metadata: { ownerReferences } })),
  ),
  play(
    'strategic owners: in another order',
    owned,
    patch('strategic', `${cm}/a`, {
      metadata: { '$setElementOrder/ownerReferences': [{ uid: second?.uid }, { uid: first?.uid }] },
    }),
  ),
  play(
    'strategic: a list that is replaced as a whole',
    given(post(roles, { metadata: { name: 'a' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] })),
    patch('strategic', `${roles}/a`, { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] }),
  ),
  play(
    'strategic: a list merged by name',
    given(post(sa, { metadata: { name: 'b' }, secrets: [{ name: 'x' }, { name: 'y' }] })),
    patch('strategic', `${sa}/b`, {
      '$setElementOrder/secrets': [{ name: 'z' }, { name: 'y' }, { name: 'x' }],
      secrets: [{ name: 'z' }],
    }),
  ),
  play('strategic: of a Widget', widget, patch('strategic', `${paths.widgets}/a`, { spec: { d: 'f' } })),
  play('strategic: that is a list', make, patch('strategic', `${cm}/a`, '[]')),
  play('strategic: that is no JSON', make, patch('strategic', `${cm}/a`, '{"')),
  play('strategic: with nothing in it', make, patch('strategic', `${cm}/a`, '')),
  ...json.map(([what, body]) => play(`JSON: ${what}`, make, patch('json', `${cm}/a`, body))),
  ...json.slice(0, 24).map(([what, body]) =>
    play(
      `JSON of a Gadget: ${what}`,
      given(
        post(paths.gadgets, {
          apiVersion: 'conformance.test/v1',
          kind: 'Gadget',
          ...base,
          metadata: { ...base.metadata, name: '{id}' },
        }),
      ),
      patch('json', `${paths.gadgets}/{id}`, body),
    ),
  ),
  ...merge.map(([what, body]) => play(`merge: ${what}`, make, patch('merge', `${cm}/a`, body))),
  ...merge.map(([what, body]) =>
    play(
      `merge of a Gadget: ${what}`,
      given(
        post(paths.gadgets, {
          apiVersion: 'conformance.test/v1',
          kind: 'Gadget',
          ...base,
          metadata: { ...base.metadata, name: '{id}' },
        }),
      ),
      patch('merge', `${paths.gadgets}/{id}`, body),
    ),
  ),
  play(
    'merge: a Widget, nested',
    widget,
    patch('merge', `${paths.widgets}/a`, { spec: { a: { b: [3], c: 1, x: null } } }),
    patch('merge', `${paths.widgets}/a`, { spec: { a: null } }),
  ),
  play(
    'merge: a Widget, through its other version',
    widget,
    patch('merge', '/apis/conformance.test/v1beta1/namespaces/{ns}/widgets/a', { spec: { d: 'f' } }),
    get(`${paths.widgets}/a`),
  ),
  play(
    'apply is not for JSON patches',
    make,
    send('PATCH', `${cm}/a?force=true`, {}, { headers: { 'content-type': 'application/merge-patch+json' } }),
  ),
  ...['text/plain', 'application/merge-patch+json; charset=utf-8', 'application/merge-patch', 'application/xml'].map(
    (type) => play(`type ${type}`, make, mime(type)),
  ),
]);
