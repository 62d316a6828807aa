import { allowed } from './access.ts';
import type { Call, User } from './call.ts';
import { type Content, decodeObject } from './decode.ts';
import { written } from './managed-fields.ts';
import { type ApiObject, recordAt, strings, text } from './object.ts';
import type { Store } from './store.ts';

/** Answers a SelfSubjectAccessReview or SubjectAccessReview; nothing is kept. */
export function review(store: Store, call: Call, body: Content): ApiObject {
  const draft = decodeObject(call, body);
  const spec = recordAt(draft, 'spec');
  const user: User =
    call.type.kind === 'SelfSubjectAccessReview'
      ? call.user
      : { name: text(spec['user']) ?? '', groups: strings(spec['groups']) };
  const { verb, group, resource, subresource, namespace, name } = recordAt(spec, 'resourceAttributes');
  const { path, verb: pathVerb } = recordAt(spec, 'nonResourceAttributes');
  const yes =
    typeof path === 'string'
      ? allowed(store, user, { verb: text(pathVerb) ?? '', path })
      : allowed(store, user, {
          verb: text(verb) ?? '',
          group: text(group) ?? '',
          plural: text(resource) ?? '',
          subresource: text(subresource) || undefined,
          namespace: text(namespace) || undefined,
          name: text(name) ?? '',
        });
  return {
    ...draft,
    metadata: { ...draft.metadata, managedFields: written(call, undefined, draft) },
    status: { allowed: yes },
  };
}
