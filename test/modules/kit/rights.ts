import { FederationError } from '../../../src/errors.ts';
import type { Federation } from '../../../src/federation.ts';
import type { Connection, WatchOptions } from '../../../src/kube/connection.ts';
import type { Resource } from '../../../src/kube/objects.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { methodWorkflows } from '../../../src/modules/workflows.ts';
import type { JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { rollback } from '../../../src/workflow/run.ts';
import type { PassingRequest } from './fault-proxy.ts';
import type { AnyMethodSpec } from './method.ts';
import type { ModuleWorld } from './world.ts';

/** Rights as text: `get pods`, `patch deployments.apps`, `list *.*` for a list of whatever there is. */
export interface Rights {
  readonly host: readonly string[];
  readonly members: readonly string[];
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', PUT: 'update' };

/** What a request needs the right to; nothing where everybody may ask it, as discovery. Who asks whether it may do something needs that. */
function rightOf({ method, path, query, body }: PassingRequest): string | undefined {
  const [, root, ...rest] = path.split('/');
  const group = root === 'apis' ? rest.shift() : '';
  rest.shift();
  if ((root !== 'api' && root !== 'apis') || group === undefined) return undefined;
  if (group === 'authorization.k8s.io') {
    const asked = (body as { spec?: { resourceAttributes?: AskedFor } }).spec?.resourceAttributes;
    return asked === undefined ? undefined : `${asked.verb} ${kindOf(asked.resource, asked.group)}`;
  }
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !['finalize', 'status'].includes(rest[2] ?? '');
  const [plural, name, sub] = inNamespace ? rest.slice(2) : rest;
  if (plural === undefined || plural === '') return undefined;
  return `${verbOf(method, name, query)} ${kindOf(`${plural}${sub === undefined ? '' : `/${sub}`}`, group)}`;
}

interface AskedFor {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
}

const kindOf = (plural: string, group = ''): string => `${plural}${group === '' ? '' : `.${group}`}`;

function verbOf(method: string, name: string | undefined, query: URLSearchParams): string {
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  if (method !== 'GET') return verbs[method] ?? method.toLowerCase();
  if (name !== undefined) return 'get';
  return query.has('watch') ? 'watch' : 'list';
}

/** Whoever makes a role, or binds one, has to hold all that it gives, or the right to do so all the same. */
function handingOn({ method, path, body }: PassingRequest): readonly string[] {
  const [, plural] = /^\/apis\/rbac\.authorization\.k8s\.io\/v1\/(?:namespaces\/[^/]+\/)?(\w+)$/.exec(path) ?? [];
  if (method !== 'POST' || plural === undefined) return [];
  if (!plural.endsWith('bindings')) return [`escalate ${plural}.rbac.authorization.k8s.io`];
  const { roleRef } = body as { readonly roleRef: { readonly kind: 'Role' | 'ClusterRole' } };
  return [`bind ${roleRef.kind.toLowerCase()}s.rbac.authorization.k8s.io`];
}

/** Whoever lists so many kinds lists whatever there is: a closure. */
const everything = 40;
/** The rights that requests took, and watches that were begun. */
export function rightsOf(requests: readonly PassingRequest[], watched: readonly string[]): readonly string[] {
  const all = new Set([
    ...requests.flatMap((request) => [rightOf(request) ?? [], handingOn(request)].flat()),
    ...watched,
  ]);
  const lists = [...all].filter((right) => right.startsWith('list '));
  if (lists.length >= everything) {
    for (const right of lists) all.delete(right);
    all.add('list *.*');
  }
  return [...all].sort();
}

/** What `play` needs over a connection of its own. */
async function rightsOfPlay(world: ModuleWorld, play: (federation: Federation) => Promise<void>): Promise<Rights> {
  world.calm();
  await using federation = await world.connect();
  const watched = watchesOf(federation);
  await play(federation);
  const { a, m, n } = world.proxies;
  return {
    host: rightsOf(a.requests, [...watched.host]),
    members: rightsOf([...m.requests, ...n.requests], [...watched.members]),
  };
}

/** What is watched from now on: whether a watch comes to more than the list it begins with is a matter of chance. */
function watchesOf(federation: Federation): {
  readonly host: ReadonlySet<string>;
  readonly members: ReadonlySet<string>;
} {
  const watched = { host: new Set<string>(), members: new Set<string>() };
  const hooked = new Set<Connection>();
  const hook = ({ connection }: KubeSphereCluster, side: keyof typeof watched): void => {
    if (hooked.has(connection)) return;
    hooked.add(connection);
    recordWatches(connection, watched[side]);
  };
  hook(federation.host, 'host');
  const open = federation.member.bind(federation);
  const opening: Federation['member'] = async (name, options) => {
    const cluster = await open(name, options);
    hook(cluster, cluster.uid === federation.host.uid ? 'host' : 'members');
    return cluster;
  };
  Object.assign(federation, { member: opening });
  return watched;
}

/** Adds the right to whatever is watched over a connection from now on. */
export function recordWatches(connection: Connection, watched: Set<string>): void {
  const { watch } = connection;
  const watching = (resource: Resource, options?: WatchOptions) => {
    watched.add(`watch ${kindOf(resource.plural, resource.group)}`);
    return watch(resource, options);
  };
  Object.assign(connection, { watch: watching });
}

/** The rights that connecting alone needs: to the host, for members are connected once somebody asks for them. */
export async function rightsToConnect(world: ModuleWorld): Promise<Rights> {
  return rightsOfPlay(world, async () => {});
}

/** Plays a success of a method, and takes a run of it back where it has one: both have to be allowed before it begins. */
export async function rightsToCall(world: ModuleWorld, spec: AnyMethodSpec): Promise<Rights> {
  const args: unknown = await spec.prepare(world);
  let runs = false;
  const called = await rightsOfPlay(world, async (federation) => {
    const answer = await spec.call(federation, args, {});
    runs = typeof answer === 'object' && answer !== null && 'runId' in answer;
  });
  return runs ? joined(called, await rightsToUndo(world, spec)) : called;
}

async function rightsToUndo(world: ModuleWorld, spec: AnyMethodSpec): Promise<Rights> {
  const args: unknown = await spec.prepare(world);
  return rightsOfPlay(world, async (federation) => {
    const { journal, began } = endless();
    await spec.call(federation, args, { journal }).catch(() => undefined);
    const { runId, workflow: name } = began();
    const workflow = methodWorkflows[name];
    if (workflow === undefined) throw new Error(`There is no workflow "${name}".`);
    const run = await rollback(workflow, runId, { env: federation, journal });
    // What was taken off a placement is another one when it comes back: then something is left, and was tried.
    await run.settled();
  });
}

/** A journal that takes neither a pivot nor the end of a run: all that can be is done, and can still be taken back. */
function endless(): { readonly journal: JournalStore; began(): { readonly runId: string; readonly workflow: string } } {
  const journal = memoryJournal();
  let opened: { readonly runId: string; readonly workflow: string; readonly pivot: string | undefined } | undefined;
  let ended = false;
  return {
    journal: {
      ...journal,
      append: async (runId, seq, entry, options) => {
        if (entry.type === 'opened')
          opened = {
            runId,
            workflow: entry.workflow,
            pivot: entry.steps.find((step) => 'pivot' in step && step.pivot)?.name,
          };
        const isPivot = 'step' in entry && entry.step === opened?.pivot;
        if ((entry.type === 'closed' || isPivot) && !ended) {
          ended = true;
          throw new FederationError('JOURNAL_CONFLICT', 'Another driver took over.');
        }
        return journal.append(runId, seq, entry, options);
      },
    },
    began: () => {
      if (opened === undefined) throw new Error('No run began.');
      return opened;
    },
  };
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

const isOfAdmission = (right: string): boolean => right.endsWith('.admissionregistration.k8s.io');

/** Whether a method was seen at the objects that shields are made of. */
export function raisesShields({ host, members }: Rights): boolean {
  return [...host, ...members].some(isOfAdmission);
}

/** What is needed in either form: all but what shields are made of, for whatever else differs between two recordings is chance. */
export function sharedBy(one: Rights, other: Rights): Rights {
  const shared = (a: readonly string[], b: readonly string[]): string[] =>
    [...new Set([...a, ...b])]
      .filter((right) => !isOfAdmission(right) || (a.includes(right) && b.includes(right)))
      .sort();
  return { host: shared(one.host, other.host), members: shared(one.members, other.members) };
}
