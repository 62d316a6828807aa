import { stringify } from 'yaml';
import { FederationError } from '../../../errors.ts';
import type { Connection } from '../../../kube/connection.ts';
import { core } from '../../../kube/resources.ts';
import { kubefedNamespace } from '../../../kubesphere/names.ts';
import { type KubeFedCluster, kubesphere } from '../../../kubesphere/resources.ts';
import { connectNear } from '../../connect.ts';
import { recordAt } from '../../server/object.ts';
import type { Manager } from '../runtime.ts';
import { named, same } from '../writes.ts';

const healthMs = 10_000;
/** Health checks that must fail in a row before a cluster counts as offline. */
const failureThreshold = 3;

/** A joined cluster as kubefed knows it. The client lives as long as the KubeFedCluster is not touched. */
export interface FederatedCluster {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  /** Client and caches; only while ready. */
  readonly access: Manager | undefined;
}

interface Entry {
  readonly name: string;
  readonly identity: object;
  labels: Readonly<Record<string, string>>;
  connection: Connection | undefined;
  failures: number;
  ready: boolean;
  access: Manager | undefined;
}

/** Told when a cluster becomes ready: `first` where kubefed itself found it so, not after a restart of kubefed. */
export type AvailableListener = (cluster: FederatedCluster, access: Manager, first: boolean) => void;

/**
 * kubefed's cluster controller. The token is read when a KubeFedCluster appears or its spec, labels or annotations
 * change, and never else: once its ServiceAccount is gone, the cluster stays offline until somebody touches it.
 */
export function federatedClusters(manager: Manager, onAvailable: AvailableListener): () => readonly FederatedCluster[] {
  const { connection: host } = manager;
  const entries = new Map<string, Entry>();
  const informer = manager.informer(kubesphere.kubeFedClusters, { namespace: kubefedNamespace });

  async function connect(cluster: KubeFedCluster): Promise<Connection> {
    const secret = await host.get(core.secrets, { namespace: kubefedNamespace, name: cluster.spec.secretRef.name });
    const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString();
    const { apiEndpoint: server, caBundle } = cluster.spec;
    const { name } = cluster.metadata;
    const trust =
      recordAt(cluster, 'spec')['disabledTLSValidations'] === undefined
        ? { 'certificate-authority-data': caBundle }
        : { 'insecure-skip-tls-verify': true };
    const kubeconfig = stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server, ...trust } }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    });
    return connectNear({ kubeconfig, name, fieldManager: 'controller-manager' });
  }

  function setReady(entry: Entry, ready: boolean, first: boolean): void {
    if (entry.ready === ready && (entry.access !== undefined) === ready) return;
    entry.ready = ready;
    const before = entry.access;
    entry.access = undefined;
    if (before !== undefined) void before[Symbol.asyncDispose]();
    if (!ready || entry.connection === undefined) return;
    entry.access = manager.child(entry.connection);
    onAvailable(entry, entry.access, first);
  }

  async function check(key: string): Promise<void> {
    const cluster = informer.get(key);
    if (cluster === undefined) return drop(key);
    const wasReady = isReady(cluster);
    const identity = identityOf(cluster);
    let entry = entries.get(key);
    if (entry !== undefined && !same(entry.identity, identity)) {
      await drop(key);
      entry = undefined;
    }
    if (entry === undefined) {
      entry = {
        name: cluster.metadata.name,
        identity,
        labels: {},
        connection: undefined,
        failures: 0,
        ready: false,
        access: undefined,
      };
      entries.set(key, entry);
    }
    entry.labels = cluster.metadata.labels ?? {};
    try {
      entry.connection ??= await connect(cluster);
      await entry.connection.raw('/healthz', { retry: false, timeoutMs: 3_000 });
      entry.failures = 0;
    } catch (error) {
      if (!FederationError.is(error)) throw error;
      entry.failures += 1;
      manager.log('warn', `kubefed cannot reach cluster ${entry.name}: ${error.message}`);
    }
    const healthy = entry.failures === 0;
    if (!healthy && wasReady && entry.failures < failureThreshold) return;
    setReady(entry, healthy, !wasReady);
    if (healthy !== wasReady || cluster.status === undefined) await writeStatus(cluster, healthy);
  }

  async function writeStatus(cluster: KubeFedCluster, healthy: boolean): Promise<void> {
    const now = manager.timestamp();
    const times = { lastProbeTime: now, lastTransitionTime: now };
    const conditions = healthy
      ? [{ type: 'Ready', status: 'True', reason: 'ClusterReady', message: '/healthz responded with ok', ...times }]
      : [
          {
            type: 'Offline',
            status: 'True',
            reason: 'ClusterNotReachable',
            message: 'cluster is not reachable',
            ...times,
          },
        ];
    const body = { status: { conditions } };
    await host.patch(kubesphere.kubeFedClusters, named(cluster), { type: 'merge', body }, { subresource: 'status' });
  }

  async function drop(key: string): Promise<void> {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    await entry.access?.[Symbol.asyncDispose]();
    await entry.connection?.[Symbol.asyncDispose]();
  }

  const queue = manager.controller({
    name: 'kubefedcluster',
    workers: 4,
    async reconcile(key) {
      await check(key);
      return informer.get(key) === undefined ? undefined : { againAfterMs: healthMs };
    },
  });
  informer.onChange((key, { before, after, initial }) => {
    if (after === undefined) queue.add(key);
    else if (before === undefined) queue.addAfter(key, initial ? 0 : manager.between(400, 4_100));
    else if (!same(identityOf(before), identityOf(after))) queue.add(key);
  });
  manager.onClose(async () => {
    await Promise.all([...entries.keys()].map(drop));
  });
  return () => [...entries.values()];
}

function isReady(cluster: KubeFedCluster): boolean {
  return cluster.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** What makes kubefed build its client anew. */
function identityOf({ spec, metadata: { uid, labels, annotations } }: KubeFedCluster): object {
  return { uid, spec, labels: labels ?? {}, annotations: annotations ?? {} };
}
