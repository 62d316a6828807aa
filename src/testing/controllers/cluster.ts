import { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { stringify } from 'yaml';
import { FederationError } from '../../errors.ts';
import type { Connection } from '../../kube/connection.ts';
import { core, defineResource } from '../../kube/resources.ts';
import {
  finalizers,
  hostLabel,
  hostSecret,
  installation,
  kubefedNamespace,
  kubesphereNamespace,
} from '../../kubesphere/names.ts';
import { type Cluster, type Condition, kubesphere } from '../../kubesphere/resources.ts';
import { recordAt, text } from '../server/object.ts';
import { type Context, loop } from './context.ts';
import { joinFederation, memberAccess } from './join.ts';
import { memberConnections } from './member-connections.ts';
import { parseSettings } from './settings.ts';
import { addFinalizer, dropFinalizers, ignoring, same, update } from './writes.ts';

/** Observed; the product's default is 120 s. */
const resyncMs = 30_000;
const nodes = defineResource({ version: 'v1', kind: 'Node', plural: 'nodes' });

/** pkg/controller/cluster of 3.x, on a host: joins members, describes them, and forgets them without touching them. */
export function clusterController(context: Context): void {
  const { manager, version } = context;
  const { connection: host } = manager;
  const users = manager.informer(kubesphere.users);
  const connections = memberConnections(manager);

  async function sync(cluster: Cluster, kubeconfig: string): Promise<void> {
    const access = memberAccess(kubeconfig);
    const member = await connections.to(cluster.metadata.name, kubeconfig);
    try {
      await joinFederation({ host, member, cluster, access });
    } catch (error) {
      if (!FederationError.is(error) || FederationError.is(error, 'CONFLICT')) throw error;
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
    const status = await describe(member);
    const conditions = [
      condition('Federated', 'True', '', 'Cluster has joined federation control plane successfully'),
      condition('Ready', 'True', 'Ready', 'Cluster is available now'),
      ...expiry(cluster, access.clientCertificate),
    ];
    await update(host, kubesphere.clusters, cluster, {
      spec: { connection: { kubernetesAPIEndpoint: cluster.spec.connection.kubernetesAPIEndpoint ?? member.server } },
      status: { ...status, conditions: withConditions(cluster, ...conditions) },
    });
    await writeClusterName(member, cluster.metadata.name);
    await grantUsers(await boundUsers(member), cluster.metadata.name);
  }

  /** Expiry of a direct member's client certificate. 3.3 fails without one, before the status is ever written. */
  function expiry(cluster: Cluster, certificate: string | undefined): Condition[] {
    if (cluster.metadata.labels?.[hostLabel] !== undefined || cluster.spec.connection.type === 'proxy') return [];
    if (certificate === undefined) {
      if (version !== '3.3') return [];
      throw new FederationError(
        'INVALID',
        `parseKubeConfigExpirationDate for cluster ${cluster.metadata.name} failed: empty CertData`,
      );
    }
    const { validTo } = new X509Certificate(Buffer.from(certificate, 'base64'));
    const soon = Date.parse(validTo) - Date.now() < 7 * 24 * 3_600_000;
    const type = 'KubeConfigCertExpiresInSevenDays';
    return [condition(type, soon ? 'True' : 'False', type, validTo)];
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
    await dropFinalizers(host, kubesphere.clusters, cluster, finalizers.cluster);
  }

  const clusters = manager.informer(kubesphere.clusters);
  const queue = loop(context, {
    name: 'cluster',
    workers: 3,
    informer: clusters,
    when: ({ before, after }) => !same(before?.spec, after?.spec) || after?.metadata.deletionTimestamp !== undefined,
    async reconcile(cached) {
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
  manager.every(resyncMs, 'cluster resync', () => {
    for (const key of clusters.keys()) queue.add(key);
  });
}

function condition(type: string, status: Condition['status'], reason: string, message: string): Condition {
  const now = new Date().toISOString();
  return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

function withConditions(cluster: Cluster, ...fresh: readonly Condition[]): Condition[] {
  const kept = cluster.status?.conditions?.filter(({ type }) => !fresh.some((item) => item.type === type)) ?? [];
  return [...kept, ...fresh];
}

async function describe(member: Connection): Promise<NonNullable<Cluster['status']>> {
  const config = await member.find(core.configMaps, { namespace: kubesphereNamespace, name: installation.config });
  const configuration = await member.find(kubesphere.clusterConfigurations, {
    namespace: kubesphereNamespace,
    name: installation.configuration,
  });
  const settings = parseSettings(config);
  const multicluster = recordAt(settings, 'multicluster')['enable'] === true;
  const { metadata } = await member.get(core.namespaces, { name: 'kube-system' });
  return {
    kubernetesVersion: await member.version(),
    kubeSphereVersion: text(recordAt(configuration?.status, 'core')['version']) ?? 'unknown',
    nodeCount: (await member.list(nodes).toArray()).length,
    configz: {
      ...Object.fromEntries(Object.keys(settings).map((name) => [name, true])),
      multicluster,
      openpitrix: true,
    },
    uid: metadata.uid,
  };
}

/** Parses the member's whole configuration and writes it back with the cluster's name and, as observed, explicit zeros. */
async function writeClusterName(member: Connection, name: string): Promise<void> {
  const at = { namespace: kubesphereNamespace, name: installation.config };
  const config = await member.get(core.configMaps, at);
  const settings = parseSettings(config);
  const multicluster = recordAt(settings, 'multicluster');
  if (multicluster['clusterName'] === name) return;
  const written = stringify({
    ...settings,
    multicluster: { enable: false, hostClusterName: '', proxyPublishAddress: '', ...multicluster, clusterName: name },
  });
  await update(member, core.configMaps, config, { data: { [installation.configKey]: written } });
}

async function boundUsers(member: Connection): Promise<ReadonlySet<string>> {
  const bindings = await member
    .list(core.clusterRoleBindings, { labelSelector: 'iam.kubesphere.io/user-ref' })
    .toArray();
  const subjects = bindings.flatMap((binding) => binding.subjects ?? []);
  return new Set(subjects.filter(({ kind }) => kind === 'User').map(({ name }) => name));
}
