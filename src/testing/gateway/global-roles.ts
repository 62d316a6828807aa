import type { PolicyRule, Subject } from '../../kube/resources.ts';

/** GlobalRole that everybody who is signed in has. */
export const authenticatedRole = 'authenticated';

const rule = (apiGroups: string[], resources: string[], verbs: string[]): PolicyRule => ({
  apiGroups,
  resources,
  verbs,
});
const read = ['get', 'list'];

/** Rights of the platform's administrators: every object and every path. */
export const everything: readonly PolicyRule[] = [rule(['*'], ['*'], ['*']), { verbs: ['*'], nonResourceURLs: ['*'] }];

/**
 * Built-in GlobalRoles of 3.3.1 and later with their rules, as far as those are about what the sandbox serves
 * (ks-installer, role-templates).
 */
export const builtInGlobalRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'platform-admin': everything,
  'platform-self-provisioner': [
    rule(['tenant.kubesphere.io'], ['workspaces', 'workspacetemplates'], ['create', 'watch']),
  ],
  'platform-regular': [],
  anonymous: [rule(['config.kubesphere.io'], ['configs'], read)],
  [authenticatedRole]: [
    rule(['config.kubesphere.io'], ['configs'], read),
    rule(['iam.kubesphere.io'], ['users'], ['list']),
    rule(['resources.kubesphere.io'], ['clusters'], read),
    rule(['resources.kubesphere.io'], ['namespaces', 'services'], ['list']),
    rule(['*'], ['storageclasses', 'storageclasscapabilities', 'nodes'], read),
    rule(['tenant.kubesphere.io'], ['workspacetemplates'], ['patch']),
  ],
};

/** Bindings of the built-in GlobalRoles that every installation begins with. */
export const builtInGlobalRoleBindings: readonly {
  readonly name: string;
  readonly role: string;
  readonly subject: Subject;
}[] = [
  {
    name: 'admin',
    role: 'platform-admin',
    subject: { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'admin' },
  },
  {
    name: 'anonymous',
    role: 'anonymous',
    subject: { apiGroup: 'iam.kubesphere.io/v1alpha2', kind: 'Group', name: 'system:unauthenticated' },
  },
  {
    name: authenticatedRole,
    role: authenticatedRole,
    subject: { apiGroup: 'iam.kubesphere.io/v1alpha2', kind: 'Group', name: 'system:authenticated' },
  },
];
