import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { type FederatedObject, kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { placedOn } from '../operations/workspace-template.ts';

/** What a host places on clusters. */
export interface Placed {
  readonly templates: readonly WorkspaceTemplate[];
  readonly federatedNamespaces: readonly FederatedObject[];
}

/** Reads what a host places on clusters. */
export async function readPlaced({ connection }: KubeSphereCluster, signal: AbortSignal): Promise<Placed> {
  const [templates, federatedNamespaces] = await Promise.all([
    connection.list(kubesphere.workspaceTemplates, { signal }).toArray(),
    connection.list(kubesphere.federatedNamespaces, { signal }).toArray(),
  ]);
  return { templates, federatedNamespaces };
}

/** Names of the workspaces and multi-cluster projects that name a cluster in their placement. */
export function placedByName({ templates, federatedNamespaces }: Placed, cluster: string): readonly string[] {
  const placed = templates.filter((template) => placedOn(template)?.includes(cluster) === true);
  const expected = federatedNamespaces.filter(({ spec }) =>
    spec.placement?.clusters?.some(({ name }) => name === cluster),
  );
  return [...new Set([...placed, ...expected].map(({ metadata }) => metadata.name))];
}
