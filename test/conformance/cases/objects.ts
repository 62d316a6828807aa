import { del, get, given, patch, play, post, put, settle, topic, until } from '../case.ts';
import { paths } from './kinds.ts';

const cm = paths.configMaps;
const make = (metadata: object, more: object = { data: { a: '1' } }) =>
  post(cm, { metadata: { name: 'a', ...metadata }, ...more });
const owner = (more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'owner',
  uid: '12345678-1234-1234-1234-123456789012',
  ...more,
});

const metadata: readonly (readonly [string, object])[] = [
  ['a label key with a space', { labels: { 'a b': 'c' } }],
  ['a label key with an empty prefix', { labels: { '/b': 'c' } }],
  ['a label key with an empty name', { labels: { 'a/': 'c' } }],
  ['a label key with two slashes', { labels: { 'a/b/c': 'c' } }],
  ['a label key with a prefix in capitals', { labels: { 'Example.com/b': 'c' } }],
  ['a label key whose name is too long', { labels: { ['b'.repeat(64)]: 'c' } }],
  ['a label key whose prefix is too long', { labels: { [`${'b'.repeat(254)}/c`]: 'c' } }],
  ['an empty label key', { labels: { '': 'c' } }],
  ['a label value with a space', { labels: { a: 'b c' } }],
  ['a label value that is too long', { labels: { a: 'b'.repeat(64) } }],
  ['a label value that begins with a dash', { labels: { a: '-b' } }],
  ['an empty label value', { labels: { a: '' } }],
  ['labels that are a list', { labels: ['a'] }],
  ['a label value that is a number', { labels: { a: 1 } }],
  ['labels that are null', { labels: null }],
  ['a label that is null', { labels: { a: null } }],
  ['an annotation key with a space', { annotations: { 'a b': 'c' } }],
  ['an annotation key in capitals', { annotations: { 'Example.com/B': 'c' } }],
  ['an annotation value with anything in it', { annotations: { a: 'ü "x" \n' } }],
  ['annotations of more than 256 KiB', { annotations: { a: 'b'.repeat(262_144) } }],
  ['an annotation value that is true', { annotations: { a: true } }],
  ['a finalizer without a slash', { finalizers: ['wait'] }],
  ['an empty finalizer', { finalizers: [''] }],
  ['a finalizer with a space', { finalizers: ['a.test/b c'] }],
  ['the finalizer orphan', { finalizers: ['orphan'] }],
  ['both finalizers of the garbage collector', { finalizers: ['orphan', 'foregroundDeletion'] }],
  ['the same finalizer twice', { finalizers: ['a.test/b', 'a.test/b'] }],
  ['finalizers that are a string', { finalizers: 'a' }],
  ['an owner', { ownerReferences: [owner({ uid: '{1.metadata.uid}', blockOwnerDeletion: true })] }],
  ['an owner without a uid', { ownerReferences: [owner({ uid: undefined })] }],
  ['an owner with an empty uid', { ownerReferences: [owner({ uid: '' })] }],
  ['an owner without a name', { ownerReferences: [owner({ name: undefined })] }],
  ['an owner without a kind', { ownerReferences: [owner({ kind: undefined })] }],
  ['an owner without an apiVersion', { ownerReferences: [owner({ apiVersion: undefined })] }],
  ['an owner whose apiVersion is malformed', { ownerReferences: [owner({ apiVersion: 'a/b/c' })] }],
  ['an owner that is an Event', { ownerReferences: [owner({ kind: 'Event' })] }],
  [
    'two controllers',
    {
      ownerReferences: [
        owner({ uid: '{1.metadata.uid}', controller: true }),
        owner({ name: 'other', controller: true }),
      ],
    },
  ],
  [
    'an owner named twice',
    { ownerReferences: [owner({ uid: '{1.metadata.uid}' }), owner({ uid: '{1.metadata.uid}' })] },
  ],
  ['ownerReferences that are an object', { ownerReferences: { a: 'b' } }],
  ['an owner that is a string', { ownerReferences: ['a'] }],
  ['a name that is a number', { name: 5 }],
  ['a name with a slash', { name: 'a/b' }],
  ['a name in capitals', { name: 'Abc' }],
  ['a name that ends with a dot', { name: 'abc.' }],
  ['a name with an underscore', { name: 'a_b' }],
  ['a name of 253 letters', { name: 'a'.repeat(253) }],
  ['a name of 254 letters', { name: 'a'.repeat(254) }],
  ['an empty name', { name: '' }],
  ['another namespace', { namespace: 'default' }],
  ['its own namespace', { namespace: '{ns}' }],
  ['an empty namespace', { namespace: '' }],
  ['a creationTimestamp that is none', { creationTimestamp: 'yesterday' }],
  ['a generation that is a string', { generation: 'one' }],
  [
    'managedFields of its own',
    {
      managedFields: [
        { manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } },
      ],
    },
  ],
];
const setUp = given(post(cm, { metadata: { name: 'owner' } }));

export const validation = topic('metadata', [
  ...metadata.map(([what, with_]) => play(`create with ${what}`, setUp, make(with_))),
  ...metadata.map(([what, with_]) =>
    play(
      `create a custom resource with ${what}`,
      setUp,
      post(paths.widgets, {
        apiVersion: 'conformance.test/v1',
        kind: 'Widget',
        metadata: { name: 'a', ...with_ },
        spec: {},
      }),
    ),
  ),
  ...metadata
    .slice(0, 40)
    .map(([what, with_]) =>
      play(`merge patch to ${what}`, setUp, given(make({})), patch('merge', `${cm}/a`, { metadata: with_ })),
    ),
]);

const a = given(make({}));
export const objects = topic('objects', [
  play('metadata that is a string', post(cm, { metadata: 'a' })),
  play('metadata that is null', post(cm, { metadata: null })),
  play('an unknown field', post(cm, { metadata: { name: 'a' }, data: {}, more: 1 })),
  play('an unknown field, ignored', post(`${cm}?fieldValidation=Ignore`, { metadata: { name: 'a' }, more: 1 })),
  play(
    'an unknown field, strictly',
    post(`${cm}?fieldValidation=Strict`, { metadata: { name: 'a' }, more: 1, metadat: 2 }),
  ),
  play('an unknown field in metadata', post(cm, { metadata: { name: 'a', color: 'red' } })),
  play(
    'an unknown field in metadata, strictly',
    post(`${cm}?fieldValidation=Strict`, { metadata: { name: 'a', color: 'red' } }),
  ),
  play(
    'an unknown field in the metadata of a custom resource',
    post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'a', color: 'red' } }),
  ),
  play(
    'an unknown field in the metadata of a custom resource, strictly',
    post(`${paths.widgets}?fieldValidation=Strict`, {
      apiVersion: 'conformance.test/v1',
      kind: 'Widget',
      metadata: { name: 'a', color: 'red' },
    }),
  ),
  play('a field twice', post(cm, '{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}')),
  play(
    'a field twice, strictly',
    post(
      `${cm}?fieldValidation=Strict`,
      '{"metadata":{"name":"a","name":"b"},"data":{"x":"1","x":"2"},"data":{"y":"1"}}',
    ),
  ),
  play(
    'a field twice, ignored',
    post(`${cm}?fieldValidation=Ignore`, '{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'),
  ),
  play(
    'a field twice in a custom resource',
    post(
      paths.widgets,
      '{"apiVersion":"conformance.test/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"x":"1","x":"2"}}',
    ),
  ),
  play(
    'a field twice in a custom resource, strictly',
    post(
      `${paths.widgets}?fieldValidation=Strict`,
      '{"apiVersion":"conformance.test/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"x":"1","x":"2"}}',
    ),
  ),
  play('an unknown field in an update', a, put(`${cm}/a`, { metadata: { name: 'a' }, more: 1 })),
  play('an unknown field in a merge patch', a, patch('merge', `${cm}/a`, { more: 1 })),
  play('an unknown field in a merge patch, strictly', a, patch('merge', `${cm}/a?fieldValidation=Strict`, { more: 1 })),
  play(
    'an unknown field in a strategic merge patch, strictly',
    a,
    patch('strategic', `${cm}/a?fieldValidation=Strict`, { more: 1 }),
  ),
  play(
    'an unknown field in a JSON patch, strictly',
    a,
    patch('json', `${cm}/a?fieldValidation=Strict`, [{ op: 'add', path: '/more', value: 1 }]),
  ),
  play('text after the JSON', post(cm, '{"metadata":{"name":"a"}} and more')),
  play('JSON with a trailing comma', post(cm, '{"metadata":{"name":"a"},}')),
  play('JSON with single quotes', post(cm, "{'metadata':{'name':'a'}}")),
  play('a body that is a string', post(cm, '"a"')),
  play('a body that is a number', post(cm, '5')),
  play('a body that is null', post(cm, 'null')),
  play('a body that is a word', post(cm, 'hello')),
  play('an update with nothing in the body', a, put(`${cm}/a`)),
  play('an update with a body that is no JSON', a, put(`${cm}/a`, '{"a":}')),
  play('a patch with nothing in the body', a, patch('merge', `${cm}/a`, '')),
  play(
    'a YAML body',
    post(cm, 'metadata:\n  name: a\ndata:\n  x: "1"\n', { headers: { 'content-type': 'application/yaml' } }),
    get(`${cm}/a`),
  ),
  play('a YAML body that is none', post(cm, 'metadata: [', { headers: { 'content-type': 'application/yaml' } })),
  play('a body of two megabytes', post(cm, { metadata: { name: 'a' }, data: { a: 'x'.repeat(2_000_000) } })),
  play('a body of four megabytes', post(cm, { metadata: { name: 'a' }, data: { a: 'x'.repeat(4_000_000) } })),
  play(
    'a body with a charset',
    post(cm, { metadata: { name: 'a' } }, { headers: { 'content-type': 'application/json; charset=utf-8' } }),
  ),
  play('a body without a type', post(cm, '{"metadata":{"name":"a"}}', { headers: { 'content-type': '' } })),
  play(
    'unicode',
    post(cm, { metadata: { name: 'a', annotations: { x: 'Ünïcödé <&> \u2028' } }, data: { y: '<b>&' } }),
    get(`${cm}/a`),
  ),
  play(
    'create by one, change by another',
    a,
    patch('merge', `${cm}/a?fieldManager=other`, { data: { b: '2' } }),
    patch('merge', `${cm}/a?fieldManager=third`, { metadata: { labels: { x: 'y' } } }),
  ),
  play('a fieldManager that is too long', post(`${cm}?fieldManager=${'m'.repeat(129)}`, { metadata: { name: 'a' } })),
  play('a fieldManager with a line break', post(`${cm}?fieldManager=a%0Ab`, { metadata: { name: 'a' } })),
  play(
    'a fieldManager that takes everything over',
    a,
    put(`${cm}/a?fieldManager=other`, { metadata: { name: 'a' }, data: { b: '2' } }),
  ),
  play(
    'an update that forgets the finalizers',
    given(make({ finalizers: ['a.test/b'], labels: { x: 'y' }, annotations: { x: 'y' } })),
    put(`${cm}/a`, { metadata: { name: 'a' }, data: {} }),
  ),
  play('an object made anew under the same name', a, given(del(`${cm}/a`)), post(cm, { metadata: { name: 'a' } })),
  play('an update that creates a Lease', put(`${paths.leases}/a`, { metadata: { name: 'a' }, spec: {} })),
  play(
    'an update that creates a Lease with a uid',
    put(`${paths.leases}/a`, { metadata: { name: 'a', uid: '12345678-1234-1234-1234-123456789012' } }),
  ),
  play(
    'an update that creates a Lease with a resourceVersion',
    put(`${paths.leases}/a`, { metadata: { name: 'a', resourceVersion: '5' } }),
  ),
  play(
    'an update that creates an Event',
    put(`${paths.events}/a`, { metadata: { name: 'a' }, involvedObject: { namespace: '{ns}' } }),
  ),
  play(
    'an update that creates a Role',
    put(`${paths.roles}/a`, {
      metadata: { name: 'a' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
  ),
  play('an update that creates a ServiceAccount', put(`${paths.serviceAccounts}/a`, { metadata: { name: 'a' } })),
]);

const finalizer = ['conformance.test/wait'];
const policies = ['Orphan', 'Background', 'Foreground'] as const;
const dependent = (name: string, more: object = {}, about: object = {}) =>
  given(post(cm, { metadata: { name, ownerReferences: [owner({ uid: '{1.metadata.uid}', ...more })], ...about } }));
const gone = (name: string) => until(`${cm}/${name}`, 404);
const without = (name: string) => until(`${cm}/${name}`, 200, 'metadata.ownerReferences', undefined);

export const deletion = topic('deletion', [
  ...policies.map((policy) =>
    play(
      `${policy}, in the body`,
      setUp,
      dependent('child', { blockOwnerDeletion: true }),
      del(`${cm}/owner`, { propagationPolicy: policy }),
      gone('owner'),
      settle,
      get(`${cm}/child`),
    ),
  ),
  ...policies.map((policy) =>
    play(
      `${policy}, in the query`,
      setUp,
      dependent('child'),
      del(`${cm}/owner?propagationPolicy=${policy}`),
      gone('owner'),
      settle,
      get(`${cm}/child`),
    ),
  ),
  ...policies.map((policy) =>
    play(
      `${policy} of a custom resource`,
      given(
        post(paths.widgets, {
          apiVersion: 'conformance.test/v1',
          kind: 'Widget',
          metadata: { name: 'owner' },
          spec: {},
        }),
      ),
      given(
        post(cm, {
          metadata: {
            name: 'child',
            ownerReferences: [owner({ apiVersion: 'conformance.test/v1', kind: 'Widget', uid: '{1.metadata.uid}' })],
          },
        }),
      ),
      del(`${paths.widgets}/owner`, { propagationPolicy: policy }),
      until(`${paths.widgets}/owner`, 404),
      settle,
      get(`${cm}/child`),
    ),
  ),
  play(
    'orphanDependents true',
    setUp,
    dependent('child'),
    del(`${cm}/owner`, { orphanDependents: true }),
    gone('owner'),
    settle,
    get(`${cm}/child`),
  ),
  play(
    'orphanDependents false',
    setUp,
    dependent('child'),
    del(`${cm}/owner`, { orphanDependents: false }),
    gone('child'),
  ),
  play(
    'orphanDependents and a policy',
    setUp,
    del(`${cm}/owner`, { orphanDependents: true, propagationPolicy: 'Background' }),
  ),
  play(
    'orphanDependents and a policy, in the query',
    setUp,
    del(`${cm}/owner?orphanDependents=true&propagationPolicy=Background`),
  ),
  play('an unknown policy', setUp, del(`${cm}/owner`, { propagationPolicy: 'Sideways' })),
  play('an unknown policy in the query', setUp, del(`${cm}/owner?propagationPolicy=Sideways`)),
  play(
    'policies in body and query',
    setUp,
    dependent('child'),
    del(`${cm}/owner?propagationPolicy=Background`, { propagationPolicy: 'Orphan' }),
    gone('owner'),
    settle,
    get(`${cm}/child`),
  ),
  play(
    'an empty body and a policy in the query',
    setUp,
    dependent('child'),
    del(`${cm}/owner?propagationPolicy=Orphan`, '{}'),
    gone('owner'),
    settle,
  ),
  play('gracePeriodSeconds', setUp, del(`${cm}/owner`, { gracePeriodSeconds: 30 }), get(`${cm}/owner`)),
  play('gracePeriodSeconds in the query', setUp, del(`${cm}/owner?gracePeriodSeconds=0`), get(`${cm}/owner`)),
  play('gracePeriodSeconds below zero', setUp, del(`${cm}/owner`, { gracePeriodSeconds: -1 })),
  play('gracePeriodSeconds that is no number', setUp, del(`${cm}/owner?gracePeriodSeconds=abc`)),
  play('gracePeriodSeconds that is a string', setUp, del(`${cm}/owner`, { gracePeriodSeconds: 'abc' })),
  play('an unknown field in the options', setUp, del(`${cm}/owner`, { color: 'red' })),
  play('preconditions that are a string', setUp, del(`${cm}/owner`, { preconditions: 'a' })),
  play(
    'options of another version',
    setUp,
    del(`${cm}/owner`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' }),
  ),
  play('options of a version nobody knows', setUp, del(`${cm}/owner`, { kind: 'DeleteOptions', apiVersion: 'v9' })),
  play(
    'options of the group meta.k8s.io',
    setUp,
    del(`${cm}/owner`, { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' }),
  ),
  play(
    'options of the group of a custom resource',
    given(post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'a' } })),
    del(`${paths.widgets}/a`, { kind: 'DeleteOptions', apiVersion: 'conformance.test/v1' }),
  ),
  play('the right uid', setUp, del(`${cm}/owner`, { preconditions: { uid: '{1.metadata.uid}' } })),
  play(
    'waits for a finalizer, and says so every time',
    given(make({ finalizers: finalizer })),
    del(`${cm}/a`),
    del(`${cm}/a`),
    del(`${cm}/a`, { preconditions: { resourceVersion: '{1.metadata.resourceVersion}' } }),
    get(`${cm}/a`),
  ),
  play(
    'a finalizer added while being deleted',
    given(make({ finalizers: finalizer })),
    given(del(`${cm}/a`)),
    patch('merge', `${cm}/a`, { metadata: { finalizers: [...finalizer, 'conformance.test/more'] } }),
  ),
  play(
    'one of two finalizers removed',
    given(make({ finalizers: [...finalizer, 'conformance.test/more'] })),
    given(del(`${cm}/a`)),
    patch('json', `${cm}/a`, [{ op: 'remove', path: '/metadata/finalizers/0' }]),
    patch('json', `${cm}/a`, [{ op: 'remove', path: '/metadata/finalizers/0' }]),
    get(`${cm}/a`),
  ),
  play(
    'a change while being deleted',
    given(make({ finalizers: finalizer })),
    given(del(`${cm}/a`)),
    patch('merge', `${cm}/a`, { data: { b: '2' } }),
  ),
  play(
    'deletionTimestamp cannot be set',
    given(make({ finalizers: finalizer })),
    patch('merge', `${cm}/a`, { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } }),
  ),
  play(
    'deletionTimestamp cannot be removed',
    given(make({ finalizers: finalizer })),
    given(del(`${cm}/a`)),
    patch('merge', `${cm}/a`, { metadata: { deletionTimestamp: null } }),
  ),
  play(
    'deletionGracePeriodSeconds cannot be changed',
    given(make({ finalizers: finalizer })),
    given(del(`${cm}/a`)),
    patch('merge', `${cm}/a`, { metadata: { deletionGracePeriodSeconds: 5 } }),
  ),
  play('dryRun with a finalizer', given(make({ finalizers: finalizer })), del(`${cm}/a?dryRun=All`), get(`${cm}/a`)),
  play(
    'dryRun with propagation',
    setUp,
    del(`${cm}/owner?dryRun=All&propagationPolicy=Foreground`),
    get(`${cm}/owner`),
  ),
  play(
    'foreground waits for what blocks',
    setUp,
    dependent('child', { blockOwnerDeletion: true }, { finalizers: finalizer }),
    del(`${cm}/owner`, { propagationPolicy: 'Foreground' }),
    until(`${cm}/child`, 200, 'metadata.deletionTimestamp'),
    settle,
    get(`${cm}/owner`),
    given(patch('merge', `${cm}/child`, { metadata: { finalizers: null } })),
    gone('owner'),
  ),
  play(
    'foreground does not wait for what does not block',
    setUp,
    dependent('child', {}, { finalizers: finalizer }),
    del(`${cm}/owner`, { propagationPolicy: 'Foreground' }),
    gone('owner'),
    until(`${cm}/child`, 200, 'metadata.deletionTimestamp'),
  ),
  play(
    'foreground, three generations',
    setUp,
    dependent('child', { blockOwnerDeletion: true }),
    given(
      post(cm, {
        metadata: {
          name: 'grandchild',
          ownerReferences: [owner({ name: 'child', uid: '{2.metadata.uid}', blockOwnerDeletion: true })],
        },
      }),
    ),
    del(`${cm}/owner`, { propagationPolicy: 'Foreground' }),
    gone('owner'),
    gone('grandchild'),
  ),
  play(
    'background, three generations',
    setUp,
    dependent('child'),
    given(
      post(cm, {
        metadata: { name: 'grandchild', ownerReferences: [owner({ name: 'child', uid: '{2.metadata.uid}' })] },
      }),
    ),
    del(`${cm}/owner`, { propagationPolicy: 'Background' }),
    gone('grandchild'),
  ),
  play(
    'one of two owners',
    setUp,
    given(post(cm, { metadata: { name: 'second' } })),
    given(
      post(cm, {
        metadata: {
          name: 'child',
          ownerReferences: [owner({ uid: '{1.metadata.uid}' }), owner({ name: 'second', uid: '{2.metadata.uid}' })],
        },
      }),
    ),
    given(del(`${cm}/owner`)),
    until(`${cm}/child`, 200, 'metadata.ownerReferences.0.name', 'second'),
    get(`${cm}/child`),
  ),
  play('an owner that never was', post(cm, { metadata: { name: 'child', ownerReferences: [owner()] } }), gone('child')),
  play(
    'an owner of the right name and another uid',
    setUp,
    post(cm, { metadata: { name: 'child', ownerReferences: [owner()] } }),
    gone('child'),
  ),
  play(
    'an owner in another namespace',
    given(post('/api/v1/namespaces/default/configmaps', { metadata: { name: '{id}' } })),
    post(cm, { metadata: { name: 'child', ownerReferences: [owner({ name: '{id}', uid: '{1.metadata.uid}' })] } }),
    gone('child'),
  ),
  play(
    'a cluster-scoped owner',
    given(post(paths.gadgets, { apiVersion: 'conformance.test/v1', kind: 'Gadget', metadata: { name: '{id}' } })),
    given(
      post(cm, {
        metadata: {
          name: 'child',
          ownerReferences: [
            owner({ apiVersion: 'conformance.test/v1', kind: 'Gadget', name: '{id}', uid: '{1.metadata.uid}' }),
          ],
        },
      }),
    ),
    settle,
    get(`${cm}/child`),
    given(del(`${paths.gadgets}/{id}`)),
    gone('child'),
  ),
  play(
    'a namespaced owner of a cluster-scoped object',
    setUp,
    given(
      post(paths.gadgets, {
        apiVersion: 'conformance.test/v1',
        kind: 'Gadget',
        metadata: { name: '{id}', ownerReferences: [owner({ uid: '{1.metadata.uid}' })] },
      }),
    ),
    given(del(`${cm}/owner`)),
    settle,
    get(`${paths.gadgets}/{id}`),
  ),
  play(
    'an owner of a kind nobody serves',
    post(cm, {
      metadata: { name: 'child', ownerReferences: [owner({ apiVersion: 'nobody.test/v1', kind: 'Nothing' })] },
    }),
    settle,
    get(`${cm}/child`),
  ),
  play(
    'an owner named in another version of its kind',
    given(post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'owner' } })),
    post(cm, {
      metadata: {
        name: 'child',
        ownerReferences: [owner({ apiVersion: 'conformance.test/v1beta1', kind: 'Widget', uid: '{1.metadata.uid}' })],
      },
    }),
    settle,
    get(`${cm}/child`),
    given(del(`${paths.widgets}/owner`)),
    gone('child'),
  ),
  play(
    'orphaning keeps other owners',
    setUp,
    given(post(cm, { metadata: { name: 'second' } })),
    given(
      post(cm, {
        metadata: {
          name: 'child',
          ownerReferences: [owner({ uid: '{1.metadata.uid}' }), owner({ name: 'second', uid: '{2.metadata.uid}' })],
        },
      }),
    ),
    del(`${cm}/owner`, { propagationPolicy: 'Orphan' }),
    gone('owner'),
    settle,
    get(`${cm}/child`),
  ),
  play(
    'the finalizer orphan set by hand',
    given(post(cm, { metadata: { name: 'owner', finalizers: ['orphan'] } })),
    dependent('child'),
    del(`${cm}/owner`),
    gone('owner'),
    without('child'),
  ),
  play(
    'the finalizer orphan and a background deletion',
    given(post(cm, { metadata: { name: 'owner', finalizers: ['orphan'] } })),
    dependent('child'),
    del(`${cm}/owner`, { propagationPolicy: 'Background' }),
    gone('owner'),
    gone('child'),
  ),
  play(
    'an owner added to what is there',
    setUp,
    given(make({})),
    given(del(`${cm}/owner`)),
    patch('merge', `${cm}/a`, { metadata: { ownerReferences: [owner({ uid: '{1.metadata.uid}' })] } }),
    gone('a'),
  ),
  play(
    'a whole collection, orphaning',
    setUp,
    dependent('child', {}, { labels: { kept: 'yes' } }),
    del(`${cm}?labelSelector=!kept`, { propagationPolicy: 'Orphan' }),
    gone('owner'),
    settle,
    get(`${cm}/child`),
  ),
  play('a whole collection with a finalizer in it', given(make({ finalizers: finalizer })), setUp, del(cm), get(cm)),
  play('a whole collection with a precondition', setUp, del(cm, { preconditions: { uid: '{1.metadata.uid}' } })),
  play('a whole collection with a limit', given(make({})), setUp, del(`${cm}?limit=1`), get(cm)),
  play('a whole collection with an unknown policy', setUp, del(cm, { propagationPolicy: 'Sideways' })),
  play('a whole collection with an invalid dryRun', setUp, del(`${cm}?dryRun=no`)),
  play(
    'a whole collection of custom resources',
    given(post(paths.widgets, { apiVersion: 'conformance.test/v1', kind: 'Widget', metadata: { name: 'a' } })),
    del(paths.widgets),
    get(paths.widgets),
  ),
  play(
    'answered as metadata only',
    given(make({ finalizers: finalizer })),
    del(`${cm}/a`, undefined, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
  ),
  play(
    'of a ServiceAccount answers with it',
    given(post(paths.serviceAccounts, { metadata: { name: 'a' } })),
    del(`${paths.serviceAccounts}/a`),
  ),
  play(
    'of a Deployment orphans nothing by default',
    given(
      post('/apis/apps/v1/namespaces/{ns}/deployments', {
        metadata: { name: 'a' },
        spec: {
          selector: { matchLabels: { x: 'y' } },
          template: { metadata: { labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      }),
    ),
    given(del('/apis/apps/v1/namespaces/{ns}/deployments/a')),
  ),
]);
