import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { placeables } from '../placement/clusters.ts';
import { doomed } from '../placement/doomed.ts';
import { unmeant } from '../placement/placed.ts';
import type { Work } from '../work.ts';
import type { Copied } from './release-copy.ts';

/**
 * Refuses to give a namespace and what is in it back to kubefed unless kubefed would keep all of it there: the FederatedNamespace, and
 * the federated object of each, must be placed on that cluster. What is marked and placed elsewhere is deleted (H5).
 *
 * @throws FederationError `KEPT_AT_RISK`
 */
export async function assertPlacedThere(
  { signal }: Pick<Work, 'signal'>,
  host: KubeSphereCluster,
  cluster: string,
  project: string,
  objects: readonly Copied[],
): Promise<void> {
  const all = await placeables(host, signal);
  const around = await host.connection.find(
    kubesphere.federatedNamespaces,
    { namespace: project, name: project },
    { signal },
  );
  if (unmeant('', around, cluster, all) !== undefined)
    throw new FederationError(
      'KEPT_AT_RISK',
      `${host.name}: multi-cluster project "${project}" is not placed on ${cluster} any more; given back to kubefed it would be deleted there. It was left as it is. Place it there with namespaces.setFederatedPlacement, then roll back once more.`,
    );
  for (const { kind, name } of objects)
    if ((await doomed(host, cluster, all, { kind, namespace: project, name }, signal)) !== undefined)
      throw new FederationError(
        'KEPT_AT_RISK',
        `${host.name}: Federated${kind} ${project}/${name} is not placed on ${cluster} any more; its copy there would be deleted. It was left as it is.`,
      );
}
