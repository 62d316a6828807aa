import type { RoleBinding } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { userLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';

/** Whom a member's own workspace knows, and its host does not. */
export interface MembersOwn {
  /** People besides the manager, each with the role there, without the workspace's name. */
  readonly people: readonly { readonly user: string; readonly role: string }[];
  /** Roles that KubeSphere does not make for every workspace, without the workspace's name. */
  readonly roles: readonly string[];
}

/** What KubeSphere makes for every workspace. */
const builtIn: ReadonlySet<string> = new Set(['admin', 'regular', 'self-provisioner', 'viewer']);

/** Whom a binding gives its role. */
export function usersOf({ metadata, subjects = [] }: RoleBinding): readonly string[] {
  const named = subjects.flatMap(({ kind, name }) => (kind === 'User' ? [name] : []));
  const label = metadata.labels?.[userLabel];
  return named.length > 0 || label === undefined ? named : [label];
}

/** The binding that KubeSphere's own controller keeps for the manager (workspacetemplate_controller.go:367-392). */
export const isManagers = (workspace: string, { metadata }: RoleBinding): boolean =>
  metadata.name === `${workspace}-admin`;

/** Reads who has which role in a workspace of a member, and what roles it has of its own. */
export async function membersOwn(
  { connection }: KubeSphereCluster,
  name: string,
  options: CallOptions,
): Promise<MembersOwn> {
  const of = { ...options, labelSelector: `${workspaceLabel}=${name}` };
  const short = (role: string): string => role.replace(`${name}-`, '');
  const [bindings, roles] = await Promise.all([
    connection.list(kubesphere.workspaceRoleBindings, of).toArray(),
    connection.listMetadata(kubesphere.workspaceRoles, of).toArray(),
  ]);
  return {
    people: bindings
      .filter((binding) => !isManagers(name, binding))
      .flatMap((binding) => usersOf(binding).map((user) => ({ user, role: short(binding.roleRef.name) }))),
    roles: roles.map(({ metadata }) => short(metadata.name)).filter((role) => !builtIn.has(role)),
  };
}
