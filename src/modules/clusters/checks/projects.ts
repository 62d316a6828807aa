import type { KubeSphereCluster } from '../../../kubesphere/cluster.ts';
import { managedLabel } from '../../../kubesphere/names.ts';
import { namespacesOf, some } from '../../closure.ts';
import { blocks, type ClusterFinding } from './finding.ts';
import type { HostView } from './host.ts';
import { type Newcomer, reaches } from './reach.ts';

/**
 * Namespaces that are called like a multi-cluster project of the host that will reach the cluster: its kubefed takes them over, out of
 * their workspace, and writes over what is called alike in them (2.6).
 */
export async function checkProjects(
  { host, federatedNamespaces }: HostView,
  newcomer: Newcomer,
  member: KubeSphereCluster,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const arriving = federatedNamespaces.filter(({ spec }) => reaches(spec.placement, newcomer, 'possibly'));
  if (arriving.length === 0) return [];
  const there = await namespacesOf(member, signal);
  const taken = arriving
    .map(({ metadata }) => metadata.name)
    .filter((name) => there.has(name) && there.get(name)?.labels?.[managedLabel] !== 'false');
  if (taken.length === 0) return [];
  return [
    blocks(
      'PROJECT_NAME',
      newcomer.name,
      `Namespace(s) ${some(taken)} are on ${newcomer.name}, and ${host.name} has multi-cluster projects of these names placed there: it takes them over as soon as it joins, and writes over what is called alike in them.`,
      'If they are copies of the same, accept it; else take the cluster out of the placement of these multi-cluster projects (federation.namespaces.setFederatedPlacement).',
    ),
  ];
}
