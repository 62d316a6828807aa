import { segmentsOf } from './target.ts';

/** Where in the resource API a path points. */
export interface Route {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  /** Empty for the collection. */
  readonly name: string;
  readonly subresource: string | undefined;
}

/** What a service proxy is asked for: the business of whoever stands behind it. */
const behindProxy = /(?<=^\/api\/v1\/namespaces\/[^/]+\/services\/[^/]+\/proxy)\/.*/s;

/** Reads a decoded path of the resource API; `undefined` for every other path. */
export function routeOf(path: string): Route | undefined {
  const parts = segmentsOf(path.replace(behindProxy, ''));
  // Nothing has an address with an empty segment, or one that a file system would resolve.
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  const [root, ...rest] = parts;
  if (root === 'api' && rest.length >= 2) return within('', rest[0] ?? '', rest.slice(1));
  if (root === 'apis' && rest.length >= 3) return within(rest[0] ?? '', rest[1] ?? '', rest.slice(2));
  return undefined;
}

function within(group: string, version: string, parts: readonly string[]): Route | undefined {
  const [first = '', second, third, ...others] = parts;
  // `/namespaces/x/status` is a namespace; `/namespaces/x/configmaps` is what is in it.
  if (
    first === 'namespaces' &&
    second !== undefined &&
    third !== undefined &&
    third !== 'status' &&
    third !== 'finalize'
  ) {
    const [name = '', subresource, ...more] = others;
    return more.length > 0 ? undefined : { group, version, plural: third, namespace: second, name, subresource };
  }
  if (others.length > 0) return undefined;
  return { group, version, plural: first, namespace: undefined, name: second ?? '', subresource: third };
}

/** How the real server reads a switch: anything but nothing, `false` and `0` turns it on. */
function isSet(value: string | null): boolean {
  return value !== null && !/^(?:|0|false)$/i.test(value);
}

/** The one name that a list, a watch or a deletion of a collection selects by a field selector; empty where there is none. */
export function selectedName(query: URLSearchParams): string {
  return /(?:^|,)metadata\.name==?([^,]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}

/** The verb of a write by its method alone, whatever it is about. */
export const writeVerbs: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** The verb of a request, as rights and policies name it. */
export function verbOf(
  method: string,
  route: Pick<Route, 'name' | 'subresource'>,
  query: URLSearchParams,
): string | undefined {
  if (route.subresource === 'proxy') return writeVerbs[method] ?? 'get';
  const collection = route.name === '';
  switch (method) {
    case 'GET':
      if (!collection) return 'get';
      return isSet(query.get('watch')) ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return collection ? undefined : 'update';
    case 'PATCH':
      return collection ? undefined : 'patch';
    case 'DELETE':
      return collection ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}
