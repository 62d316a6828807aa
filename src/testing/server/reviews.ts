import { grantOf, rulesFor } from './access.ts';
import type { Call, User } from './call.ts';
import { placeInNamespace } from './create.ts';
import { type Content, decodeObject } from './decode.ts';
import { written } from './managed-fields.ts';
import { type ApiObject, type Draft, isRecord, recordAt, strings, text } from './object.ts';
import { badRequest, type FieldError, invalid } from './status.ts';
import type { Store } from './store.ts';

/** Answers a review of rights; nothing is kept. */
export function review(store: Store, call: Call, body: Content): ApiObject {
  const draft = decodeObject(call, body);
  placeInNamespace(call, draft);
  return call.type.kind === 'SelfSubjectRulesReview'
    ? rulesReview(store, call, draft)
    : accessReview(store, call, draft);
}

/** What whoever asks may do in a namespace. The real server, too, repeats nothing of the question. */
function rulesReview(store: Store, { user }: Call, draft: Draft): ApiObject {
  const namespace = text(recordAt(draft, 'spec')['namespace']);
  if (!namespace) throw badRequest('no namespace on request');
  const rules = rulesFor(store, user, namespace);
  const having = (what: string, fields: readonly string[]): object[] =>
    rules
      .filter((rule) => strings(rule[what]).length > 0)
      .map((rule) => Object.fromEntries(fields.flatMap((field) => (field in rule ? [[field, rule[field]]] : []))));
  return {
    apiVersion: draft.apiVersion,
    kind: draft.kind,
    metadata: {},
    spec: {},
    status: {
      incomplete: false,
      resourceRules: having('resources', ['verbs', 'apiGroups', 'resources', 'resourceNames']),
      nonResourceRules: having('nonResourceURLs', ['verbs', 'nonResourceURLs']),
    },
  } as unknown as ApiObject;
}

function accessReview(store: Store, call: Call, draft: Draft): ApiObject {
  const spec = recordAt(draft, 'spec');
  const metadata = { ...draft.metadata, managedFields: written(call, undefined, draft) };
  checkReview(call, spec, metadata);
  const user: User =
    call.type.kind === 'SelfSubjectAccessReview'
      ? call.user
      : { name: text(spec['user']) ?? '', groups: strings(spec['groups']) };
  const { verb, group, resource, subresource, namespace, name } = recordAt(spec, 'resourceAttributes');
  const { path, verb: pathVerb } = recordAt(spec, 'nonResourceAttributes');
  const reason =
    typeof path === 'string'
      ? grantOf(store, user, { verb: text(pathVerb) ?? '', path })
      : grantOf(store, user, {
          verb: text(verb) ?? '',
          group: text(group) ?? '',
          plural: text(resource) ?? '',
          subresource: text(subresource) || undefined,
          namespace: text(namespace) || undefined,
          name: text(name) ?? '',
        });
  return {
    ...draft,
    metadata,
    status: { allowed: reason !== undefined, ...(reason ? { reason } : {}) },
  };
}

/** @throws StatusError 422 for a question that is none */
function checkReview({ type }: Call, spec: Record<string, unknown>, metadata: Record<string, unknown>): void {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const isLocal = type.kind === 'LocalSubjectAccessReview';
  const isOfSomebody = isLocal || type.kind === 'SubjectAccessReview';
  const errors: FieldError[] = [];
  const add = (field: string, value: unknown, detail: string): void =>
    void errors.push({ field, type: 'FieldValueInvalid', value, detail });
  const shown = isRecord(path) ? { Path: path['path'], Verb: path['verb'] } : undefined;
  if (resource !== undefined && shown !== undefined) {
    add('spec.nonResourceAttributes', shown, 'cannot be specified in combination with resourceAttributes');
  }
  if (resource === undefined && path === undefined) {
    add(
      'spec.resourceAttributes',
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  if (isOfSomebody && !spec['user'] && strings(spec['groups']).length === 0) {
    add('spec.user', '', 'at least one of user or group must be specified');
  }
  const { managedFields, name, namespace = '', ...rest } = metadata;
  if (name !== undefined || Object.keys(rest).length > 0) {
    const except = isLocal ? ' except for namespace' : '';
    // In the order of the real server.
    const found = { name, ...(namespace === '' ? {} : { namespace }), ...rest, managedFields };
    add('metadata', found, `must be empty${except}`);
  }
  if (isLocal && isRecord(resource)) {
    const asked = text(resource['namespace']) ?? '';
    if (asked !== namespace) add('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace');
  }
  if (isLocal && shown !== undefined) add('spec.nonResourceAttributes', shown, 'disallowed on this kind of request');
  // The real server forgets the name of the kind here.
  if (errors.length > 0) throw invalid({ group: type.group, kind: '' }, '', errors);
}
