import { type Call, type Ground, tableOf } from './call.ts';
import { type Content, decodeObject } from './decode.ts';
import { written } from './managed-fields.ts';
import { type ApiObject, type Draft, deepFreeze, draftOf, sameJson } from './object.ts';
import { patched } from './patches.ts';
import { apiVersionOfType } from './registry.ts';
import { canonicalize, contentErrors, isolate, removable, updateErrors } from './rules.ts';
import { badRequest, conflict, invalid, notFound } from './status.ts';
import { keyOf } from './store.ts';
import { metadataErrors, metadataUpdateErrors } from './validation.ts';

/** The object in the version of `call`: versions of one resource differ in nothing else. */
export function inVersion(call: Pick<Call, 'type'>, object: ApiObject): ApiObject {
  const apiVersion = apiVersionOfType(call.type);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** Answers a PUT. */
export function update(ground: Ground, call: Call, body: Content): Promise<ApiObject> {
  const { type } = call;
  return write(ground, call, (current) => {
    const draft = decodeObject(call, body);
    const { name, uid, resourceVersion } = draft.metadata;
    if (!name) {
      throw badRequest(`the name of the object (${call.name} based on URL) was undeterminable: name must be provided`);
    }
    if (uid && uid !== current.metadata.uid) throw conflict(type, call.name, foreignUid(call, uid, current));
    if (type.custom && !resourceVersion) {
      // The real server names the resource where it means the kind.
      throw invalid({ group: type.group, kind: type.plural }, call.name, [
        {
          field: 'metadata.resourceVersion',
          type: 'FieldValueInvalid',
          value: 0,
          detail: 'must be specified for an update',
        },
      ]);
    }
    return draft;
  });
}

function foreignUid({ type, namespace, name }: Call, uid: string, { metadata }: ApiObject): string {
  const key = `/registry/${type.custom ? `${type.group}/` : ''}${type.plural}/${keyOf(namespace, name)}`;
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
}

/**
 * Answers a PATCH. A `metadata.resourceVersion` in its outcome that is not the object's own is a conflict; a foreign
 * `metadata.uid` is not: the real server calls it invalid, as any change of what cannot change.
 */
export function patch(ground: Ground, call: Call, mediaType: string, body: unknown): Promise<ApiObject> {
  return write(ground, call, (current) => patched(call, current, mediaType, body));
}

/** Repeats `change` on the newest state until nobody else wrote while admission was asked. */
async function write(ground: Ground, call: Call, change: (current: ApiObject) => Draft): Promise<ApiObject> {
  const table = tableOf(ground, call);
  const { type, name } = call;
  const key = keyOf(call.namespace, name);
  for (;;) {
    const current = table.get(key);
    if (current === undefined) throw notFound(type, name);
    const next = prepared(call, current, change(inVersion(call, current)));
    await ground.admit({ operation: 'UPDATE', call, name, object: next, oldObject: inVersion(call, current) });
    if (table.get(key) !== current) continue;
    if (unchanged(current, next)) return inVersion(call, current);
    next.metadata.managedFields = written(call, current.metadata.managedFields ?? []);
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
  if (changed.metadata.name !== name) {
    throw badRequest(`the name of the object (${changed.metadata.name}) does not match the name on the URL (${name})`);
  }
  if (changed.metadata.namespace !== undefined && changed.metadata.namespace !== current.metadata.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) throw conflict(type, name);
  const forbidden = metadataUpdateErrors(current, changed);
  const draft = draftOf(isolate(call, current, changed));
  keepServerFields(draft, current);
  canonicalize(type, draft);
  const errors = [
    ...metadataErrors(type, draft),
    ...forbidden,
    ...contentErrors(type, draft),
    ...updateErrors(type, current, draft),
  ];
  if (errors.length > 0) throw invalid(type, name, errors);
  if (type.generation && specChanged(type.status, current, draft)) {
    draft.metadata.generation = (current.metadata.generation ?? 0) + 1;
  }
  return draft;
}

function keepServerFields({ metadata }: Draft, current: ApiObject): void {
  const own = current.metadata;
  metadata.uid = own.uid;
  metadata.resourceVersion = own.resourceVersion;
  for (const field of ['namespace', 'creationTimestamp', 'deletionTimestamp', 'generateName'] as const) {
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
    sameJson(comparable(current), comparable(next)) &&
    !(
      next.metadata.deletionTimestamp !== undefined &&
      (next.metadata.finalizers ?? []).length === 0 &&
      (current.metadata.finalizers ?? []).length > 0
    )
  );
}
