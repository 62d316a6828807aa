import type { KubeObject, ObjectName, Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { listResult } from './list-query.ts';
import { jsonAnswer, notFound } from './refusal.ts';
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

function routesOf({ base, one, resource }: Kind): Route[] {
  const place = ({ at }: RoutedRequest): { readonly namespace?: string } =>
    at('namespace') === '' ? {} : { namespace: at('namespace') };
  return [
    {
      method: 'GET',
      pattern: base,
      failure: only(500),
      async handle({ kube }, request) {
        const roles = await kube.list(resource, place(request));
        return jsonAnswer(
          listResult(
            roles.filter((role) => inWorkspace(role, request)),
            request.query,
          ),
        );
      },
    },
    {
      method: 'GET',
      pattern: `${base}/{${one}}`,
      async handle({ kube }, request) {
        const name: ObjectName = { ...place(request), name: request.at(one) };
        const role = await kube.lookUp(resource, name);
        if (!inWorkspace(role, request)) throw notFound(`${one}.${resource.group}`, name.name);
        return jsonAnswer(role);
      },
    },
  ];
}

/** Reading roles (pkg/kapis/iam/v1alpha2). Those that users make themselves are written through the native API. */
export const roleRoutes: readonly Route[] = kinds.flatMap(routesOf);
