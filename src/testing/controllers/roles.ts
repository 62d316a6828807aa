import type { KubeObject } from '../../kube/objects.ts';
import { core, type RoleBinding } from '../../kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { recordAt } from '../server/object.ts';
import { type Context, loop } from './context.ts';
import { type Federation, federate } from './federate.ts';
import { createUnlessThere, isControlledBy, update, withController, withoutWorkspaces } from './writes.ts';

const roleTemplate = (role: KubeObject): Record<string, unknown> => ({
  rules: recordAt({ role }, 'role')['rules'] ?? [],
});
const bindingTemplate = ({ subjects = [], roleRef }: RoleBinding): Record<string, unknown> => ({ subjects, roleRef });

/**
 * pkg/controller/{globalrole,globalrolebinding,workspacerole,workspacerolebinding} of 3.x. A host federates all of them to
 * all members, whatever the workspace's placement; those of a workspace belong to its WorkspaceTemplate.
 */
export function roleControllers(context: Context): void {
  const { manager } = context;
  workspaceObjects(context, {
    resource: kubesphere.workspaceRoles,
    federated: kubesphere.federatedWorkspaceRoles,
    template: roleTemplate,
  });
  workspaceObjects(context, {
    resource: kubesphere.workspaceRoleBindings,
    federated: kubesphere.federatedWorkspaceRoleBindings,
    template: bindingTemplate,
  });
  globalObjects(context, {
    resource: kubesphere.globalRoles,
    federated: kubesphere.federatedGlobalRoles,
    template: roleTemplate,
  });
  globalObjects(context, {
    resource: kubesphere.globalRoleBindings,
    federated: kubesphere.federatedGlobalRoleBindings,
    template: bindingTemplate,
  });
  loop(context, {
    name: 'cluster-admin',
    informer: manager.informer(kubesphere.globalRoleBindings),
    async reconcile(binding) {
      const user = binding.subjects?.find(({ kind }) => kind === 'User')?.name;
      if (recordAt({ binding }, 'binding', 'roleRef')['name'] !== 'platform-admin' || user === undefined)
        return undefined;
      // Stays behind on a member when the host goes: the user keeps these rights there (H16).
      await createUnlessThere(manager.connection, core.clusterRoleBindings, {
        metadata: {
          name: `${user}-cluster-admin`,
          ownerReferences: withController([], kubesphere.globalRoleBindings, binding),
        },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      });
      return undefined;
    },
  });
}

function globalObjects<T extends KubeObject>(context: Context, federation: Federation<T>): void {
  const { manager, settings } = context;
  const sync = federate(manager, federation);
  loop(context, {
    name: federation.resource.plural,
    informer: manager.informer(federation.resource),
    async reconcile(object) {
      if (settings.multiCluster() && object.metadata.deletionTimestamp === undefined) await sync(object);
      return undefined;
    },
  });
}

function workspaceObjects<T extends KubeObject>(context: Context, federation: Federation<T>): void {
  const { manager, settings } = context;
  const { resource } = federation;
  const templates = manager.informer(kubesphere.workspaceTemplates);
  const sync = federate(manager, federation);
  loop(context, {
    name: resource.plural,
    informer: manager.informer(resource),
    async reconcile(cached) {
      const { labels, deletionTimestamp } = cached.metadata;
      if (labels?.[managedLabel] === 'true' || deletionTimestamp !== undefined) return undefined;
      const template = templates.get(labels?.[workspaceLabel] ?? '');
      const object =
        template === undefined || isControlledBy(cached, template)
          ? cached
          : await update(manager.connection, resource, cached, {
              metadata: {
                ownerReferences: withController(
                  withoutWorkspaces(cached.metadata.ownerReferences),
                  kubesphere.workspaceTemplates,
                  template,
                ),
              },
            });
      if (settings.multiCluster()) await sync(object);
      return undefined;
    },
  });
}
