import { FederationError } from '../../../errors.ts';
import type { Connection, JsonPatchOperation } from '../../../kube/connection.ts';
import type { KubeObject, ObjectName, Resource } from '../../../kube/objects.ts';
import { deleteOptionAnnotation, managedLabel } from '../../../kubesphere/names.ts';
import type { FederatedObject } from '../../../kubesphere/resources.ts';
import { isRecord, text } from '../../server/object.ts';
import { named, same } from '../writes.ts';
import { type Desired, desiredOf, retained } from './desired.ts';

/** What kubefed records of one cluster; `''` is well. */
export type PropagationStatus =
  | ''
  | 'ApplyOverridesFailed'
  | 'ClusterNotReady'
  | 'CreationFailed'
  | 'UpdateFailed'
  | 'DeletionFailed'
  | 'LabelRemovalFailed'
  | 'ManagedLabelFalse'
  | 'RetrievalFailed'
  | 'WaitingForRemoval';

/** Failures after which kubefed tries again by itself. */
export const recoverable: ReadonlySet<PropagationStatus> = new Set([
  'CreationFailed',
  'UpdateFailed',
  'DeletionFailed',
  'LabelRemovalFailed',
  'RetrievalFailed',
]);

const once = { retry: false, timeoutMs: 10_000 } as const;

/** What a federated object wants on one cluster. */
export interface Copying {
  readonly member: Connection;
  readonly resource: Resource;
  readonly object: FederatedObject;
  readonly cluster: string;
  readonly at: ObjectName;
}

/** Creates a copy; what exists under that name already is adopted: taken over in place and overwritten. */
export async function createCopy(copying: Copying): Promise<KubeObject | PropagationStatus> {
  const { member, resource, object, cluster, at } = copying;
  const desired = desiredOf(object, cluster);
  if (desired === undefined) return 'ApplyOverridesFailed';
  const { labels, annotations, finalizers, fields } = desired;
  try {
    return await member.create(resource, { metadata: { ...at, labels, annotations, finalizers }, ...fields }, once);
  } catch (error) {
    if (!FederationError.is(error)) throw error;
    if (error.code !== 'ALREADY_EXISTS') return 'CreationFailed';
  }
  let present: KubeObject | undefined;
  try {
    present = await member.find(resource, at, once);
  } catch (error) {
    if (!FederationError.is(error)) throw error;
  }
  return present === undefined ? 'RetrievalFailed' : overwriteCopy(copying, present);
}

/**
 * kubefed's update: labels, fields and (absent) owner references become the template's; finalizers and annotations of the
 * member's object stay, and what its cluster allocated. An object labelled `managed=false` is refused.
 */
export async function overwriteCopy(copying: Copying, present: KubeObject): Promise<KubeObject | PropagationStatus> {
  const { member, resource, object, cluster, at } = copying;
  if (present.metadata.labels?.[managedLabel] === 'false') return 'ManagedLabelFalse';
  const desired = desiredOf(object, cluster, retained(resource.kind, present, object));
  if (desired === undefined) return 'ApplyOverridesFailed';
  const { uid, resourceVersion } = present.metadata;
  const operations = difference(resource, present, desired);
  try {
    return await member.patch(resource, at, { type: 'json', operations }, { ...once, uid, resourceVersion });
  } catch (error) {
    if (!FederationError.is(error)) throw error;
    return 'UpdateFailed';
  }
}

/** The PUT that kubefed makes, as operations: everything but what the server alone decides. */
function difference(resource: Resource, present: KubeObject, desired: Desired): JsonPatchOperation[] {
  const fixed = new Set([
    'apiVersion',
    'kind',
    'metadata',
    ...(resource.kind === 'Namespace' ? ['spec', 'status'] : []),
  ]);
  const { ownerReferences, annotations = {}, finalizers = [] } = present.metadata;
  const operations: JsonPatchOperation[] = [{ op: 'add', path: '/metadata/labels', value: desired.labels }];
  if (ownerReferences !== undefined) operations.push({ op: 'remove', path: '/metadata/ownerReferences' });
  if (!same(annotations, desired.annotations))
    operations.push({ op: 'add', path: '/metadata/annotations', value: desired.annotations });
  if (!same(finalizers, desired.finalizers))
    operations.push({ op: 'add', path: '/metadata/finalizers', value: desired.finalizers });
  for (const field of Object.keys(present)) {
    if (!fixed.has(field) && !(field in desired.fields)) operations.push({ op: 'remove', path: `/${field}` });
  }
  for (const [field, value] of Object.entries(desired.fields)) {
    if (!fixed.has(field)) operations.push({ op: 'add', path: `/${field}`, value });
  }
  return operations;
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
