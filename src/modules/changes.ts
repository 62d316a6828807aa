import { FederationError } from '../errors.ts';
import { canonical, digest } from '../internal/digest.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { epochAnnotation, runAnnotation } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import type { Json, ResourceRef } from '../types.ts';
import type { Change } from '../workflow/change.ts';
import type { ClusterByName } from './env.ts';
import { edit, findSurely, type Target, type Work } from './work.ts';

/** The fields of an object that decide, by JSON pointer; a field that is not there is `null`. */
type Fields = Readonly<Record<string, Json>>;

const known: readonly Resource[] = [...Object.values<Resource>(core), ...Object.values<Resource>(kubesphere)];

/**
 * The resource that a reference names: one this package knows, else one the cluster serves.
 *
 * @throws FederationError `INVALID` for a kind that the cluster does not serve
 */
export async function resourceOf(
  { name, connection }: KubeSphereCluster,
  { apiVersion, kind }: ResourceRef,
  signal: AbortSignal,
): Promise<Resource> {
  const is = (resource: Resource): boolean => resource.kind === kind && apiVersionOf(resource) === apiVersion;
  const resource = known.find(is) ?? (await connection.resources({ signal })).find(is);
  if (resource === undefined) throw new FederationError('INVALID', `${name} serves no ${apiVersion} ${kind}.`);
  return resource;
}

/** Names an object for plans, errors and the journal. */
export function refOf(
  cluster: string,
  resource: Resource,
  metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string },
): ResourceRef {
  return {
    cluster,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    name: metadata.name,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
  };
}

const encode = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const decode = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');

/** JSON pointer of a label. */
export const labelField = (name: string): string => `/metadata/labels/${encode(name)}`;

const hashed = '#sha256';
/** A field whose value is a secret: it stands in changes as SHA-256 only. */
export const secretField = (pointer: string): string => `${pointer}${hashed}`;

/** What stands at a JSON pointer; `null` where nothing does. */
function at(object: unknown, pointer: string): Json {
  let here: unknown = object;
  for (const key of pointer.split('/').slice(1).map(decode)) {
    if (typeof here !== 'object' || here === null) return null;
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return (here ?? null) as Json;
}

/** The named fields of an object. */
function pick(object: KubeObject, pointers: readonly string[]): Fields {
  return Object.fromEntries(
    pointers.map((pointer) => {
      const value = at(object, pointer.replace(hashed, ''));
      return [pointer, value === null || !pointer.endsWith(hashed) ? value : digest(value as object)];
    }),
  );
}

/** Whether a run itself made this object. */
export function madeBy(runId: string, { metadata }: KubeObject): boolean {
  return metadata.annotations?.[runAnnotation] === runId;
}

/** What this run itself made under a name, where it is there still: its way back takes away no other. @throws ApiError */
export const findMade = <T extends KubeObject>(
  work: Pick<Work, 'signal' | 'runId'>,
  target: Target<T>,
): Promise<T | undefined> => findSurely(work, target, (found) => madeBy(work.runId, found));

/**
 * The object of a change as it is now, in the form of the change's own `before` and `after`: what the engine compares
 * to tell untouched, done, and changed by others apart.
 *
 * An object on its way out counts as deleted. What stands under the name of an object to create counts only when this run
 * made it: another's is for the create to refuse, and no reason to call anything of this run's changed. What stands
 * under the name of a deleted one and is what that was, whoever made it again, counts as it; made by this run and not yet so,
 * it is still on the way there. One to delete that bears this run's mark is ordered to go, and counts as deleted, too.
 */
async function look(clusterOf: ClusterByName, change: Change, runId: string, signal: AbortSignal): Promise<Json> {
  const cluster = await clusterOf(change.resource.cluster, { signal });
  const target = { cluster, resource: await resourceOf(cluster, change.resource, signal), name: change.resource };
  const object =
    change.verb === 'create'
      ? await findMade({ signal, runId }, target)
      : await cluster.connection.find(target.resource, target.name, { signal });
  const before = change.before ?? null;
  const after = change.after ?? null;
  if (object === undefined) return null;
  if (change.verb === 'delete' && object.metadata.deletionTimestamp !== undefined) return null;
  const fields = pick(object, Object.keys(after ?? before ?? {}));
  const { uid } = change.resource;
  if (change.verb === 'create') return fields;
  if (uid === object.metadata.uid && change.verb === 'delete' && madeBy(runId, object)) return after;
  if (uid === undefined || uid === object.metadata.uid) return fields;
  if (change.verb === 'delete' && canonical(fields) === canonical(before)) return before;
  return change.verb === 'delete' && madeBy(runId, object) ? after : { uid: object.metadata.uid };
}

/** `observe` of every writing step: see {@link look}. */
export async function observeChanges(
  clusterOf: ClusterByName,
  {
    intends,
    runId,
    signal,
  }: { readonly intends: readonly Change[]; readonly runId: string; readonly signal: AbortSignal },
): Promise<readonly Json[]> {
  return Promise.all(intends.map((change) => look(clusterOf, change, runId, signal)));
}

/**
 * `touch` of every writing step: a real change to each object, so that a write of a driver that was overtaken, which
 * still carries the old resourceVersion, is refused.
 */
export async function touchChanges(
  clusterOf: ClusterByName,
  work: Pick<Work, 'signal' | 'runId' | 'confirmDriver'> & {
    readonly intends: readonly Change[];
    readonly epoch: number;
  },
): Promise<void> {
  const { intends, epoch, runId, signal } = work;
  const annotations = { [epochAnnotation]: String(epoch) };
  await Promise.all(
    intends.map(async ({ verb, resource: ref }) => {
      const cluster = await clusterOf(ref.cluster, { signal });
      const resource = await resourceOf(cluster, ref, signal);
      const object = await cluster.connection.find(resource, ref, { signal });
      if (object === undefined || (ref.uid !== undefined && ref.uid !== object.metadata.uid)) return;
      // Somebody else's under the name of one to create is none of this run's.
      if (verb === 'create' && !madeBy(runId, object)) return;
      const target = { cluster, resource, name: ref, uid: object.metadata.uid };
      // At the version just read: a touch that comes late would leave its mark when all others are swept away.
      await edit(work, target, () => ({ type: 'merge', body: { metadata: { annotations } } })).catch(
        (error: unknown) => {
          // Gone meanwhile: no late write can reach it.
          if (!FederationError.is(error, 'NOT_FOUND')) throw error;
        },
      );
    }),
  );
}
