import { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import { finalizers, hostLabel, hostSecret, kubefedNamespace } from '../../kubesphere/names.ts';
import { type Cluster, type Condition, kubesphere } from '../../kubesphere/resources.ts';
import { type Context, loop } from './context.ts';
import { reconcileHostCluster } from './host-cluster.ts';
import { joinFederation, memberAccess } from './join.ts';
import { memberConnections } from './member-connections.ts';
import { boundUsers, describeMember, isSameMachine, writeClusterName } from './member-status.ts';
import { cleanNotifications } from './notification.ts';
import { addFinalizer, dropFinalizers, ignoring, same, update } from './writes.ts';

/**
 * pkg/controller/cluster of 3.x, on a host: joins members, describes them, and forgets them without touching them.
 *
 * @param ownKubeconfig how the host reaches itself; without it, it neither makes nor keeps its own Cluster
 */
export function clusterController(context: Context, ownKubeconfig: string | undefined): void {
  const { manager, settings, version } = context;
  const { connection: host } = manager;
  const users = manager.informer(kubesphere.users);
  const connections = memberConnections(manager);

  const condition = (type: string, status: Condition['status'], reason: string, message: string): Condition => {
    const now = manager.timestamp();
    return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
  };

  async function sync(cluster: Cluster, kubeconfig: string): Promise<void> {
    const access = memberAccess(kubeconfig);
    const member = await connections.to(cluster.metadata.name, kubeconfig);
    try {
      // Observed: a member is Ready 0.2-1.0 s after its Cluster is there, and refused after 4 s.
      const pause = () => manager.pause(200, 900);
      await joinFederation({ host, member, cluster, access, pause, refusing: () => manager.pause(3_000, 3_300) });
    } catch (error) {
      if (!FederationError.is(error) || (version !== '3.3' && error.code === 'CONFLICT')) throw error;
      await update(host, kubesphere.clusters, cluster, {
        status: {
          conditions: withConditions(
            cluster,
            condition('Federated', 'False', error.message, 'Cluster can not join federation control plane'),
            condition('Ready', 'False', 'Cluster join federation control plane failed', 'Cluster is Not Ready now'),
          ),
        },
      });
      manager.log('warn', `cluster ${cluster.metadata.name}: ${error.message}`);
      return;
    }
    const status = await describeMember(member);
    const isHost = status.configz?.['multicluster'] === true && (await isSameMachine(host, member));
    const conditions = [
      condition('Federated', 'True', '', 'Cluster has joined federation control plane successfully'),
      condition('Ready', 'True', 'Ready', 'Cluster is available now'),
      ...expiry(cluster, access.clientCertificate),
    ];
    await update(host, kubesphere.clusters, cluster, {
      ...(isHost ? { metadata: { labels: { [hostLabel]: '' } } } : {}),
      spec: { connection: { kubernetesAPIEndpoint: cluster.spec.connection.kubernetesAPIEndpoint ?? member.server } },
      status: { ...status, conditions: withConditions(cluster, ...conditions) },
    });
    await writeClusterName(member, cluster.metadata.name);
    await grantUsers(await boundUsers(member), cluster.metadata.name);
  }

  /** Expiry of a direct member's client certificate. 3.3 fails without one, before the status is ever written. */
  function expiry(cluster: Cluster, certificate: string | undefined): Condition[] {
    if (cluster.metadata.labels?.[hostLabel] !== undefined || cluster.spec.connection.type === 'proxy') return [];
    const type = 'KubeConfigCertExpiresInSevenDays';
    if (certificate === undefined) {
      if (version !== '3.3') return [condition(type, 'False', type, '')];
      throw new FederationError(
        'INVALID',
        `parseKubeConfigExpirationDate for cluster ${cluster.metadata.name} failed: empty CertData`,
      );
    }
    const expires = Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo);
    const soon = expires - manager.clock.now() < 7 * 24 * 3_600_000;
    const message = new Date(expires)
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, ' +0000 UTC');
    return [condition(type, soon ? 'True' : 'False', type, message)];
  }

  /** Annotates the host's users with the clusters where a binding with a user-ref label names them: stale ones too. */
  async function grantUsers(granted: ReadonlySet<string>, cluster: string): Promise<void> {
    const annotation = 'iam.kubesphere.io/granted-clusters';
    for (const user of users.list()) {
      const before = (user.metadata.annotations?.[annotation] ?? '').split(',').filter((name) => name !== '');
      const others = before.filter((name) => name !== cluster);
      const after = granted.has(user.metadata.name) ? [...others, cluster].sort() : others;
      if (same(before, after)) continue;
      await update(host, kubesphere.users, user, { metadata: { annotations: { [annotation]: after.join(',') } } });
    }
  }

  /** Nothing is done on the member: its namespace, account, token, labels and copies all stay. */
  async function forget(cluster: Cluster): Promise<void> {
    const { name } = cluster.metadata;
    await connections.forget(name);
    const secret = { namespace: kubefedNamespace, name: hostSecret(name) };
    const policy = { propagationPolicy: 'Background' } as const;
    await ignoring(host.delete(kubesphere.kubeFedClusters, { namespace: kubefedNamespace, name }, policy), 'NOT_FOUND');
    await ignoring(host.delete(core.secrets, secret, policy), 'NOT_FOUND');
    await grantUsers(new Set(), name);
    if (version !== '3.3') await cleanNotifications(context, cluster);
    await dropFinalizers(host, kubesphere.clusters, cluster, finalizers.cluster);
  }

  const clusters = manager.informer(kubesphere.clusters);
  const queue = loop(context, {
    name: 'cluster',
    workers: 3,
    informer: clusters,
    when: ({ before, after }) => !same(before?.spec, after?.spec) || after?.metadata.deletionTimestamp !== undefined,
    async reconcile(cached) {
      if (!settings.multiCluster()) return undefined;
      if (cached.metadata.deletionTimestamp !== undefined) {
        if (cached.metadata.finalizers?.includes(finalizers.cluster) === true) await forget(cached);
        return undefined;
      }
      const cluster = await addFinalizer(host, kubesphere.clusters, cached, finalizers.cluster);
      const { joinFederation: wanted, connection } = cluster.spec;
      if (wanted === true && connection.kubeconfig !== undefined) {
        await sync(cluster, Buffer.from(connection.kubeconfig, 'base64').toString());
      }
      return undefined;
    },
  });
  manager.every(settings.clusterResyncMs, 'cluster', async () => {
    if (!settings.multiCluster()) return;
    for (const key of clusters.keys()) queue.add(key);
    if (ownKubeconfig !== undefined && clusters.synced) await reconcileHostCluster(context, ownKubeconfig);
  });
}

function withConditions(cluster: Cluster, ...fresh: readonly Condition[]): Condition[] {
  const kept = cluster.status?.conditions?.filter(({ type }) => !fresh.some((item) => item.type === type)) ?? [];
  return [...kept, ...fresh];
}
