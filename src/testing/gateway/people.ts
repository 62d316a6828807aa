import { kubesphere, type User } from '../../kubesphere/resources.ts';
import { bindingsOf, type Level } from './bindings.ts';
import type { KubeClient } from './kube.ts';
import { type ListResult, listResult } from './list-query.ts';

/** A User as ks-apiserver shows it: without the hash of the password. */
export function withoutPassword({ spec, ...user }: User): User {
  const { password: _hidden, ...shown } = spec;
  return { ...user, spec: shown };
}

/** A User with an annotation that says which role they have where one looks. */
export function withRole(user: User, annotation: string, role: string): User {
  const annotations = { ...user.metadata.annotations, [annotation]: role };
  return { ...user, metadata: { ...user.metadata, annotations } };
}

function userFilter({ spec }: User, field: string, value: string): boolean | undefined {
  switch (field) {
    case 'email':
      return spec.email === value;
    case 'ingroup':
      return spec.groups?.includes(value) === true;
    case 'notingroup':
      return spec.groups?.includes(value) !== true;
    default:
      return undefined;
  }
}

/** Users as lists show them. */
export function listUsers(users: readonly User[], query: URLSearchParams): ListResult<User> {
  const { items, totalItems } = listResult(users, query, userFilter);
  return { items: items.map(withoutPassword), totalItems };
}

/** Users who have a role on a level, each with it; whom no User stands for is left out. */
export async function membersOf(
  kube: KubeClient,
  level: Level,
  { annotation, role = '' }: { readonly annotation: string; readonly role?: string },
): Promise<User[]> {
  const users = new Map((await kube.list(kubesphere.users)).map((user) => [user.metadata.name, user]));
  const members = new Map<string, User>();
  for (const { roleRef, subjects = [] } of await bindingsOf(kube, level)) {
    if (role !== '' && roleRef.name !== role) continue;
    for (const { kind, name } of subjects) {
      const user = kind === 'User' ? users.get(name) : undefined;
      if (user !== undefined && !members.has(name)) members.set(name, withRole(user, annotation, roleRef.name));
    }
  }
  return [...members.values()];
}
