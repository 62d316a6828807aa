import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { hostLabel, kubefedNamespace, managedLabel } from '../../kubesphere/names.ts';
import {
  type FederatedObject,
  kubesphere,
  type Workspace,
  type WorkspaceTemplate,
} from '../../kubesphere/resources.ts';
import { type Right, toGet, toList, within } from '../rights.ts';
import { type Placeable, placeablesNamed, resolve } from './clusters.ts';

/** What it takes to ask a host whether it places a workspace on that cluster. */
export const toAskPlaced = (host: KubeSphereCluster, { uid }: KubeSphereCluster): readonly Right[] => [
  ...toGet(host, kubesphere.workspaceTemplates, kubesphere.federatedWorkspaces, kubesphere.clusters),
  ...(uid === host.uid ? toList(host, kubesphere.clusters) : []),
  ...within(kubefedNamespace, toGet(host, kubesphere.kubeFedClusters)),
];

/**
 * Why a host, or its kubefed, does not want a workspace on a cluster: kubefed deletes it there, with every project that is bound to it,
 * 40 s after the cluster is back if it is away now, and says that all is well meanwhile (domain reference, 8.2, 8.3). `undefined` where
 * both want it.
 *
 * @param cluster - name of its Cluster object
 */
export async function unplaced(
  host: KubeSphereCluster,
  name: string,
  cluster: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return whyUnplaced(host, name, cluster, await saidOf(host, name, cluster, signal));
}

/** What a host says of the placement of a workspace. */
export interface SaidOfPlacement {
  readonly template: WorkspaceTemplate | undefined;
  readonly federated: FederatedObject | undefined;
  readonly all: ReadonlyMap<string, Placeable>;
}

async function saidOf(
  host: KubeSphereCluster,
  name: string,
  cluster: string,
  signal: AbortSignal,
): Promise<SaidOfPlacement> {
  const [template, federated, all] = await Promise.all([
    host.connection.find(kubesphere.workspaceTemplates, { name }, { signal }),
    host.connection.find(kubesphere.federatedWorkspaces, { name }, { signal }),
    placeablesNamed(host, cluster, signal),
  ]);
  return { template, federated, all };
}

/** {@link unplaced}, of what was read. */
export function whyUnplaced(
  host: Pick<KubeSphereCluster, 'name'>,
  name: string,
  cluster: string,
  { template, federated, all }: SaidOfPlacement,
): string | undefined {
  return (
    unmeant(`${host.name}: WorkspaceTemplate "${name}"`, template, cluster, all) ??
    unmeant(`${host.name}: FederatedWorkspace "${name}"`, federated, cluster, all)
  );
}

/** Why an object with a placement does not mean a cluster, in a sentence that begins with what it is called; `undefined` where it does. */
export function unmeant(
  called: string,
  object: FederatedObject | WorkspaceTemplate | undefined,
  cluster: string,
  all: ReadonlyMap<string, Placeable>,
): string | undefined {
  if (object === undefined) return `${called} is not there`;
  if (object.metadata.deletionTimestamp !== undefined) return `${called} is being deleted`;
  if (resolve(object.spec.placement ?? {}, all, 'surely').includes(cluster)) return undefined;
  return `${called} does not place it on ${cluster}`;
}

/**
 * {@link unplaced} of the Workspace that is on a cluster; `undefined` too where no kubefed has it, or has the cluster: there is nobody
 * who would delete it. The host's own is placed like any other, under the name of the host's Cluster object.
 */
export async function unplacedThere(
  host: KubeSphereCluster,
  { name, uid }: KubeSphereCluster,
  { metadata }: Workspace,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (metadata.labels?.[managedLabel] !== 'true') return undefined;
  const cluster = uid === host.uid ? await ownName(host, signal) : name;
  if (cluster === undefined) return undefined;
  const said = await saidOf(host, metadata.name, cluster, signal);
  return said.all.size === 0 ? undefined : whyUnplaced(host, metadata.name, cluster, said);
}

/** Name of the Cluster object that stands for the host itself. */
async function ownName({ connection }: KubeSphereCluster, signal: AbortSignal): Promise<string | undefined> {
  const [own] = await connection.list(kubesphere.clusters, { labelSelector: hostLabel, signal }).toArray();
  return own?.metadata.name;
}
