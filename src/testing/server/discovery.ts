import type { ServedType } from './catalogue.ts';
import { apiVersionOfType, compareVersions, type Registry } from './registry.ts';

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** An answer of discovery. */
interface DiscoveryAnswer {
  readonly body: object;
  readonly contentType: string;
  /** Whether it is in the form that was asked for by name. */
  readonly negotiated: boolean;
}

/** Answers `/api`, `/apis` and what is below them short of a resource; `undefined` where nothing is served. */
export function discover(registry: Registry, path: string, accept: string | undefined): DiscoveryAnswer | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const groups = groupsOf(registry);
  const wantsAll = (accept ?? '').replaceAll(' ', '').includes('g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
  const plain = (body: object | undefined): DiscoveryAnswer | undefined =>
    body === undefined ? undefined : { body, contentType: 'application/json', negotiated: false };
  const [root, group = '', version = ''] = parts;
  if (root === 'api') {
    if (parts.length === 1) return wantsAll ? all([...groups].filter(([name]) => name === '')) : plain(coreVersions);
    return parts.length === 2 ? plain(resourceList(groups.get(''), group)) : undefined;
  }
  if (root !== 'apis') return undefined;
  const named = [...groups].filter(([name]) => name !== '');
  if (parts.length === 1) {
    const list = {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: named.map(([name, types]) => groupInfo(name, types)),
    };
    return wantsAll ? all(named) : plain(list);
  }
  const types = groups.get(group);
  if (types === undefined) return undefined;
  if (parts.length === 2) return plain({ kind: 'APIGroup', apiVersion: 'v1', ...groupInfo(group, types) });
  return parts.length === 3 ? plain(resourceList(types, version)) : undefined;
}

const coreVersions = {
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
};

/** The order in which the real server lists its own groups; those of definitions come after, by name. */
const order = [
  '',
  'apps',
  'authorization.k8s.io',
  'batch',
  'networking.k8s.io',
  'rbac.authorization.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'coordination.k8s.io',
];

function groupsOf(registry: Registry): Map<string, ServedType[]> {
  const groups = [...Map.groupBy(registry.all(), (type) => type.group)];
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return new Map(groups.sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1)));
}

function versionsOf(types: readonly ServedType[]): string[] {
  return [...new Set(types.map((type) => type.version))].sort((a, b) => compareVersions(b, a));
}

function groupInfo(name: string, types: readonly ServedType[]): object {
  const versions = versionsOf(types).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function subresourcesOf({ kind, storage, status }: ServedType): { name: string; kind: string; verbs: string[] }[] {
  const proxy = { name: 'proxy', kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] };
  return [
    ...(storage === 'namespaces' ? [{ name: 'finalize', kind, verbs: ['update'] }] : []),
    ...(storage === 'services' ? [proxy] : []),
    ...(status ? [{ name: 'status', kind, verbs: ['get', 'patch', 'update'] }] : []),
  ];
}

function resourceList(types: readonly ServedType[] | undefined, version: string): object | undefined {
  const served = types?.filter((type) => type.version === version) ?? [];
  const first = served[0];
  if (first === undefined) return undefined;
  const resources = served.flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: type.verbs,
      ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
      ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    },
    ...subresourcesOf(type).map(({ name, kind, verbs }) => ({
      name: `${type.plural}/${name}`,
      singularName: '',
      namespaced: type.namespaced,
      kind,
      verbs,
    })),
  ]);
  // The real server leaves apiVersion out for its oldest group.
  const apiVersion = first.group === '' ? {} : { apiVersion: 'v1' };
  return { kind: 'APIResourceList', ...apiVersion, groupVersion: apiVersionOfType(first), resources };
}

function all(groups: readonly (readonly [string, readonly ServedType[]])[]): DiscoveryAnswer {
  const items = groups.map(([name, types]) => ({
    // The oldest group has no name.
    metadata: name === '' ? {} : { name },
    versions: versionsOf(types).map((version) => ({
      version,
      freshness: 'Current',
      resources: types.filter((type) => type.version === version).map(aggregatedResource),
    })),
  }));
  const body = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
  return { body, contentType: aggregated, negotiated: true };
}

function aggregatedResource(type: ServedType): object {
  // Group and version are left empty where they are those of the list, but not for definitions.
  const { group, version, kind, custom } = type;
  const responseKind = custom ? { group, version, kind } : { group: '', version: '', kind };
  const subresources = subresourcesOf(type).map(({ name, kind: answered, verbs }) => ({
    subresource: name,
    responseKind: { ...responseKind, kind: answered },
    verbs,
  }));
  return {
    resource: type.plural,
    responseKind,
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
