import { FederationError } from '../errors.ts';
import type { AccessQuestion } from '../kube/connection.ts';
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
      const { group, plural } = resource;
      const question = { verb, resource, ...(ref.namespace !== undefined && { namespace: ref.namespace }) };
      if (!(await isAllowed(cluster, question, signal)))
        refused.push(`${cluster.name}: ${verb} ${plural}${group === '' ? '' : `.${group}`}`);
    },
    (failures) => failures === 0,
  );
  for (const { error } of failed) throw error;
  if (refused.length === 0) return;
  throw new FederationError(
    'FORBIDDEN',
    `Not allowed: ${some(refused.sort())}. Nothing was written. requiredRules() tells the rules that a method needs.`,
    { details: { refused } },
  );
}

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
