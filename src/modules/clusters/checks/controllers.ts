import type { ObjectMeta } from '../../../kube/objects.ts';
import { core } from '../../../kube/resources.ts';
import type { KubeSphereCluster } from '../../../kubesphere/cluster.ts';
import { hostServiceAccount, kubefedNamespace, kubesphereNamespace } from '../../../kubesphere/names.ts';
import { type KubeFedCluster, kubesphere } from '../../../kubesphere/resources.ts';
import { some } from '../../closure.ts';
import { blocks, type ClusterFinding, warns } from './finding.ts';

/** Without its controllers a cluster's finalizers never go, and nothing that is asked for happens (H14). */
export async function controllersAtWork(
  { name, connection }: Pick<KubeSphereCluster, 'name' | 'connection'>,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const at = { namespace: kubesphereNamespace, name: 'ks-controller-manager' };
  const deployment = await connection.find(core.deployments, at, { signal });
  if (Number(deployment?.status?.['availableReplicas'] ?? 0) > 0) return [];
  return [
    blocks(
      'CONTROLLERS',
      name,
      `${name}: ks-controller-manager is ${deployment === undefined ? 'not there' : 'not available'}.`,
      `Bring up Deployment ${kubesphereNamespace}/ks-controller-manager; without it nothing on that cluster is ever finished.`,
    ),
  ];
}

/** ServiceAccounts of other hosts on a member, which have it, or had it, under another name than `cluster`. */
export async function accountsOfOthers(
  { connection }: Pick<KubeSphereCluster, 'connection'>,
  cluster: string,
  signal: AbortSignal,
): Promise<readonly ObjectMeta[]> {
  const accounts = await connection
    .listMetadata(core.serviceAccounts, { namespace: kubefedNamespace, signal })
    .toArray();
  return accounts
    .map(({ metadata }) => metadata)
    .filter(({ name }) => name.endsWith('-kubesphere') && name !== hostServiceAccount(cluster));
}

/** Another host's account on a member: it has it under another name, and two hosts on one member destroy what both have (8.2). */
export async function otherHosts(
  { name, connection }: Pick<KubeSphereCluster, 'name' | 'connection'>,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const others = (await accountsOfOthers({ connection }, name, signal)).map((account) => account.name);
  if (others.length === 0) return [];
  return [
    blocks(
      'OTHER_HOST',
      name,
      `${name}: ServiceAccount(s) ${some(others)} in ${kubefedNamespace}: a host has it, or had it, under another name.`,
      'Find that host and unbind the cluster there; if it is gone for good, delete these accounts and their ClusterRoleBindings on the member.',
    ),
  ];
}

/** A host that becomes a member goes on managing what it had (H17). `own`: how many Clusters it may have. */
export async function ownMembers(
  { name, connection }: Pick<KubeSphereCluster, 'name' | 'connection'>,
  own: number,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const clusters = await connection.list(kubesphere.clusters, { signal }).toArray();
  if (clusters.length <= own) return [];
  return [
    blocks(
      'MEMBER_IS_HOST',
      name,
      `${name} is itself a host, or was one: it has cluster(s) ${some(clusters.map(({ metadata }) => metadata.name))}.`,
      'Unbind its members first: a host that becomes a member goes on managing them.',
    ),
  ];
}

/** A member that does not answer keeps federated objects from going on every host that has it (H19). */
export function deadMembers(host: string, joined: readonly KubeFedCluster[]): ClusterFinding[] {
  const dead = joined.filter(
    ({ status }) => !status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  if (dead.length === 0) return [];
  return [
    warns(
      'DEAD_MEMBER',
      host,
      `${host}: kubefed does not reach ${some(dead.map(({ metadata }) => metadata.name))}; while that is so, no workspace made there can be taken back wholly.`,
      'Bring that cluster back, or unbind it.',
    ),
  ];
}
