import { FederationError } from '../../../errors.ts';
import type { Connection, JsonPatchOperation } from '../../../kube/connection.ts';
import type { KubeObject, ObjectName, Resource } from '../../../kube/objects.ts';
import { deleteOptionAnnotation, managedLabel } from '../../../kubesphere/names.ts';
import type { FederatedObject } from '../../../kubesphere/resources.ts';
import { isRecord, recordAt, text } from '../../server/object.ts';
import { named } from '../writes.ts';

/** What kubefed records of one cluster; `''` is well. */
export type PropagationStatus =
  | ''
  | 'ClusterNotReady'
  | 'CreationFailed'
  | 'UpdateFailed'
  | 'DeletionFailed'
  | 'LabelRemovalFailed'
  | 'ManagedLabelFalse'
  | 'WaitingForRemoval';

const once = { retry: false, timeoutMs: 10_000 } as const;

/** The object that a federated object wants on every selected cluster, without `apiVersion` and `kind`. */
export interface Desired {
  readonly at: ObjectName;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Everything of the template but its metadata. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads the template of a federated object. */
export function desiredOf(object: FederatedObject, at: ObjectName): Desired {
  const { metadata, ...fields } = recordAt(object, 'spec', 'template');
  const labels = { ...stringMap(recordAt({ metadata }, 'metadata', 'labels')), [managedLabel]: 'true' };
  return { at, labels, annotations: stringMap(recordAt({ metadata }, 'metadata', 'annotations')), fields };
}

function stringMap(record: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)]));
}

/** Creates a copy; what exists under that name already is adopted: taken over in place and overwritten. */
export async function createCopy(
  member: Connection,
  resource: Resource,
  { at, labels, annotations, fields }: Desired,
): Promise<KubeObject | PropagationStatus> {
  try {
    return await member.create(resource, { metadata: { ...at, labels, annotations }, ...fields }, once);
  } catch (error) {
    if (!FederationError.is(error)) throw error;
    if (error.code !== 'ALREADY_EXISTS') return 'CreationFailed';
  }
  const present = await member.find(resource, at, once);
  return present === undefined
    ? 'CreationFailed'
    : overwriteCopy(member, resource, present, { at, labels, annotations, fields });
}

/**
 * kubefed's update: labels, fields and (absent) owner references become the template's; finalizers and annotations of the
 * member's object stay. An object labelled `managed=false` is refused.
 */
export async function overwriteCopy(
  member: Connection,
  resource: Resource,
  present: KubeObject,
  { at, labels, fields }: Desired,
): Promise<KubeObject | PropagationStatus> {
  if (present.metadata.labels?.[managedLabel] === 'false') return 'ManagedLabelFalse';
  const { uid, resourceVersion, ownerReferences } = present.metadata;
  const fixed = new Set([
    'apiVersion',
    'kind',
    'metadata',
    ...(resource.kind === 'Namespace' ? ['spec', 'status'] : []),
  ]);
  const operations: JsonPatchOperation[] = [{ op: 'add', path: '/metadata/labels', value: labels }];
  if (ownerReferences !== undefined) operations.push({ op: 'remove', path: '/metadata/ownerReferences' });
  for (const field of Object.keys(present)) {
    if (!fixed.has(field) && !(field in fields)) operations.push({ op: 'remove', path: `/${field}` });
  }
  for (const [field, value] of Object.entries(fields)) {
    if (!fixed.has(field)) operations.push({ op: 'add', path: `/${field}`, value });
  }
  try {
    return await member.patch(resource, at, { type: 'json', operations }, { ...once, uid, resourceVersion });
  } catch (error) {
    if (!FederationError.is(error)) throw error;
    return 'UpdateFailed';
  }
}

/** Deletes a copy, with the options that the federated object carries as an annotation. */
export async function deleteCopy(
  member: Connection,
  resource: Resource,
  copy: KubeObject,
  federated: FederatedObject | undefined,
): Promise<PropagationStatus> {
  const source = federated?.metadata.annotations?.[deleteOptionAnnotation];
  const options: unknown = source === undefined ? {} : JSON.parse(source);
  const wanted = isRecord(options) ? text(options['propagationPolicy']) : undefined;
  const propagationPolicy = wanted === 'Orphan' || wanted === 'Foreground' ? wanted : 'Background';
  try {
    await member.delete(resource, named(copy), { ...once, propagationPolicy });
  } catch (error) {
    if (!FederationError.is(error)) throw error;
    return error.code === 'NOT_FOUND' ? '' : 'DeletionFailed';
  }
  return '';
}

/** Takes kubefed's mark off a copy, so that kubefed forgets it. */
export async function releaseCopy(
  member: Connection,
  resource: Resource,
  copy: KubeObject,
): Promise<PropagationStatus> {
  const body = { metadata: { labels: { [managedLabel]: null } } };
  try {
    await member.patch(resource, named(copy), { type: 'merge', body }, once);
  } catch (error) {
    if (!FederationError.is(error)) throw error;
    return error.code === 'NOT_FOUND' ? '' : 'LabelRemovalFailed';
  }
  return '';
}
