import type { ObjectMeta } from '../../../kube/objects.ts';
import type { KubeSphereCluster } from '../../../kubesphere/cluster.ts';
import { managedLabel, notificationNamespace } from '../../../kubesphere/names.ts';
import { namespacesOf, some } from '../../closure.ts';
import type { Placed } from '../placed.ts';
import { blocks, type ClusterFinding } from './finding.ts';
import type { HostView } from './host.ts';
import { type Newcomer, reaches } from './reach.ts';

/**
 * Namespaces of a cluster that are called like a multi-cluster project of a host which will reach it, by name or by selector. The one of
 * the notification settings is none: each host has it, and takes it over from the last.
 */
export async function namespacesReached(
  { federatedNamespaces }: Pick<Placed, 'federatedNamespaces'>,
  newcomer: Newcomer,
  member: KubeSphereCluster,
  signal: AbortSignal,
): Promise<readonly ObjectMeta[]> {
  const arriving = federatedNamespaces.filter(
    ({ metadata, spec }) => metadata.name !== notificationNamespace && reaches(spec.placement, newcomer, 'possibly'),
  );
  if (arriving.length === 0) return [];
  const there = await namespacesOf(member, signal);
  return arriving.flatMap(({ metadata }) => there.get(metadata.name) ?? []);
}

/** What becomes of such namespaces once the host has the cluster, in a sentence. */
export const takenOver = (
  namespaces: readonly Pick<ObjectMeta, 'name'>[],
  cluster: string,
  host: Pick<KubeSphereCluster, 'name'>,
): string =>
  `Namespace(s) ${some(namespaces.map(({ name }) => name))} are on ${cluster}, and ${host.name} has multi-cluster projects of these names placed there: it takes them over as soon as it joins, and writes over what is called alike in them.`;

/**
 * Namespaces that are called like a multi-cluster project of the host that will reach the cluster: its kubefed takes them over, out of
 * their workspace, and writes over what is called alike in them (2.6).
 */
export async function checkProjects(
  view: HostView,
  newcomer: Newcomer,
  member: KubeSphereCluster,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const taken = (await namespacesReached(view, newcomer, member, signal)).filter(
    ({ labels }) => labels?.[managedLabel] !== 'false',
  );
  if (taken.length === 0) return [];
  return [
    blocks(
      'PROJECT_NAME',
      newcomer.name,
      takenOver(taken, newcomer.name, view.host),
      'If they are copies of the same, accept it; else take the cluster out of the placement of these multi-cluster projects (federation.namespaces.setFederatedPlacement).',
    ),
  ];
}
