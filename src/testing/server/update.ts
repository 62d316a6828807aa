import { type Call, type Ground, tableOf } from './call.ts';
import { contentErrors } from './checks/objects.ts';
import { create } from './create.ts';
import { type Content, decodeObject } from './decode.ts';
import { onlyForCollector, refuseEscalation } from './escalation.ts';
import { sameOwners, written } from './managed-fields.ts';
import { type ApiObject, type Draft, deepFreeze, draftOf, sameJson } from './object.ts';
import { dropDoubleOwners } from './owners.ts';
import { patched } from './patches.ts';
import { apiVersionOfType } from './registry.ts';
import { canonicalize, isolate, removable, updateErrors } from './rules.ts';
import { badRequest, conflict, invalid, notFound, type StatusError, unreasoned } from './status.ts';
import { keyOf } from './store.ts';
import { metadataUpdateErrors, updatedMetadataErrors, warnOfFinalizers } from './validation.ts';

/** The object in the version of `call`: versions of one resource differ in nothing else. */
export function inVersion(call: Pick<Call, 'type'>, object: ApiObject): ApiObject {
  const apiVersion = apiVersionOfType(call.type);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** Answers a PUT, of which some kinds make a create. */
export async function update(
  ground: Ground,
  call: Call,
  body: Content,
): Promise<{ readonly created: boolean; readonly object: ApiObject }> {
  const { type, name } = call;
  const sent = decodeObject(call, body);
  if (!sent.metadata.name) throw undeterminable(name);
  const { uid } = sent.metadata;
  if (type.createOnUpdate && tableOf(ground, call).get(keyOf(call.namespace, name)) === undefined) {
    if (uid) throw conflict(type, name, foreignUid(call, uid, ''));
    const { resourceVersion: _r, ...metadata } = sent.metadata;
    const object = await create(ground, { ...call, name: '' }, { value: { ...sent, metadata }, duplicates: [] });
    return { created: true, object };
  }
  const object = await write(ground, call, (current) => {
    if (uid && uid !== current.metadata.uid) throw conflict(type, name, foreignUid(call, uid, current.metadata.uid));
    return draftOf(sent);
  });
  return { created: false, object };
}

function undeterminable(name: string): StatusError {
  return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
}

function foreignUid({ type, namespace, name }: Call, uid: string, found: string): string {
  const key = `/registry/${type.custom ? `${type.group}/` : ''}${type.plural}/${keyOf(namespace, name)}`;
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`;
}

/**
 * Answers a PATCH. A `metadata.resourceVersion` in its outcome that is not the object's own is a conflict; a foreign
 * `metadata.uid` is not: the real server calls it invalid, as any change of what cannot change.
 */
export function patch(ground: Ground, call: Call, mediaType: string, body: unknown): Promise<ApiObject> {
  return write(ground, call, (current) => patched(call, current, mediaType, body), ' after mutating admission happens');
}

/** Repeats `change` on the newest state until nobody else wrote while admission was asked. */
async function write(ground: Ground, call: Call, change: (current: ApiObject) => Draft, when = ''): Promise<ApiObject> {
  const table = tableOf(ground, call);
  const { type, name } = call;
  const key = keyOf(call.namespace, name);
  for (;;) {
    const current = table.get(key);
    if (current === undefined) throw notFound(type, name);
    const changed = change(inVersion(call, current));
    dropDoubleOwners(call, changed, when);
    canonicalize(type, changed);
    const owned = written(call, current, changed);
    const next = prepared(call, current, changed);
    if (owned.length > 0) next.metadata.managedFields = owned;
    else delete next.metadata.managedFields;
    if (!onlyForCollector(current, next)) refuseEscalation(ground, call, next);
    warnOfFinalizers(call, next);
    await ground.admit({ operation: 'UPDATE', call, name, object: next, oldObject: inVersion(call, current) });
    if (table.get(key) !== current) continue;
    if (unchanged(current, next)) return inVersion(call, current);
    if (call.dryRun) return deepFreeze(next);
    if (next.metadata.deletionTimestamp === undefined || !removable(type, next)) return table.put(key, next);
    table.remove(key);
    return deepFreeze(next);
  }
}

/** Checks a changed object and gives it what the server alone decides. */
function prepared(call: Call, current: ApiObject, changed: Draft): Draft {
  const { type, name } = call;
  const { resourceVersion } = changed.metadata;
  if (!changed.metadata.name) throw undeterminable(name);
  if (changed.metadata.name !== name) {
    throw badRequest(`the name of the object (${changed.metadata.name}) does not match the name on the URL (${name})`);
  }
  if (type.namespaced && changed.metadata.namespace && changed.metadata.namespace !== current.metadata.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  checkVersion(call, current, resourceVersion);
  const forbidden = metadataUpdateErrors(current, changed);
  const draft = draftOf(isolate(call, current, changed));
  keepServerFields(draft, current);
  const errors = [
    ...updatedMetadataErrors(type, draft, forbidden),
    ...(call.subresource === 'status' ? [] : contentErrors(type, draft, current)),
    ...updateErrors(type, current, draft),
  ];
  if (errors.length > 0) throw invalid(type, name, errors);
  if (type.generation && specChanged(type.status, current, draft)) {
    draft.metadata.generation = (current.metadata.generation ?? 0) + 1;
  }
  return draft;
}

function checkVersion({ type, name }: Call, { metadata }: ApiObject, version: string | undefined): void {
  if (version && !/^\d+$/.test(version)) {
    throw unreasoned(`strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`);
  }
  if (version && version !== metadata.resourceVersion) throw conflict(type, name);
  if (version || type.unconditionalUpdate) return;
  // The real server names the resource where it means the kind.
  throw invalid({ group: type.group, kind: type.plural }, name, [
    {
      field: 'metadata.resourceVersion',
      type: 'FieldValueInvalid',
      value: 0,
      detail: 'must be specified for an update',
    },
  ]);
}

function keepServerFields({ metadata }: Draft, current: ApiObject): void {
  const own = current.metadata;
  metadata.uid = own.uid;
  metadata.resourceVersion = own.resourceVersion;
  for (const field of ['namespace', 'creationTimestamp', 'deletionTimestamp'] as const) {
    if (own[field] === undefined) delete metadata[field];
    else metadata[field] = own[field];
  }
  for (const field of ['generation', 'deletionGracePeriodSeconds'] as const) {
    if (own[field] === undefined) delete metadata[field];
    else metadata[field] = own[field];
  }
  for (const field of ['labels', 'annotations'] as const) {
    if (metadata[field] !== undefined && Object.keys(metadata[field]).length === 0) delete metadata[field];
  }
  for (const field of ['finalizers', 'ownerReferences'] as const) {
    if (metadata[field]?.length === 0) delete metadata[field];
  }
}

function specChanged(statusApart: boolean, current: ApiObject, draft: Draft): boolean {
  const rest = ({ apiVersion: _v, metadata: _m, status, ...fields }: ApiObject | Draft): object =>
    statusApart ? fields : { ...fields, status };
  return !sameJson(rest(current), rest(draft));
}

/** A write that changes nothing is not written: the resourceVersion stays. */
function unchanged(current: ApiObject, next: Draft): boolean {
  const comparable = ({ apiVersion: _v, metadata, ...fields }: ApiObject | Draft): object => {
    const { managedFields: _f, ...meta } = metadata;
    return { ...fields, metadata: meta };
  };
  return (
    sameOwners(current.metadata.managedFields, next.metadata.managedFields) &&
    sameJson(comparable(current), comparable(next)) &&
    !(
      next.metadata.deletionTimestamp !== undefined &&
      (next.metadata.finalizers ?? []).length === 0 &&
      (current.metadata.finalizers ?? []).length > 0
    )
  );
}
