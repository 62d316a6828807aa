import { deleteOptions, objectMeta as metadata, structs } from './kinds.ts';
import { bool, list, map, type StructNode, string, struct } from './node.ts';

const requirement = struct('SelectorRequirement', { key: string, operator: string, values: list(string) });
const selector = struct('SelectorAttributes', { rawSelector: string, requirements: list(requirement) });
const questions = {
  resourceAttributes: struct('ResourceAttributes', {
    namespace: string,
    verb: string,
    group: string,
    version: string,
    resource: string,
    subresource: string,
    name: string,
    fieldSelector: selector,
    labelSelector: selector,
  }),
  nonResourceAttributes: struct('NonResourceAttributes', { path: string, verb: string }),
};
const status = struct('SubjectAccessReviewStatus', {
  allowed: bool,
  reason: string,
  evaluationError: string,
  denied: bool,
});
const aboutSomebody = struct('SubjectAccessReviewSpec', {
  ...questions,
  user: string,
  groups: list(string),
  extra: map(struct('ExtraValue', { items: list(string) })),
  uid: string,
});
const reviews = [
  struct('SelfSubjectAccessReview', { metadata, spec: struct('SelfSubjectAccessReviewSpec', questions), status }),
  struct('SelfSubjectRulesReview', {
    metadata,
    spec: struct('SelfSubjectRulesReviewSpec', { namespace: string }),
    status: struct('SubjectRulesReviewStatus', { incomplete: bool, evaluationError: string }),
  }),
  struct('SubjectAccessReview', { metadata, spec: aboutSomebody, status }),
  struct('LocalSubjectAccessReview', { metadata, spec: aboutSomebody, status }),
];

/** What can be read from protobuf, by kind: of all others the field numbers are not known here. */
export const messages: ReadonlyMap<string, StructNode> = new Map(
  [...Object.values(structs), ...reviews, deleteOptions].map((node) => [node.name, node]),
);

const binding = 'metadata subjects roleRef';
const role = 'metadata rules';

/** The fields of each structure in the order of their numbers, from 1; `-` for numbers that are not used. */
const numbered: Readonly<Record<string, string>> = {
  ObjectMeta:
    'name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers - - managedFields',
  OwnerReference: 'kind - name uid apiVersion controller blockOwnerDeletion',
  ManagedFieldsEntry: 'manager operation apiVersion time - fieldsType fieldsV1 subresource',
  ConfigMap: 'metadata data binaryData immutable',
  Secret: 'metadata data type stringData immutable',
  ServiceAccount: 'metadata secrets imagePullSecrets automountServiceAccountToken',
  ObjectReference: 'kind namespace name uid apiVersion resourceVersion fieldPath',
  LocalObjectReference: 'name',
  Namespace: 'metadata spec status',
  NamespaceSpec: 'finalizers',
  NamespaceStatus: 'phase conditions',
  NamespaceCondition: 'type status - lastTransitionTime reason message',
  Event:
    'metadata involvedObject reason message source firstTimestamp lastTimestamp count type eventTime series action related reportingComponent reportingInstance',
  EventSource: 'component host',
  EventSeries: 'count lastObservedTime',
  Lease: 'metadata spec',
  LeaseSpec: 'holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy preferredHolder',
  Role: role,
  ClusterRole: `${role} aggregationRule`,
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  PolicyRule: 'verbs apiGroups resources resourceNames nonResourceURLs',
  AggregationRule: 'clusterRoleSelectors',
  LabelSelector: 'matchLabels matchExpressions',
  LabelSelectorRequirement: 'key operator values',
  RoleRef: 'apiGroup kind name',
  Subject: 'kind apiGroup name namespace',
  LocalSubjectAccessReview: 'metadata spec status',
  SelfSubjectAccessReview: 'metadata spec status',
  SelfSubjectAccessReviewSpec: 'resourceAttributes nonResourceAttributes',
  SelfSubjectRulesReview: 'metadata spec status',
  SelfSubjectRulesReviewSpec: 'namespace',
  SubjectRulesReviewStatus: '- - incomplete evaluationError',
  SubjectAccessReview: 'metadata spec status',
  SubjectAccessReviewSpec: 'resourceAttributes nonResourceAttributes user groups extra uid',
  SubjectAccessReviewStatus: 'allowed reason evaluationError denied',
  ResourceAttributes: 'namespace verb group version resource subresource name fieldSelector labelSelector',
  SelectorAttributes: 'rawSelector requirements',
  SelectorRequirement: 'key operator values',
  NonResourceAttributes: 'path verb',
  ExtraValue: 'items',
  DeleteOptions:
    'gracePeriodSeconds preconditions orphanDependents propagationPolicy dryRun ignoreStoreReadErrorWithClusterBreakingPotential',
  Preconditions: 'uid resourceVersion',
};

const tables = new Map(Object.entries(numbered).map(([name, fields]) => [name, ['', ...fields.split(' ')]]));

/** The field of a structure that has a number; `undefined` for numbers of later releases, which are skipped. */
export function fieldOf({ name }: StructNode, number: number): string | undefined {
  return tables.get(name)?.[number];
}
