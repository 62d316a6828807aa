import { allowed, rulesFor } from './access.ts';
import type { Call, Ground } from './call.ts';
import { type ApiObject, type Draft, recordAt, recordsAt, sameJson, strings, text } from './object.ts';
import { forbidden, notFound } from './status.ts';
import { keyOf } from './store.ts';

const rbac = 'rbac.authorization.k8s.io';
type Rule = Record<string, unknown>;
const fields = ['apiGroups', 'resources', 'verbs', 'resourceNames', 'nonResourceURLs'] as const;
const shownFields = [
  ['apiGroups', 'APIGroups'],
  ['resources', 'Resources'],
  ['nonResourceURLs', 'NonResourceURLs'],
  ['resourceNames', 'ResourceNames'],
] as const;

/** One right: one value in every field that a rule has. */
function* rightsOf(rule: Rule): Generator<Rule> {
  let rights: Rule[] = [{}];
  for (const field of fields) {
    const values = strings(rule[field]);
    if (values.length > 0) rights = rights.flatMap((right) => values.map((value) => ({ ...right, [field]: [value] })));
  }
  yield* rights;
}

function covers(held: Rule, right: Rule): boolean {
  const includes = (field: (typeof fields)[number], value = strings(right[field])[0] ?? ''): boolean =>
    strings(held[field]).some((one) => one === '*' || one === value);
  if (!includes('verbs')) return false;
  const [url] = strings(right['nonResourceURLs']);
  if (url !== undefined)
    return strings(held['nonResourceURLs']).some((known) =>
      known.endsWith('*') ? url.startsWith(known.slice(0, -1)) : known === url,
    );
  const [resource = ''] = strings(right['resources']);
  const [, sub] = resource.split('/');
  const names = strings(held['resourceNames']);
  const [name] = strings(right['resourceNames']);
  return (
    includes('apiGroups') &&
    (includes('resources') || (sub !== undefined && strings(held['resources']).includes(`*/${sub}`))) &&
    (names.length === 0 || (name !== undefined && names.includes(name)))
  );
}

/** Rights as the real server shows them: those that differ in their verbs alone as one rule. */
function shown(rights: readonly Rule[]): string {
  const verbsOf = new Map<string, string[]>();
  for (const right of rights) {
    const parts = shownFields.flatMap(([field, name]) => {
      const [value] = strings(right[field]);
      return value === undefined ? [] : [`${name}:[${JSON.stringify(value)}]`];
    });
    const place = parts.join(', ');
    verbsOf.set(place, [...(verbsOf.get(place) ?? []), ...strings(right['verbs'])]);
  }
  return [...verbsOf]
    .map(([place, verbs]) => `{${place}, Verbs:[${verbs.map((verb) => JSON.stringify(verb)).join(' ')}]}`)
    .sort()
    .join('\n');
}

/**
 * Nobody hands on what they do not hold: a role needs the right to `escalate` it, a binding the right to `bind` its role, unless whoever
 * writes holds all that is in it (pkg/registry/rbac of Kubernetes).
 *
 * @throws StatusError `Forbidden` that shows what is missing
 */
export function refuseEscalation(ground: Ground, call: Call, draft: Draft): void {
  const { type, user, namespace } = call;
  if (type.group !== rbac || user.groups.includes('system:masters')) return;
  const { store } = ground;
  const isBinding = type.plural.endsWith('bindings');
  const { kind, name: role } = recordAt(draft, 'roleRef');
  const own = draft.metadata.name ?? '';
  const [plural, name] = isBinding
    ? [kind === 'Role' ? 'roles' : 'clusterroles', text(role) ?? '']
    : [type.plural, call.name];
  const wish = { verb: isBinding ? 'bind' : 'escalate', group: rbac, plural, subresource: undefined, namespace, name };
  if (allowed(store, user, wish)) return;
  const at = keyOf(plural === 'roles' ? namespace : undefined, name);
  const source = isBinding ? store.table(`${plural}.${rbac}`).get(at) : draft;
  if (source === undefined) throw notFound({ group: rbac, plural }, name);
  const held = rulesFor(store, user, namespace ?? '');
  const missing = recordsAt(source, 'rules')
    .flatMap((rule) => [...rightsOf(rule)])
    .filter((right) => !held.some((rule) => covers(rule, right)));
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(user.name)} (groups=[${user.groups.map((one) => JSON.stringify(one)).join(' ')}])`;
  throw forbidden(type, own, `${who} is attempting to grant RBAC permissions not currently held:\n${shown(missing)}`);
}

/** Whether a write changes nothing but what the garbage collector goes by: that anybody may, who may write. */
export function onlyForCollector(before: ApiObject, after: Draft): boolean {
  const rest = ({ metadata, ...others }: ApiObject | Draft) => {
    const {
      ownerReferences: _o,
      finalizers: _f,
      managedFields: _m,
      resourceVersion: _r,
      generation: _g,
      ...kept
    } = metadata;
    return { ...others, metadata: kept };
  };
  return sameJson(rest(before), rest(after));
}
