import { FederationError } from '../errors.ts';
import type { Resource } from '../kube/objects.ts';
import { core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { readInstallation } from '../kubesphere/installation.ts';
import { epochAnnotation, hostServiceAccount, kubefedNamespace, managedLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { edit, type Work } from './work.ts';

/** Kinds whose objects a driver that took over may have touched. */
const touchable: readonly Resource[] = [
  ...Object.values<Resource>(core).filter(({ namespaced }) => !namespaced),
  core.serviceAccounts,
  ...Object.values<Resource>(kubesphere).filter(({ namespaced }) => !namespaced),
  kubesphere.clusterConfigurations,
];

/** Takes off every object the annotation with which a driver that took over fenced it: the run is over, nobody writes late. */
export async function sweepEpochs(work: Work, cluster: KubeSphereCluster): Promise<void> {
  const served = await cluster.connection.resources({ signal: work.signal });
  const listable = touchable.filter(({ group, plural }) =>
    served.some((one) => one.group === group && one.plural === plural && one.verbs.includes('list')),
  );
  for (const resource of listable)
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
