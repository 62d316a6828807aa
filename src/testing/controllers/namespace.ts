import { core, type Namespace, type Role } from '../../kube/resources.ts';
import {
  creatorAnnotation,
  devopsLabel,
  finalizers,
  managedLabel,
  namespaceLabel,
  workspaceLabel,
} from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { extra } from '../kinds.ts';
import { type Context, loop } from './context.ts';
import { roleTemplates } from './role-bases.ts';
import {
  createUnlessThere,
  dropFinalizers,
  exactly,
  ignoring,
  isControlledBy,
  same,
  update,
  withController,
  withoutWorkspaces,
} from './writes.ts';

/**
 * pkg/controller/namespace of 3.x, on every cluster: the workspace label decides, owner references follow. Only events
 * of the namespace itself wake it: a Workspace that goes leaves references dangling until the namespace changes.
 */
export function namespaceController(context: Context): void {
  const { manager } = context;
  const { connection } = manager;
  const namespaces = manager.informer(core.namespaces);
  const workspaces = manager.informer(kubesphere.workspaces);
  const users = manager.informer(kubesphere.users);
  const roles = manager.informer(core.roles);
  const templates = roleTemplates(manager);

  /** The creator becomes admin, once, and the namespace is marked with its own name. */
  async function initialise(namespace: Namespace): Promise<Namespace> {
    const present = namespace.metadata.finalizers ?? [];
    if (present.includes(finalizers.namespace)) return namespace;
    const { name, annotations } = namespace.metadata;
    const creator = annotations?.[creatorAnnotation];
    if (creator !== undefined && users.get(creator) !== undefined) {
      await createUnlessThere(connection, core.roleBindings, {
        metadata: { name: `${creator}-admin`, namespace: name, labels: { 'iam.kubesphere.io/user-ref': creator } },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: creator }],
      });
    }
    return update(connection, core.namespaces, namespace, {
      metadata: { finalizers: [...present, finalizers.namespace], labels: { [namespaceLabel]: name } },
    });
  }

  async function bind(namespace: Namespace, workspaceName: string): Promise<void> {
    const workspace = workspaces.get(workspaceName);
    if (workspace === undefined) {
      if (ownedByWorkspace(namespace)) await unbind(namespace);
      return;
    }
    if (workspace.metadata.deletionTimestamp !== undefined) return unbind(namespace);
    if (isControlledBy(namespace, workspace)) return;
    const kept = withoutWorkspaces(namespace.metadata.ownerReferences);
    const ownerReferences = withController(kept, kubesphere.workspaces, workspace);
    await update(connection, core.namespaces, namespace, { metadata: { ownerReferences } });
  }

  async function unbind(namespace: Namespace): Promise<void> {
    const { labels, ownerReferences } = namespace.metadata;
    if (labels?.[workspaceLabel] === undefined && !ownedByWorkspace(namespace)) return;
    await update(connection, core.namespaces, namespace, {
      metadata: { labels: { [workspaceLabel]: null }, ownerReferences: withoutWorkspaces(ownerReferences) },
    });
  }

  /** The built-in roles, put back as they were made: edits of them are lost. */
  async function initialiseRoles({ metadata: { name: namespace, labels } }: Namespace): Promise<void> {
    for (const template of templates(labels?.[devopsLabel] === undefined ? 'namespace' : 'devops', 'Role')) {
      const { name, labels: wanted = {}, annotations = {} } = template.metadata;
      const metadata = { name, namespace, labels: wanted, annotations };
      const role = roles.get({ namespace, name });
      if (role === undefined) await createUnlessThere(connection, core.roles, { metadata, rules: template.rules });
      else if (!sameRole(role, metadata, template.rules)) {
        await update(connection, core.roles, role, {
          metadata: {
            labels: exactly(role.metadata.labels, wanted),
            annotations: exactly(role.metadata.annotations, annotations),
          },
          rules: template.rules,
        });
      }
    }
  }

  loop(context, {
    name: 'namespace',
    informer: namespaces,
    async reconcile(cached) {
      if (cached.metadata.deletionTimestamp !== undefined) {
        if (cached.metadata.finalizers?.includes(finalizers.namespace) !== true) return undefined;
        const gateway = { namespace: 'kubesphere-controls-system', name: `kubesphere-router-${cached.metadata.name}` };
        await ignoring(connection.delete(extra.gateways, gateway, { propagationPolicy: 'Background' }), 'NOT_FOUND');
        await dropFinalizers(connection, core.namespaces, cached, finalizers.namespace);
        return undefined;
      }
      const namespace = await initialise(cached);
      const { labels } = namespace.metadata;
      const workspace = labels?.[workspaceLabel];
      if (labels?.[managedLabel] !== 'true')
        await (workspace === undefined ? unbind(namespace) : bind(namespace, workspace));
      if (workspace !== undefined || labels?.[devopsLabel] !== undefined) await initialiseRoles(namespace);
      return undefined;
    },
  });
}

function ownedByWorkspace(namespace: Namespace): boolean {
  return namespace.metadata.ownerReferences?.some(({ kind }) => kind === 'Workspace') === true;
}

function sameRole(
  role: Role,
  wanted: { readonly labels: object; readonly annotations: object },
  rules: unknown,
): boolean {
  const { labels, annotations } = role.metadata;
  return same(labels, wanted.labels) && same(annotations, wanted.annotations) && same(role.rules, rules);
}
