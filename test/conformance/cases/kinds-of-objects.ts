import { del, get, given, patch, play, post, put, topic, until } from '../case.ts';
import { core, paths } from './kinds.ts';

const { configMaps: cm, secrets, serviceAccounts, leases, events } = paths;
const named = (more: object = {}) => ({ metadata: { name: 'a' }, ...more });
const bigKey = 'k'.repeat(254);

export const configMaps = topic('configmaps', [
  play('data and binaryData', post(cm, named({ data: { a: '1' }, binaryData: { b: 'AQID' } })), get(`${cm}/a`)),
  play('the same key in data and binaryData', post(cm, named({ data: { a: '1' }, binaryData: { a: 'AQID' } }))),
  play('binaryData that is no base64', post(cm, named({ binaryData: { a: 'not base64!' } }))),
  ...['', '..', '.', 'a b', 'a/b', '..a', '.a', 'A_b-c.d', bigKey].map((key) =>
    play(`the key ${key.slice(0, 9)}${key.length}`, post(cm, named({ data: { [key]: 'x' } }))),
  ),
  play('data that is a list', post(cm, named({ data: ['a'] }))),
  play('a value that is a number', post(cm, named({ data: { a: 1 } }))),
  play('a value that is null', post(cm, named({ data: { a: null } }))),
  play('data that is null', post(cm, named({ data: null }))),
  play('no data at all', post(cm, named({ data: {} }))),
  play(
    'immutable: data cannot change',
    given(post(cm, named({ data: { a: '1' }, immutable: true }))),
    patch('merge', `${cm}/a`, { data: { a: '2' } }),
  ),
  play(
    'immutable: binaryData cannot change',
    given(post(cm, named({ data: { a: '1' }, immutable: true }))),
    patch('merge', `${cm}/a`, { binaryData: { b: 'AQID' } }),
  ),
  play(
    'immutable: labels can change',
    given(post(cm, named({ data: { a: '1' }, immutable: true }))),
    patch('merge', `${cm}/a`, { metadata: { labels: { a: 'b' } } }),
  ),
  play(
    'immutable cannot be unset',
    given(post(cm, named({ immutable: true }))),
    patch('merge', `${cm}/a`, { immutable: null }),
  ),
  play(
    'immutable cannot become false',
    given(post(cm, named({ immutable: true }))),
    patch('merge', `${cm}/a`, { immutable: false, data: { x: 'y' } }),
  ),
  play(
    'becomes immutable',
    given(post(cm, named({ data: { a: '1' } }))),
    patch('merge', `${cm}/a`, { immutable: true }),
  ),
  play('immutable that is a string', post(cm, named({ immutable: 'yes' }))),
]);

export const secretCases = topic('secrets', [
  play('type by default', post(secrets, named({ data: { a: 'MQ==' } })), get(`${secrets}/a`)),
  play('stringData', post(secrets, named({ data: { a: 'MQ==', b: 'MQ==' }, stringData: { a: 'two', c: 'ü' } }))),
  play(
    'stringData in a patch',
    given(post(secrets, named({ data: { a: 'MQ==' } }))),
    patch('merge', `${secrets}/a`, { stringData: { b: 'x' } }),
  ),
  play(
    'stringData in a strategic merge patch',
    given(post(secrets, named({ data: { a: 'MQ==' } }))),
    patch('strategic', `${secrets}/a`, { stringData: { b: 'x' } }),
  ),
  play('data that is no base64', post(secrets, named({ data: { a: '!' } }))),
  play('base64 without padding', post(secrets, named({ data: { a: 'MQ' } }))),
  play('data that is empty', post(secrets, named({ data: { a: '' } }))),
  play('a key with a space', post(secrets, named({ data: { 'a b': 'MQ==' } }))),
  play('an empty type', post(secrets, named({ type: '' }))),
  play(
    'the type cannot change',
    given(post(secrets, named({ type: 'a.test/b' }))),
    patch('merge', `${secrets}/a`, { type: 'a.test/c' }),
  ),
  play(
    'the type cannot be removed',
    given(post(secrets, named({ type: 'a.test/b' }))),
    patch('merge', `${secrets}/a`, { type: null }),
  ),
  play(
    'an update without the type',
    given(post(secrets, named({ type: 'a.test/b' }))),
    put(`${secrets}/a`, named({ data: {} })),
  ),
  play(
    'immutable',
    given(post(secrets, named({ immutable: true, data: { a: 'MQ==' } }))),
    patch('merge', `${secrets}/a`, { data: { a: 'Mg==' } }),
  ),
  play(
    'immutable, stringData',
    given(post(secrets, named({ immutable: true, data: { a: 'MQ==' } }))),
    patch('merge', `${secrets}/a`, { stringData: { a: '2' } }),
  ),
  play('docker configuration without its key', post(secrets, named({ type: 'kubernetes.io/dockerconfigjson' }))),
  play(
    'docker configuration that is no JSON',
    post(secrets, named({ type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{' } })),
  ),
  play(
    'docker configuration',
    post(secrets, named({ type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{}' } })),
  ),
  play('old docker configuration without its key', post(secrets, named({ type: 'kubernetes.io/dockercfg' }))),
  play('basic-auth without user and password', post(secrets, named({ type: 'kubernetes.io/basic-auth' }))),
  play('ssh-auth without its key', post(secrets, named({ type: 'kubernetes.io/ssh-auth' }))),
  play('tls without key and certificate', post(secrets, named({ type: 'kubernetes.io/tls' }))),
  play('tls', post(secrets, named({ type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } }))),
  play("Helm's", post(secrets, named({ type: 'helm.sh/release.v1', data: { release: 'MQ==' } }))),
  play(
    'a service account token without an account',
    post(secrets, named({ type: 'kubernetes.io/service-account-token' })),
  ),
  play('more than a megabyte', post(secrets, named({ data: { a: 'AAAA'.repeat(400_000) } }))),
]);

const token = {
  metadata: { name: 't', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
  type: 'kubernetes.io/service-account-token',
};
const robot = given(post(serviceAccounts, { metadata: { name: 'robot' } }));
const issued = until(`${secrets}/t`, 200, 'data.token');
export const accounts = topic('accounts', [
  play('a token is filled in', robot, given(post(secrets, token)), issued),
  play('a token of an account that is not there goes', post(secrets, token), until(`${secrets}/t`, 404)),
  play(
    'a token goes with its account',
    robot,
    given(post(secrets, token)),
    issued,
    given(del(`${serviceAccounts}/robot`)),
    until(`${secrets}/t`, 404),
  ),
  play('every namespace has a default account', get(`${serviceAccounts}/default`)),
  play('the default account comes back', del(`${serviceAccounts}/default`), until(`${serviceAccounts}/default`, 200)),
  play(
    'a token is good for what the account may do',
    robot,
    given(post(secrets, token)),
    issued,
    // A server learns of a new token with a delay, and notes its first use in the Secret.
    { do: 'until', method: 'GET', path: '/version', status: 200, token: '{base64:3.data.token}' },
    get(cm, { token: '{base64:3.data.token}' }),
    get('/api/v1/namespaces', { token: '{base64:3.data.token}' }),
  ),
  play(
    'a token after its Secret is gone',
    robot,
    given(post(secrets, token)),
    issued,
    given(del(`${secrets}/t`)),
    until(`${secrets}/t`, 404),
  ),
  play(
    'secrets of an account',
    post(serviceAccounts, {
      metadata: { name: 'b' },
      secrets: [{ name: 'x' }],
      imagePullSecrets: [{ name: 'y' }],
      automountServiceAccountToken: false,
    }),
  ),
  play(
    'secrets of an account, merged',
    given(post(serviceAccounts, { metadata: { name: 'b' }, secrets: [{ name: 'x' }, { name: 'z' }] })),
    patch('strategic', `${serviceAccounts}/b`, {
      secrets: [{ name: 'w' }, { name: 'z', $patch: 'delete' }],
      imagePullSecrets: [{ name: 'q' }],
    }),
  ),
]);

const leaseSpec = {
  holderIdentity: 'me',
  leaseDurationSeconds: 15,
  acquireTime: '2020-01-01T00:00:00.000000Z',
  renewTime: '2020-01-01T00:00:00.123456Z',
  leaseTransitions: 1,
};
export const leaseCases = topic('leases', [
  play(
    'create and update',
    post(leases, named({ spec: leaseSpec })),
    put(`${leases}/a`, {
      metadata: { name: 'a', resourceVersion: '{1.metadata.resourceVersion}' },
      spec: { ...leaseSpec, holderIdentity: 'you' },
    }),
  ),
  play(
    'an update without resourceVersion',
    given(post(leases, named({ spec: leaseSpec }))),
    put(`${leases}/a`, named({ spec: leaseSpec })),
  ),
  play('a duration of zero', post(leases, named({ spec: { ...leaseSpec, leaseDurationSeconds: 0 } }))),
  play('transitions below zero', post(leases, named({ spec: { leaseTransitions: -1 } }))),
  play('a time that is none', post(leases, named({ spec: { renewTime: 'now' } }))),
  play('a duration that is a string', post(leases, named({ spec: { leaseDurationSeconds: 'x' } }))),
  play('no spec', post(leases, named())),
  play('an unknown field in its spec', post(leases, named({ spec: { color: 'red' } }))),
]);

const about = {
  involvedObject: { kind: 'Pod', namespace: '{ns}', name: 'p' },
  reason: 'Because',
  message: 'm',
  type: 'Normal',
};
export const eventCases = topic('events', [
  play('create', post(events, named(about))),
  play(
    'about another namespace',
    post(events, named({ ...about, involvedObject: { namespace: 'default', name: 'x' } })),
  ),
  play('without involvedObject', post(events, named({}))),
  play(
    'selected by what they are about',
    given(post(events, named(about))),
    given(post(events, { ...named({ ...about, reason: 'Other' }), metadata: { name: 'b' } })),
    get(`${events}?fieldSelector=involvedObject.name%3Dp,reason%3DBecause,type%3DNormal`),
  ),
]);

const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
export const plainCases = topic('claims', [
  play(
    'a claim gets its finalizer and waits',
    given(post(`${core}/persistentvolumeclaims`, named({ spec: claim }))),
    get(`${core}/persistentvolumeclaims/a`, {
      headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
    }),
  ),
  play(
    'a claim is deleted',
    given(post(`${core}/persistentvolumeclaims`, named({ spec: claim }))),
    given(del(`${core}/persistentvolumeclaims/a`)),
    until(`${core}/persistentvolumeclaims/a`, 404),
  ),
]);
