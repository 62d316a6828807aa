import { randomUUID } from 'node:crypto';
import { type Call, type Ground, tableOf } from './call.ts';
import { secretWarnings } from './checks/configuration.ts';
import { contentErrors } from './checks/objects.ts';
import { type Content, decodeObject } from './decode.ts';
import { refuseEscalation } from './escalation.ts';
import { written } from './managed-fields.ts';
import { type ApiObject, type Draft, deepFreeze, recordAt, timestamp } from './object.ts';
import { dropDoubleOwners } from './owners.ts';
import { canonicalize, prepareNew } from './rules.ts';
import { alreadyExists, badRequest, forbidden, invalid, notFound, unreasoned } from './status.ts';
import { keyOf } from './store.ts';
import { metadataErrors, warnOfFinalizers } from './validation.ts';

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

function generatedName(prefix: string): string {
  let name = prefix.slice(0, 58);
  for (let i = 0; i < 5; i++) name += suffixLetters[Math.floor(Math.random() * suffixLetters.length)];
  return name;
}

/** Answers a create. */
export async function create(ground: Ground, call: Call, body: Content): Promise<ApiObject> {
  const { type, namespace } = call;
  const draft = decodeObject(call, body);
  const { metadata } = draft;
  const named = metadata.name ?? '';
  placeInNamespace(call, draft);
  refuseDyingDefinition(ground, call, named);
  if (call.name !== '' && named !== '' && call.name !== named) {
    throw badRequest(`the name of the object (${named}) does not match the name on the URL (${call.name})`);
  }
  if (metadata.resourceVersion) throw unreasoned('resourceVersion should not be set on objects to be created');
  if (namespace !== undefined) refuseDeadNamespace(ground, call, named || (metadata.generateName ?? ''));
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  dropDoubleOwners(call, draft);
  canonicalize(type, draft);
  const owned = written(call, undefined, draft);
  if (named === '' && metadata.generateName) metadata.name = generatedName(metadata.generateName);
  if (!metadata.name) {
    const field = {
      field: 'metadata.name',
      type: 'FieldValueRequired',
      detail: 'name or generateName is required',
    } as const;
    throw invalid(type, '', [field]);
  }
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(call.at);
  if (type.generation) metadata.generation = 1;
  prepareNew(type, draft);
  if (owned.length > 0) metadata.managedFields = owned;
  else delete metadata.managedFields;
  refuseEscalation(ground, call, draft);
  const errors = [...metadataErrors(type, draft), ...contentErrors(type, draft)];
  if (errors.length > 0) throw invalid(type, metadata.name, errors);
  warnOfFinalizers(call, draft);
  if (type.storage === 'secrets') for (const warning of secretWarnings(draft)) call.warn(warning);
  await ground.admit({ operation: 'CREATE', call, name: named, object: draft });
  // Admission may have waited for a webhook: the namespace and the name are looked at again.
  if (namespace !== undefined) refuseDeadNamespace(ground, call, named || (metadata.generateName ?? ''));
  const key = keyOf(namespace, metadata.name);
  const table = tableOf(ground, call);
  if (table.get(key) !== undefined) throw alreadyExists(type, metadata.name);
  return call.dryRun ? deepFreeze(draft) : table.put(key, draft);
}

/** Puts an object where its request says; nowhere, where its kind lies in no namespace. @throws StatusError 400 where it says otherwise */
export function placeInNamespace({ type, namespace }: Call, { metadata }: Draft): void {
  if (!type.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = namespace ?? '';
}

/** Nothing is created in a namespace that is not there or on its way out. */
function refuseDeadNamespace(ground: Ground, { type, namespace = '' }: Call, name: string): void {
  const found = ground.store.table('namespaces').get(namespace);
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (recordAt(found, 'status')['phase'] === 'Terminating') {
    throw forbidden(
      type,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }
}

function refuseDyingDefinition(ground: Ground, { type }: Call, named: string): void {
  if (!type.custom) return;
  const definition = ground.store.table('customresourcedefinitions.apiextensions.k8s.io').get(type.storage);
  if (definition?.metadata.deletionTimestamp === undefined) return;
  const why = 'create not allowed while custom resource definition is terminating';
  throw forbidden(type, named, why);
}
