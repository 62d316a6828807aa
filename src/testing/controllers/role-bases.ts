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

/** The RoleBases that the installer creates: project roles, DevOps roles and workspace roles. */
export function builtInRoleBases(): { readonly name: string; readonly scope: string; readonly role: RoleTemplate }[] {
  const rules = (...verbs: string[]): PolicyRule[] => [{ apiGroups: ['*'], resources: ['*'], verbs }];
  const read = rules('get', 'list', 'watch');
  const project = { admin: rules('*'), operator: rules('*'), viewer: read };
  const workspace = {
    admin: rules('*'),
    'self-provisioner': rules('create', 'get', 'list'),
    regular: read,
    viewer: read,
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
