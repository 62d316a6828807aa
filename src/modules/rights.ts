import { FederationError } from '../errors.ts';
import type { AccessQuestion, Connection } from '../kube/connection.ts';
import type { Resource } from '../kube/objects.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import type { ResourceRef } from '../types.ts';
import type { Change } from '../workflow/change.ts';
import { pool } from '../workflow/pool.ts';
import { resourceOf } from './changes.ts';
import { some } from './closure.ts';
import type { ClusterByName } from './env.ts';

/** The verb that a change needs, and the one that undoes it. */
const verbs = { create: 'create', update: 'patch', delete: 'delete' } as const;
const inverse = { create: 'delete', update: 'patch', delete: 'create' } as const;

/** What a run will write: what can be taken back, which needs the rights for that, too, and what cannot. */
export interface ChangesToAllow {
  readonly undoable: readonly Change[];
  readonly final: readonly Change[];
}

/**
 * The rights that changes and their undo take.
 *
 * @throws FederationError `INVALID` for a kind that its cluster does not serve
 */
export async function toMake(
  clusterOf: ClusterByName,
  { undoable, final }: ChangesToAllow,
  signal: AbortSignal,
): Promise<readonly Right[]> {
  const needed = new Map<string, { readonly ref: ResourceRef; readonly verb: Right['verb'] }>();
  const need = ({ resource: ref }: Change, verb: Right['verb']): unknown =>
    needed.set([ref.cluster, ref.apiVersion, ref.kind, ref.namespace, ref.name, verb].join(' '), { ref, verb });
  for (const change of [...undoable, ...final]) need(change, verbs[change.verb]);
  for (const change of undoable) need(change, inverse[change.verb]);
  // What a run made or was about to delete, and died over, is touched first: whoever froze in between is fenced off.
  for (const change of undoable) need(change, 'patch');
  return Promise.all(
    [...needed.values()].map(async ({ ref, verb }): Promise<Right> => {
      const cluster = await clusterOf(ref.cluster, { signal });
      const { namespace, name } = ref;
      const resource = await resourceOf(cluster, ref, signal);
      // Who makes an object is never asked for its name.
      const named = verb === 'create' ? {} : { name };
      return { cluster, resource, verb, ...(namespace !== undefined && { namespace }), ...named };
    }),
  );
}

/** Something that an operation does once it has written. */
export interface Right {
  readonly cluster: KubeSphereCluster;
  readonly resource: AccessQuestion['resource'];
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';
  /** Absent: in all namespaces. */
  readonly namespace?: string;
  /** Absent: whatever its name. */
  readonly name?: string;
}

const verbsToWatch = ['list', 'watch'] as const;

/** What it takes to wait for objects of all namespaces, or of none. */
export const toWatch = (cluster: KubeSphereCluster, ...resources: readonly Resource[]): readonly Right[] =>
  resources.flatMap((resource) => verbsToWatch.map((verb) => ({ cluster, resource, verb })));

/** These rights, to the object of that name alone. */
export const onlyFor = (name: string, rights: readonly Right[]): readonly Right[] =>
  rights.map((right) => ({ ...right, name }));

/** These rights, in one namespace. */
export const within = (namespace: string, rights: readonly Right[]): readonly Right[] =>
  rights.map((right) => ({ ...right, namespace }));

const toDo =
  (verb: Right['verb']) =>
  (cluster: KubeSphereCluster, ...resources: readonly Resource[]): readonly Right[] =>
    resources.map((resource) => ({ cluster, resource, verb }));

/** What it takes to look at objects by their names. */
export const toGet = toDo('get');
/** What it takes to list objects. */
export const toList = toDo('list');
/** What it takes to make objects. */
export const toCreate = toDo('create');
/** What it takes to change objects. */
export const toPatch = toDo('patch');
/** What it takes to delete objects, or to try whether that would be refused. */
export const toDelete = toDo('delete');

/** What it takes to look for whatever an object owns, or what a namespace holds. */
export const toListAll = (cluster: KubeSphereCluster, namespace?: string): readonly Right[] => [
  { cluster, resource: { group: '*', plural: '*' }, verb: 'list', ...(namespace !== undefined && { namespace }) },
];

/** For so long a right that a server confirmed is not asked for again: a call has thousands of items, and few kinds. */
const confirmedMs = 60_000;
interface Asked {
  readonly at: number;
  readonly answer: Promise<boolean>;
}
const confirmed = new WeakMap<Connection, Map<string, Asked>>();

const atOnce = 8;

/**
 * Asks the API servers whether all of that may be done: what is written by somebody who may not look would neither be proven nor taken
 * back, and a right that is missing half way would leave a run that can neither go on nor back. A server that knows no access reviews
 * (KubeSphere's gateway answers by rules of its own) is not asked twice; there the write itself is refused.
 *
 * @param said - what else the caller can say of it
 * @throws FederationError `FORBIDDEN` naming each verb, resource and cluster
 */
export async function assertRights(rights: readonly Right[], signal: AbortSignal, said = ''): Promise<void> {
  const refused = new Set<string>();
  const { failed } = await pool(
    rights,
    atOnce,
    async (right) => {
      const { name, ...any } = right;
      if (await isGranted(any, signal)) return;
      // Rights may be given by name; who has them for all is asked once for thousands.
      if (name === undefined || !(await isGranted(right, signal))) refused.add(called(any));
    },
    (failures) => failures === 0,
  );
  for (const { error } of failed) throw error;
  if (refused.size === 0) return;
  const all = [...refused].sort();
  throw new FederationError(
    'FORBIDDEN',
    `Not allowed: ${some(all)}. ${said}requiredRules() tells the rules that a method needs.`,
    { details: { refused: all } },
  );
}

async function isGranted({ cluster, verb, resource, namespace, name }: Right, signal: AbortSignal): Promise<boolean> {
  const known = confirmed.get(cluster.connection) ?? new Map<string, Asked>();
  confirmed.set(cluster.connection, known);
  const key = [verb, resource.group, resource.plural, namespace, name].join(' ');
  const last = known.get(key);
  if (last !== undefined && performance.now() - last.at < confirmedMs) {
    try {
      return await last.answer;
    } catch {
      // Another's question, which was aborted or failed: it is asked anew.
    }
  }
  const question = {
    verb,
    resource,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
  const answer = isAllowed(cluster, question, signal);
  known.set(key, { at: performance.now(), answer });
  let allowed = false;
  try {
    allowed = await answer;
  } finally {
    if (!allowed) known.delete(key);
  }
  return allowed;
}

const called = ({ cluster: { name }, verb, resource: { group, plural }, namespace }: Right): string =>
  `${name}: ${verb} ${plural}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in ${namespace}`}`;

async function isAllowed(
  { connection }: KubeSphereCluster,
  question: AccessQuestion,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await connection.allows(question, { signal });
  } catch (error) {
    if (FederationError.is(error, 'FORBIDDEN', 'NOT_FOUND')) return true;
    throw error;
  }
}
