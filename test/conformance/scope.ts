import { isRecord } from './json.ts';

/** What a real server names in discovery and the sandbox does not serve, and why not. */
interface Apart {
  /** Names of resources and subresources as discovery has them, each with its group where it has one; of a whole group, its name alone. */
  readonly names: readonly string[];
  readonly why: string;
}

const resources = [
  {
    names: [
      'bindings',
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
    ],
    why: 'no pods run, and nothing schedules them',
  },
  {
    names: [
      'deployments/scale.apps',
      'replicasets/scale.apps',
      'statefulsets/scale.apps',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'replicationcontrollers/status',
      'controllerrevisions.apps',
      'podtemplates',
    ],
    why: 'workloads are plain objects: nothing scales them, keeps their history or makes pods of them',
  },
  {
    names: [
      'endpoints',
      'ingressclasses.networking.k8s.io',
      'ipaddresses.networking.k8s.io',
      'servicecidrs.networking.k8s.io',
      'servicecidrs/status.networking.k8s.io',
    ],
    why: 'there is no network: Services and Ingresses are what projects hold, plain objects',
  },
  {
    names: ['serviceaccounts/token'],
    why: 'KubeSphere 3.x and kubefed read tokens from Secrets and ask for none',
  },
] as const satisfies readonly Apart[];

const groups = [
  { names: ['apiregistration.k8s.io'], why: 'no API server stands behind the sandbox’s' },
  {
    names: ['authentication.k8s.io'],
    why: 'who somebody is, the sandbox is not asked: KubeSphere’s gateway knows its own',
  },
  { names: ['certificates.k8s.io'], why: 'nobody asks for certificates: kubeconfigFor issues them' },
  { names: ['events.k8s.io'], why: 'another view of Events, which are served in the oldest group' },
  {
    names: ['autoscaling', 'policy', 'scheduling.k8s.io', 'node.k8s.io', 'discovery.k8s.io', 'resource.k8s.io'],
    why: 'no pods run: nothing scales, evicts or schedules them, or finds them behind a Service',
  },
  { names: ['storage.k8s.io'], why: 'claims are plain objects: no volumes are made for them' },
  {
    names: ['flowcontrol.apiserver.k8s.io', 'internal.apiserver.k8s.io', 'storagemigration.k8s.io'],
    why: 'the works of the real server; that it throttles is a fault of the sandbox, 429',
  },
] as const satisfies readonly Apart[];

/** Everything that the real server's discovery is compared without; whatever else it names has to be served. */
export const outOfScope: readonly Apart[] = [...resources, ...groups];

const namesOf = (all: readonly Apart[]): ReadonlySet<string> => new Set(all.flatMap(({ names }) => names));
const resourcesApart = namesOf(resources);
const groupsApart = namesOf(groups);

const nameOf = (item: unknown, field: string): string => (isRecord(item) ? String(item[field]) : '');
const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`);

/** An answer without what is outside the scope of the sandbox. Only discovery documents name such things. */
export function inScope(body: unknown): unknown {
  if (!isRecord(body)) return body;
  const kept = (field: string, isApart: (item: unknown) => boolean): unknown => ({
    ...body,
    [field]: Array.isArray(body[field]) ? body[field].filter((item) => !isApart(item)) : body[field],
  });
  switch (body['kind']) {
    case 'APIResourceList': {
      const [group = '', version] = nameOf(body, 'groupVersion').split('/');
      const of = version === undefined ? '' : group;
      return kept('resources', (item) => resourcesApart.has(qualified(nameOf(item, 'name'), of)));
    }
    case 'APIGroupList':
      return kept('groups', (item) => groupsApart.has(nameOf(item, 'name')));
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
function discoveredInScope(item: unknown): unknown[] {
  if (!isRecord(item)) return [];
  const group = isRecord(item['metadata']) && 'name' in item['metadata'] ? nameOf(item['metadata'], 'name') : '';
  if (groupsApart.has(group)) return [];
  const each = (of: unknown, change: (item: Record<string, unknown>) => unknown[]): unknown =>
    Array.isArray(of) ? of.filter(isRecord).flatMap(change) : of;
  const versions = each(item['versions'], (version) => [
    {
      ...version,
      resources: each(version['resources'], (resource) => {
        const name = nameOf(resource, 'resource');
        if (resourcesApart.has(qualified(name, group))) return [];
        if (!('subresources' in resource)) return [resource];
        const { subresources, ...rest } = resource;
        const kept = each(subresources, (sub) =>
          resourcesApart.has(qualified(`${name}/${nameOf(sub, 'subresource')}`, group)) ? [] : [sub],
        );
        return [Array.isArray(kept) && kept.length === 0 ? rest : { ...rest, subresources: kept }];
      }),
    },
  ]);
  return [{ ...item, versions }];
}
