import { del, get, given, patch, play, post, settle, topic, until } from '../case.ts';
import { cm, dependent, finalizer, gone, make, owner, setUp } from './config-maps.ts';
import { paths } from './kinds.ts';

const policies = ['Orphan', 'Background', 'Foreground'] as const;

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
      // Whom the real collector has not yet seen is not orphaned.
      settle,
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
]);
