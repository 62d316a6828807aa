import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostLabel, namespaceLabel, releaseClusterLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import type { FederationEnv } from '../env.ts';

/** An app of the App Store that is installed in a project: a HelmRelease, on the host or on the project's own cluster. */
export type Release = {
  /** Where the HelmRelease is. */
  readonly cluster: string;
  readonly name: string;
  readonly uid: string;
  /** The workspace by whose deletion it is uninstalled (H1). */
  readonly workspace: string | null;
};

async function labelled(
  { name: cluster, connection }: KubeSphereCluster,
  project: string,
  belongs: (cluster: string | undefined) => boolean,
  options?: CallOptions,
): Promise<Release[]> {
  const selector = { labelSelector: `${namespaceLabel}=${project}` };
  try {
    const found = await connection.listMetadata(kubesphere.helmReleases, { ...options, ...selector }).toArray();
    return found
      .filter(({ metadata }) => belongs(metadata.labels?.[releaseClusterLabel]))
      .map(({ metadata: { name, uid, labels } }) => ({
        cluster,
        name,
        uid,
        workspace: labels?.[workspaceLabel] ?? null,
      }));
  } catch (error) {
    // A cluster that does not serve the kind has no apps.
    if (FederationError.is(error, 'NOT_FOUND')) return [];
    throw error;
  }
}

/** Names by which the host calls itself in its own objects. */
async function hostNames({ host }: FederationEnv, options?: CallOptions): Promise<ReadonlySet<string | undefined>> {
  const own = await host.connection
    .listMetadata(kubesphere.clusters, { ...options, labelSelector: hostLabel })
    .toArray();
  return new Set([undefined, host.name, ...own.map(({ metadata }) => metadata.name)]);
}

/**
 * Apps that are installed in a project: those that the host keeps for that cluster, and those that the cluster keeps itself, from
 * when it was standalone or a host. There the label of a cluster says nothing, for only a host looks at it
 * (helm_release_controller.go:232-241).
 */
export async function releasesOf(
  env: FederationEnv,
  at: KubeSphereCluster,
  project: string,
  options?: CallOptions,
): Promise<readonly Release[]> {
  if (at.uid === env.host.uid) {
    const names = await hostNames(env, options);
    return labelled(env.host, project, (cluster) => names.has(cluster), options);
  }
  const [onHost, there] = await Promise.all([
    labelled(env.host, project, (cluster) => cluster === at.name, options),
    labelled(at, project, () => true, options),
  ]);
  return [...onHost, ...there];
}
