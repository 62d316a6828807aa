import { selectedName } from '../server/route.ts';
import { segmentsOf } from '../server/target.ts';

/** Which bindings can give the right to a request (ks-apiserver calls it the resource scope). */
type Scope = 'Global' | 'Cluster' | 'Workspace' | 'Namespace' | 'DevOps';

/** What somebody wants to do, as rights are asked about it. */
export interface Attributes {
  readonly verb: string;
  readonly path: string;
  /** Whether it is about an object or a collection at all. */
  readonly resourceRequest: boolean;
  /** Whether Kubernetes answers it. */
  readonly kubernetes: boolean;
  readonly workspace: string;
  readonly namespace: string;
  readonly devops: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly scope: Scope | undefined;
}

/** What ks-apiserver reads from method and path of a request before it does anything. */
export interface RequestInfo extends Attributes {
  /** Segment after `clusters` right behind the prefix; empty for the gateway's own cluster. */
  readonly cluster: string;
}

const prefixes: ReadonlySet<string> = new Set(['api', 'apis', 'kapis', 'kapi']);
const withoutGroup: ReadonlySet<string> = new Set(['api', 'kapi']);
const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Kinds that belong to the platform and to no cluster: `resource.group`. */
const globalResources: ReadonlySet<string> = new Set([
  'users.iam.kubesphere.io',
  'globalroles.iam.kubesphere.io',
  'globalrolebindings.iam.kubesphere.io',
  'workspaces.tenant.kubesphere.io',
  'clusters.tenant.kubesphere.io',
  'clusters.cluster.kubesphere.io',
  'clusters.resources.kubesphere.io',
]);

const workspaceSelector = 'kubesphere.io/workspace=';

/** Reads a request the way pkg/apiserver/request of 3.3 and 3.4 does; `path` is decoded. */
export function requestInfoOf(method: string, path: string, query: URLSearchParams): RequestInfo {
  const all = segmentsOf(path);
  const [prefix = '', ...rest] = all;
  const none: RequestInfo = {
    verb: method,
    path,
    resourceRequest: false,
    kubernetes: prefix === 'api' || prefix === 'apis',
    cluster: '',
    workspace: '',
    namespace: '',
    devops: '',
    group: '',
    resource: '',
    subresource: '',
    name: '',
    scope: undefined,
  };
  if (all.length < 3 || !prefixes.has(prefix)) return none;
  const named = rest[0] === 'clusters' ? { ...none, cluster: rest[1] ?? '' } : none;
  const parts = rest[0] === 'clusters' && rest.length > 2 ? rest.slice(2) : rest;
  const groupless = withoutGroup.has(prefix);
  if (!groupless && parts.length < 3) return named;
  const [group = '', , ...behind] = groupless ? ['', ...parts] : parts;
  return { ...named, ...resourceOf(method, group, behind, query), resourceRequest: true };
}

type ResourcePart = Omit<Attributes, 'path' | 'resourceRequest' | 'kubernetes'>;

function resourceOf(method: string, group: string, given: readonly string[], query: URLSearchParams): ResourcePart {
  const special = given.length > 1 && (given[0] === 'watch' || given[0] === 'proxy') ? given[0] : undefined;
  const afterVerb = special === undefined ? given : given.slice(1);
  const inWorkspace = afterVerb[0] === 'workspaces';
  const workspace = inWorkspace ? (afterVerb[1] ?? '') : '';
  const inside = inWorkspace && afterVerb.length > 2 ? afterVerb.slice(2) : afterVerb;
  const namespace = inside[0] === 'namespaces' ? (inside[1] ?? '') : '';
  const devops = inside[0] === 'devops' ? (inside[1] ?? '') : '';
  const ofNamespace = inside[0] === 'namespaces' && (inside[2] === 'status' || inside[2] === 'finalize');
  const [resource = '', name = '', subresource = ''] =
    (inside[0] === 'namespaces' || inside[0] === 'devops') && inside.length > 2 && !ofNamespace
      ? inside.slice(2)
      : inside;
  const scope = scopeOf({ group, resource, namespace, devops, workspace });
  const part = { workspace, namespace, devops, group, resource, subresource, name, scope };
  const verb = special ?? verbs[method] ?? '';
  if (name === '' && verb === 'delete') return { ...part, verb: 'deletecollection' };
  if (verb === 'watch' || (name === '' && verb === 'get' && isWatch(query)))
    return { ...part, ...watchedName(query, name), ...watchedWorkspace(query), verb: 'watch' };
  return name === '' && verb === 'get' ? { ...part, ...watchedName(query, name), verb: 'list' } : { ...part, verb };
}

function scopeOf(
  part: Pick<Attributes, 'group' | 'resource' | 'namespace' | 'devops' | 'workspace'>,
): Scope | undefined {
  if (globalResources.has(`${part.resource}.${part.group}`)) return 'Global';
  if (part.namespace !== '') return 'Namespace';
  if (part.devops !== '') return 'DevOps';
  return part.workspace === '' ? 'Cluster' : 'Workspace';
}

function isWatch(query: URLSearchParams): boolean {
  const watch = query.get('watch');
  return watch !== null && !/^(?:false|0)$/i.test(watch);
}

/** A list of one name is a request about that name. */
function watchedName(query: URLSearchParams, name: string): { readonly name: string } {
  return { name: name === '' ? selectedName(query) : name };
}

/** A watch of what bears a workspace's label is a request in that workspace. */
function watchedWorkspace(query: URLSearchParams): Partial<Pick<Attributes, 'workspace' | 'scope'>> {
  const selector = query.get('labelSelector') ?? '';
  return selector.startsWith(workspaceSelector)
    ? { workspace: selector.slice(workspaceSelector.length), scope: 'Workspace' }
    : {};
}
