import { get, given, patch, play, post, topic, until } from '../case.ts';
import { paths } from './kinds.ts';

const { roles, roleBindings, clusterRoleBindings } = paths;
const named = (more: object = {}) => ({ metadata: { name: 'a' }, ...more });
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const ref = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
const subject = { kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' };
export const roleCases = topic('roles', [
  play('create', post(roles, named({ rules: [rule] }))),
  play('without rules', post(roles, named())),
  play('a rule without verbs', post(roles, named({ rules: [{ ...rule, verbs: [] }] }))),
  play('a rule without resources', post(roles, named({ rules: [{ apiGroups: [''], verbs: ['get'] }] }))),
  play('a rule without apiGroups', post(roles, named({ rules: [{ resources: ['pods'], verbs: ['get'] }] }))),
  play('nonResourceURLs in a Role', post(roles, named({ rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] }))),
  play('a name with a colon', post(roles, { metadata: { name: 'a:b' }, rules: [rule] }), get(`${roles}/a:b`)),
  play('a name with a slash', post(roles, { metadata: { name: 'a/b' }, rules: [rule] })),
  play('a name with a percent sign', post(roles, { metadata: { name: 'a%b' }, rules: [rule] })),
  play('rules that are an object', post(roles, named({ rules: {} }))),
  play('a binding', post(roleBindings, named({ roleRef: ref, subjects: [subject] }))),
  play(
    'a binding without apiGroups',
    post(
      roleBindings,
      named({
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'Group', name: 'g' },
          { kind: 'ServiceAccount', name: 's', namespace: 'n' },
        ],
      }),
    ),
  ),
  play('a binding without subjects', post(roleBindings, named({ roleRef: ref }))),
  play('a binding without roleRef', post(roleBindings, named({ subjects: [subject] }))),
  play('a binding of an unknown kind', post(roleBindings, named({ roleRef: { ...ref, kind: 'Thing' } }))),
  play(
    'a binding to an unknown kind of subject',
    post(roleBindings, named({ roleRef: ref, subjects: [{ kind: 'Robot', name: 'x' }] })),
  ),
  play(
    'a binding to a ServiceAccount without a namespace',
    post(roleBindings, named({ roleRef: ref, subjects: [{ kind: 'ServiceAccount', name: 'x' }] })),
  ),
  play(
    'a binding to a subject without a name',
    post(roleBindings, named({ roleRef: ref, subjects: [{ kind: 'User' }] })),
  ),
  play(
    'roleRef cannot change',
    given(post(roleBindings, named({ roleRef: ref }))),
    patch('merge', `${roleBindings}/a`, { roleRef: { name: 'other' } }),
  ),
  play(
    'subjects can change',
    given(post(roleBindings, named({ roleRef: ref, subjects: [subject] }))),
    patch('merge', `${roleBindings}/a`, { subjects: [] }),
  ),
  play('a ClusterRoleBinding to a Role', post(clusterRoleBindings, { metadata: { name: '{id}' }, roleRef: ref })),
  play(
    'a ClusterRoleBinding',
    post(clusterRoleBindings, {
      metadata: { name: '{id}' },
      roleRef: { ...ref, kind: 'ClusterRole' },
      subjects: [subject],
    }),
  ),
  play(
    'an aggregating ClusterRole',
    given(
      post(paths.clusterRoles, {
        metadata: { name: '{id}-part', labels: { 'conformance.test/into': '{id}' } },
        rules: [rule],
      }),
    ),
    post(paths.clusterRoles, {
      metadata: { name: '{id}' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'conformance.test/into': '{id}' } }] },
    }),
    until(`${paths.clusterRoles}/{id}`, 200, 'rules.0.verbs.0', 'get'),
  ),
  play(
    'nonResourceURLs in a ClusterRole',
    post(paths.clusterRoles, {
      metadata: { name: '{id}' },
      rules: [{ nonResourceURLs: ['/x', '/y*'], verbs: ['get'] }],
    }),
  ),
  play(
    'a ClusterRole with URLs and resources in one rule',
    post(paths.clusterRoles, { metadata: { name: '{id}' }, rules: [{ ...rule, nonResourceURLs: ['/x'] }] }),
  ),
]);
