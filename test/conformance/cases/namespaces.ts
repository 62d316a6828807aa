import { del, get, given, patch, play, post, put, settle, topic, until, untilWithout } from '../case.ts';
import { paths } from './kinds.ts';

const { namespaces, gadgets } = paths;
const finalizer = ['conformance.test/wait'];
const ns = (more: object = {}) => ({ metadata: { name: '{id}', ...more } });
const mine = `${namespaces}/{id}`;
const own = { namespace: false } as const;

export const namespaceCases = [
  ...topic(
    'namespaces',
    [
      play('create', post(namespaces, ns({ labels: { a: 'b' } })), get(mine)),
      play(
        'create with a spec of its own',
        post(namespaces, {
          ...ns(),
          spec: { finalizers: ['conformance.test/more'] },
          status: { phase: 'Terminating' },
        }),
      ),
      play(
        'create with another name label',
        post(namespaces, ns({ labels: { 'kubernetes.io/metadata.name': 'other' } })),
      ),
      play(
        'the name label cannot be removed',
        given(post(namespaces, ns())),
        patch('merge', mine, { metadata: { labels: { 'kubernetes.io/metadata.name': null } } }),
      ),
      play(
        'the name label cannot change',
        given(post(namespaces, ns())),
        patch('merge', mine, { metadata: { labels: { 'kubernetes.io/metadata.name': 'other' } } }),
      ),
      play('a name with a dot', post(namespaces, { metadata: { name: '{id}.x' } })),
      play('a name of 64 letters', post(namespaces, { metadata: { name: 'a'.repeat(64) } })),
      play('a name that begins with a dash', post(namespaces, { metadata: { name: '-a' } })),
      play('generateName', post(namespaces, { metadata: { generateName: '{id}-' } })),
      play(
        'spec.finalizers cannot change',
        given(post(namespaces, ns())),
        patch('merge', mine, { spec: { finalizers: ['conformance.test/x'] } }),
      ),
      play(
        'status cannot change',
        given(post(namespaces, ns())),
        patch('merge', mine, { status: { phase: 'Terminating' } }),
      ),
      play(
        'status through /status',
        given(post(namespaces, ns())),
        patch('merge', `${mine}/status`, {
          metadata: { labels: { a: 'b' } },
          status: { conditions: [{ type: 'X', status: 'True' }] },
        }),
        get(`${mine}/status`),
      ),
      play(
        'finalize with another finalizer',
        given(post(namespaces, ns())),
        put(`${mine}/finalize`, {
          apiVersion: 'v1',
          kind: 'Namespace',
          ...ns(),
          spec: { finalizers: ['kubernetes', 'conformance.test/more'] },
        }),
      ),
      play(
        'finalize with an unqualified finalizer',
        given(post(namespaces, ns())),
        put(`${mine}/finalize`, { ...ns(), spec: { finalizers: ['more'] } }),
      ),
      play('finalize of what is not there', put(`${mine}/finalize`, ns())),
      play('finalize is no patch', given(post(namespaces, ns())), patch('merge', `${mine}/finalize`, {})),
      play('finalize is no get', given(post(namespaces, ns())), get(`${mine}/finalize`)),
      play(
        'finalize with another name',
        given(post(namespaces, ns())),
        put(`${mine}/finalize`, { metadata: { name: 'other' }, spec: {} }),
      ),
      play('delete, empty', given(post(namespaces, ns())), del(mine), until(mine, 404)),
      play(
        'delete twice',
        given(post(namespaces, ns())),
        given(post(`${mine}/configmaps`, { metadata: { name: 'a', finalizers: finalizer } })),
        del(mine),
        del(mine),
        until(`${mine}/configmaps/a`, 200, 'metadata.deletionTimestamp'),
        until(mine, 200, 'status.conditions.4.status', 'True'),
      ),
      ...(['Foreground', 'Orphan'] as const).flatMap((propagationPolicy) => [
        play(
          `delete, empty, ${propagationPolicy}`,
          given(post(namespaces, ns())),
          del(mine, { propagationPolicy }),
          until(mine, 404),
        ),
        play(
          `delete with contents that wait, ${propagationPolicy}`,
          given(post(namespaces, ns())),
          given(post(`${mine}/configmaps`, { metadata: { name: 'a', finalizers: finalizer } })),
          del(mine, { propagationPolicy }),
          settle,
          until(mine, 200, 'status.conditions.4.status', 'True'),
          get(`${mine}/configmaps/a`),
          given(patch('merge', `${mine}/configmaps/a`, { metadata: { finalizers: null } })),
          until(mine, 404),
        ),
        play(
          `delete twice, with another policy: ${propagationPolicy}`,
          given(post(namespaces, ns())),
          given(post(`${mine}/configmaps`, { metadata: { name: 'a', finalizers: finalizer } })),
          del(mine, { propagationPolicy: 'Background' }),
          del(mine, { propagationPolicy }),
          until(mine, 200, 'status.conditions.4.status', 'True'),
        ),
        play(
          `delete of what owns, ${propagationPolicy}`,
          given(post(namespaces, ns())),
          given(
            post(gadgets, {
              apiVersion: 'conformance.test/v1',
              kind: 'Gadget',
              metadata: {
                name: '{id}',
                ownerReferences: [
                  {
                    apiVersion: 'v1',
                    kind: 'Namespace',
                    name: '{id}',
                    uid: '{1.metadata.uid}',
                    blockOwnerDeletion: true,
                  },
                ],
              },
            }),
          ),
          del(mine, { propagationPolicy }),
          until(mine, 404),
          settle,
        ),
      ]),
      play(
        'delete with a wrong uid',
        given(post(namespaces, ns())),
        del(mine, { preconditions: { uid: '12345678-1234-1234-1234-123456789012' } }),
      ),
      play('delete with dryRun', given(post(namespaces, ns())), del(`${mine}?dryRun=All`), get(mine)),
      play(
        'nothing is created while it goes',
        given(post(namespaces, ns())),
        given(post(`${mine}/configmaps`, { metadata: { name: 'a', finalizers: finalizer } })),
        given(del(mine)),
        until(`${mine}/configmaps/a`, 200, 'metadata.deletionTimestamp'),
        until(mine, 200, 'status.conditions.4.status', 'True'),
        post(`${mine}/configmaps`, { metadata: { name: 'b' } }),
        post(`${mine}/configmaps`, { metadata: { generateName: 'b-' } }),
        patch('merge', `${mine}/configmaps/a`, { data: { a: '1' } }),
      ),
      play(
        'contents go first, then it',
        given(post(namespaces, ns())),
        given(post(`${mine}/configmaps`, { metadata: { name: 'a', finalizers: finalizer } })),
        given(del(mine)),
        until(mine, 200, 'status.conditions.3.status', 'True'),
        until(mine, 200, 'status.conditions.4.status', 'True'),
        until(`${mine}/configmaps/a`, 200, 'metadata.deletionTimestamp'),
        given(patch('merge', `${mine}/configmaps/a`, { metadata: { finalizers: null } })),
        until(mine, 404),
      ),
      play(
        'a label while it goes',
        given(post(namespaces, ns())),
        given(post(`${mine}/configmaps`, { metadata: { name: 'a', finalizers: finalizer } })),
        given(del(mine)),
        patch('merge', mine, { metadata: { labels: { a: 'b' } } }),
        until(`${mine}/configmaps/a`, 200, 'metadata.deletionTimestamp'),
        until(mine, 200, 'status.conditions.4.status', 'True'),
      ),
      play(
        'a finalizer of its metadata',
        given(post(namespaces, ns({ finalizers: finalizer }))),
        given(del(mine)),
        untilWithout(mine, 'spec.finalizers'),
        patch('merge', mine, { metadata: { finalizers: null } }),
        until(mine, 404),
      ),
      play(
        'finalized by hand, whatever is in it',
        given(post(namespaces, ns())),
        given(post(`${mine}/configmaps`, { metadata: { name: 'a', finalizers: finalizer } })),
        given(del(mine)),
        until(mine, 200, 'status.conditions.3.status', 'True'),
        put(`${mine}/finalize`, { ...ns(), spec: { finalizers: [] } }),
        get(mine),
      ),
      play('default cannot be deleted', del(`${namespaces}/default`)),
      play('kube-system cannot be deleted', del(`${namespaces}/kube-system`)),
      play('a collection of namespaces cannot be deleted', del(`${namespaces}?labelSelector=case%3D{id}`)),
      play(
        'create in a namespace that is not there',
        post('/api/v1/namespaces/no-such-namespace/configmaps', { metadata: { name: 'a' } }),
      ),
      play(
        'create a custom resource in a namespace that is not there',
        post('/apis/conformance.test/v1/namespaces/no-such-namespace/widgets', {
          apiVersion: 'conformance.test/v1',
          kind: 'Widget',
          metadata: { name: 'a' },
        }),
      ),
      play('delete in a namespace that is not there', del('/api/v1/namespaces/no-such-namespace/configmaps/a')),
      play(
        'update in a namespace that is not there',
        put('/apis/coordination.k8s.io/v1/namespaces/no-such-namespace/leases/a', { metadata: { name: 'a' } }),
      ),
      play('create without a namespace', post('/api/v1/configmaps', { metadata: { name: 'a', namespace: 'default' } })),
      play('get without a namespace', get('/api/v1/configmaps/a')),
      play('a cluster-scoped resource within a namespace', get('/api/v1/namespaces/default/nodes')),
      play(
        'a custom cluster-scoped resource within a namespace',
        get('/apis/conformance.test/v1/namespaces/default/gadgets'),
      ),
      play('a custom resource without a namespace', get('/apis/conformance.test/v1/widgets/a')),
      play(
        'create a custom resource without a namespace',
        post('/apis/conformance.test/v1/widgets', {
          apiVersion: 'conformance.test/v1',
          kind: 'Widget',
          metadata: { name: 'a' },
        }),
      ),
      play(
        'create a cluster-scoped resource with a namespace',
        post(gadgets, {
          apiVersion: 'conformance.test/v1',
          kind: 'Gadget',
          metadata: { name: '{id}', namespace: 'default' },
        }),
      ),
      play('create a namespace with a namespace', post(namespaces, ns({ namespace: 'default' }))),
      play(
        'owned by something gone',
        given(post(gadgets, { apiVersion: 'conformance.test/v1', kind: 'Gadget', metadata: { name: '{id}' } })),
        given(
          post(
            namespaces,
            ns({
              ownerReferences: [
                { apiVersion: 'conformance.test/v1', kind: 'Gadget', name: '{id}', uid: '{1.metadata.uid}' },
              ],
            }),
          ),
        ),
        given(del(`${gadgets}/{id}`)),
        until(mine, 404),
      ),
    ],
    own,
  ),
];
