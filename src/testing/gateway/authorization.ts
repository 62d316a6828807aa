import type { ObjectName } from '../../kube/objects.ts';
import { core, type PolicyRule, type RoleBinding, type Subject } from '../../kube/resources.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { User } from '../server/call.ts';
import { recordsAt, strings } from '../server/object.ts';
import type { Wish } from './context.ts';
import { authenticatedRole } from './global-roles.ts';
import type { KubeClient } from './kube.ts';

/**
 * Whether a user may do it: by the rules of the roles that bindings give them, from the platform down to the project, as
 * far as the wish's scope reaches (pkg/apiserver/authorization/rbac of 3.x).
 */
export async function isAllowed(kube: KubeClient, user: User, wish: Wish): Promise<boolean> {
  for await (const bindings of levels(kube, wish)) {
    for (const binding of bindings) {
      if (!binds(binding, user)) continue;
      if (binding.roleRef.name === authenticatedRole && ownBusiness(user, wish)) return true;
      const rules = await rulesOf(kube, binding);
      if (rules.some((rule) => permits(rule, wish))) return true;
    }
  }
  return false;
}

/** Bindings that count for a wish, level by level. */
async function* levels(kube: KubeClient, wish: Wish): AsyncIterable<readonly RoleBinding[]> {
  const { scope, namespace = '', devops = '' } = wish;
  yield await kube.list(kubesphere.globalRoleBindings);
  if (scope === 'Global') return;
  const inside = scope === 'Namespace' ? namespace : scope === 'DevOps' ? devops : '';
  if (scope === 'Workspace' || inside !== '') {
    const workspace = (inside === '' ? undefined : await workspaceOf(kube, inside)) || (wish.workspace ?? '');
    // Without a workspace the bindings of all workspaces count: who administers any may enter projects that are in none.
    const labelSelector = workspace === '' ? {} : { labelSelector: `${workspaceLabel}=${workspace}` };
    yield await kube.list(kubesphere.workspaceRoleBindings, labelSelector);
  }
  if (inside !== '') yield await kube.list(core.roleBindings, { namespace: inside });
  yield await kube.list(core.clusterRoleBindings);
}

async function workspaceOf(kube: KubeClient, name: string): Promise<string | undefined> {
  return (await kube.find(core.namespaces, { name }))?.metadata.labels?.[workspaceLabel];
}

/** Whether a binding names `user`, a group of theirs, or the account that they are. */
export function binds({ metadata, subjects = [] }: RoleBinding, user: User): boolean {
  return subjects.some(({ kind, name, namespace = metadata.namespace }: Subject) => {
    if (kind === 'User') return name === user.name;
    if (kind === 'Group') return user.groups.includes(name);
    return kind === 'ServiceAccount' && user.name === `system:serviceaccount:${namespace}:${name}`;
  });
}

const roleKinds = {
  Role: core.roles,
  ClusterRole: core.clusterRoles,
  GlobalRole: kubesphere.globalRoles,
  WorkspaceRole: kubesphere.workspaceRoles,
} as const;
const isRoleKind = (kind: string): kind is keyof typeof roleKinds => Object.hasOwn(roleKinds, kind);

async function rulesOf(kube: KubeClient, { metadata, roleRef }: RoleBinding): Promise<PolicyRule[]> {
  const { kind, name } = roleRef;
  if (!isRoleKind(kind)) return [];
  const { namespace } = metadata;
  const at: ObjectName = kind === 'Role' && namespace !== undefined ? { namespace, name } : { name };
  return recordsAt(await kube.find(roleKinds[kind], at), 'rules').map((rule) => ({
    verbs: strings(rule['verbs']),
    apiGroups: strings(rule['apiGroups']),
    resources: strings(rule['resources']),
    resourceNames: strings(rule['resourceNames']),
    nonResourceURLs: strings(rule['nonResourceURLs']),
  }));
}

const includes = (list: readonly string[] = [], wanted = ''): boolean => list.includes('*') || list.includes(wanted);

function permits(rule: PolicyRule, wish: Wish): boolean {
  if (!includes(rule.verbs, wish.verb)) return false;
  if (wish.resourceRequest === false)
    return (rule.nonResourceURLs ?? []).some((url) =>
      url.endsWith('*') ? (wish.path ?? '').startsWith(url.slice(0, -1)) : url === wish.path,
    );
  const { resource = '', subresource = '', name = '' } = wish;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  const names = rule.resourceNames ?? [];
  return (
    includes(rule.apiGroups, wish.group) &&
    (includes(rule.resources, combined) ||
      (subresource !== '' && rule.resources?.includes(`*/${subresource}`) === true)) &&
    (names.length === 0 || names.includes(name))
  );
}

/**
 * What everybody who is signed in may do with their own things. In the product it is a policy in the language of Open
 * Policy Agent, annotated on the role `authenticated`; nothing here evaluates that language.
 */
function ownBusiness(user: User, { verb, resource, name, path, group, kubernetes }: Wish): boolean {
  const reads = ['get', 'list', 'watch'].includes(verb);
  if (resource === 'users' && name === user.name) return true;
  if (['clustermembers', 'workspacemembers', 'members'].includes(resource ?? '') && name === user.name) return reads;
  if (verb === 'GET' && (path === '/api' || path === '/api/v1')) return true;
  return reads && group === 'tenant.kubesphere.io' && kubernetes === false;
}
