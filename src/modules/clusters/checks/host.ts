import type { KubeSphereCluster } from '../../../kubesphere/cluster.ts';
import { type Installation, readInstallation } from '../../../kubesphere/installation.ts';
import { clusterWebhook, kubefedNamespace } from '../../../kubesphere/names.ts';
import { type Cluster, type KubeFedCluster, kubesphere, type User } from '../../../kubesphere/resources.ts';
import { some } from '../../closure.ts';
import { openedBy } from '../../operations/cluster-webhook.ts';
import { type Placed, placedByName, readPlaced } from '../placed.ts';
import { rotationUnderWay, unfinished } from '../shared-secret.ts';
import { towerAddress } from '../tower.ts';
import { controllersAtWork, deadMembers } from './controllers.ts';
import { blocks, type ClusterFinding, warns } from './finding.ts';

/** What a host has, read once for all checks. */
export interface HostView extends Placed {
  readonly host: KubeSphereCluster;
  readonly clusters: readonly Cluster[];
  readonly joined: readonly KubeFedCluster[];
  readonly users: readonly User[];
  readonly installation: Installation;
}

/** @throws ApiError where any of it cannot be read */
export async function viewHost(host: KubeSphereCluster, signal: AbortSignal): Promise<HostView> {
  const { connection } = host;
  const options = { signal };
  const [clusters, joined, placed, users, installation] = await Promise.all([
    connection.list(kubesphere.clusters, options).toArray(),
    connection.list(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, signal }).toArray(),
    readPlaced(host, signal),
    connection.list(kubesphere.users, options).toArray(),
    readInstallation(connection, options),
  ]);
  return { host, clusters, joined, users, installation, ...placed };
}

/** Whether the host itself can take a cluster of that name in. */
export async function checkHost(
  view: HostView,
  name: string,
  agent: boolean,
  signal: AbortSignal,
): Promise<ClusterFinding[]> {
  const { host, clusters, joined, installation } = view;
  const found: ClusterFinding[] = [...(await controllersAtWork(host, signal)), ...deadMembers(host.name, joined)];
  if (clusters.some(({ metadata }) => metadata.name === name))
    found.push(
      blocks(
        'CLUSTER_NAME',
        host.name,
        `${host.name} has a cluster "${name}" already.`,
        'Take another name, or unbind that one.',
      ),
    );
  if (installation.jwtDigest === undefined)
    found.push(
      blocks(
        'JWT_SECRET',
        host.name,
        `${host.name}: ConfigMap kubesphere-system/kubesphere-config names no authentication.jwtSecret; no member can trust this host.`,
        'See that its installer has finished.',
      ),
    );
  const rotating = await rotationUnderWay(host, signal);
  if (rotating !== undefined) {
    const { why, remedy } = unfinished(host.name, rotating);
    found.push(blocks('ROTATION', host.name, why, remedy));
  }
  const inherited = placedByName(view, name);
  if (inherited.length > 0)
    found.push(
      warns(
        'INHERITED_PLACEMENT',
        host.name,
        `${some(inherited)} of ${host.name} are placed on a cluster "${name}", left from an earlier one of that name; this one gets them as soon as it joins.`,
        `If it is another cluster, take "${name}" out of their placement first.`,
      ),
    );
  const run = await openedBy(host, signal);
  if (run !== undefined)
    found.push(
      warns(
        'WEBHOOK_OPEN',
        host.name,
        `${host.name}: ValidatingWebhookConfiguration ${clusterWebhook} was opened by run ${run}, which did not close it.`,
        `Finish that run: resume(methodWorkflows['unbind-cluster'], '${run}', …), or rollback.`,
      ),
    );
  if (agent) found.push(...(await checkTower(view, signal)));
  return found;
}

async function checkTower({ host, installation }: HostView, signal: AbortSignal): Promise<ClusterFinding[]> {
  if ((await towerAddress(host, installation, signal)) !== undefined) return [];
  return [
    blocks(
      'TOWER_ADDRESS',
      host.name,
      `${host.name}: agents have nowhere to dial, for tower has no address that can be reached from outside.`,
      'Give Service kubesphere-system/tower a load balancer, or set spec.multicluster.proxyPublishAddress of ClusterConfiguration ks-installer, such as http://203.0.113.1:8080.',
    ),
  ];
}
