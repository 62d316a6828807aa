import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { type FederatedObject, kubesphere } from '../../kubesphere/resources.ts';
import { placeables, resolve } from '../placement/clusters.ts';
import type { Work } from '../work.ts';
import type { Copied } from './release-copy.ts';

const federatedGroup = kubesphere.federatedNamespaces.group;

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
  const { connection } = host;
  const all = await placeables(host, signal);
  const at = { namespace: project, name: project };
  const around = await connection.find(kubesphere.federatedNamespaces, at, { signal });
  if (!isPlaced(around))
    throw new FederationError(
      'KEPT_AT_RISK',
      `${host.name}: multi-cluster project "${project}" is not placed on ${cluster} any more; given back to kubefed it would be deleted there. It was left as it is. Place it there with namespaces.setFederatedPlacement, then roll back once more.`,
    );
  const served = await connection.resources({ signal });
  for (const { kind, name } of objects) {
    const resource = served.find((one) => one.group === federatedGroup && one.kind === `Federated${kind}`);
    const federated =
      resource === undefined
        ? undefined
        : await connection.find<FederatedObject>(resource as never, { namespace: project, name }, { signal });
    // Without a counterpart kubefed only takes its mark off.
    if (federated !== undefined && !isPlaced(federated))
      throw new FederationError(
        'KEPT_AT_RISK',
        `${host.name}: Federated${kind} ${project}/${name} is not placed on ${cluster} any more; its copy there would be deleted. It was left as it is.`,
      );
  }

  function isPlaced(object: FederatedObject | undefined): boolean {
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return false;
    return resolve(object.spec.placement ?? {}, all, 'surely').includes(cluster);
  }
}
