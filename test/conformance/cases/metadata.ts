import { given, patch, play, post, topic } from '../case.ts';
import { cm, make, owner, setUp } from './config-maps.ts';
import { paths } from './kinds.ts';

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
