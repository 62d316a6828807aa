import type { KubeObject, Resource } from '../../kube/objects.ts';
import type { Untyped } from '../../kube/resources.ts';
import { core } from '../../kube/resources.ts';
import { groupLabel, managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { type GroupBinding, kubesphere } from '../../kubesphere/resources.ts';
import { recordAt, text } from '../server/object.ts';
import { type Context, loop } from './context.ts';
import { federate } from './federate.ts';
import { addFinalizer, dropFinalizers, ignoring, named, update, withController, withoutWorkspaces } from './writes.ts';

const groupFinalizer = 'finalizers.kubesphere.io/groups';
const bindingFinalizer = 'finalizers.kubesphere.io/groupsbindings';
const parentLabel = 'iam.kubesphere.io/group-parent';

/** Everything that names a group by label and goes with it. */
const belongings: readonly Resource[] = [
  kubesphere.groupBindings,
  kubesphere.workspaceRoleBindings,
  core.clusterRoleBindings,
  core.roleBindings,
];

/** pkg/controller/{group,groupbinding} of 3.x, on every cluster; a host federates both to all its members. */
export function groupControllers(context: Context): void {
  groupController(context);
  groupBindingController(context);
}

function groupController(context: Context): void {
  const { manager, settings } = context;
  const { connection } = manager;
  const groups = manager.informer(kubesphere.groups);
  const templates = manager.informer(kubesphere.workspaceTemplates);
  const sync = federate(manager, {
    resource: kubesphere.groups,
    federated: kubesphere.federatedGroups,
    template: ({ spec = {} }: Untyped) => ({ spec }),
  });

  /** A group belongs to its parent, a root group to its workspace's template; what kubefed made belongs to nobody. */
  async function adopt(group: Untyped): Promise<Untyped> {
    const { labels = {}, ownerReferences = [] } = group.metadata;
    if (labels[managedLabel] === 'true') return group;
    const parentName = labels[parentLabel];
    if (parentName !== undefined) {
      if (belongsTo(group, 'Group', parentName)) return group;
      const parent = groups.get(parentName);
      return update(connection, kubesphere.groups, group, {
        metadata:
          parent === undefined
            ? { labels: { [parentLabel]: null } }
            : { ownerReferences: withController(ownerReferences, kubesphere.groups, parent) },
      });
    }
    const template = templates.get(labels[workspaceLabel] ?? '');
    if (template === undefined || belongsTo(group, 'WorkspaceTemplate', template.metadata.name)) return group;
    const kept = withoutWorkspaces(ownerReferences);
    return update(connection, kubesphere.groups, group, {
      metadata: { ownerReferences: withController(kept, kubesphere.workspaceTemplates, template) },
    });
  }

  async function deleteBelongings(name: string): Promise<void> {
    for (const resource of belongings) {
      for await (const object of connection.listMetadata(resource, { labelSelector: `${groupLabel}=${name}` })) {
        const { namespace, name: one } = object.metadata;
        const at = namespace === undefined ? { name: one } : { namespace, name: one };
        await ignoring(connection.delete(resource, at, { propagationPolicy: 'Background' }), 'NOT_FOUND');
      }
    }
  }

  loop(context, {
    name: 'group',
    informer: groups,
    async reconcile(cached) {
      if (cached.metadata.deletionTimestamp !== undefined) {
        if (cached.metadata.finalizers?.includes(groupFinalizer) !== true) return undefined;
        await deleteBelongings(cached.metadata.name);
        await dropFinalizers(connection, kubesphere.groups, cached, groupFinalizer);
        return undefined;
      }
      const group = await adopt(await addFinalizer(connection, kubesphere.groups, cached, groupFinalizer));
      if (settings.multiCluster()) await sync(group);
      return undefined;
    },
  });
}

function groupBindingController(context: Context): void {
  const { manager, settings } = context;
  const { connection } = manager;
  const sync = federate(manager, {
    resource: kubesphere.groupBindings,
    federated: kubesphere.federatedGroupBindings,
    template: ({ groupRef, users = [] }: GroupBinding) => ({ groupRef, users }),
  });

  /** Writes into each user which groups it is in, so that nobody has to look for them. */
  async function writeGroups(binding: GroupBinding, member: boolean): Promise<void> {
    const group = text(recordAt({ binding }, 'binding', 'groupRef')['name']) ?? '';
    for (const name of binding.users ?? []) {
      const user = await connection.find(kubesphere.users, { name });
      if (user === undefined || user.metadata.deletionTimestamp !== undefined) continue;
      const { groups = [] } = user.spec;
      if (groups.includes(group) === member) continue;
      const next = member ? [...groups, group] : groups.filter((other) => other !== group);
      const body = { spec: { groups: next } };
      await ignoring(connection.patch(kubesphere.users, named(user), { type: 'merge', body }), 'NOT_FOUND');
    }
  }

  loop(context, {
    name: 'groupbinding',
    workers: 2,
    informer: manager.informer(kubesphere.groupBindings),
    async reconcile(cached) {
      if (cached.metadata.deletionTimestamp !== undefined) {
        if (cached.metadata.finalizers?.includes(bindingFinalizer) !== true) return undefined;
        await writeGroups(cached, false);
        await dropFinalizers(connection, kubesphere.groupBindings, cached, bindingFinalizer);
        return undefined;
      }
      const binding = await addFinalizer(connection, kubesphere.groupBindings, cached, bindingFinalizer);
      await writeGroups(binding, true);
      if (settings.multiCluster()) await sync(binding);
      return undefined;
    },
  });
}

/** Told by kind and name, as in pkg/utils/k8sutil. */
function belongsTo({ metadata }: KubeObject, kind: string, name: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.kind === kind && owner.name === name) === true;
}
