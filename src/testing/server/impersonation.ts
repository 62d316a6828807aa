import type { IncomingHttpHeaders } from 'node:http';
import { accessDenied, allowed, type ResourceWish } from './access.ts';
import { anonymous } from './authentication.ts';
import type { User } from './call.ts';
import { internalError } from './status.ts';
import type { Store } from './store.ts';

const authenticated = 'system:authenticated';
const unauthenticated = 'system:unauthenticated';
const extra = 'impersonate-extra-';

/** Whom a request is made for: somebody else where its headers say so, and `user` may impersonate them. @throws StatusError 403 */
export function impersonated(store: Store, user: User, headers: IncomingHttpHeaders): User {
  if (!Object.keys(headers).some((header) => header.startsWith('impersonate-'))) return user;
  const name = textOfHeader(headers['impersonate-user']);
  const uid = textOfHeader(headers['impersonate-uid']);
  const groups = textOfHeader(headers['impersonate-group'])
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '');
  const extras = Object.entries(headers).flatMap(([header, value]): [string, string][] =>
    header.startsWith(extra) ? [[decodeURIComponent(header.slice(extra.length)), textOfHeader(value)]] : [],
  );
  if (name === '') throw internalError('requested groups, a UID or extras without impersonating a user');
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const [, namespace = '', accountName = ''] = account ?? [];
  const ask = (wish: Pick<ResourceWish, 'group' | 'plural' | 'name'> & Partial<ResourceWish>): void => {
    const question = { namespace: undefined, subresource: undefined, ...wish, verb: 'impersonate' };
    if (!allowed(store, user, question)) throw accessDenied(user, question);
  };
  if (account === null) ask({ group: '', plural: 'users', name });
  else ask({ group: '', plural: 'serviceaccounts', namespace, name: accountName });
  for (const group of groups) ask({ group: '', plural: 'groups', name: group });
  for (const [key, value] of extras) {
    ask({ group: 'authentication.k8s.io', plural: 'userextras', subresource: key, name: value });
  }
  if (uid !== '') ask({ group: 'authentication.k8s.io', plural: 'uids', name: uid });
  const own =
    account === null || groups.length > 0 ? groups : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return { name, ...(uid === '' ? {} : { uid }), groups: withEverybody(name, own) };
}

function withEverybody(name: string, groups: readonly string[]): readonly string[] {
  if (groups.includes(unauthenticated)) return groups;
  if (name === anonymous.name) return [...groups, unauthenticated];
  return groups.includes(authenticated) ? groups : [...groups, authenticated];
}

function textOfHeader(header: string | string[] | undefined): string {
  return [header ?? ''].flat().join(',');
}
