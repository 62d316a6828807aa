import {
  always,
  any,
  bool,
  bytes,
  int32,
  int64,
  keep,
  list,
  map,
  type StructNode,
  string,
  struct,
  time,
  wholeStruct,
} from './node.ts';

const ownerReference = wholeStruct('OwnerReference', {
  apiVersion: always(string),
  kind: always(string),
  name: always(string),
  uid: always(string),
  controller: keep(bool),
  blockOwnerDeletion: keep(bool),
});

const managedFields = struct('ManagedFieldsEntry', {
  manager: string,
  operation: string,
  apiVersion: string,
  time: time,
  fieldsType: string,
  fieldsV1: any,
  subresource: string,
});

/** `metadata` of every object. */
export const objectMeta = struct('ObjectMeta', {
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: keep(int64),
  labels: map(string),
  annotations: map(string),
  ownerReferences: list(ownerReference, 'uid'),
  finalizers: list(string, true),
  managedFields: list(managedFields),
});

const kind = (name: string, fields: Parameters<typeof struct>[1]): StructNode =>
  struct(name, { apiVersion: string, kind: string, metadata: objectMeta, ...fields });

const objectReference = wholeStruct('ObjectReference', {
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
});
const localReference = wholeStruct('LocalObjectReference', { name: string });
const condition = struct('NamespaceCondition', {
  type: always(string),
  status: always(string),
  lastTransitionTime: always(time),
  reason: string,
  message: string,
});
const policyRule = struct('PolicyRule', {
  verbs: always(list(string)),
  apiGroups: list(string),
  resources: list(string),
  resourceNames: list(string),
  nonResourceURLs: list(string),
});
const labelSelector = wholeStruct('LabelSelector', {
  matchLabels: map(string),
  matchExpressions: list(
    struct('LabelSelectorRequirement', { key: always(string), operator: always(string), values: list(string) }),
  ),
});
const roleRef = wholeStruct('RoleRef', { apiGroup: always(string), kind: always(string), name: always(string) });
const subject = wholeStruct('Subject', {
  kind: always(string),
  apiGroup: string,
  name: always(string),
  namespace: string,
});
const binding = { subjects: list(subject), roleRef: always(roleRef) };

/** Kinds whose fields are known, by table. The others are kept as they were sent. */
export const structs: Readonly<Record<string, StructNode>> = {
  configmaps: kind('ConfigMap', { immutable: keep(bool), data: map(string), binaryData: map(bytes) }),
  secrets: kind('Secret', { immutable: keep(bool), data: map(bytes), stringData: map(string), type: string }),
  serviceaccounts: kind('ServiceAccount', {
    secrets: list(objectReference, 'name'),
    imagePullSecrets: list(localReference),
    automountServiceAccountToken: keep(bool),
  }),
  namespaces: kind('Namespace', {
    spec: always(struct('NamespaceSpec', { finalizers: list(string) })),
    status: always(struct('NamespaceStatus', { phase: string, conditions: list(condition, 'type') })),
  }),
  events: kind('Event', {
    involvedObject: always(objectReference),
    reason: string,
    message: string,
    source: always(struct('EventSource', { component: string, host: string })),
    firstTimestamp: always(time),
    lastTimestamp: always(time),
    count: int32,
    type: string,
    eventTime: always(time),
    series: struct('EventSeries', { count: int32, lastObservedTime: time }),
    action: string,
    related: objectReference,
    reportingComponent: always(string),
    reportingInstance: always(string),
  }),
  'leases.coordination.k8s.io': kind('Lease', {
    spec: always(
      struct('LeaseSpec', {
        holderIdentity: keep(string),
        leaseDurationSeconds: keep(int32),
        acquireTime: keep(time),
        renewTime: keep(time),
        leaseTransitions: keep(int32),
        strategy: keep(string),
        preferredHolder: keep(string),
      }),
    ),
  }),
  'roles.rbac.authorization.k8s.io': kind('Role', { rules: always(list(policyRule)) }),
  'clusterroles.rbac.authorization.k8s.io': kind('ClusterRole', {
    rules: always(list(policyRule)),
    aggregationRule: keep(struct('AggregationRule', { clusterRoleSelectors: list(labelSelector) })),
  }),
  'rolebindings.rbac.authorization.k8s.io': kind('RoleBinding', binding),
  'clusterrolebindings.rbac.authorization.k8s.io': kind('ClusterRoleBinding', binding),
};

/** `DeleteOptions` of a request. */
export const deleteOptions = struct('DeleteOptions', {
  kind: string,
  apiVersion: string,
  gracePeriodSeconds: keep(int64),
  preconditions: keep(struct('Preconditions', { uid: keep(string), resourceVersion: keep(string) })),
  orphanDependents: keep(bool),
  propagationPolicy: keep(string),
  dryRun: list(string),
  ignoreStoreReadErrorWithClusterBreakingPotential: keep(bool),
});
