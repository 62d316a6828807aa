import { finalizers, workspaceLabel } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import type { Answer } from '../server/answer.ts';
import { isRecord, text } from '../server/object.ts';
import { structuredSelector } from '../server/selectors.ts';
import { binds } from './authorization.ts';
import { withoutKubeconfig } from './clusters.ts';
import type { GatewayContext } from './context.ts';
import { entityOf, namedEntity, objectEntity } from './entity.ts';
import { listResult } from './list-query.ts';
import { checkClusters, patchSubject, placedOn } from './placement.ts';
import { jsonAnswer, Refusal, success } from './refusal.ts';
import { only, patchTypes, type Route, type RoutedRequest } from './routes.ts';

const templates = kubesphere.workspaceTemplates;
const named = (request: RoutedRequest) => ({ name: request.at('workspace') });

/** Whether somebody may list the workspaces that are not theirs. */
export const listAll = { verb: 'list', group: '*', resource: 'workspaces', scope: 'Global' } as const;

/** Names of the workspaces in which a user has a role. */
export async function workspacesOf({ kube }: GatewayContext, user: RoutedRequest['user']): Promise<Set<string>> {
  const bindings = await kube.list(kubesphere.workspaceRoleBindings);
  const mine = bindings.filter((binding) => binds(binding, user));
  return new Set(mine.map(({ metadata }) => metadata.labels?.[workspaceLabel] ?? ''));
}

async function list(gate: GatewayContext, { user, query }: RoutedRequest): Promise<Answer> {
  const all = await gate.kube.list(templates);
  if (await gate.allowed(user, listAll)) return jsonAnswer(listResult(all, query));
  const mine = await workspacesOf(gate, user);
  return jsonAnswer(
    listResult(
      all.filter(({ metadata }) => mine.has(metadata.name)),
      query,
    ),
  );
}

async function create(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const template = objectEntity(request);
  await checkClusters(gate, request.user, placedOn(template));
  return jsonAnswer(await gate.kube.create(templates, template));
}

async function replace(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const template = namedEntity(request, request.at('workspace'));
  await checkClusters(gate, request.user, placedOn(template));
  return jsonAnswer(await gate.kube.update(templates, template));
}

async function patch(gate: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const body = entityOf(request);
  const { clusters, more } = patchSubject(body);
  const { name } = named(request);
  const group = 'tenant.kubesphere.io';
  const manage = { verb: 'delete', group, resource: 'workspacetemplates', scope: 'Global' } as const;
  if (more && !(await gate.allowed(request.user, manage)))
    throw new Refusal(403, `workspacetemplates.${group} ${JSON.stringify(name)} is forbidden: `);
  await checkClusters(gate, request.user, clusters);
  return jsonAnswer(await gate.kube.patch(templates, { name }, 'json-patch', body));
}

/** What the caller asks of a deletion. A body that cannot be read asks for nothing: that is a cascade. */
function deleteOptions(request: RoutedRequest): Record<string, unknown> {
  try {
    const options = entityOf(request);
    if (isRecord(options)) return options;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return { gracePeriodSeconds: 0 };
}

/**
 * Deletes a workspace. Only where the caller's body asks for Orphan, and could be read, is the template marked so that its
 * controller lets the projects live; otherwise they go. The answer is the same for both.
 */
async function remove({ kube }: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const { kind: _kind, apiVersion: _version, ...options } = deleteOptions(request);
  if (text(options['propagationPolicy']) === 'Orphan') {
    const template = await kube.lookUp(templates, named(request));
    const marked = [...(template.metadata.finalizers ?? []), finalizers.orphan];
    const metadata = { ...template.metadata, finalizers: marked };
    const orphaning: WorkspaceTemplate = { ...template, metadata };
    await kube.update(templates, orphaning);
  }
  await kube.delete(templates, named(request), options);
  return success;
}

async function clusters({ kube }: GatewayContext, request: RoutedRequest): Promise<Answer> {
  const { spec } = await kube.lookUp(templates, named(request));
  const found = placed(spec.placement, await kube.list(kubesphere.clusters)).map(withoutKubeconfig);
  return jsonAnswer({ items: found, totalItems: found.length });
}

function placed(placement: WorkspaceTemplate['spec']['placement'], all: readonly Cluster[]): readonly Cluster[] {
  const { clusters: names, clusterSelector } = placement ?? {};
  if (names !== undefined) return names.flatMap(({ name }) => all.filter((cluster) => cluster.metadata.name === name));
  if (clusterSelector === undefined) return [];
  const selected = structuredSelector(clusterSelector);
  return all.filter(({ metadata }) => selected(metadata.labels ?? {}));
}

/** The routes of one of the two addresses under which workspaces, that is WorkspaceTemplates, are served. */
function under(base: string): Route[] {
  const one = `${base}/{workspace}`;
  return [
    { method: 'GET', pattern: base, handle: list, failure: only(500) },
    { method: 'POST', pattern: base, handle: create, failure: only(400, 404, 403) },
    {
      method: 'GET',
      pattern: one,
      handle: async ({ kube }, request) => jsonAnswer(await kube.lookUp(templates, named(request))),
      failure: only(500, 404),
    },
    { method: 'PUT', pattern: one, handle: replace, failure: only(500, 404, 400, 403) },
    // Who lacks the right is told of a fault inside: the handler asks twice for "not found" and never for "forbidden".
    { method: 'PATCH', pattern: one, handle: patch, consumes: patchTypes, failure: only(500, 404, 400) },
    { method: 'DELETE', pattern: one, handle: remove, failure: only(400, 404) },
  ];
}

/** Workspaces (pkg/kapis/tenant, v1alpha2 and v1alpha3). */
export const workspaceTemplateRoutes: readonly Route[] = [
  ...under('/kapis/tenant.kubesphere.io/v1alpha2/workspaces'),
  ...under('/kapis/tenant.kubesphere.io/v1alpha3/workspacetemplates'),
  {
    method: 'GET',
    pattern: '/kapis/tenant.kubesphere.io/v1alpha2/workspaces/{workspace}/clusters',
    handle: clusters,
    failure: only(500, 404),
  },
];
