import { del, get, given, patch, play, post, topic } from '../case.ts';
import { paths } from './kinds.ts';

const { configMaps: cm } = paths;
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
