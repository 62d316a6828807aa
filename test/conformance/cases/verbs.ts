import { del, get, given, patch, play, post, put, send, topic, until } from '../case.ts';
import { type Sort, sorts } from './kinds.ts';

const mine = 'labelSelector=case%3D{id}';
const labelled = { labels: { case: '{id}' } };
const someUid = '12345678-1234-1234-1234-123456789012';

function casesOf(sort: Sort) {
  const { title, path, body, name, apiVersion, kind } = sort;
  const one = `${path}/${name()}`;
  const make = given(post(path, body(1, 'x', labelled)));
  const about = (what: string, ...steps: Parameters<typeof play>[1][]) => play(`${title}: ${what}`, ...steps);
  return [
    about('create answers 201', post(path, body()), get(one)),
    about('create of what exists', make, post(path, body(1, 'y'))),
    about('create without a name', post(path, { apiVersion, kind, metadata: {} })),
    about('create without metadata', post(path, { apiVersion, kind })),
    about(
      'create with generateName',
      post(path, body(1, 'x', { name: undefined, generateName: '{id}-x-' })),
      del(`${path}/{1.metadata.name}`),
    ),
    about('create with a name and generateName', post(path, body(1, 'x', { generateName: 'other-' }))),
    about('create with an invalid name', post(path, body(1, 'x', { name: 'Not_{id}!' }))),
    about('create with a name that is too long', post(path, body(1, 'x', { name: `{id}${'a'.repeat(300)}` }))),
    about(
      'create with a generateName that is invalid',
      post(path, body(1, 'x', { name: undefined, generateName: 'Not_Good-' })),
    ),
    about('create with a resourceVersion', post(path, body(1, 'x', { resourceVersion: '5' }))),
    about('create with a uid of its own', post(path, body(1, 'x', { uid: someUid }))),
    about(
      'create with deletionTimestamp, generation and creationTimestamp',
      post(
        path,
        body(1, 'x', {
          deletionTimestamp: '2020-01-01T00:00:00Z',
          creationTimestamp: '2020-01-01T00:00:00Z',
          generation: 7,
          selfLink: '/x',
        }),
      ),
    ),
    about('create with another apiVersion', post(path, { ...body(), apiVersion: 'other.test/v1' })),
    about('create with another version', post(path, { ...body(), apiVersion: apiVersion.replace('v1', 'v2') })),
    about('create with another kind', post(path, { ...body(), kind: 'Other' })),
    about('create without kind and apiVersion', post(path, { ...body(), kind: undefined, apiVersion: undefined })),
    about('create without kind', post(path, { ...body(), kind: undefined })),
    about('create without apiVersion', post(path, { ...body(), apiVersion: undefined })),
    about('create with dryRun', post(`${path}?dryRun=All`, body()), get(one)),
    about('create with an invalid dryRun', post(`${path}?dryRun=Some`, body())),
    about('create with nothing in the body', post(path)),
    about('create with a body that is no JSON', post(path, '{"a":')),
    about('create with a body that is a list', post(path, '[]')),
    about(
      'create with a body of another type',
      post(path, 'a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ),
    about('create under a name', post(one, body())),
    about('create with fieldManager', post(`${path}?fieldManager=somebody`, body())),
    about('create with an invalid fieldValidation', post(`${path}?fieldValidation=Perhaps`, body())),
    about('get of what is not there', get(one)),
    // What is asked for as of any time is answered from memory, which may know the object a moment later.
    about('get with resourceVersion 0', make, until(`${one}?resourceVersion=0`, 200)),
    about(
      'get as metadata only',
      make,
      get(one, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
    ),
    about(
      'get as metadata only, v1beta1',
      make,
      get(one, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io' } }),
    ),
    about('get as XML', make, get(one, { headers: { accept: 'application/xml' } })),
    about('get as anything', make, get(one, { headers: { accept: '*/*' } })),
    about('get as YAML', make, get(`${path}/${name(2)}`, { headers: { accept: 'application/yaml' } })),
    about('list with a selector', make, given(post(path, body(2, 'x', labelled))), get(`${path}?${mine}`)),
    about(
      'list as metadata only',
      make,
      get(`${path}?${mine}`, {
        headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
      }),
    ),
    about(
      'list as metadata only, v1beta1',
      make,
      get(`${path}?${mine}`, {
        headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1beta1;g=meta.k8s.io' },
      }),
    ),
    about('list of nothing', get(`${path}?${mine}`)),
    about(
      'list in pages',
      make,
      given(post(path, body(2, 'x', labelled))),
      given(post(path, body(3, 'x', labelled))),
      get(`${path}?${mine}&limit=2`),
      get(`${path}?${mine}&limit=2&continue={4.metadata.continue}`),
    ),
    about('update', make, put(one, body(1, 'y')), get(one)),
    about('update of what is not there', put(one, body(1, 'y'))),
    about(
      'update with its resourceVersion',
      make,
      put(one, body(1, 'y', { resourceVersion: '{1.metadata.resourceVersion}' })),
    ),
    about(
      'update with an old resourceVersion',
      make,
      given(patch('merge', one, { metadata: { labels: { a: 'b' } } })),
      put(one, body(1, 'y', { resourceVersion: '{1.metadata.resourceVersion}' })),
    ),
    about('update with a resourceVersion that is none', make, put(one, body(1, 'y', { resourceVersion: 'abc' }))),
    about(
      'update with another uid',
      make,
      put(one, body(1, 'y', { resourceVersion: '{1.metadata.resourceVersion}', uid: someUid })),
    ),
    about(
      'update with another name',
      make,
      put(one, body(2, 'y', { resourceVersion: '{1.metadata.resourceVersion}' })),
    ),
    about(
      'update without a name',
      make,
      put(one, body(1, 'y', { name: undefined, resourceVersion: '{1.metadata.resourceVersion}' })),
    ),
    about(
      'update that changes nothing',
      make,
      put(one, body(1, 'x', { ...labelled, resourceVersion: '{1.metadata.resourceVersion}' })),
      get(one),
    ),
    about(
      'update with dryRun',
      make,
      put(`${one}?dryRun=All`, body(1, 'y', { resourceVersion: '{1.metadata.resourceVersion}' })),
      get(one),
    ),
    about('update of the collection', put(path, body())),
    about(
      'update with another kind',
      make,
      put(one, { ...body(1, 'y', { resourceVersion: '{1.metadata.resourceVersion}' }), kind: 'Other' }),
    ),
    about(
      'update that changes creationTimestamp',
      make,
      put(
        one,
        body(1, 'y', { resourceVersion: '{1.metadata.resourceVersion}', creationTimestamp: '2020-01-01T00:00:00Z' }),
      ),
    ),
    about('merge patch', make, patch('merge', one, { metadata: { labels: { a: 'b' } } })),
    about('merge patch of what is not there', patch('merge', one, { metadata: { labels: { a: 'b' } } })),
    about('merge patch that changes nothing', make, patch('merge', one, {}), get(one)),
    about('merge patch that removes', make, patch('merge', one, { metadata: { labels: null } })),
    about(
      'merge patch with an old resourceVersion',
      make,
      given(patch('merge', one, { metadata: { labels: { a: 'b' } } })),
      patch('merge', one, { metadata: { resourceVersion: '{1.metadata.resourceVersion}', labels: { c: 'd' } } }),
    ),
    about('merge patch with another uid', make, patch('merge', one, { metadata: { uid: someUid } })),
    about('merge patch with another name', make, patch('merge', one, { metadata: { name: name(2) } })),
    about('merge patch with another kind', make, patch('merge', one, { kind: 'Other' })),
    about('merge patch that is a list', make, patch('merge', one, '[]')),
    about('merge patch that is a string', make, patch('merge', one, '"a"')),
    about('merge patch that is no JSON', make, patch('merge', one, '{"a"')),
    about(
      'merge patch with dryRun',
      make,
      patch('merge', `${one}?dryRun=All`, { metadata: { labels: { a: 'b' } } }),
      get(one),
    ),
    about('merge patch of the collection', patch('merge', path, {})),
    about(
      'JSON patch',
      make,
      patch('json', one, [
        { op: 'add', path: '/metadata/labels/a', value: 'b' },
        { op: 'remove', path: '/metadata/labels/case' },
      ]),
    ),
    about(
      'JSON patch whose test holds',
      make,
      patch('json', one, [
        { op: 'test', path: '/metadata/name', value: name() },
        { op: 'add', path: '/metadata/labels/a', value: 'b' },
      ]),
    ),
    about(
      'JSON patch whose test fails',
      make,
      patch('json', one, [{ op: 'test', path: '/metadata/name', value: 'other' }]),
      get(one),
    ),
    about('JSON patch of a missing place', make, patch('json', one, [{ op: 'remove', path: '/spec/nothing/here' }])),
    about(
      'JSON patch with an unknown operation',
      make,
      patch('json', one, [{ op: 'invent', path: '/metadata/labels/a', value: 'b' }]),
    ),
    about('JSON patch that is no list', make, patch('json', one, { op: 'add' })),
    about(
      'JSON patch of the uid',
      make,
      patch('json', one, [{ op: 'replace', path: '/metadata/uid', value: someUid }]),
    ),
    about(
      'JSON patch copies and moves',
      make,
      patch('json', one, [
        { op: 'add', path: '/metadata/annotations', value: { a: '1' } },
        { op: 'copy', from: '/metadata/annotations/a', path: '/metadata/annotations/b' },
        { op: 'move', from: '/metadata/annotations/a', path: '/metadata/annotations/c' },
      ]),
    ),
    about('strategic merge patch', make, patch('strategic', one, { metadata: { labels: { a: 'b', case: null } } })),
    about(
      'patch of an unknown type',
      make,
      send('PATCH', one, {}, { headers: { 'content-type': 'application/json' } }),
    ),
    about('patch without a type', make, send('PATCH', one, {}, { headers: { 'content-type': '' } })),
    about('delete', make, del(one), get(one)),
    about('delete of what is not there', del(one)),
    about(
      'delete with the right preconditions',
      make,
      del(one, { preconditions: { uid: '{1.metadata.uid}', resourceVersion: '{1.metadata.resourceVersion}' } }),
    ),
    about('delete with another uid', make, del(one, { preconditions: { uid: someUid } })),
    about('delete with another resourceVersion', make, del(one, { preconditions: { resourceVersion: '1' } })),
    about('delete with dryRun', make, del(`${one}?dryRun=All`), get(one)),
    about('delete with dryRun in the body', make, del(one, { dryRun: ['All'] }), get(one)),
    about('delete with an invalid dryRun', make, del(`${one}?dryRun=Some`)),
    about('delete with an invalid dryRun in the body', make, del(one, { dryRun: ['Some'] })),
    about(
      'delete with a finalizer',
      given(post(path, body(1, 'x', { finalizers: ['conformance.test/wait'] }))),
      del(one),
      del(one),
      patch('merge', one, { metadata: { finalizers: null } }),
      get(one),
    ),
    about('delete with a body of another kind', make, del(one, { kind: 'Other', apiVersion: 'v1' })),
    about('delete with a body that is no JSON', make, del(one, '{"a"')),
    about(
      'deletecollection by label',
      make,
      given(post(path, body(2))),
      del(`${path}?${mine}`),
      get(`${path}/${name(2)}`),
    ),
    about(
      'deletecollection by name',
      make,
      given(post(path, body(2, 'x', labelled))),
      del(`${path}?fieldSelector=metadata.name%3D${name(2)}&${mine}`),
      get(one),
    ),
    about('deletecollection with dryRun', make, del(`${path}?${mine}&dryRun=All`), get(one)),
    about('deletecollection of nothing', del(`${path}?${mine}`)),
    about('a method nobody knows', send('LOCK', one)),
    about('a subresource nobody knows', make, get(`${one}/nothing`)),
  ];
}

export const verbs = sorts.flatMap((sort) =>
  topic(`verbs-${sort.plural}`, casesOf(sort), { namespace: !sort.cluster }),
);
