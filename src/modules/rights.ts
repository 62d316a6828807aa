import { FederationError } from '../errors.ts';
import type { AccessQuestion, Connection } from '../kube/connection.ts';
import type { Resource } from '../kube/objects.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import type { ResourceRef } from '../types.ts';
import type { Change } from '../workflow/change.ts';
import { pool } from '../workflow/pool.ts';
import { resourceOf } from './changes.ts';
import { some } from './closure.ts';
import { clusterByName, type FederationEnv } from './env.ts';

/** The verb that a change needs, and the one that undoes it. */
const verbs = { create: 'create', update: 'patch', delete: 'delete' } as const;
const inverse = { create: 'delete', update: 'patch', delete: 'create' } as const;

/** What a run will write: what can be taken back, which needs the rights for that, too, and what cannot. */
export interface ChangesToAllow {
  readonly undoable: readonly Change[];
  readonly final: readonly Change[];
}
const atOnce = 8;

/**
 * Asks the API servers, before anything is written, whether all of these changes and their undo are allowed: a right that is missing
 * half way would leave a run that can neither go on nor back. A server that knows no access reviews (KubeSphere's gateway answers by
 * rules of its own) is not asked twice; there the write itself is refused.
 *
 * @throws FederationError `FORBIDDEN` naming each verb, resource and cluster
 */
export async function assertAllowed(
  env: FederationEnv,
  { undoable, final }: ChangesToAllow,
  signal: AbortSignal,
): Promise<void> {
  const asked = new Map<string, { readonly ref: ResourceRef; readonly verb: string }>();
  const ask = ({ resource: ref }: Change, verb: string): unknown =>
    asked.set([ref.cluster, ref.apiVersion, ref.kind, ref.namespace, verb].join(' '), { ref, verb });
  for (const change of [...undoable, ...final]) ask(change, verbs[change.verb]);
  for (const change of undoable) ask(change, inverse[change.verb]);
  const refused: string[] = [];
  const { failed } = await pool(
    [...asked.values()],
    atOnce,
    async ({ ref, verb }) => {
      const cluster = await clusterByName(env)(ref.cluster, { signal });
      const resource = await resourceOf(cluster, ref, signal);
      const question = { verb, resource, ...(ref.namespace !== undefined && { namespace: ref.namespace }) };
      if (!(await isAllowed(cluster, question, signal))) refused.push(called(cluster, verb, resource));
    },
    (failures) => failures === 0,
  );
  for (const { error } of failed) throw error;
  if (refused.length > 0) throw notAllowed(refused);
}

const notAllowed = (refused: readonly string[]): FederationError =>
  new FederationError(
    'FORBIDDEN',
    `Not allowed: ${some([...refused].sort())}. Nothing was written. requiredRules() tells the rules that a method needs.`,
    { details: { refused } },
  );

/** Something that an operation reads once it has written. */
export interface Reading {
  readonly cluster: KubeSphereCluster;
  readonly resource: AccessQuestion['resource'];
  readonly verb: 'list' | 'watch';
}

/** What it takes to wait for objects. */
export const toWatch = (cluster: KubeSphereCluster, ...resources: readonly Resource[]): readonly Reading[] =>
  resources.flatMap((resource) => (['list', 'watch'] as const).map((verb) => ({ cluster, resource, verb })));

/** What it takes to look for whatever an object owns, or a namespace holds. */
export const toListAll = (cluster: KubeSphereCluster): readonly Reading[] => [
  { cluster, resource: { group: '*', plural: '*' }, verb: 'list' },
];

/** For so long a right that a server confirmed is not asked for again: a call has thousands of items, and few kinds. */
const confirmedMs = 60_000;
const confirmed = new WeakMap<Connection, Map<string, number>>();

/**
 * Asks the API servers whether all of that may be read: what is written by somebody who may not look would neither be proven nor taken back.
 *
 * @throws FederationError `FORBIDDEN` naming each verb, resource and cluster
 */
export async function assertReadable(readings: readonly Reading[], signal: AbortSignal): Promise<void> {
  const answers = await Promise.all(
    readings.map(async (reading) => {
      const { cluster, verb, resource } = reading;
      return (await mayRead(reading, signal)) ? [] : [called(cluster, verb, resource)];
    }),
  );
  const refused = [...new Set(answers.flat())];
  if (refused.length > 0) throw notAllowed(refused);
}

async function mayRead({ cluster, verb, resource }: Reading, signal: AbortSignal): Promise<boolean> {
  const known = confirmed.get(cluster.connection) ?? new Map<string, number>();
  confirmed.set(cluster.connection, known);
  const key = [verb, resource.group, resource.plural].join(' ');
  const at = known.get(key);
  if (at !== undefined && performance.now() - at < confirmedMs) return true;
  const allowed = await isAllowed(cluster, { verb, resource }, signal);
  if (allowed) known.set(key, performance.now());
  return allowed;
}

const called = ({ name }: KubeSphereCluster, verb: string, { group, plural }: AccessQuestion['resource']): string =>
  `${name}: ${verb} ${plural}${group === '' ? '' : `.${group}`}`;

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
