import { FederationError } from '../../errors.ts';
import { core, type RoleBinding } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { checkObjectName, refuseFields } from '../../kubesphere/validation.ts';
import type { CallOptions } from '../../types.ts';
import { assertUser } from '../assert-user.ts';
import { some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { performAll } from '../method.ts';
import { perform, type WriteOptions, type Written } from '../operation.ts';
import { giveProjectRole, takeProjectRole } from '../operations/project-role.ts';
import { checkOptions } from '../options.ts';
import { changeRoles } from './people-workflow.ts';
import { checkProject, type ProjectName } from './projects.ts';

/** Somebody who has a role in a project. */
export interface ProjectUser {
  readonly user: string;
  readonly role: string;
  /** A role of the project itself, or of the cluster, given in this project. */
  readonly roleKind: 'Role' | 'ClusterRole';
  /** Name of the RoleBinding. */
  readonly binding: string;
}

/** A user of a project. */
export type ProjectUserName = ProjectName & { readonly user: string };

const usersIn = ({ subjects = [] }: RoleBinding): readonly string[] =>
  subjects.filter(({ kind }) => kind === 'User').map(({ name }) => name);

/** Bindings that give a user something in a project; the project must be there. */
async function bindingsOf(
  { connection }: KubeSphereCluster,
  namespace: string,
  options: CallOptions,
): Promise<readonly RoleBinding[]> {
  await connection.get(core.namespaces, { name: namespace }, options);
  return connection.list(core.roleBindings, { ...options, namespace }).toArray();
}

/** Everybody who has a role in a project, by RoleBinding. */
export async function usersOf(
  env: FederationEnv,
  project: ProjectName,
  options: CallOptions = {},
): Promise<readonly ProjectUser[]> {
  checkProject(project);
  const at = await clusterByName(env)(project.cluster, options);
  return (await bindingsOf(at, project.name, options)).flatMap((binding) =>
    usersIn(binding).map((user) => ({
      user,
      role: binding.roleRef.name,
      roleKind: binding.roleRef.kind === 'ClusterRole' ? 'ClusterRole' : 'Role',
      binding: binding.metadata.name,
    })),
  );
}

/** @throws FederationError `PLAN_BLOCKED` for a binding that gives others something, too */
function alone(at: KubeSphereCluster, user: string, bindings: readonly RoleBinding[]): void {
  const shared = bindings.find(({ subjects = [] }) => subjects.length > 1);
  if (shared === undefined) return;
  const { name, namespace } = shared.metadata;
  throw new FederationError(
    'PLAN_BLOCKED',
    `${at.name}: RoleBinding ${namespace}/${name} gives ${some((shared.subjects ?? []).map((one) => one.name))} the role "${shared.roleRef.name}" at once: it cannot be taken from "${user}" alone. Nothing was changed. Take "${user}" out of it by hand.`,
  );
}

const refOf = ({ metadata: { name, namespace = '', uid } }: RoleBinding) => ({ name, namespace, uid });

/** Gives a user a role of a project; any other role that they have there is taken from them afterwards. */
export async function inviteUser(
  env: FederationEnv,
  invitation: ProjectUserName & { readonly role: string },
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkProject(invitation);
  const { cluster, name: namespace, user, role } = invitation;
  checkObjectName('user', user);
  checkObjectName('role', role);
  const what = `invite "${user}" to project "${namespace}" of ${cluster} as ${role}`;
  return inTime(options, what, async (call) => {
    const at = await clusterByName(env)(cluster, call);
    at.dialect;
    const bindings = await bindingsOf(at, namespace, call);
    const roles = (await at.connection.listMetadata(core.roles, { ...call, namespace }).toArray()).map(
      ({ metadata }) => metadata.name,
    );
    if (!roles.includes(role))
      throw new FederationError(
        'NOT_FOUND',
        `${at.name}: project "${namespace}" has no role "${role}"; it has ${some(roles) || 'none'}. Nothing was changed.`,
      );
    await assertUser(at, user, call, `Create it on the host, and wait until it is on ${at.name}.`);
    // KubeSphere's own API knows one role per user and project (am.go:609-626, 741); roles of the cluster are none of its business.
    const former = bindings.filter(
      (binding) => binding.roleRef.kind === 'Role' && binding.roleRef.name !== role && usersIn(binding).includes(user),
    );
    alone(at, user, former);
    if (former.length === 0) return perform(giveProjectRole(at, { namespace, user, role }), what, call);
    const input = { cluster, namespace, user, role, former: former.map(refOf) };
    return performAll(changeRoles, input, env, what, call);
  });
}

/** Takes every role of a project from a user. */
export async function removeUser(
  env: FederationEnv,
  member: ProjectUserName,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkProject(member);
  refuseFields(
    '',
    member,
    ['role', 'binding'],
    'is nothing that removeUser goes by: it takes every role in the project from the user. Leave it out if that is meant; inviteUser gives one role instead of all.',
  );
  const { cluster, name: namespace, user } = member;
  checkObjectName('user', user);
  const what = `remove "${user}" from project "${namespace}" of ${cluster}`;
  return inTime(options, what, async (call): Promise<Written<void>> => {
    const at = await clusterByName(env)(cluster, call);
    at.dialect;
    const bindings = (await bindingsOf(at, namespace, call)).filter((binding) => usersIn(binding).includes(user));
    alone(at, user, bindings);
    const [first, ...more] = bindings;
    if (first === undefined) {
      const why = `"${user}" has no role there`;
      if (call.dryRun === true) return { outcome: 'dry-run', forecast: { effect: 'none', why, out: undefined } };
      return { outcome: 'already', result: undefined, why };
    }
    if (more.length === 0) return perform(takeProjectRole(at, refOf(first)), what, call);
    const input = { cluster, namespace, user, role: null, former: bindings.map(refOf) };
    return performAll(changeRoles, input, env, what, call);
  });
}
