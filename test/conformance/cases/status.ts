import { del, get, given, patch, play, post, put, topic } from '../case.ts';
import { paths } from './kinds.ts';

const { configMaps: cm, widgets, plains } = paths;
const finalizer = ['conformance.test/wait'];

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
