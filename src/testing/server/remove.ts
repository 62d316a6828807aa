import { type Call, type Ground, tableOf } from './call.ts';
import { list, type Page } from './list.ts';
import { type ApiObject, type Draft, deepFreeze, draftOf, recordAt, recordsAt, sameJson, timestamp } from './object.ts';
import { type RemoveOptions, removeOptions } from './options.ts';
import { definitionFinalizer, refuseProtected, removable } from './rules.ts';
import { conflict, notFound, type Status } from './status.ts';
import { keyOf, type Table } from './store.ts';
import { inVersion } from './update.ts';

/** Finalizers that a propagation policy puts on an object, for the garbage collector. */
export const collectorFinalizers = Object.freeze({ orphan: 'orphan', foreground: 'foregroundDeletion' });

/** Answers a delete: the object where it stays for its finalizers, a Status where it is gone. */
export async function remove(ground: Ground, call: Call, body: unknown): Promise<ApiObject | Status> {
  const options = removeOptions(call.query, body);
  refuseProtected(call.type, call.name);
  const left = await removeOne(ground, { ...call, dryRun: options.dryRun }, call.name, options);
  return left.gone && !call.type.answersRemoved ? removedStatus(call, left.object.metadata.uid) : left.object;
}

/** Answers a deletecollection with the page of objects that were there. */
export async function removeCollection(ground: Ground, call: Call, body: unknown): Promise<Page> {
  const options = removeOptions(call.query, body);
  const page = list(ground.store, call.type, call.namespace, call.query);
  for (const { metadata } of page.items) {
    const { namespace } = metadata;
    try {
      await removeOne(ground, { ...call, dryRun: options.dryRun, namespace, name: metadata.name }, '', options);
    } catch (error) {
      if (tableOf(ground, call).get(keyOf(namespace, metadata.name)) !== undefined) throw error;
    }
  }
  return { ...page, items: page.items.map((object) => inVersion(call, object)), revision: ground.store.revision };
}

/** Deletes; answers what is gone, or what stays. `admittedAs` is the name that admission sees. */
async function removeOne(
  ground: Ground,
  call: Call,
  admittedAs: string,
  options: RemoveOptions,
): Promise<{ readonly gone: boolean; readonly object: ApiObject }> {
  const { type, name, namespace } = call;
  const table: Table = tableOf(ground, call);
  const key = keyOf(namespace, name);
  for (;;) {
    const current = table.get(key);
    if (current === undefined) throw notFound(type, name);
    checkPreconditions(call, current, options);
    await ground.admit({
      operation: 'DELETE',
      call,
      name: admittedAs,
      oldObject: inVersion(call, current),
      options: options.raw,
    });
    if (table.get(key) !== current) continue;
    const marked = markedForDeletion(call, current, options);
    if (removable(type, marked)) {
      if (!options.dryRun) table.remove(key);
      const metadata = options.dryRun
        ? current.metadata
        : { ...current.metadata, resourceVersion: String(ground.store.revision) };
      return { gone: true, object: { ...inVersion(call, current), metadata } };
    }
    if (sameJson(marked, current)) return { gone: false, object: inVersion(call, current) };
    return { gone: false, object: options.dryRun ? deepFreeze(marked) : inVersion(call, table.put(key, marked)) };
  }
}

function checkPreconditions(
  { type, name }: Call,
  { metadata }: ApiObject,
  { uid, resourceVersion }: RemoveOptions,
): void {
  if (type.storage === 'namespaces' && uid !== undefined && uid !== metadata.uid) {
    throw conflict(type, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  const failed = (what: string, wanted: string, found: string, perhaps: string): never => {
    throw conflict(
      { group: type.group, plural: type.kind },
      name,
      `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${perhaps}`,
    );
  };
  if (uid !== undefined && uid !== metadata.uid) failed('UID', uid, metadata.uid, 'deleted and then recreated');
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    failed('ResourceVersion', resourceVersion, metadata.resourceVersion, 'modified');
  }
}

function markedForDeletion({ type: { storage }, at }: Call, current: ApiObject, { policy }: RemoveOptions): Draft {
  const draft = draftOf(current);
  const { metadata } = draft;
  const first = metadata.deletionTimestamp === undefined;
  const isNamespace = storage === 'namespaces';
  const isDefinition = storage === 'customresourcedefinitions.apiextensions.k8s.io';
  // The policy of a namespace's deletion is settled by the first request.
  if (policy !== undefined && (first || !isNamespace)) setCollectorFinalizer(metadata, policy);
  if (!first) return draft;
  metadata.deletionTimestamp = timestamp(at);
  if (isNamespace) draft['status'] = { ...recordAt(draft, 'status'), phase: 'Terminating' };
  if (isDefinition) draft['status'] = terminating(recordAt(draft, 'status'), metadata.deletionTimestamp);
  if (isDefinition) metadata.finalizers = [...(metadata.finalizers ?? []), definitionFinalizer];
  if (isNamespace || isDefinition) return draft;
  metadata.deletionGracePeriodSeconds = 0;
  if (metadata.generation !== undefined) metadata.generation += 1;
  return draft;
}

/** Status of a definition that is being deleted. */
function terminating(status: Record<string, unknown>, lastTransitionTime: string): object {
  const condition = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    lastTransitionTime,
  };
  return { ...status, conditions: [...recordsAt(status, 'conditions'), condition] };
}

function setCollectorFinalizer(metadata: Draft['metadata'], policy: 'Orphan' | 'Background' | 'Foreground'): void {
  const { orphan, foreground } = collectorFinalizers;
  const finalizers = (metadata.finalizers ?? []).filter(
    (finalizer) => finalizer !== orphan && finalizer !== foreground,
  );
  if (policy === 'Orphan') finalizers.push(orphan);
  if (policy === 'Foreground') finalizers.push(foreground);
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
}

function removedStatus({ type, name }: Call, uid: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural, uid },
  };
}
