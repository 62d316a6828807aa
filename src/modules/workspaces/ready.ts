import { hostLabel, kubefedNamespace } from '../../kubesphere/names.ts';
import { type Condition, kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import type { FederationEnv } from '../env.ts';

const isReady = (conditions: readonly Condition[] | undefined): boolean =>
  (conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');

/**
 * Members that the host, or its kubefed, does not call ready: kubefed finishes no deletion while there is one (H19). That a member is
 * called ready proves nothing (H18): whoever needs it has to ask it as well.
 */
export async function notReady({ host }: FederationEnv, options: CallOptions): Promise<readonly string[]> {
  const [clusters, federated] = await Promise.all([
    host.connection.list(kubesphere.clusters, options).toArray(),
    host.connection.list(kubesphere.kubeFedClusters, { ...options, namespace: kubefedNamespace }).toArray(),
  ]);
  const joined = new Map(federated.map(({ metadata, status }) => [metadata.name, isReady(status?.conditions)]));
  const members = clusters.filter(({ metadata }) => !(hostLabel in (metadata.labels ?? {})));
  const known = new Set(members.map(({ metadata }) => metadata.name));
  return [
    ...members
      .filter(({ metadata, status }) => !isReady(status?.conditions) || joined.get(metadata.name) !== true)
      .map(({ metadata }) => metadata.name),
    // One whose Cluster is gone, and which kubefed still waits for.
    ...federated
      .filter(({ metadata, status }) => !known.has(metadata.name) && !isReady(status?.conditions))
      .map(({ metadata }) => metadata.name),
  ];
}
