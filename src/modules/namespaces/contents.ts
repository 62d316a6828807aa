import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import type { CallOptions } from '../../types.ts';
import { throughKinds } from '../found.ts';
import { inProject } from './resources.ts';

/** A claim for storage, and what becomes of its data with it. */
export interface ClaimInProject {
  readonly name: string;
  /** `null`: it is bound to no volume. */
  readonly volume: string | null;
  /** `Delete`: the data goes with the claim. `null` where there is no such volume. */
  readonly reclaimPolicy: 'Retain' | 'Delete' | 'Recycle' | null;
}

/** What is in a project. */
export interface ProjectContents {
  /** How many there are of each kind, as `kubectl` calls it: `{ 'deployments.apps': 3, secrets: 5 }`. Events and leases are not counted. */
  readonly objects: Readonly<Record<string, number>>;
  readonly claims: readonly ClaimInProject[];
  /** HelmReleases of it, as `cluster/name`. */
  readonly apps: readonly string[];
}

/** Kinds that hold nothing that anybody keeps. */
const skipped: ReadonlySet<string> = new Set(['events', 'leases']);

/**
 * Counts everything in a namespace by kind, of every kind that the cluster serves.
 *
 * @throws ApiError where any kind cannot be listed: contents with a gap are no contents
 */
export async function contentsOf(
  cluster: KubeSphereCluster,
  namespace: string,
  options: CallOptions,
): Promise<Omit<ProjectContents, 'apps'>> {
  const { connection } = cluster;
  const all = await throughKinds(
    cluster,
    ({ namespaced, plural }) => namespaced && !skipped.has(plural),
    { ...options, namespace },
    ({ group, plural }) => (group === '' ? plural : `${plural}.${group}`),
  );
  const counted = new Map<string, number>();
  for (const kind of all) counted.set(kind, (counted.get(kind) ?? 0) + 1);
  const claims = await connection.list(inProject.claims, { ...options, namespace }).toArray();
  return {
    objects: Object.fromEntries([...counted].sort()),
    claims: await Promise.all(
      claims.map(async ({ metadata: { name }, spec }): Promise<ClaimInProject> => {
        const volume = spec?.volumeName;
        const found =
          volume === undefined ? undefined : await connection.find(inProject.volumes, { name: volume }, options);
        // Kubernetes' own default where a volume says nothing.
        const reclaimPolicy = found === undefined ? null : (found.spec?.persistentVolumeReclaimPolicy ?? 'Retain');
        return { name, volume: volume ?? null, reclaimPolicy };
      }),
    ),
  };
}
