import { del, get, given, patch, play, post, send, settle, topic, until } from '../case.ts';
import { paths } from './kinds.ts';

const { configMaps: cm, widgets } = paths;
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
const asksHere = (spec: object, metadata: object = {}, extra = {}) =>
  post(
    `${review}/namespaces/{ns}/localsubjectaccessreviews`,
    { apiVersion: 'authorization.k8s.io/v1', kind: 'LocalSubjectAccessReview', metadata, spec },
    extra,
  );
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
    asks('SelfSubjectAccessReview', { nonResourceAttributes: { path: '/apis', verb: 'get' } }, as),
  ),
  play('what may I?', asks('SelfSubjectRulesReview', { namespace: '{ns}' })),
  play('what may I? as somebody small', ...robot, asks('SelfSubjectRulesReview', { namespace: '{ns}' }, as)),
  play(
    'what may I? once granted',
    ...robot,
    ...grant,
    { do: 'until', method: 'GET', path: `${paths.secrets}`, status: 200, ...as },
    asks('SelfSubjectRulesReview', { namespace: '{ns}' }, as),
    asks('SelfSubjectRulesReview', { namespace: 'default' }, as),
  ),
  play('what may I? nowhere', asks('SelfSubjectRulesReview', {})),
  play('what may I? without credentials', asks('SelfSubjectRulesReview', { namespace: '{ns}' }, { token: null })),
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
  play('may somebody here?', asksHere({ user: 'nobody', groups: ['g'], resourceAttributes: attributes })),
  play(
    'may somebody here? once granted',
    ...robot,
    ...grant,
    { do: 'until', method: 'GET', path: paths.secrets, status: 200, ...as },
    asksHere({ user: 'system:serviceaccount:{ns}:robot', resourceAttributes: { ...attributes, resource: 'secrets' } }),
    asksHere({ user: 'system:serviceaccount:{ns}:robot', resourceAttributes: { ...attributes, name: 'unseen' } }),
  ),
  play(
    'may a master here?',
    asksHere({ groups: ['system:masters'], resourceAttributes: attributes }, { namespace: '{ns}' }),
  ),
  play('may nobody here?', asksHere({ resourceAttributes: attributes })),
  play('may somebody elsewhere?', asksHere({ user: 'x', resourceAttributes: { ...attributes, namespace: 'default' } })),
  play(
    'may somebody everywhere?',
    asksHere({ user: 'x', resourceAttributes: { verb: 'get', resource: 'configmaps' } }),
  ),
  play(
    'may somebody here? a review of elsewhere',
    asksHere({ user: 'x', resourceAttributes: attributes }, { namespace: 'default' }),
  ),
  play('may somebody here? a path', asksHere({ user: 'x', nonResourceAttributes: { path: '/apis', verb: 'get' } })),
  play(
    'may somebody here? all of it wrong',
    asksHere(
      {
        resourceAttributes: { ...attributes, namespace: 'default' },
        nonResourceAttributes: { path: '/x', verb: 'get' },
      },
      { name: 'x' },
    ),
  ),
  play('may somebody here? nothing asked', asksHere({ user: 'x' })),
  play(
    'may somebody here? a review with a name',
    asksHere({ user: 'x', resourceAttributes: attributes }, { name: 'x' }),
  ),
  play(
    'may somebody here? a review with labels',
    asksHere({ user: 'x', resourceAttributes: attributes }, { labels: { a: 'b' } }),
  ),
  play(
    'may somebody here? asked by somebody small',
    ...robot,
    asksHere({ user: 'x', resourceAttributes: attributes }, {}, as),
  ),
  play(
    'may somebody where nothing is?',
    post(`${review}/namespaces/nowhere/localsubjectaccessreviews`, {
      spec: { user: 'x', resourceAttributes: { ...attributes, namespace: 'nowhere' } },
    }),
  ),
  play(
    'a local review of no namespace',
    post(`${review}/localsubjectaccessreviews`, { spec: { user: 'x', resourceAttributes: attributes } }),
  ),
  play(
    'local reviews cannot be read',
    get(`${review}/namespaces/{ns}/localsubjectaccessreviews`),
    get(`${review}/localsubjectaccessreviews`),
    get(`${review}/namespaces/{ns}/localsubjectaccessreviews/x`),
    del(`${review}/namespaces/{ns}/localsubjectaccessreviews/x`),
  ),
  play(
    'reviews cannot be read',
    get(`${review}/selfsubjectaccessreviews`),
    get(`${review}/selfsubjectaccessreviews/x`),
    post(`${review}/subjectaccessreviews/x`, {}),
  ),
  play(
    'a review with labels',
    post(`${review}/selfsubjectaccessreviews`, {
      metadata: { labels: { a: 'b' } },
      spec: { resourceAttributes: attributes },
    }),
  ),
  play(
    'a review with a namespace',
    post(`${review}/selfsubjectaccessreviews`, {
      metadata: { namespace: 'default' },
      spec: { resourceAttributes: attributes },
    }),
  ),
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
