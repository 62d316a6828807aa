import type { User } from './call.ts';
import { type ApiObject, recordAt, recordsAt, strings, text } from './object.ts';
import { StatusError } from './status.ts';
import { keyOf, type Store } from './store.ts';

/** What somebody wants to do with a resource. */
export interface ResourceWish {
  readonly verb: string;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What somebody wants to do with a path outside the resource API. */
interface PathWish {
  readonly verb: string;
  readonly path: string;
}

const rbac = 'rbac.authorization.k8s.io';

/** Whether RBAC lets `user` do it; members of system:masters may do everything. */
export function allowed(store: Store, user: User, wish: ResourceWish | PathWish): boolean {
  return grantOf(store, user, wish) !== undefined;
}

/** Why RBAC lets `user` do it, in the real server's words; `undefined` where it does not. */
export function grantOf(store: Store, user: User, wish: ResourceWish | PathWish): string | undefined {
  if (user.groups.includes('system:masters')) return '';
  const fits = (rule: Record<string, unknown>): boolean =>
    'path' in wish ? pathRule(rule, wish) : resourceRule(rule, wish);
  for (const { binding, subject } of bindingsOf(store, user, 'path' in wish ? undefined : wish.namespace)) {
    if (rulesOf(store, binding).some(fits)) return reasonOf(binding, subject);
  }
  return undefined;
}

/** Every rule of RBAC that gives `user` rights in a namespace, those of the whole cluster among them. */
export function rulesFor(store: Store, user: User, namespace: string): Record<string, unknown>[] {
  return [...bindingsOf(store, user, namespace)].flatMap(({ binding }) => rulesOf(store, binding));
}

/** The bindings that name `user`, each with the subject that does: of the cluster, then of the namespace. */
function* bindingsOf(
  store: Store,
  user: User,
  namespace: string | undefined,
): Generator<{ readonly binding: ApiObject; readonly subject: Record<string, unknown> }> {
  for (const binding of store.table(`clusterrolebindings.${rbac}`).all()) {
    const subject = boundSubject(binding, user);
    if (subject !== undefined) yield { binding, subject };
  }
  if (namespace === undefined) return;
  for (const binding of store.table(`rolebindings.${rbac}`).all()) {
    const subject = binding.metadata.namespace === namespace ? boundSubject(binding, user) : undefined;
    if (subject !== undefined) yield { binding, subject };
  }
}

function reasonOf(binding: ApiObject, { kind, name, namespace }: Record<string, unknown>): string {
  const { metadata } = binding;
  const place = metadata.namespace === undefined ? '' : `/${metadata.namespace}`;
  const role = recordAt(binding, 'roleRef');
  const whose = kind === 'ServiceAccount' ? `${String(name)}/${String(namespace ?? metadata.namespace)}` : String(name);
  return `RBAC: allowed by ${binding.kind} ${JSON.stringify(`${metadata.name}${place}`)} of ${String(role['kind'])} ${JSON.stringify(role['name'])} to ${String(kind)} ${JSON.stringify(whose)}`;
}

function rulesOf(store: Store, binding: ApiObject): Record<string, unknown>[] {
  const { kind, name } = recordAt(binding, 'roleRef');
  const table = store.table(kind === 'Role' ? `roles.${rbac}` : `clusterroles.${rbac}`);
  return recordsAt(
    table.get(keyOf(kind === 'Role' ? binding.metadata.namespace : undefined, text(name) ?? '')),
    'rules',
  );
}

function boundSubject(binding: ApiObject, user: User): Record<string, unknown> | undefined {
  return recordsAt(binding, 'subjects').find(({ kind, name, namespace }) => {
    if (kind === 'User') return name === user.name;
    if (kind === 'Group') return typeof name === 'string' && user.groups.includes(name);
    return `system:serviceaccount:${String(namespace ?? binding.metadata.namespace)}:${String(name)}` === user.name;
  });
}

const has = (list: unknown, wanted: string): boolean => strings(list).some((item) => item === '*' || item === wanted);

function resourceRule(rule: Record<string, unknown>, wish: ResourceWish): boolean {
  const resource = wish.subresource === undefined ? wish.plural : `${wish.plural}/${wish.subresource}`;
  const names = strings(rule['resourceNames']);
  return (
    has(rule['verbs'], wish.verb) &&
    has(rule['apiGroups'], wish.group) &&
    (has(rule['resources'], resource) ||
      (wish.subresource !== undefined && strings(rule['resources']).includes(`*/${wish.subresource}`))) &&
    (names.length === 0 || names.includes(wish.name))
  );
}

function pathRule(rule: Record<string, unknown>, { verb, path }: PathWish): boolean {
  return (
    has(rule['verbs'], verb) &&
    strings(rule['nonResourceURLs']).some((known) =>
      known.endsWith('*') ? path.startsWith(known.slice(0, -1)) : known === path,
    )
  );
}

/** The refusal of what {@link allowed} does not allow. */
export function accessDenied(user: User, wish: ResourceWish | PathWish): StatusError {
  const who = `User ${JSON.stringify(user.name)} cannot ${wish.verb}`;
  if ('path' in wish) {
    return new StatusError(403, 'Forbidden', `forbidden: ${who} path ${JSON.stringify(wish.path)}`, {});
  }
  const { group, plural, subresource, namespace, name } = wish;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`;
  const what = group === '' ? plural : `${plural}.${group}`;
  return new StatusError(
    403,
    'Forbidden',
    `${what}${name === '' ? '' : ` ${JSON.stringify(name)}`} is forbidden: ${why}`,
    {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind: plural,
    },
  );
}
