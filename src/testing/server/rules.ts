import { withDefaults } from './admission/defaults.ts';
import type { Call } from './call.ts';
import type { ServedType } from './catalogue.ts';
import { definitionUpdateErrors } from './checks/definitions.ts';
import { fillBinding } from './checks/rights.ts';
import { definitionSpec, newDefinitionStatus, withStoredVersions } from './definitions.ts';
import { type ApiObject, type Draft, isRecord, recordAt, sameJson, strings } from './object.ts';
import { type FieldError, StatusError } from './status.ts';

/** Finalizer of a namespace's spec: its contents go first. */
export const namespaceFinalizer = 'kubernetes';
/** Finalizer of a definition: its objects go first. */
export const definitionFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
/** Finalizer of a claim: whoever uses it goes first. */
export const claimFinalizer = 'kubernetes.io/pvc-protection';
/** Label every namespace carries: its own name. */
const nameLabel = 'kubernetes.io/metadata.name';

const bindings = new Set(['rolebindings.rbac.authorization.k8s.io', 'clusterrolebindings.rbac.authorization.k8s.io']);

/** Gives a new object what the server alone decides. */
export function prepareNew(type: ServedType, draft: Draft): void {
  if (type.status) delete draft['status'];
  switch (type.storage) {
    case 'namespaces':
      draft.metadata.labels = { ...draft.metadata.labels, [nameLabel]: draft.metadata.name };
      draft['spec'] = { ...recordAt(draft, 'spec'), finalizers: withNamespaceFinalizer(draft) };
      draft['status'] = { phase: 'Active' };
      break;
    case 'persistentvolumeclaims':
      draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), claimFinalizer];
      draft['status'] = { phase: 'Pending' };
      break;
    case 'persistentvolumes':
    case 'pods':
      draft['status'] = { phase: 'Pending' };
      break;
    case 'services':
      draft['status'] = { loadBalancer: {} };
      break;
    case 'customresourcedefinitions.apiextensions.k8s.io':
      draft['status'] = newDefinitionStatus(draft);
      break;
    default:
      if (type.status && !type.custom) draft['status'] = {};
  }
}

function withNamespaceFinalizer(draft: Draft): string[] {
  const given = strings(recordAt(draft, 'spec')['finalizers']);
  return given.includes(namespaceFinalizer) ? given : [...given, namespaceFinalizer];
}

/** What holds for every version of an object of a built-in kind. */
export function canonicalize(type: ServedType, draft: Draft): void {
  const { metadata } = draft;
  if (type.storage === 'namespaces' && metadata.name)
    metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
  if (type.storage === 'customresourcedefinitions.apiextensions.k8s.io') draft['spec'] = definitionSpec(draft);
  if (type.storage === 'persistentvolumeclaims') {
    draft['spec'] = { volumeMode: 'Filesystem', ...recordAt(draft, 'spec') };
  }
  withDefaults(type, draft);
  if (type.storage === 'secrets') draft['type'] ||= 'Opaque';
  if (bindings.has(type.storage)) fillBinding(draft);
  for (const field of ['data', 'binaryData']) {
    if (type.storage === 'configmaps' && Object.keys(recordAt(draft, field)).length === 0) delete draft[field];
  }
  if (type.storage !== 'secrets' || !isRecord(draft['stringData'])) return;
  const plain = Object.entries(draft['stringData']).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  draft['data'] = { ...recordAt(draft, 'data'), ...Object.fromEntries(plain) };
  delete draft['stringData'];
}

/**
 * Takes back what the written part of the object may not change: the main resource leaves status alone where that is
 * a subresource, `/status` leaves everything else alone, `/finalize` changes nothing but a namespace's finalizers.
 */
export function isolate(
  { type, subresource }: Pick<Call, 'type' | 'subresource'>,
  current: ApiObject,
  draft: Draft,
): Draft {
  if (subresource === 'status') {
    return {
      ...current,
      metadata: type.custom ? current.metadata : { ...current.metadata, ...labelsOf(draft) },
      status: draft['status'],
    };
  }
  if (subresource === 'finalize') {
    const { finalizers: _f, ...rest } = recordAt(current, 'spec');
    const finalizers = strings(recordAt(draft, 'spec')['finalizers']);
    return {
      ...current,
      metadata: draft.metadata,
      spec: { ...rest, ...(finalizers.length === 0 ? {} : { finalizers }) },
    };
  }
  const result: Draft = { ...draft };
  if (type.status) {
    delete result['status'];
    if (current['status'] !== undefined) result['status'] = current['status'];
  }
  if (type.storage === 'namespaces') result['spec'] = current['spec'];
  if (type.storage === 'customresourcedefinitions.apiextensions.k8s.io') result['status'] = withStoredVersions(result);
  return result;
}

function labelsOf({ metadata: { labels, annotations } }: Draft): Partial<Draft['metadata']> {
  return { ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) };
}

const forbiddenChange = (field: string, detail: string): FieldError => ({ field, type: 'FieldValueForbidden', detail });
const immutable = (field: string, value: unknown): FieldError => ({
  field,
  type: 'FieldValueInvalid',
  value,
  detail: 'field is immutable',
});

/** What an update of a built-in kind may not change. */
export function updateErrors(type: ServedType, current: ApiObject, draft: Draft): FieldError[] {
  switch (type.storage) {
    case 'configmaps':
    case 'secrets':
      return [
        ...(type.storage === 'secrets' && draft['type'] !== current['type'] ? [immutable('type', draft['type'])] : []),
        ...immutableContents(current, draft),
      ];
    case 'customresourcedefinitions.apiextensions.k8s.io':
      return definitionUpdateErrors(current, draft);
    case 'rolebindings.rbac.authorization.k8s.io':
    case 'clusterrolebindings.rbac.authorization.k8s.io':
      return sameJson(current['roleRef'], draft['roleRef'])
        ? []
        : [{ field: 'roleRef', type: 'FieldValueInvalid', value: goRoleRef(draft), detail: 'cannot change roleRef' }];
    case 'deployments.apps':
    case 'statefulsets.apps':
    case 'daemonsets.apps':
    case 'replicasets.apps':
      return sameJson(recordAt(current, 'spec')['selector'], recordAt(draft, 'spec')['selector'])
        ? []
        : [immutable('spec.selector', recordAt(draft, 'spec')['selector'])];
    default:
      return [];
  }
}

/** The real server words this one with its own field names. */
function goRoleRef(draft: Draft): object {
  const { apiGroup, kind, name } = recordAt(draft, 'roleRef');
  return { APIGroup: apiGroup, Kind: kind, Name: name };
}

function immutableContents(current: ApiObject, draft: Draft): FieldError[] {
  if (current['immutable'] !== true) return [];
  const detail = 'field is immutable when `immutable` is set';
  const fields = ['data', 'binaryData'].filter((field) => !sameJson(current[field], draft[field]));
  return [
    ...(draft['immutable'] === true ? [] : [forbiddenChange('immutable', detail)]),
    ...fields.map((field) => forbiddenChange(field, detail)),
  ];
}

/** Whether nothing holds back the removal of an object that is being deleted. */
export function removable(type: ServedType, object: ApiObject | Draft): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  return type.storage !== 'namespaces' || strings(recordAt(object, 'spec')['finalizers']).length === 0;
}

const protectedNamespaces = new Set(['default', 'kube-system', 'kube-public']);

/** @throws StatusError 403 for the namespaces that no cluster can do without. */
export function refuseProtected(type: ServedType, name: string): void {
  if (type.storage !== 'namespaces' || !protectedNamespaces.has(name)) return;
  throw new StatusError(
    403,
    'Forbidden',
    `namespaces ${JSON.stringify(name)} is forbidden: this namespace may not be deleted`,
    {
      name,
      kind: 'namespaces',
    },
  );
}
