import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import { managedLabel, userLabel, workspaceLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { createUnlessThere } from './controllers/writes.ts';
import { createUser } from './projects.ts';
import { until } from './until.ts';

const rbac = 'rbac.authorization.k8s.io';

/** A role as {@link createWorkspaceRole} makes it. */
export interface SeedWorkspaceRole {
  readonly workspace: string;
  /** Without the name of the workspace, which the role's own name begins with. */
  readonly name: string;
  /** What it allows, as in RBAC. @defaultValue to look at everything */
  readonly rules?: readonly object[];
}

/** Who is invited to which workspace as what. */
export interface SeedInvitation {
  readonly workspace: string;
  readonly user: string;
  /** Without the name of the workspace: admin, viewer, regular, self-provisioner, or one of {@link createWorkspaceRole}. @defaultValue viewer */
  readonly role?: string;
}

const looking = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }];

/** Creates a role of a workspace besides the built-in ones. On a host it reaches every member. */
export async function createWorkspaceRole(
  connection: Connection,
  { workspace, name, rules = looking }: SeedWorkspaceRole,
): Promise<void> {
  await createUnlessThere(connection, kubesphere.workspaceRoles, {
    metadata: { name: `${workspace}-${name}`, labels: { [workspaceLabel]: workspace } },
    ...{ rules },
  });
}

/** Invites a user, who is created where there is none of that name, as the API of KubeSphere does. On a host it reaches every member. */
export async function inviteToWorkspace(
  connection: Connection,
  { workspace, user, role = 'viewer' }: SeedInvitation,
): Promise<void> {
  if ((await connection.find(kubesphere.users, { name: user })) === undefined)
    await createUser(connection, { name: user });
  const name = `${workspace}-${role}`;
  await until(`workspace role ${name} is there`, () => connection.find(kubesphere.workspaceRoles, { name }));
  await createUnlessThere(connection, kubesphere.workspaceRoleBindings, {
    metadata: { name: `${user}-${name}`, labels: { [workspaceLabel]: workspace, [userLabel]: user } },
    roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name },
    subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
  });
}

/** What {@link seedLeftovers} leaves. */
export interface SeedLeftovers {
  /** Users whom a former host would not let go: kubefed of a new host leaves them, and their passwords, alone. */
  readonly users?: readonly string[];
  /** Users with a binding to cluster-admin that nobody took back: whoever has that name on a new host gets it. */
  readonly admins?: readonly string[];
}

/** Leaves on a member what former hosts leave there. */
export async function seedLeftovers(member: Connection, { users = [], admins = [] }: SeedLeftovers): Promise<void> {
  for (const name of users) {
    await createUser(member, { name });
    const body = { metadata: { labels: { [managedLabel]: 'false' } } };
    await member.patch(kubesphere.users, { name }, { type: 'merge', body });
  }
  for (const user of admins) {
    await createUnlessThere(member, core.clusterRoleBindings, {
      metadata: { name: `${user}-cluster-admin`, labels: { [userLabel]: user } },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
    });
  }
}
