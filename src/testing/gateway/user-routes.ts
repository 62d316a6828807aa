import { compare } from 'bcryptjs';
import { kubesphere, type User } from '../../kubesphere/resources.ts';
import type { Answer } from '../server/answer.ts';
import { recordAt, text } from '../server/object.ts';
import { bindingsOf, giveRole, platformLevel } from './bindings.ts';
import type { GatewayContext } from './context.ts';
import { namedEntity, objectEntity, recordEntity } from './entity.ts';
import { listUsers, membersOf, withoutPassword, withRole } from './people.ts';
import { jsonAnswer, Refusal, success } from './refusal.ts';
import { only, type Route, type RoutedRequest } from './routes.ts';

const { users } = kubesphere;
const roleAnnotation = 'iam.kubesphere.io/globalrole';
const base = '/kapis/iam.kubesphere.io/v1alpha2/users';
const one = `${base}/{user}`;
const named = ({ at }: RoutedRequest) => ({ name: at('user') });

/** A written User, and the platform role that its annotation asks for: that is no part of the object. */
function asked(object: Pick<User, 'metadata'>): { readonly user: User; readonly role: string } {
  const { [roleAnnotation]: role = '', ...annotations } = object.metadata.annotations ?? {};
  const user = { ...object, metadata: { ...object.metadata, annotations } };
  return { user: { ...user, spec: { email: '', ...recordAt(object, 'spec') } } as User, role };
}

async function globalRoleOf({ kube }: GatewayContext, username: string): Promise<string | undefined> {
  return (await bindingsOf(kube, platformLevel, username))[0]?.roleRef.name;
}

async function shown(gate: GatewayContext, user: User): Promise<User> {
  const role = await globalRoleOf(gate, user.metadata.name);
  return role === undefined ? user : withRole(user, roleAnnotation, role);
}

async function list(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const query = new URLSearchParams(request.query);
  const role = query.get('globalrole') ?? '';
  query.delete('globalrole');
  const found =
    role === ''
      ? await gate.kube.list(users)
      : await membersOf(gate.kube, platformLevel, { annotation: roleAnnotation, role });
  const { items, totalItems } = listUsers(found, query);
  return jsonAnswer({ items: await Promise.all(items.map((user) => shown(gate, user))), totalItems });
}

async function create(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const { user, role } = asked(objectEntity(request));
  if (role !== '') await gate.kube.lookUp(kubesphere.globalRoles, { name: role });
  const created = await gate.kube.create(users, user);
  if (role !== '') await giveRole(gate.kube, platformLevel, user.metadata.name, role);
  return jsonAnswer(withoutPassword(created));
}

/** Keeps password and status as they are, but that an account can be closed or opened. */
async function update(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const { user, role } = asked(namedEntity(request, request.at('user')));
  const old = await gate.kube.lookUp(users, named(request));
  const state = user.status?.state;
  const status = state === 'Disabled' || state === 'Active' ? { ...old.status, state } : old.status;
  const { password } = old.spec;
  const spec = { ...user.spec, ...(password === undefined ? {} : { password }) };
  const wanted: User = { ...user, spec, ...(status === undefined ? {} : { status }) };
  const updated = await gate.kube.update(users, wanted);
  if (role === '') return jsonAnswer(withoutPassword(updated));
  await changeRole(gate, request.user, user.metadata.name, role);
  return jsonAnswer(withRole(withoutPassword(updated), roleAnnotation, role));
}

async function changeRole(
  gate: GatewayContext,
  operator: RoutedRequest['user'],
  username: string,
  role: string,
): Promise<void> {
  if ((await globalRoleOf(gate, username)) === role) return;
  if (!(await gate.allowed(operator, { verb: 'update', resource: 'users', scope: 'Global' })))
    throw new Refusal(
      403,
      `user.iam.kubesphere.io ${JSON.stringify(username)} is forbidden: update global role binding is not allowed`,
    );
  await giveRole(gate.kube, platformLevel, username, role);
}

/** Users' managers need not know the old password, but where they give one it must be right. */
async function setPassword(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const { currentPassword, password } = recordEntity(request);
  const current = text(currentPassword) ?? '';
  const wish = { verb: 'update', resource: 'users/password', scope: 'Global' } as const;
  const manager = await gate.allowed(request.user, wish);
  const user = await gate.kube.lookUp(users, named(request));
  if ((!manager || current !== '') && !(await compare(current, user.spec.password ?? '')))
    throw new Refusal(400, 'incorrect old password');
  const changed: User = { ...user, spec: { ...user.spec, password: text(password) ?? '' } };
  await gate.kube.update(users, changed);
  return success;
}

/** Users (pkg/kapis/iam/v1alpha2). */
export const userRoutes: readonly Route[] = [
  { method: 'GET', pattern: base, handle: list, failure: only(500) },
  { method: 'POST', pattern: base, handle: create },
  {
    method: 'GET',
    pattern: one,
    // A user who does not exist is a fault inside, too.
    failure: only(500),
    async handle(gate, request) {
      return jsonAnswer(await shown(gate, withoutPassword(await gate.kube.lookUp(users, named(request)))));
    },
  },
  { method: 'PUT', pattern: one, handle: update },
  {
    method: 'DELETE',
    pattern: one,
    async handle({ kube }, request) {
      await kube.delete(users, named(request), { gracePeriodSeconds: 0 });
      return success;
    },
  },
  { method: 'PUT', pattern: `${one}/password`, handle: setPassword },
];
