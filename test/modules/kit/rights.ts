import type { PassingRequest } from './fault-proxy.ts';
import type { AnyMethodSpec } from './method.ts';
import type { ModuleWorld } from './world.ts';

/** Rights as text: `get pods`, `patch deployments.apps`, `list *.*` for a list of whatever there is. */
export interface Rights {
  readonly host: readonly string[];
  readonly members: readonly string[];
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', PUT: 'update' };

/** What a request needs the right to; nothing where everybody may ask it: discovery, and reviews of one's own rights. */
function rightOf({ method, path, query }: PassingRequest): string | undefined {
  const [, root, ...rest] = path.split('/');
  const group = root === 'apis' ? rest.shift() : '';
  rest.shift();
  if ((root !== 'api' && root !== 'apis') || group === undefined || group === 'authorization.k8s.io') return undefined;
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !['finalize', 'status'].includes(rest[2] ?? '');
  const [plural, name, sub] = inNamespace ? rest.slice(2) : rest;
  if (plural === undefined || plural === '') return undefined;
  const resource = `${plural}${sub === undefined ? '' : `/${sub}`}${group === '' ? '' : `.${group}`}`;
  return `${verbOf(method, name, query)} ${resource}`;
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): string {
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  if (method !== 'GET') return verbs[method] ?? method.toLowerCase();
  if (name !== undefined) return 'get';
  return query.has('watch') ? 'watch' : 'list';
}

/** Whoever lists so many kinds lists whatever there is: a closure. */
const everything = 40;
/** What undoes a change. */
const inverse: Readonly<Record<string, string>> = { create: 'delete', delete: 'create' };

function rightsOf(requests: readonly PassingRequest[], undone: boolean): readonly string[] {
  const all = new Set(requests.flatMap((request) => rightOf(request) ?? []));
  const lists = [...all].filter((right) => right.startsWith('list '));
  if (lists.length >= everything) {
    for (const right of lists) all.delete(right);
    all.add('list *.*');
  }
  if (undone)
    for (const right of [...all]) {
      const [verb = '', resource] = right.split(' ');
      if (inverse[verb] !== undefined) all.add(`${inverse[verb]} ${resource}`);
    }
  return [...all].sort();
}

/** What everything of the way through the proxies needed since they were calmed. */
function seenRights({ proxies: { a, m, n } }: ModuleWorld, undone: boolean): Rights {
  return { host: rightsOf(a.requests, undone), members: rightsOf([...m.requests, ...n.requests], undone) };
}

/** The rights that connecting alone needs. */
export async function rightsToConnect(world: ModuleWorld): Promise<Rights> {
  world.calm();
  await using federation = await world.connect();
  await federation.member('m');
  return seenRights(world, false);
}

/** Plays a success of a method over connections of its own, and sees what it needed; a method with a run needs to undo it, too. */
export async function rightsToCall(world: ModuleWorld, spec: AnyMethodSpec): Promise<Rights> {
  const args: unknown = await spec.prepare(world);
  world.calm();
  await using federation = await world.connect();
  const answer = await spec.call(federation, args, {});
  const undone = typeof answer === 'object' && answer !== null && 'runId' in answer;
  return seenRights(world, undone);
}

/** The method of a spec without its variant. */
export const methodOf = (spec: AnyMethodSpec): string => spec.method.split(' ')[0] ?? spec.method;

/** The first without what is in the other. */
export function without(one: Rights, other: Rights): Rights {
  const rest = (a: readonly string[], b: readonly string[]): string[] => a.filter((right) => !b.includes(right));
  return { host: rest(one.host, other.host), members: rest(one.members, other.members) };
}

/** Both together. */
export function joined(one: Rights, other: Rights): Rights {
  const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])].sort();
  return { host: union(one.host, other.host), members: union(one.members, other.members) };
}
