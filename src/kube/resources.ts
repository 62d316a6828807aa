import type { KubeObject, Resource } from './objects.ts';

/** Names a kind and the shape of its objects. */
export function defineResource<T extends KubeObject = KubeObject>(
  resource: Pick<Resource, 'version' | 'kind' | 'plural'> & { readonly group?: string; readonly namespaced?: boolean },
): Resource<T> {
  return Object.freeze({ group: '', namespaced: false, ...resource });
}

/** A namespace; with KubeSphere's workspace label it is a project. */
export interface Namespace extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: 'Active' | 'Terminating' };
}
/** Text by key. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}
/** Base64 by key. */
export interface Secret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}
/** An account for programs. */
export interface ServiceAccount extends KubeObject {
  readonly secrets?: readonly { readonly name: string }[];
}
/** Rules of a Role or ClusterRole. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}
/** Rights, in one namespace (Role) or everywhere (ClusterRole). */
export interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[];
}
/** Who a binding binds. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}
/** Gives a role to subjects. */
export interface RoleBinding extends KubeObject {
  readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects?: readonly Subject[];
}
/** An object with a free spec and status. */
export interface Untyped extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}
/** An admission policy of kind ValidatingAdmissionPolicy or its binding, or a ValidatingWebhookConfiguration. */
export interface AdmissionConfiguration extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly webhooks?: readonly Readonly<Record<string, unknown>>[];
}

const admission = { group: 'admissionregistration.k8s.io', version: 'v1' } as const;
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;

/** Resources of Kubernetes itself. */
export const core = Object.freeze({
  namespaces: defineResource<Namespace>({ version: 'v1', kind: 'Namespace', plural: 'namespaces' }),
  configMaps: defineResource<ConfigMap>({ version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }),
  secrets: defineResource<Secret>({ version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }),
  serviceAccounts: defineResource<ServiceAccount>({
    version: 'v1',
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    namespaced: true,
  }),
  persistentVolumeClaims: defineResource<Untyped>({
    version: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    namespaced: true,
  }),
  deployments: defineResource<Untyped>({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    plural: 'deployments',
    namespaced: true,
  }),
  leases: defineResource<Untyped>({
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    plural: 'leases',
    namespaced: true,
  }),
  roles: defineResource<Role>({ ...rbac, kind: 'Role', plural: 'roles', namespaced: true }),
  roleBindings: defineResource<RoleBinding>({ ...rbac, kind: 'RoleBinding', plural: 'rolebindings', namespaced: true }),
  clusterRoles: defineResource<Role>({ ...rbac, kind: 'ClusterRole', plural: 'clusterroles' }),
  clusterRoleBindings: defineResource<RoleBinding>({
    ...rbac,
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
  }),
  validatingAdmissionPolicies: defineResource<AdmissionConfiguration>({
    ...admission,
    kind: 'ValidatingAdmissionPolicy',
    plural: 'validatingadmissionpolicies',
  }),
  validatingAdmissionPolicyBindings: defineResource<AdmissionConfiguration>({
    ...admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    plural: 'validatingadmissionpolicybindings',
  }),
  validatingWebhookConfigurations: defineResource<AdmissionConfiguration>({
    ...admission,
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
  }),
  customResourceDefinitions: defineResource<Untyped>({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
  }),
});
