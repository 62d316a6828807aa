import { del, get, given, patch, play, post, put, send, settle, topic, until } from '../case.ts';
import { paths } from './kinds.ts';

const { namespaces, configMaps: cm, definitions, widgets, gadgets, plains } = paths;
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
        until(mine, 200, 'spec.finalizers', undefined),
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

const widget = (more: object = {}) => ({
  apiVersion: 'conformance.test/v1',
  kind: 'Widget',
  metadata: { name: 'a' },
  spec: { x: 1 },
  ...more,
});
const makeWidget = given(post(widgets, widget()));
const version = { resourceVersion: '{1.metadata.resourceVersion}' };
export const statuses = topic('status', [
  play('is left out at creation', post(widgets, widget({ status: { a: 1 } }))),
  play(
    'is left alone by an update',
    makeWidget,
    given(patch('merge', `${widgets}/a/status`, { status: { a: 1 } })),
    patch('merge', `${widgets}/a`, { status: { a: 2 }, spec: { x: 2 } }),
  ),
  play(
    'leaves the spec alone',
    makeWidget,
    patch('merge', `${widgets}/a/status`, { spec: { x: 2 }, status: { a: 1 } }),
  ),
  play(
    'leaves labels alone',
    makeWidget,
    patch('merge', `${widgets}/a/status`, { metadata: { labels: { a: 'b' } }, status: { a: 1 } }),
  ),
  play(
    'by PUT',
    makeWidget,
    put(`${widgets}/a/status`, widget({ metadata: { name: 'a', ...version }, status: { a: 1 }, spec: { x: 5 } })),
  ),
  play(
    'by PUT with an old resourceVersion',
    makeWidget,
    given(patch('merge', `${widgets}/a`, { spec: { x: 2 } })),
    put(`${widgets}/a/status`, widget({ metadata: { name: 'a', ...version }, status: { a: 1 } })),
  ),
  play('by PUT without a resourceVersion', makeWidget, put(`${widgets}/a/status`, widget({ status: { a: 1 } }))),
  play(
    'by JSON patch',
    makeWidget,
    patch('json', `${widgets}/a/status`, [{ op: 'add', path: '/status', value: { a: 1 } }]),
  ),
  play('by GET', makeWidget, get(`${widgets}/a/status`)),
  play('by DELETE', makeWidget, del(`${widgets}/a/status`)),
  play('of what is not there', patch('merge', `${widgets}/a/status`, { status: {} })),
  play(
    'with dryRun',
    makeWidget,
    patch('merge', `${widgets}/a/status?dryRun=All`, { status: { a: 1 } }),
    get(`${widgets}/a`),
  ),
  play(
    'does not count as a generation',
    makeWidget,
    patch('merge', `${widgets}/a/status`, { status: { a: 1 } }),
    patch('merge', `${widgets}/a`, { metadata: { labels: { a: 'b' } } }),
    patch('merge', `${widgets}/a`, { spec: { x: 2 } }),
    patch('merge', `${widgets}/a`, { other: 1 }),
  ),
  play('generation cannot be written', makeWidget, patch('merge', `${widgets}/a`, { metadata: { generation: 9 } })),
  play(
    'generation grows when deletion begins',
    given(post(widgets, widget({ metadata: { name: 'a', finalizers: finalizer } }))),
    del(`${widgets}/a`),
  ),
  play(
    'a kind without a status subresource keeps it',
    post(plains, { apiVersion: 'conformance.test/v1', kind: 'Plain', metadata: { name: 'a' }, status: { a: 1 } }),
    patch('merge', `${plains}/a`, { status: { a: 2 } }),
    get(`${plains}/a/status`),
  ),
  play(
    'a kind without a status subresource has no /status to write',
    given(post(plains, { apiVersion: 'conformance.test/v1', kind: 'Plain', metadata: { name: 'a' } })),
    patch('merge', `${plains}/a/status`, { status: { a: 2 } }),
  ),
  play('a ConfigMap has none', given(post(cm, { metadata: { name: 'a' } })), get(`${cm}/a/status`)),
  play('a custom resource has no scale', makeWidget, get(`${widgets}/a/scale`)),
  play(
    'finalizers through it',
    given(post(widgets, widget({ metadata: { name: 'a', finalizers: finalizer } }))),
    patch('merge', `${widgets}/a/status`, { metadata: { finalizers: null }, status: { a: 1 } }),
  ),
  play('a change of nothing', makeWidget, patch('merge', `${widgets}/a/status`, {}), get(`${widgets}/a`)),
]);

const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
const v = (name: string, more: object = {}) => ({ name, served: true, storage: true, schema: open, ...more });
/** Kinds of a case: the group is the case's own, so that cases do not meet. */
const crd = (more: object = {}, names: object = {}, metadata: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.{id}.test', ...metadata },
  spec: {
    group: '{id}.test',
    scope: 'Namespaced',
    names: { kind: 'Thing', plural: 'things', ...names },
    versions: [v('v1')],
    ...more,
  },
});
const one = `${definitions}/things.{id}.test`;
const established = until(one, 200, 'status.conditions.1.status', 'True');
const things = '/apis/{id}.test/v1/namespaces/{ns}/things';
const served = until(things, 200);
const thing = (more: object = {}) => ({ apiVersion: '{id}.test/v1', kind: 'Thing', metadata: { name: 'a' }, ...more });

export const definitionCases = topic('definitions', [
  play(
    'create, and what it serves',
    given(post(definitions, crd())),
    established,
    served,
    post(things, thing({ spec: { a: 1 } })),
    get(things),
    get('/apis/{id}.test'),
    get('/apis/{id}.test/v1'),
  ),
  play('create answers 201', post(definitions, crd()), established),
  play(
    'cluster-scoped',
    given(post(definitions, crd({ scope: 'Cluster' }))),
    established,
    until('/apis/{id}.test/v1/things', 200),
    post('/apis/{id}.test/v1/things', thing()),
    get('/apis/{id}.test/v1/things/a'),
    get('/apis/{id}.test/v1/namespaces/{ns}/things'),
  ),
  play(
    'two versions',
    given(post(definitions, crd({ versions: [v('v1'), v('v1alpha1', { storage: false })] }))),
    established,
    served,
    given(post(things, thing())),
    get('/apis/{id}.test/v1alpha1/namespaces/{ns}/things/a'),
    get('/apis/{id}.test'),
  ),
  play(
    'a version that is not served',
    given(post(definitions, crd({ versions: [v('v1'), v('v2', { storage: false, served: false })] }))),
    established,
    served,
    get('/apis/{id}.test/v2/namespaces/{ns}/things'),
    get('/apis/{id}.test'),
  ),
  play(
    'a version added later',
    given(post(definitions, crd())),
    established,
    served,
    patch('merge', one, { spec: { versions: [v('v1'), v('v2', { storage: false })] } }),
    until('/apis/{id}.test/v2/namespaces/{ns}/things', 200),
  ),
  play(
    'is deleted with its objects',
    given(post(definitions, crd())),
    established,
    served,
    given(post(things, thing())),
    del(one),
    until(one, 404),
    until(things, 404),
  ),
  play(
    'is deleted with objects that wait',
    given(post(definitions, crd())),
    established,
    served,
    given(post(things, thing({ metadata: { name: 'a', finalizers: finalizer } }))),
    del(one),
    until(`${things}/a`, 200, 'metadata.deletionTimestamp'),
    post(things, thing({ metadata: { name: 'b' } })),
    given(patch('merge', `${things}/a`, { metadata: { finalizers: null } })),
    until(one, 404),
  ),
  play('a name that does not fit', post(definitions, crd({}, {}, { name: 'other.{id}.test' }))),
  play('a name without a group', post(definitions, crd({}, {}, { name: 'things' }))),
  play('without a group', post(definitions, crd({ group: undefined }))),
  play('without a scope', post(definitions, crd({ scope: undefined }))),
  play('an unknown scope', post(definitions, crd({ scope: 'Galaxy' }))),
  play('without versions', post(definitions, crd({ versions: [] }))),
  play('without a schema', post(definitions, crd({ versions: [{ name: 'v1', served: true, storage: true }] }))),
  play('no storage version', post(definitions, crd({ versions: [v('v1', { storage: false })] }))),
  play('two storage versions', post(definitions, crd({ versions: [v('v1'), v('v2')] }))),
  play('a version twice', post(definitions, crd({ versions: [v('v1'), v('v1', { storage: false })] }))),
  play('a version that is no name', post(definitions, crd({ versions: [v('V1')] }))),
  play('without a kind', post(definitions, crd({}, { kind: undefined }))),
  play('without a plural', post(definitions, crd({}, { plural: undefined }))),
  play('a kind in lower case', post(definitions, crd({}, { kind: 'thing' })), established),
  play('a plural in capitals', post(definitions, crd({}, { plural: 'Things' }))),
  play(
    'the scope cannot change',
    given(post(definitions, crd())),
    established,
    patch('merge', one, { spec: { scope: 'Cluster' } }),
  ),
  play(
    'the group cannot change',
    given(post(definitions, crd())),
    established,
    patch('merge', one, { spec: { group: 'other.test' } }),
  ),
  play(
    'the kind cannot change',
    given(post(definitions, crd())),
    established,
    patch('merge', one, { spec: { names: { kind: 'Other', listKind: 'OtherList' } } }),
  ),
  play(
    'names that are taken',
    given(post(definitions, crd())),
    established,
    post(definitions, crd({}, { plural: 'stuffs', kind: 'Thing' }, { name: 'stuffs.{id}.test' })),
    until(`${definitions}/stuffs.{id}.test`, 200, 'status.conditions.0.status', 'False'),
  ),
  play(
    'short names and categories',
    given(
      post(definitions, crd({}, { shortNames: ['th'], categories: ['all'], singular: 'thing', listKind: 'ThingList' })),
    ),
    established,
    until('/apis/{id}.test/v1', 200, 'resources.0.shortNames.0', 'th'),
  ),
  play(
    'an additional printer column',
    post(
      definitions,
      crd({ versions: [v('v1', { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a' }] })] }),
    ),
    established,
  ),
  play('preserveUnknownFields of before', post(definitions, crd({ preserveUnknownFields: true }))),
  play(
    'create before it is served',
    post('/apis/nobody.test/v1/namespaces/{ns}/things', {
      apiVersion: 'nobody.test/v1',
      kind: 'Thing',
      metadata: { name: 'a' },
    }),
  ),
  play(
    'a closed schema prunes',
    given(
      post(
        definitions,
        crd({
          versions: [
            v('v1', {
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: { spec: { type: 'object', properties: { a: { type: 'integer' } } } },
                },
              },
            }),
          ],
        }),
      ),
    ),
    established,
    served,
    post(things, thing({ spec: { a: 1, b: 2 }, other: 3 })),
  ),
  play(
    'a closed schema validates',
    given(
      post(
        definitions,
        crd({
          versions: [
            v('v1', {
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: {
                      type: 'object',
                      required: ['a'],
                      properties: { a: { type: 'integer', minimum: 1 }, b: { type: 'string', enum: ['x', 'y'] } },
                    },
                  },
                },
              },
            }),
          ],
        }),
      ),
    ),
    established,
    served,
    post(things, thing({ spec: { a: 1, b: 'z' } })),
    post(things, thing({ spec: { a: 0 } })),
    post(things, thing({ spec: {} })),
  ),
  play(
    'a closed schema fills in',
    given(
      post(
        definitions,
        crd({
          versions: [
            v('v1', {
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: { type: 'object', default: {}, properties: { a: { type: 'integer', default: 5 } } },
                  },
                },
              },
            }),
          ],
        }),
      ),
    ),
    established,
    served,
    post(things, thing()),
  ),
  play(
    'status by the definition alone',
    given(post(definitions, crd())),
    established,
    patch('merge', `${one}/status`, { status: { storedVersions: ['v1', 'v2'] } }),
  ),
]);

const admission = 'admissionregistration.k8s.io';
const policy = (spec: object) => ({
  apiVersion: `${admission}/v1`,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: '{id}' },
  spec: {
    matchConstraints: {
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps'] },
      ],
    },
    ...spec,
  },
});
const here = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '{ns}' } } };
const binding = (more: object = {}) => ({
  apiVersion: `${admission}/v1`,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: '{id}' },
  spec: { policyName: '{id}', validationActions: ['Deny'], matchResources: here, ...more },
});
const sentinel = { expression: "!(request.name == 'sentinel')", message: 'in force' };
/** A policy and a binding, and a wait until they count: until then a sentinel may be made, by dry run. */
const enforced = (spec: { validations: readonly object[] } & Record<string, unknown>, more?: object) => [
  given(post(paths.policies, policy({ ...spec, validations: [sentinel, ...spec.validations] }))),
  given(post(paths.bindings, binding(more))),
  {
    do: 'until',
    method: 'POST',
    path: `${cm}?dryRun=All`,
    status: 422,
    body: { metadata: { name: 'sentinel', labels: { on: 'yes' } } },
  } as const,
];
const make = (name: string, more: object = {}) => post(cm, { metadata: { name, labels: { on: 'yes' } }, ...more });
export const admissionCases = topic('admission', [
  play(
    'a policy and what is filled in',
    post(paths.policies, policy({ validations: [{ expression: 'true' }] })),
    post(paths.bindings, binding()),
  ),
  play(
    'denied with a message',
    ...enforced({
      validations: [{ expression: "object == null || object.metadata.name != 'bad'", message: 'no bad ones' }],
    }),
    make('bad'),
    make('good'),
  ),
  play(
    'denied without a message',
    ...enforced({ validations: [{ expression: "object == null || object.metadata.name != 'bad'" }] }),
    make('bad'),
  ),
  play(
    'denied with a worded message',
    ...enforced({
      validations: [
        {
          expression: "object == null || object.metadata.name != 'bad'",
          messageExpression: "'not ' + object.metadata.name",
        },
      ],
    }),
    make('bad'),
  ),
  play(
    'denied with a reason',
    ...enforced({
      validations: [{ expression: "object == null || object.metadata.name != 'bad'", reason: 'Forbidden' }],
    }),
    make('bad'),
  ),
  play(
    'a deletion denied',
    given(make('kept')),
    ...enforced({
      validations: [{ expression: "request.operation != 'DELETE' || request.name != 'kept'", message: 'kept' }],
    }),
    del(`${cm}/kept`),
    del(`${cm}/kept?dryRun=All`),
    del(cm),
    get(`${cm}/kept`),
  ),
  play(
    'a change denied',
    given(make('a', { data: { x: '1' } })),
    ...enforced({
      validations: [
        { expression: "request.operation != 'UPDATE' || object.data.x == oldObject.data.x", message: 'x stays' },
      ],
    }),
    patch('merge', `${cm}/a`, { data: { x: '2' } }),
    patch('merge', `${cm}/a`, { data: { y: '2' } }),
  ),
  play(
    'a condition that does not hold',
    ...enforced({
      matchConditions: [{ name: 'only-bad', expression: "request.name == 'bad' || request.name == 'sentinel'" }],
      validations: [{ expression: 'false', message: 'never' }],
    }),
    make('bad'),
    make('good'),
  ),
  play(
    'an expression that fails',
    ...enforced({ validations: [{ expression: "object.data.nothing == 'x'" }] }),
    make('a', { data: { b: 'c' } }),
  ),
  play(
    'an expression that fails, ignored',
    ...enforced({ failurePolicy: 'Ignore', validations: [{ expression: "object.data.nothing == 'x'" }] }),
    make('a', { data: { b: 'c' } }),
  ),
  play(
    'variables',
    ...enforced({
      variables: [{ name: 'size', expression: 'has(object.data) ? object.data.size() : 0' }],
      validations: [{ expression: 'variables.size < 2', message: 'too many' }],
    }),
    make('a', { data: { b: 'c' } }),
    make('b', { data: { b: 'c', d: 'e' } }),
  ),
  play(
    'an object selector',
    ...enforced(
      { validations: [{ expression: 'false', message: 'never' }] },
      { matchResources: { ...here, objectSelector: { matchLabels: { on: 'yes' } } } },
    ),
    make('a'),
    post(cm, { metadata: { name: 'b' } }),
  ),
  play(
    'a rule of the binding',
    ...enforced(
      { validations: [{ expression: 'false', message: 'never' }] },
      {
        matchResources: {
          ...here,
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['configmaps'],
              resourceNames: ['a', 'sentinel'],
            },
          ],
        },
      },
    ),
    make('a'),
    make('b'),
  ),
  play(
    'warned',
    ...enforced({
      validations: [{ expression: "object == null || object.metadata.name != 'sentinel'", message: 'x' }],
    }),
    given(patch('merge', `${paths.bindings}/{id}`, { spec: { validationActions: ['Warn'] } })),
    { do: 'until', method: 'POST', path: `${cm}?dryRun=All`, status: 201, body: { metadata: { name: 'sentinel' } } },
    post(`${cm}?dryRun=All`, { metadata: { name: 'sentinel' } }),
  ),
  play(
    'after its deletion',
    ...enforced({ validations: [{ expression: "object == null || object.metadata.name != 'bad'" }] }),
    given(del(`${paths.bindings}/{id}`)),
    { do: 'until', method: 'POST', path: `${cm}?dryRun=All`, status: 201, body: { metadata: { name: 'sentinel' } } },
    make('bad'),
  ),
  play(
    'an expression that is none',
    post(paths.policies, policy({ validations: [{ expression: 'object.metadata.name ==' }] })),
  ),
  play(
    'an expression of an unknown variable',
    post(paths.policies, policy({ validations: [{ expression: 'nobody.name == "x"' }] })),
  ),
  play('an expression that is no test', post(paths.policies, policy({ validations: [{ expression: '"text"' }] }))),
  play('without validations', post(paths.policies, policy({ validations: [] }))),
  play(
    'without constraints',
    post(paths.policies, policy({ matchConstraints: undefined, validations: [{ expression: 'true' }] })),
  ),
  play(
    'an unknown failurePolicy',
    post(paths.policies, policy({ failurePolicy: 'Maybe', validations: [{ expression: 'true' }] })),
  ),
  play(
    'an unknown operation',
    post(
      paths.policies,
      policy({
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['LOOK'], resources: ['configmaps'] }],
        },
        validations: [{ expression: 'true' }],
      }),
    ),
  ),
  play('a binding without a policy', post(paths.bindings, binding({ policyName: undefined }))),
  play('a binding without actions', post(paths.bindings, binding({ validationActions: [] }))),
  play('a binding with an unknown action', post(paths.bindings, binding({ validationActions: ['Shout'] }))),
  play('a binding that denies and warns', post(paths.bindings, binding({ validationActions: ['Deny', 'Warn'] }))),
  play(
    'a binding changes its policy',
    given(post(paths.bindings, binding())),
    patch('merge', `${paths.bindings}/{id}`, { spec: { policyName: 'other' } }),
  ),
  play(
    'the generation of a policy',
    given(post(paths.policies, policy({ validations: [{ expression: 'true' }] }))),
    patch('merge', `${paths.policies}/{id}`, { spec: { failurePolicy: 'Ignore' } }),
    patch('merge', `${paths.policies}/{id}`, { metadata: { labels: { a: 'b' } } }),
  ),
  play(
    'a webhook configuration and what is filled in',
    post(`/apis/${admission}/v1/validatingwebhookconfigurations`, {
      metadata: { name: '{id}' },
      webhooks: [
        {
          name: 'a.conformance.test',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: { service: { name: 'a', namespace: 'b' } },
          rules: [{ apiGroups: ['nobody.test'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] }],
        },
      ],
    }),
  ),
  play(
    'a webhook that nobody answers',
    post(`/apis/${admission}/v1/validatingwebhookconfigurations`, {
      metadata: { name: '{id}' },
      webhooks: [
        {
          name: 'a.conformance.test',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '{ns}' } },
          clientConfig: { service: { name: 'a', namespace: 'b' } },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        },
      ],
    }),
    { do: 'until', method: 'POST', path: `${cm}?dryRun=All`, status: 500, body: { metadata: { name: 'a' } } },
  ),
]);

const review = '/apis/authorization.k8s.io/v1';
const token = {
  metadata: { name: 't', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
  type: 'kubernetes.io/service-account-token',
};
const robot = [
  given(post(paths.serviceAccounts, { metadata: { name: 'robot' } })),
  given(post(paths.secrets, token)),
  until(`${paths.secrets}/t`, 200, 'data.token'),
  // A server learns of a new token with a delay, and notes its first use in the Secret.
  { do: 'until', method: 'GET', path: '/version', status: 200, token: '{base64:3.data.token}' } as const,
];
const as = { token: '{base64:3.data.token}' };
const grant = [
  given(
    post(paths.roles, {
      metadata: { name: 'r' },
      rules: [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'], resourceNames: ['seen'] },
        { apiGroups: [''], resources: ['secrets'], verbs: ['*'] },
      ],
    }),
  ),
  given(
    post(paths.roleBindings, {
      metadata: { name: 'r' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: '{ns}' }],
    }),
  ),
];
const asks = (kind: string, spec: object, extra = {}) =>
  post(`${review}/${kind.toLowerCase()}s`, { apiVersion: 'authorization.k8s.io/v1', kind, spec }, extra);
const attributes = { namespace: '{ns}', verb: 'get', resource: 'configmaps' };
export const accessCases = topic('access', [
  play('no credentials', get(cm, { token: null })),
  play('no credentials, and nothing there', get('/apis/nobody.test/v1/things', { token: null })),
  play('no credentials, version', get('/version', { token: null }), get('/readyz', { token: null })),
  play('no credentials, discovery', get('/api', { token: null }), get('/apis', { token: null })),
  play('a token that is nobody’s', get(cm, { token: 'garbage' })),
  play('another scheme', send('GET', cm, undefined, { token: null, headers: { authorization: 'Basic YTpi' } })),
  play('an empty bearer', send('GET', cm, undefined, { token: null, headers: { authorization: 'Bearer ' } })),
  ...(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) =>
    play(
      `${method} denied`,
      ...robot,
      send(method, method === 'POST' ? cm : `${cm}/a`, method === 'GET' ? undefined : {}, as),
    ),
  ),
  play('list denied', ...robot, get(cm, as)),
  play('watch denied', ...robot, get(`${cm}?watch=1`, as)),
  play('deletecollection denied', ...robot, del(cm, undefined, as)),
  play('a subresource denied', ...robot, patch('merge', `${widgets}/a/status`, {}), get(`${widgets}/a/status`, as)),
  play('a group denied', ...robot, get(widgets, as)),
  play('a cluster-scoped one denied', ...robot, get('/api/v1/nodes', as)),
  play('a namespace denied', ...robot, get('/api/v1/namespaces/{ns}', as)),
  play('a path denied', ...robot, get('/metrics', as)),
  play('what nobody serves, denied', ...robot, get('/apis/nobody.test/v1/things', as)),
  play(
    'granted by name',
    ...robot,
    ...grant,
    given(post(cm, { metadata: { name: 'seen' } })),
    { do: 'until', method: 'GET', path: `${cm}/seen`, status: 200, ...as },
    get(`${cm}/other`, as),
    get(`${cm}?fieldSelector=metadata.name%3Dseen`, as),
    get(cm, as),
  ),
  play(
    'granted by a star',
    ...robot,
    ...grant,
    { do: 'until', method: 'GET', path: paths.secrets, status: 200, ...as },
    post(`${paths.secrets}?dryRun=All`, { metadata: { name: 'x' } }, as),
    get('/api/v1/namespaces/default/secrets', as),
  ),
  play('may I? yes', asks('SelfSubjectAccessReview', { resourceAttributes: attributes })),
  play('may I? as somebody small', ...robot, asks('SelfSubjectAccessReview', { resourceAttributes: attributes }, as)),
  play(
    'may I? once granted',
    ...robot,
    ...grant,
    { do: 'until', method: 'GET', path: `${paths.secrets}`, status: 200, ...as },
    asks('SelfSubjectAccessReview', { resourceAttributes: { ...attributes, name: 'seen' } }, as),
    asks('SelfSubjectAccessReview', { resourceAttributes: { ...attributes, resource: 'secrets' } }, as),
  ),
  play(
    'may I? a path',
    ...robot,
    asks('SelfSubjectAccessReview', { nonResourceAttributes: { path: '/version', verb: 'get' } }, as),
  ),
  play('may I? nothing asked', asks('SelfSubjectAccessReview', {})),
  play(
    'may I? both asked',
    asks('SelfSubjectAccessReview', {
      resourceAttributes: attributes,
      nonResourceAttributes: { path: '/x', verb: 'get' },
    }),
  ),
  play('may somebody?', asks('SubjectAccessReview', { user: 'nobody', groups: ['g'], resourceAttributes: attributes })),
  play(
    'may a master?',
    asks('SubjectAccessReview', { user: 'x', groups: ['system:masters'], resourceAttributes: attributes }),
  ),
  play('may nobody at all?', asks('SubjectAccessReview', { resourceAttributes: attributes })),
  play(
    'may somebody small ask about others?',
    ...robot,
    asks('SubjectAccessReview', { user: 'nobody', resourceAttributes: attributes }, as),
  ),
  play('reviews cannot be read', get(`${review}/selfsubjectaccessreviews`)),
  play(
    'a review with a name',
    post(`${review}/selfsubjectaccessreviews`, { metadata: { name: 'x' }, spec: { resourceAttributes: attributes } }),
  ),
  play(
    'a review with dryRun',
    post(`${review}/selfsubjectaccessreviews?dryRun=All`, { spec: { resourceAttributes: attributes } }),
  ),
  play(
    'a deletion that its own token outlives',
    ...robot,
    ...grant,
    given(del(`${paths.serviceAccounts}/robot`)),
    settle,
    { do: 'until', method: 'GET', path: paths.secrets, status: 401, ...as },
  ),
]);

const documents = [
  '/api',
  '/api/',
  '/api/v1',
  '/apis',
  '/apis/apps',
  '/apis/apps/v1',
  '/apis/batch/v1',
  '/apis/coordination.k8s.io/v1',
  '/apis/rbac.authorization.k8s.io',
  '/apis/rbac.authorization.k8s.io/v1',
  '/apis/admissionregistration.k8s.io/v1',
  '/apis/apiextensions.k8s.io',
  '/apis/apiextensions.k8s.io/v1',
  '/apis/authorization.k8s.io/v1',
  '/apis/conformance.test',
  '/apis/conformance.test/v1',
  '/apis/conformance.test/v1beta1',
  '/version',
  '/readyz',
  '/healthz',
  '/livez',
  '/readyz/ping',
  '/livez/ping',
  '/healthz/ping',
];
const unknown = [
  '/apis/nobody.test',
  '/apis/nobody.test/v1',
  '/apis/apps/v9',
  '/apis/conformance.test/v9',
  '/api/v9',
  '/nothing',
  '/apis/apps/v1/nothings',
  '/api/v1/nothings',
  '/api/v1/namespaces/default/nothings',
  '/apis/conformance.test/v1/nothings',
  '/apis/conformance.test/v1/namespaces/default/nothings/a',
  '/apis/nobody.test/v1/things',
  '/api/v1/namespaces/default/configmaps/a/b/c',
  '/apis/conformance.test/v1/namespaces/default/widgets/a/status/more',
  '/api/v1/namespaces/default/configmaps/a/nothing',
  '/readyz/nothing',
];
export const discovery = topic(
  'discovery',
  [
    ...documents.map((path) => play(path, get(path))),
    ...unknown.map((path) => play(`nothing at ${path}`, get(path))),
    ...unknown.slice(0, 10).map((path) => play(`nothing to create at ${path}`, post(path, {}))),
    play('a document posted to', post('/api/v1', {}), post('/apis', {}), post('/version', {})),
    play('a document deleted', del('/apis/apps/v1'), del('/api')),
    play('documents as anything', get('/api', { headers: { accept: '*/*' } })),
    play('documents as XML', get('/apis/apps/v1', { headers: { accept: 'application/xml' } })),
    play('HEAD of an object', send('HEAD', '/api/v1/namespaces/default')),
    play('OPTIONS of a collection', send('OPTIONS', '/api/v1/namespaces')),
  ],
  { alone: true, namespace: false },
);
