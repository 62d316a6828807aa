import { userLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { recordAt } from '../server/object.ts';
import { roleTemplates } from './role-bases.ts';
import type { Manager } from './runtime.ts';
import { createUnlessThere, exactly, same, sameButUnmanaged, update } from './writes.ts';

/** The part of the workspacetemplate controller that is about who may do what in a workspace. */
interface WorkspaceRoles {
  /** The built-in roles, put back as they were made: edits of them are lost. */
  initialise(workspace: string): Promise<void>;
  /** The manager becomes the workspace's admin, and nobody else by that binding. */
  bindManager(template: WorkspaceTemplate): Promise<void>;
}

/** pkg/controller/workspacetemplate of 3.x: initWorkspaceRoles and initManagerRoleBinding. */
export function workspaceRoles(manager: Manager): WorkspaceRoles {
  const { connection } = manager;
  const users = manager.informer(kubesphere.users);
  const roles = manager.informer(kubesphere.workspaceRoles);
  const bindings = manager.informer(kubesphere.workspaceRoleBindings);
  const templates = roleTemplates(manager);

  async function initialise(workspace: string): Promise<void> {
    for (const { metadata, rules } of templates('workspace', 'WorkspaceRole')) {
      const name = `${workspace}-${metadata.name}`;
      const labels = { ...metadata.labels, [workspaceLabel]: workspace };
      const annotations = metadata.annotations ?? {};
      const role = roles.get(name);
      if (role === undefined) {
        await createUnlessThere(connection, kubesphere.workspaceRoles, {
          metadata: { name, labels, annotations },
          ...{ rules },
        });
      } else if (
        !sameButUnmanaged(role.metadata.labels, labels) ||
        !same(role.metadata.annotations, annotations) ||
        !same(recordAt({ role }, 'role')['rules'], rules)
      ) {
        await update(connection, kubesphere.workspaceRoles, role, {
          metadata: {
            labels: exactly(role.metadata.labels, labels),
            annotations: exactly(role.metadata.annotations, annotations),
          },
          rules,
        });
      }
    }
  }

  async function bindManager({ metadata: { name: workspace }, spec }: WorkspaceTemplate): Promise<void> {
    const user = users.get(spec.template.spec?.manager ?? '');
    if (user === undefined || user.metadata.deletionTimestamp !== undefined) return;
    const name = `${workspace}-admin`;
    const labels = { [workspaceLabel]: workspace, [userLabel]: user.metadata.name };
    const roleRef = { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user.metadata.name }];
    const binding = bindings.get(name);
    if (binding === undefined) {
      await createUnlessThere(connection, kubesphere.workspaceRoleBindings, {
        metadata: { name, labels },
        roleRef,
        subjects,
      });
    } else if (!same(binding.subjects, subjects) || !sameButUnmanaged(binding.metadata.labels, labels)) {
      await update(connection, kubesphere.workspaceRoleBindings, binding, {
        metadata: { labels: exactly(binding.metadata.labels, labels) },
        roleRef,
        subjects,
      });
    }
  }

  return { initialise, bindManager };
}
