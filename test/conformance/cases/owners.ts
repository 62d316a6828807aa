import { del, get, given, patch, play, post, settle, topic } from '../case.ts';
import { cm, dependent, gone, make, owner, setUp, without } from './config-maps.ts';
import { paths } from './kinds.ts';

export const owners = topic('deletion', [
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
]);
