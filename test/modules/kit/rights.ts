import type { PassingRequest } from './fault-proxy.ts';

/** A right that a request needs, as text: `get pods`, `patch deployments.apps`, `list *.*` for a list of whatever there is. */
export type Right = string;

const verbs: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', PUT: 'update' };

/** What a request needs the right to; nothing where everybody may ask it, such as discovery. */
export function rightOf({ method, path, query }: PassingRequest): Right | undefined {
  const [, root, ...rest] = path.split('/');
  const group = root === 'apis' ? rest.shift() : '';
  rest.shift();
  if ((root !== 'api' && root !== 'apis') || group === undefined) return undefined;
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'finalize' && rest[2] !== 'status';
  const [plural, name, sub] = inNamespace ? rest.slice(2) : rest;
  // A name that the client has ended, or the list of what a group serves.
  if (plural === undefined || plural === '') return undefined;
  const resource = `${plural}${sub === undefined ? '' : `/${sub}`}${group === '' ? '' : `.${group}`}`;
  return `${verbOf(method, name, query)} ${resource}`;
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): string {
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  if (method !== 'GET') return verbs[method] ?? method.toLowerCase();
  if (name !== undefined) return 'get';
  return query.get('watch') === 'true' || query.get('watch') === '1' ? 'watch' : 'list';
}

/** How many kinds a closure lists at the least; whoever lists so many lists whatever there is. */
const everything = 40;

/** All rights that these requests need, sorted; the reviews of one's own rights are everybody's. */
export function rightsOf(requests: readonly PassingRequest[]): readonly Right[] {
  const all = new Set(requests.flatMap((request) => rightOf(request) ?? []));
  for (const right of all)
    if (right.includes('authorization.k8s.io') && right.startsWith('create self')) all.delete(right);
  const lists = [...all].filter((right) => right.startsWith('list '));
  if (lists.length >= everything) {
    for (const right of lists) all.delete(right);
    all.add('list *.*');
  }
  return [...all].sort();
}
