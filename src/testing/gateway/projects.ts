import type { KubeObject, Resource } from '../../kube/objects.ts';
import { core, type Namespace } from '../../kube/resources.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import type { Answer } from '../server/answer.ts';
import type { User } from '../server/call.ts';
import { binds } from './authorization.ts';
import { withoutKubeconfig } from './clusters.ts';
import type { GatewayContext } from './context.ts';
import { namedEntity, objectEntity } from './entity.ts';
import { listResult } from './list-query.ts';
import { jsonAnswer, notFound, success } from './refusal.ts';
import { only, patchTypes, type Route, type RoutedRequest } from './routes.ts';
import { listAll, workspacesOf } from './workspace-templates.ts';

const tenant = '/kapis/tenant.kubesphere.io/v1alpha2';
const inWorkspace = `${tenant}/workspaces/{workspace}`;
const base = `${inWorkspace}/namespaces`;
const one = `${base}/{namespace}`;
const told = only(500, 404, 400);

/**
 * Projects of a workspace, or of all: every one, or those in which somebody has a role. That is who asks, or the member
 * whom the path names.
 */
function listing<T extends KubeObject>(resource: Resource<T>): Route['handle'] {
  return async (gate, { user: caller, query, at }) => {
    const workspace = at('workspace');
    const member = at('workspacemember');
    const user: User = member === '' ? caller : { name: member, groups: [] };
    const scope = workspace === '' ? ('Cluster' as const) : ('Workspace' as const);
    const selected = workspace === '' ? {} : { labelSelector: `${workspaceLabel}=${workspace}` };
    const all = await gate.kube.list(resource, selected);
    if (await gate.allowed(user, { verb: 'list', resource: 'namespaces', workspace, scope }))
      return jsonAnswer(listResult(all, query));
    const mine = await projectsOf(gate, user);
    return jsonAnswer(
      listResult(
        all.filter(({ metadata }) => mine.has(metadata.name)),
        query,
      ),
    );
  };
}

/** Names of the namespaces in which a user has a role. */
async function projectsOf({ kube }: GatewayContext, user: User): Promise<Set<string | undefined>> {
  const bindings = await kube.list(core.roleBindings);
  const mine = bindings.filter((binding) => binds(binding, user));
  return new Set(mine.map(({ metadata }) => metadata.namespace));
}

/** The project, if it is one of that workspace now. @throws Refusal 404 */
async function ofWorkspace({ kube }: GatewayContext, { at }: RoutedRequest): Promise<Namespace> {
  const name = at('namespace');
  const namespace = await kube.find(core.namespaces, { name });
  if (namespace?.metadata.labels?.[workspaceLabel] === at('workspace')) return namespace;
  throw notFound('namespace', name);
}

/** A namespace as it is written: always with the label of the path's workspace. */
function labelled({ metadata, ...object }: KubeObject, workspace: string): KubeObject {
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [workspaceLabel]: workspace } } };
}

/**
 * A patch of a project. The label is forced only where the patch speaks of labels, and the project must belong to the
 * workspace before: nothing can be bound this way.
 */
async function patch(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const name = request.at('namespace');
  const given = objectEntity(request);
  await ofWorkspace(gate, request);
  const { labels } = given.metadata;
  const body = labels === undefined ? given : labelled(given, request.at('workspace'));
  const metadata = { ...body.metadata, name };
  return jsonAnswer(await gate.kube.patch(core.namespaces, { name }, 'merge-patch', { ...body, metadata }));
}

/** Clusters that the caller may see: all, or those granted to them. */
async function clusters(gate: GatewayContext, { user, query }: RoutedRequest): Promise<Answer> {
  const all = (await gate.kube.list(kubesphere.clusters)).map(withoutKubeconfig);
  const wish = { verb: 'list', group: 'cluster.kubesphere.io', resource: 'clusters', scope: 'Global' } as const;
  if (await gate.allowed(user, wish)) return jsonAnswer(listResult(all, query));
  const account = await gate.kube.lookUp(kubesphere.users, { name: user.name });
  const granted = account.metadata.annotations?.['iam.kubesphere.io/granted-clusters']?.split(',') ?? [];
  const mine = all.filter(({ metadata }: Cluster) => granted.includes(metadata.name));
  return jsonAnswer(listResult(mine, query));
}

/** Workspaces as they are on this cluster. */
async function workspaces(gate: GatewayContext, { user, query }: RoutedRequest): Promise<Answer> {
  const all = await gate.kube.list(kubesphere.workspaces);
  if (await gate.allowed(user, listAll)) return jsonAnswer(listResult(all, query));
  const mine = await workspacesOf(gate, user);
  return jsonAnswer(
    listResult(
      all.filter(({ metadata }) => mine.has(metadata.name)),
      query,
    ),
  );
}

/** Projects, clusters and Workspaces of tenants (pkg/kapis/tenant, v1alpha2 and v1alpha3). */
export const projectRoutes: readonly Route[] = [
  ...[
    [`${tenant}/namespaces`, listing(core.namespaces)] as const,
    [base, listing(core.namespaces)] as const,
    [`${inWorkspace}/workspacemembers/{workspacemember}/namespaces`, listing(core.namespaces)] as const,
    [`${tenant}/federatednamespaces`, listing(kubesphere.federatedNamespaces)] as const,
    [`${inWorkspace}/federatednamespaces`, listing(kubesphere.federatedNamespaces)] as const,
  ].map(([pattern, handle]): Route => ({ method: 'GET', pattern, handle, failure: only(500) })),
  {
    method: 'POST',
    pattern: base,
    async handle({ kube }, request) {
      return jsonAnswer(await kube.create(core.namespaces, labelled(objectEntity(request), request.at('workspace'))));
    },
    failure: only(400, 404),
  },
  {
    method: 'GET',
    pattern: one,
    handle: async (gate, request) => jsonAnswer(await ofWorkspace(gate, request)),
    failure: only(500, 404),
  },
  {
    method: 'PUT',
    pattern: one,
    async handle(gate, request) {
      const object = namedEntity(request, request.at('namespace'));
      await ofWorkspace(gate, request);
      return jsonAnswer(await gate.kube.update(core.namespaces, labelled(object, request.at('workspace'))));
    },
    failure: told,
  },
  { method: 'PATCH', pattern: one, handle: patch, consumes: patchTypes, failure: told },
  {
    method: 'DELETE',
    pattern: one,
    async handle(gate, request) {
      await ofWorkspace(gate, request);
      await gate.kube.delete(core.namespaces, { name: request.at('namespace') }, { gracePeriodSeconds: 0 });
      return success;
    },
    failure: only(500, 404),
  },
  { method: 'GET', pattern: `${tenant}/clusters`, handle: clusters, failure: only(500) },
  {
    method: 'GET',
    pattern: '/kapis/tenant.kubesphere.io/v1alpha3/workspaces',
    handle: workspaces,
    failure: only(500),
  },
  {
    method: 'GET',
    pattern: '/kapis/tenant.kubesphere.io/v1alpha3/workspaces/{workspace}',
    handle: async ({ kube }, { at }) => jsonAnswer(await kube.lookUp(kubesphere.workspaces, { name: at('workspace') })),
    failure: only(500, 404),
  },
];
