/** One version of one resource, as it is served. */
export interface ServedType {
  readonly group: string;
  readonly version: string;
  /** Every version of the resource, served or not. */
  readonly versions: readonly string[];
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Name of its table: versions of one resource share it. */
  readonly storage: string;
  readonly verbs: readonly string[];
  /** Whether status is written only through `/status`, and main writes leave it alone. */
  readonly status: boolean;
  /** Whether objects carry `metadata.generation`, counting changes of what is neither metadata nor status. */
  readonly generation: boolean;
  /** Whether a PUT of what is not there creates it. */
  readonly createOnUpdate: boolean;
  /** Whether an update may leave out the resourceVersion it is based on. */
  readonly unconditionalUpdate: boolean;
  /** Whether a delete that removed an object answers with the object. */
  readonly answersRemoved: boolean;
  /** Whether it comes from a CustomResourceDefinition. */
  readonly custom: boolean;
}

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

interface Row {
  readonly short?: readonly string[];
  readonly cluster?: true;
  readonly status?: true;
  readonly generation?: true;
  readonly verbs?: readonly string[];
  readonly categories?: readonly string[];
  readonly createOnUpdate?: true;
  readonly conditional?: true;
}

const answerRemoved = new Set([
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'resourcequotas',
  'serviceaccounts',
  'services',
]);

function rows(group: string, version: string, table: Readonly<Record<string, Row>>): ServedType[] {
  return Object.entries(table).map(([name, row]) => {
    const [kind = '', plural = ''] = name.split(' ');
    return {
      group,
      version,
      versions: [version],
      kind,
      listKind: `${kind}List`,
      plural,
      singular: kind.toLowerCase(),
      shortNames: row.short ?? [],
      categories: row.categories ?? [],
      namespaced: row.cluster !== true,
      storage: group === '' ? plural : `${plural}.${group}`,
      verbs: row.verbs ?? allVerbs,
      status: row.status === true,
      generation: row.generation === true,
      createOnUpdate: row.createOnUpdate === true,
      unconditionalUpdate: row.conditional !== true,
      answersRemoved: answerRemoved.has(plural),
      custom: false,
    };
  });
}

const all = ['all'];
const workload = { status: true, generation: true, categories: all } as const;
const configuration = { cluster: true, generation: true, conditional: true, categories: ['api-extensions'] } as const;

/** What every server serves from the start. */
export const builtinTypes: readonly ServedType[] = [
  ...rows('', 'v1', {
    'ComponentStatus componentstatuses': { short: ['cs'], cluster: true, verbs: ['get', 'list'] },
    'ConfigMap configmaps': { short: ['cm'] },
    'Event events': { short: ['ev'], createOnUpdate: true },
    'LimitRange limitranges': { short: ['limits'], createOnUpdate: true },
    // The real server has no deletecollection for namespaces either.
    'Namespace namespaces': {
      short: ['ns'],
      cluster: true,
      status: true,
      verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
    },
    'Node nodes': { short: ['no'], cluster: true, status: true },
    'PersistentVolumeClaim persistentvolumeclaims': { short: ['pvc'], status: true },
    'PersistentVolume persistentvolumes': { short: ['pv'], cluster: true, status: true },
    'Pod pods': { short: ['po'], status: true, generation: true, categories: all },
    'ResourceQuota resourcequotas': { short: ['quota'], status: true },
    'Secret secrets': {},
    'ServiceAccount serviceaccounts': { short: ['sa'] },
    'Service services': { short: ['svc'], status: true, categories: all, createOnUpdate: true },
  }),
  ...rows('apps', 'v1', {
    'DaemonSet daemonsets': { short: ['ds'], ...workload },
    'Deployment deployments': { short: ['deploy'], ...workload },
    'ReplicaSet replicasets': { short: ['rs'], ...workload },
    'StatefulSet statefulsets': { short: ['sts'], ...workload },
  }),
  ...rows('batch', 'v1', { 'CronJob cronjobs': { short: ['cj'], ...workload }, 'Job jobs': workload }),
  ...rows('coordination.k8s.io', 'v1', { 'Lease leases': { createOnUpdate: true, conditional: true } }),
  ...rows('networking.k8s.io', 'v1', {
    'Ingress ingresses': { short: ['ing'], status: true, generation: true },
    'NetworkPolicy networkpolicies': { short: ['netpol'], generation: true },
  }),
  ...rows('rbac.authorization.k8s.io', 'v1', {
    'ClusterRoleBinding clusterrolebindings': { cluster: true, createOnUpdate: true },
    'ClusterRole clusterroles': { cluster: true, createOnUpdate: true },
    'RoleBinding rolebindings': { createOnUpdate: true },
    'Role roles': { createOnUpdate: true },
  }),
  ...rows('admissionregistration.k8s.io', 'v1', {
    'MutatingWebhookConfiguration mutatingwebhookconfigurations': configuration,
    'ValidatingAdmissionPolicy validatingadmissionpolicies': { ...configuration, status: true },
    'ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings': configuration,
    'ValidatingWebhookConfiguration validatingwebhookconfigurations': configuration,
  }),
  ...rows('apiextensions.k8s.io', 'v1', {
    'CustomResourceDefinition customresourcedefinitions': {
      short: ['crd', 'crds'],
      cluster: true,
      status: true,
      generation: true,
      conditional: true,
      categories: ['api-extensions'],
    },
  }),
  ...rows('authorization.k8s.io', 'v1', {
    'LocalSubjectAccessReview localsubjectaccessreviews': { verbs: ['create'] },
    'SelfSubjectAccessReview selfsubjectaccessreviews': { cluster: true, verbs: ['create'] },
    'SelfSubjectRulesReview selfsubjectrulesreviews': { cluster: true, verbs: ['create'] },
    'SubjectAccessReview subjectaccessreviews': { cluster: true, verbs: ['create'] },
  }),
];

const policies = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'];

/** Those of {@link builtinTypes} that a server of that version serves: admission policies from 1.30 on, all else whatever it says it is. */
export function typesOf(gitVersion: string): readonly ServedType[] {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const isOld = major === '1' && Number(minor) < 30;
  return isOld ? builtinTypes.filter(({ plural }) => !policies.includes(plural)) : builtinTypes;
}
