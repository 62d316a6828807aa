import { FederationError } from '../errors.ts';
import type { Resource } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { readInstallation } from '../kubesphere/installation.ts';
import { epochAnnotation, hostServiceAccount, kubefedNamespace, managedLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { type Right, toList } from './rights.ts';
import { edit, type Work } from './work.ts';

/** Kinds whose objects a driver that took over may have touched. */
const touchable: readonly Resource[] = [
  ...Object.values<Resource>(core).filter(({ namespaced }) => !namespaced),
  core.serviceAccounts,
  ...Object.values<Resource>(kubesphere).filter(({ namespaced }) => !namespaced),
  kubesphere.clusterConfigurations,
];

/** The touchable kinds that a cluster serves. */
async function touchableOn({ connection }: KubeSphereCluster, signal: AbortSignal): Promise<readonly Resource[]> {
  const served = await connection.resources({ signal });
  return touchable.filter(({ group, plural }) =>
    served.some((one) => one.group === group && one.plural === plural && one.verbs.includes('list')),
  );
}

/** What {@link sweepEpochs} takes, where nothing was touched. */
export const toSweepEpochs = async (cluster: KubeSphereCluster, signal: AbortSignal): Promise<readonly Right[]> =>
  toList(cluster, ...(await touchableOn(cluster, signal)));

/** Takes off every object the annotation with which a driver that took over fenced it: the run is over, nobody writes late. */
export async function sweepEpochs(work: Work, cluster: KubeSphereCluster): Promise<void> {
  for (const resource of await touchableOn(cluster, work.signal))
    for await (const { metadata } of cluster.connection.listMetadata(resource, { signal: work.signal })) {
      if (metadata.annotations?.[epochAnnotation] === undefined) continue;
      const { name, namespace, uid } = metadata;
      const target = { cluster, resource, name: { name, ...(namespace === undefined ? {} : { namespace }) }, uid };
      await edit(work, target, () => ({
        type: 'merge',
        body: { metadata: { annotations: { [epochAnnotation]: null } } },
      })).catch((error: unknown) => {
        if (!FederationError.is(error, 'NOT_FOUND')) throw error;
      });
    }
}

/** What on a cluster tells that a host has it, or had it; empty where nothing does. */
export async function hostMarks({ name, connection }: KubeSphereCluster, signal: AbortSignal): Promise<string[]> {
  const { clusterName } = await readInstallation(connection, { signal });
  const account = await connection.find(
    core.serviceAccounts,
    { namespace: kubefedNamespace, name: hostServiceAccount(clusterName ?? name) },
    { signal },
  );
  const managed = await connection
    .listMetadata(kubesphere.users, { labelSelector: `${managedLabel}=true`, signal })
    .toArray();
  return [
    ...(clusterName === undefined ? [] : [`kubesphere-config names it "${clusterName}"`]),
    ...(account === undefined ? [] : [`ServiceAccount ${account.metadata.name} in ${kubefedNamespace}`]),
    ...(managed.length === 0 ? [] : ['users that a host copied there']),
  ];
}
