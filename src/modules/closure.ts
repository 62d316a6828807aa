import { FederationError } from '../errors.ts';
import type { ObjectMeta } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { systemNamespaces } from '../kubesphere/names.ts';
import type { ResourceRef } from '../types.ts';
import { refOf } from './changes.ts';
import { throughKinds } from './found.ts';

/** Everything that Kubernetes' garbage collector may take when the owners are deleted, at any depth. */
export interface Closure {
  readonly cluster: string;
  readonly objects: readonly (ResourceRef & { readonly uid: string })[];
}

/** An object, and the UIDs of its owners. */
interface Owned {
  readonly ref: ResourceRef & { readonly uid: string };
  readonly owners: readonly string[];
}

/** Kinds that hold no data and change every second; nothing they own is worth keeping. */
const skipped: ReadonlySet<string> = new Set(['events', 'leases']);

const everyOwned = (cluster: KubeSphereCluster, signal: AbortSignal): Promise<readonly Owned[]> =>
  throughKinds(
    cluster,
    ({ plural }) => !skipped.has(plural),
    { signal },
    (resource, metadata): Owned | undefined =>
      metadata.ownerReferences?.length
        ? {
            ref: { ...refOf(cluster.name, resource, metadata), uid: metadata.uid },
            owners: metadata.ownerReferences.map(({ uid }) => uid),
          }
        : undefined,
  );

/** What owns what on one cluster. */
export interface Ownership {
  readonly cluster: string;
  /** By the UID of the owner. */
  readonly dependents: ReadonlyMap<string, readonly Owned[]>;
}

/**
 * Reads what owns what: a live list of every kind the cluster serves, page by page.
 *
 * @throws ApiError when any kind cannot be listed: a closure with a gap is no closure
 */
export async function readOwnership(cluster: KubeSphereCluster, signal: AbortSignal): Promise<Ownership> {
  const dependents = new Map<string, Owned[]>();
  for (const owned of await everyOwned(cluster, signal))
    for (const owner of owned.owners) dependents.set(owner, [...(dependents.get(owner) ?? []), owned]);
  return { cluster: cluster.name, dependents };
}

/**
 * What a deletion would take with it, following owner references by UID. An object with a second owner counts too: whether that one
 * lives is not for us to bet on.
 *
 * @param loosed - UIDs of what the roots themselves own no more by then
 */
export function closureOf(
  { cluster, dependents }: Ownership,
  roots: readonly string[],
  loosed: ReadonlySet<string> = new Set(),
): Closure {
  const taken = new Map<string, Closure['objects'][number]>();
  const queue = [...roots];
  for (let uid = queue.shift(); uid !== undefined; uid = queue.shift())
    for (const { ref } of dependents.get(uid) ?? []) {
      if (taken.has(ref.uid) || (loosed.has(ref.uid) && roots.includes(uid))) continue;
      taken.set(ref.uid, ref);
      queue.push(ref.uid);
    }
  return { cluster, objects: [...taken.values()] };
}

/**
 * Computes what a deletion would take with it, read now.
 *
 * @throws ApiError when any kind cannot be listed
 */
export async function deletionClosure(
  cluster: KubeSphereCluster,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<Closure> {
  return closureOf(await readOwnership(cluster, signal), roots);
}

/**
 * Refuses a deletion whose closure holds a namespace.
 *
 * @throws FederationError `KEPT_AT_RISK` naming the namespaces
 */
export function assertTakesNoNamespace({ cluster, objects }: Closure, what: string): void {
  const namespaces = objects
    .filter(({ kind, apiVersion }) => kind === 'Namespace' && apiVersion === 'v1')
    .map(({ name }) => name);
  if (namespaces.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${cluster}: deleting ${what} would delete ${namespaces.length} namespace(s) with it: ${some(namespaces)}. Nothing was deleted. Take that owner off them, or keep the owner.`,
    { details: { namespaces } },
  );
}

/**
 * Refuses a deletion whose closure holds a namespace, or anything in a namespace that is none of the installation's own:
 * what people keep in projects may have owners too.
 *
 * @throws FederationError `KEPT_AT_RISK` naming them
 */
export function assertTakesNothingKept(closure: Closure, what: string): void {
  assertTakesNoNamespace(closure, what);
  const kept = closure.objects.filter(({ namespace }) => namespace !== undefined && !systemNamespaces.has(namespace));
  if (kept.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${closure.cluster}: deleting ${what} would delete ${kept.length} object(s) in projects with it: ${some(kept.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`))}. Nothing was deleted. Take that owner off them, or keep the owner.`,
    { details: { objects: kept.map(({ kind, namespace = '', name }) => `${kind} ${namespace}/${name}`) } },
  );
}

/** The first few names, and how many more there are. */
export function some(names: readonly string[], most = 10): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** Namespaces by name with what decides whether they live: read in one paged metadata list. */
export async function namespacesOf(
  cluster: KubeSphereCluster,
  signal: AbortSignal,
  labelSelector?: string,
): Promise<ReadonlyMap<string, ObjectMeta>> {
  const found = new Map<string, ObjectMeta>();
  for await (const { metadata } of cluster.connection.listMetadata(core.namespaces, {
    signal,
    ...(labelSelector === undefined ? {} : { labelSelector }),
  }))
    found.set(metadata.name, metadata);
  return found;
}
