import { del, get, given, patch, play, post, put, topic } from '../case.ts';
import { cm, make } from './config-maps.ts';
import { paths } from './kinds.ts';

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
