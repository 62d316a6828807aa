import { FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphereNamespace, runAnnotation } from '../kubesphere/names.ts';
import type { ResourceRef } from '../types.ts';
import { findMade, madeBy, refOf } from './changes.ts';
import type { Operation } from './operation.ts';
import { create, findSurely, remove, type Work } from './work.ts';

/** Where a secret that undo, or whoever goes on, needs is kept: on the cluster that holds it anyway or is about to, never in a journal. */
export interface Parked {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** SHA-256 of all values. */
  readonly digest: string;
}

const resource = core.secrets;
const nameFor = (what: string): { readonly namespace: string; readonly name: string } => ({
  namespace: kubesphereNamespace,
  name: `kubesphere-federation-parked-${what}`,
});
/** Names the Secret that {@link park} makes of `what`, for plans. */
export const parkedRef = ({ name }: KubeSphereCluster, what: string): ResourceRef =>
  refOf(name, resource, nameFor(what));
const encode = (value: string): string => Buffer.from(value).toString('base64');

/**
 * Copies secrets into one Secret on the cluster that holds them anyway, or is about to; `read` yields them afresh, or nothing where there
 * is nothing to park. `what` is part of its name. The way back deletes the copy.
 */
export function park(
  cluster: KubeSphereCluster,
  what: string,
  read: (signal: AbortSignal) => Promise<Readonly<Record<string, string>>>,
): Operation<null, Parked | null> {
  const name = nameFor(what);
  return {
    async forecast({ signal, runId }) {
      const found = await cluster.connection.find(resource, name, { signal });
      if (found !== undefined && !madeBy(runId, found))
        return {
          effect: 'blocked',
          why: `${cluster.name}: Secret ${name.namespace}/${name.name} is there, parked by another run (${found.metadata.annotations?.[runAnnotation] ?? 'nobody knows which'}).`,
          remedy:
            'Finish or roll back that run. If it is lost, see what the Secret holds, put that where it belongs, then delete it.',
        };
      if (Object.keys(await read(signal)).length === 0)
        return { effect: 'none', why: 'there is no secret that undo would need', out: null };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(cluster.name, resource, name), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      cluster.dialect;
      const values = await read(work.signal);
      const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encode(value)]));
      await create(work, cluster, resource, { metadata: name, type: 'Opaque', data });
      return { cluster: cluster.name, ...name, digest: digest(values) };
    },
    async verify(work, _before, parked) {
      if (parked !== null) await unpark(work, cluster, parked);
    },
    compensate: (work) => discardParked(work, cluster, what),
  };
}

/**
 * Reads parked secrets back.
 *
 * @throws FederationError `WORLD_MOVED` where the copy is gone or not what was parked
 */
export async function unpark(
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  parked: Parked,
): Promise<Readonly<Record<string, string>>> {
  const { namespace, name } = parked;
  const secret = await findSurely(work, { cluster, resource, name: { namespace, name } }, () => true);
  const values = Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
  if (digest(values) === parked.digest) return values;
  throw new FederationError(
    'WORLD_MOVED',
    `${cluster.name}: Secret ${parked.namespace}/${parked.name}, which holds what undo needs, is ${secret === undefined ? 'gone' : 'not what was put there'}. Restore it, then try again.`,
  );
}

/** Whether there is such a copy, whatever it holds: somebody may have deleted it because nothing is to be put back. */
export const isParked = async (
  work: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  { namespace, name }: Parked,
): Promise<boolean> =>
  (await findSurely(work, { cluster, resource, name: { namespace, name } }, () => true)) !== undefined;

/** Deletes this run's parked secrets; where there are none, nothing happens. */
export async function discardParked(work: Work, cluster: KubeSphereCluster, what: string): Promise<void> {
  const target = { cluster, resource, name: nameFor(what) };
  const secret = await findMade(work, target);
  if (secret === undefined) return;
  await remove(work, { ...target, uid: secret.metadata.uid, propagationPolicy: 'Background' });
}
