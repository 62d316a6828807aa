import { customGroup } from '../fixtures.ts';

/** One way a resource can be: what a table of cases is played over. */
export interface Sort {
  readonly title: string;
  /** Path of the collection; cluster-scoped names carry `{id}`. */
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly custom: boolean;
  readonly cluster: boolean;
  /** Name number `n` of a case. */
  name(n?: number): string;
  /** A new object; `value` is its content. */
  body(n?: number, value?: string, metadata?: object): Record<string, unknown>;
}

export const core = '/api/v1/namespaces/{ns}';
const custom = `/apis/${customGroup}/v1`;

/** Paths of collections in the namespace of a case, or of the cluster. */
export const paths = {
  configMaps: `${core}/configmaps`,
  secrets: `${core}/secrets`,
  serviceAccounts: `${core}/serviceaccounts`,
  events: `${core}/events`,
  leases: '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases',
  roles: '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles',
  roleBindings: '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings',
  clusterRoles: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  clusterRoleBindings: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  namespaces: '/api/v1/namespaces',
  widgets: `${custom}/namespaces/{ns}/widgets`,
  plains: `${custom}/namespaces/{ns}/plains`,
  gadgets: `${custom}/gadgets`,
  definitions: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  policies: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  bindings: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
} as const;

const inner = (n: number): string => (n === 1 ? 'one' : `one-${n}`);
const outer = (n: number): string => (n === 1 ? '{id}' : `{id}-${n}`);

/** Built-in and custom, namespaced and cluster-scoped. */
export const sorts: readonly Sort[] = [
  {
    title: 'a ConfigMap',
    path: paths.configMaps,
    apiVersion: 'v1',
    kind: 'ConfigMap',
    plural: 'configmaps',
    custom: false,
    cluster: false,
    name: (n = 1) => inner(n),
    body: (n = 1, value = 'x', metadata = {}) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: inner(n), ...metadata },
      data: { value },
    }),
  },
  {
    title: 'a ClusterRole',
    path: paths.clusterRoles,
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    plural: 'clusterroles',
    custom: false,
    cluster: true,
    name: (n = 1) => outer(n),
    body: (n = 1, value = 'x', metadata = {}) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: outer(n), ...metadata },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: [value] }],
    }),
  },
  {
    title: 'a Widget',
    path: paths.widgets,
    apiVersion: 'conformance.test/v1',
    kind: 'Widget',
    plural: 'widgets',
    custom: true,
    cluster: false,
    name: (n = 1) => inner(n),
    body: (n = 1, value = 'x', metadata = {}) => ({
      apiVersion: 'conformance.test/v1',
      kind: 'Widget',
      metadata: { name: inner(n), ...metadata },
      spec: { value },
    }),
  },
  {
    title: 'a Gadget',
    path: paths.gadgets,
    apiVersion: 'conformance.test/v1',
    kind: 'Gadget',
    plural: 'gadgets',
    custom: true,
    cluster: true,
    name: (n = 1) => outer(n),
    body: (n = 1, value = 'x', metadata = {}) => ({
      apiVersion: 'conformance.test/v1',
      kind: 'Gadget',
      metadata: { name: outer(n), ...metadata },
      spec: { value },
    }),
  },
];
