import type { KubeObject, ObjectName, Resource } from '../../kube/objects.ts';
import { core, type RoleBinding } from '../../kube/resources.ts';
import { userLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { KubeClient } from './kube.ts';
import { notFound, Refusal } from './refusal.ts';

/** Where users can have a role, each with one role at most: the platform, the cluster, a workspace, a project. */
export interface Level {
  readonly bindings: Resource<RoleBinding>;
  readonly role: Resource;
  /** `apiGroup` of the binding's reference. */
  readonly roleGroup: string;
  readonly namespace?: string;
  readonly workspace?: string;
}

const rbac = 'rbac.authorization.k8s.io';
const iam = 'iam.kubesphere.io';

/** The platform. */
export const platformLevel: Level = {
  bindings: kubesphere.globalRoleBindings,
  role: kubesphere.globalRoles,
  roleGroup: iam,
};
/** The gateway's cluster. */
export const clusterLevel: Level = { bindings: core.clusterRoleBindings, role: core.clusterRoles, roleGroup: rbac };
/** A workspace. */
export const workspaceLevel = (workspace: string): Level => ({
  bindings: kubesphere.workspaceRoleBindings,
  role: kubesphere.workspaceRoles,
  roleGroup: iam,
  workspace,
});
/** A project. */
export const projectLevel = (namespace: string): Level => ({
  bindings: core.roleBindings,
  role: core.roles,
  roleGroup: rbac,
  namespace,
});

/** Bindings of a level; of one user when named. */
export async function bindingsOf(kube: KubeClient, level: Level, username?: string): Promise<RoleBinding[]> {
  const { bindings, namespace, workspace } = level;
  const all = await kube.list(bindings, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(workspace === undefined ? {} : { labelSelector: `${workspaceLabel}=${workspace}` }),
  });
  if (username === undefined) return all;
  return all.filter(({ subjects = [] }) => subjects.some(({ kind, name }) => kind === 'User' && name === username));
}

async function checkRole(kube: KubeClient, { role, namespace, workspace }: Level, name: string): Promise<void> {
  const at: ObjectName = namespace === undefined ? { name } : { namespace, name };
  const found: KubeObject = await kube.lookUp(role, at);
  if (workspace === undefined || found.metadata.labels?.[workspaceLabel] === workspace) return;
  throw notFound(`workspacerole.${iam}`, name);
}

/**
 * Gives a user a role. Every other role that they have on that level is taken from them first, one by one, up to the one
 * wanted if they have that (pkg/models/iam/am). @throws Refusal 404 for no such role
 */
export async function giveRole(kube: KubeClient, level: Level, username: string, role: string): Promise<void> {
  await checkRole(kube, level, role);
  for (const binding of await bindingsOf(kube, level, username)) {
    if (binding.roleRef.name === role) return;
    await drop(kube, level, binding);
  }
  const { bindings, roleGroup, namespace, workspace } = level;
  await kube.create(
    bindings,
    {
      metadata: {
        name: `${username}-${role}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { [userLabel]: username, ...(workspace === undefined ? {} : { [workspaceLabel]: workspace }) },
      },
      subjects: [{ kind: 'User', apiGroup: rbac, name: username }],
      roleRef: { apiGroup: roleGroup, kind: level.role.kind, name: role },
    },
    namespace,
  );
}

/** Takes every role of a level from a user. */
export async function takeRoles(kube: KubeClient, level: Level, username: string): Promise<void> {
  for (const binding of await bindingsOf(kube, level, username)) await drop(kube, level, binding);
}

async function drop(kube: KubeClient, { bindings, namespace }: Level, { metadata }: RoleBinding): Promise<void> {
  const at: ObjectName = namespace === undefined ? { name: metadata.name } : { namespace, name: metadata.name };
  try {
    await kube.delete(bindings, at, { gracePeriodSeconds: 0 });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
  }
}
