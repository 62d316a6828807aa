import type { KubeObject, ObjectName, Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { recordsAt, strings } from '../server/object.ts';
import type { GatewayContext } from './context.ts';
import { namedEntity, objectEntity } from './entity.ts';
import type { KubeClient } from './kube.ts';
import { listResult } from './list-query.ts';
import { jsonAnswer, notFound, success } from './refusal.ts';
import { only, type Route, type RoutedRequest } from './routes.ts';

const iam = '/kapis/iam.kubesphere.io/v1alpha2';

/** Roles of one level, and how their routes are spelled. */
interface Kind {
  readonly base: string;
  /** Name of the last segment of a path to one of them. */
  readonly one: string;
  readonly resource: Resource;
}

const kinds: readonly Kind[] = [
  { base: `${iam}/globalroles`, one: 'globalrole', resource: kubesphere.globalRoles },
  { base: `${iam}/clusterroles`, one: 'clusterrole', resource: core.clusterRoles },
  {
    base: `${iam}/workspaces/{workspace}/workspaceroles`,
    one: 'workspacerole',
    resource: kubesphere.workspaceRoles,
  },
  { base: `${iam}/namespaces/{namespace}/roles`, one: 'role', resource: core.roles },
];

function inWorkspace({ metadata }: KubeObject, { at }: RoutedRequest): boolean {
  return at('workspace') === '' || metadata.labels?.[workspaceLabel] === at('workspace');
}

type Place = Pick<ObjectName, 'namespace'>;
const placeOf = ({ at }: RoutedRequest): Place => (at('namespace') === '' ? {} : { namespace: at('namespace') });

/** Names of the role templates that a role is made of; `undefined` where it does not say. */
function parts({ metadata }: KubeObject): string[] | undefined {
  const annotation = metadata.annotations?.['iam.kubesphere.io/aggregation-roles'] ?? '';
  if (annotation === '') return undefined;
  try {
    return strings(JSON.parse(annotation));
  } catch {
    return [];
  }
}

/** The rules of several roles together. @throws Refusal 404 for one that does not exist */
async function rulesOf(kube: KubeClient, resource: Resource, place: Place, names: readonly string[]) {
  const roles: KubeObject[] = [];
  for (const name of names) roles.push(await kube.lookUp(resource, { ...place, name }));
  return roles.flatMap((role) => recordsAt(role, 'rules'));
}

/** A role as it is written: whatever rules it came with, it has those of its parts, and none without any. */
async function assembled(
  { kube }: GatewayContext,
  { resource }: Kind,
  request: RoutedRequest,
  given: KubeObject,
): Promise<KubeObject> {
  const place = placeOf(request);
  const workspace = request.at('workspace');
  const labels = { ...given.metadata.labels, ...(workspace === '' ? {} : { [workspaceLabel]: workspace }) };
  const rules = await rulesOf(kube, resource, place, parts(given) ?? []);
  const role: KubeObject & { readonly rules: object } = {
    ...given,
    metadata: { ...given.metadata, ...place, labels },
    rules,
  };
  return role;
}

/** Creates a role, or replaces it where a version of it is named. */
async function write(gate: GatewayContext, kind: Kind, request: RoutedRequest, given: KubeObject): Promise<KubeObject> {
  const role = await assembled(gate, kind, request, given);
  return given.metadata.resourceVersion === undefined
    ? gate.kube.create(kind.resource, role, placeOf(request).namespace)
    : gate.kube.update(kind.resource, role);
}

/** The role of a path. @throws Refusal 404, also where it is another workspace's */
async function found({ kube }: GatewayContext, { one, resource }: Kind, request: RoutedRequest): Promise<KubeObject> {
  const name: ObjectName = { ...placeOf(request), name: request.at(one) };
  const role = await kube.lookUp(resource, name);
  if (!inWorkspace(role, request)) throw notFound(`${one}.${resource.group}`, name.name);
  return role;
}

/** Changes everything but rules, which follow from the parts. */
async function patch(gate: GatewayContext, kind: Kind, request: RoutedRequest): Promise<KubeObject> {
  const given = objectEntity(request);
  const old = await found(gate, kind, request);
  const names = parts(given);
  const place = placeOf(request);
  const rules = names === undefined ? recordsAt(old, 'rules') : await rulesOf(gate.kube, kind.resource, place, names);
  const at = { ...place, name: request.at(kind.one) };
  const body = { ...given, metadata: { ...given.metadata, name: at.name }, rules };
  return gate.kube.patch(kind.resource, at, 'merge-patch', body);
}

function routesOf(kind: Kind): Route[] {
  const { base, one, resource } = kind;
  const pattern = `${base}/{${one}}`;
  return [
    {
      method: 'GET',
      pattern: base,
      failure: only(500),
      async handle({ kube }, request) {
        const roles = await kube.list(resource, placeOf(request));
        return jsonAnswer(
          listResult(
            roles.filter((role) => inWorkspace(role, request)),
            request.query,
          ),
        );
      },
    },
    { method: 'GET', pattern, handle: async (gate, request) => jsonAnswer(await found(gate, kind, request)) },
    {
      method: 'POST',
      pattern: base,
      handle: async (gate, request) => jsonAnswer(await write(gate, kind, request, objectEntity(request))),
    },
    {
      method: 'PUT',
      pattern,
      async handle(gate, request) {
        return jsonAnswer(await write(gate, kind, request, namedEntity(request, request.at(one))));
      },
    },
    {
      method: 'PATCH',
      pattern,
      handle: async (gate, request) => jsonAnswer(await patch(gate, kind, request)),
    },
    {
      method: 'DELETE',
      pattern,
      async handle(gate, request) {
        if (request.at('workspace') !== '') await found(gate, kind, request);
        await gate.kube.delete(resource, { ...placeOf(request), name: request.at(one) }, { gracePeriodSeconds: 0 });
        return success;
      },
    },
  ];
}

/** Roles of every level (pkg/kapis/iam/v1alpha2). */
export const roleRoutes: readonly Route[] = kinds.flatMap(routesOf);
