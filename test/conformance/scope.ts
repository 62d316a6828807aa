import { isRecord } from './json.ts';

/**
 * Resources of the compared groups that the sandbox does not serve, and groups it does not serve at all. The real
 * server's discovery is compared without them; everything else it names has to be served.
 */
const resourcesApart = new Set([
  'bindings',
  'endpoints',
  'podtemplates',
  'replicationcontrollers',
  'pods/attach',
  'pods/binding',
  'pods/ephemeralcontainers',
  'pods/eviction',
  'pods/exec',
  'pods/log',
  'pods/portforward',
  'pods/proxy',
  'pods/resize',
  'nodes/proxy',
  'services/proxy',
  'serviceaccounts/token',
  'replicationcontrollers/scale',
  'replicationcontrollers/status',
  'controllerrevisions',
  'deployments/scale',
  'replicasets/scale',
  'statefulsets/scale',
  'localsubjectaccessreviews',
]);
const groupsApart = new Set([
  'apiregistration.k8s.io',
  'events.k8s.io',
  'authentication.k8s.io',
  'autoscaling',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'storage.k8s.io',
  'scheduling.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
  'internal.apiserver.k8s.io',
  'storagemigration.k8s.io',
]);

const nameOf = (item: unknown, field: string): string => (isRecord(item) ? String(item[field]) : '');

/** An answer without what is outside the scope of the sandbox. Only discovery documents name such things. */
export function inScope(body: unknown): unknown {
  if (!isRecord(body)) return body;
  const kept = (field: string, apart: ReadonlySet<string>, by: string): unknown => ({
    ...body,
    [field]: Array.isArray(body[field]) ? body[field].filter((item) => !apart.has(nameOf(item, by))) : body[field],
  });
  switch (body['kind']) {
    case 'APIResourceList':
      return kept('resources', resourcesApart, 'name');
    case 'APIGroupList':
      return kept('groups', groupsApart, 'name');
    case 'APIGroupDiscoveryList':
      return {
        ...body,
        items: Array.isArray(body['items']) ? body['items'].flatMap(discoveredInScope) : body['items'],
      };
    default:
      return body;
  }
}

/** A group of aggregated discovery: resources within versions, subresources within resources. */
function discoveredInScope(group: unknown): unknown[] {
  if (!isRecord(group) || groupsApart.has(nameOf(group['metadata'], 'name'))) return [];
  const each = (of: unknown, change: (item: Record<string, unknown>) => unknown[]): unknown =>
    Array.isArray(of) ? of.filter(isRecord).flatMap(change) : of;
  const versions = each(group['versions'], (version) => [
    {
      ...version,
      resources: each(version['resources'], (resource) => {
        const name = nameOf(resource, 'resource');
        if (resourcesApart.has(name)) return [];
        if (!('subresources' in resource)) return [resource];
        const { subresources, ...rest } = resource;
        const kept = each(subresources, (sub) =>
          resourcesApart.has(`${name}/${nameOf(sub, 'subresource')}`) ? [] : [sub],
        );
        return [Array.isArray(kept) && kept.length === 0 ? rest : { ...rest, subresources: kept }];
      }),
    },
  ]);
  return [{ ...group, versions }];
}
