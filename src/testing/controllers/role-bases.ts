import type { PolicyRule } from '../../kube/resources.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { recordAt } from '../server/object.ts';
import type { Manager } from './runtime.ts';

/** A built-in role as a RoleBase carries it. */
export interface RoleTemplate {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly rules: readonly PolicyRule[];
}

const scopeLabel = (scope: string): string => `scope.kubesphere.io/${scope}`;

/** Reads the built-in roles of a scope and kind from the cluster's RoleBases. */
export function roleTemplates(manager: Manager): (scope: string, kind: 'Role' | 'WorkspaceRole') => RoleTemplate[] {
  const bases = manager.informer(kubesphere.roleBases);
  return (scope, kind) =>
    bases
      .list(({ metadata }) => metadata.labels?.[scopeLabel(scope)] !== undefined)
      .map((base): unknown => recordAt(base, 'role'))
      .filter(isRoleTemplate)
      .filter((template) => template.kind === kind);
}

function isRoleTemplate(value: unknown): value is RoleTemplate {
  return (
    typeof recordAt(value)['kind'] === 'string' &&
    typeof recordAt(value, 'metadata')['name'] === 'string' &&
    Array.isArray(recordAt(value)['rules'])
  );
}

const everywhere = ['*'];
const reading = ['get', 'list', 'watch'];
const read: PolicyRule = { apiGroups: everywhere, resources: everywhere, verbs: reading };
const everything: PolicyRule = { ...read, verbs: everywhere };
/** What happens in projects, as far as the sandbox serves it; rights over people are not among it. */
const projectGroups = [
  ...['', 'apps', 'extensions', 'batch', 'autoscaling', 'networking.k8s.io', 'snapshot.storage.k8s.io', 'app.k8s.io'],
  ...['openpitrix.io', 'devops.kubesphere.io', 'resources.kubesphere.io', 'operations.kubesphere.io'],
];

/** The RoleBases that the installer creates: project roles, DevOps roles and workspace roles. */
export function builtInRoleBases(): { readonly name: string; readonly scope: string; readonly role: RoleTemplate }[] {
  const project = {
    admin: [everything],
    operator: [read, { ...everything, apiGroups: projectGroups }],
    viewer: [read],
  };
  const workspace = {
    admin: [everything],
    'self-provisioner': [
      { ...read, resources: ['workspaces', 'workspacemembers', 'quotas', 'abnormalworkloads', 'pods'] },
      {
        ...read,
        resources: ['namespaces', 'federatednamespaces', 'devops', 'devopsprojects'],
        verbs: ['create', 'watch'],
      },
    ],
    regular: [{ ...read, resources: ['workspaces', 'workspacemembers'] }],
    viewer: [read],
  };
  const table = { namespace: project, devops: project, workspace };
  return Object.entries(table).flatMap(([scope, roles]) =>
    Object.entries(roles).map(([name, allowed]) => ({
      name: `${scope}-${name}`,
      scope: scopeLabel(scope),
      role: {
        kind: scope === 'workspace' ? 'WorkspaceRole' : 'Role',
        metadata: { name, annotations: { 'kubesphere.io/creator': 'system' } },
        rules: allowed,
      },
    })),
  );
}
