import { del, get, given, patch, play, post, topic, until } from '../case.ts';
import { paths } from './kinds.ts';

const { definitions } = paths;
const finalizer = ['conformance.test/wait'];

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
    given(get('/api/v1/namespaces/{ns}')),
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
    post(`${things}?dryRun=All`, thing({ spec: { a: 1, b: 'z' } })),
    post(`${things}?dryRun=All`, thing({ spec: { a: 0 } })),
    post(`${things}?dryRun=All`, thing({ spec: {} })),
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
