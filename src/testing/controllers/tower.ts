import { randomBytes } from 'node:crypto';
import { defineResource, type Untyped } from '../../kube/resources.ts';
import { kubesphereNamespace } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { recordAt, text } from '../server/object.ts';
import type { Context } from './context.ts';
import { createUnlessThere, ignoring, update } from './writes.ts';

const services = defineResource<Untyped>({ version: 'v1', kind: 'Service', plural: 'services', namespaced: true });
const ports = { kubernetes: 6443, kubesphere: 80 } as const;
/** What one port is taken from; the one of ks-apiserver lies 10000 above it. */
const range = { from: 6000, to: 7000 } as const;

/**
 * kubesphere/tower as far as no agent is needed for it: a Cluster of type `proxy` gets a token for its agent, two ports
 * and the Service in front of them, and then counts as initialised. No agent ever dials here, so it never gets a
 * kubeconfig, and the cluster controller waits for one.
 */
export function towerController({ manager, settings }: Context): void {
  const { connection } = manager;
  const clusters = manager.informer(kubesphere.clusters);
  const serviceOf = (name: string) => ({ namespace: kubesphereNamespace, name: `mc-${name}` });

  function freePort(): number {
    const taken = clusters.list().map(({ spec }) => recordAt(spec, 'connection')['kubernetesAPIServerPort']);
    for (;;) {
      const port = Math.floor(manager.between(range.from, range.to));
      if (!taken.includes(port)) return port;
    }
  }

  async function initialise(cluster: Cluster): Promise<void> {
    const { name } = cluster.metadata;
    const port = freePort();
    const at = serviceOf(name);
    await createUnlessThere(connection, services, {
      metadata: { ...at, labels: { app: at.name, 'app.kubernetes.io/name': at.name } },
      spec: {
        type: 'ClusterIP',
        selector: { app: 'tower', 'app.kubernetes.io/name': 'tower' },
        ports: [
          { name: 'kubernetes', protocol: 'TCP', port: ports.kubernetes, targetPort: port },
          { name: 'kubesphere', protocol: 'TCP', port: ports.kubesphere, targetPort: port + 10_000 },
        ],
      },
    });
    const service = await connection.get(services, at);
    const address = text(service.spec?.['clusterIP']) ?? `${at.name}.${kubesphereNamespace}.svc`;
    const now = manager.timestamp();
    const condition = {
      type: 'Initialized',
      status: 'True',
      reason: 'Initialized',
      message: 'Cluster has been initialized',
      lastUpdateTime: now,
      lastTransitionTime: now,
    };
    const others = cluster.status?.conditions?.filter(({ type }) => type !== condition.type) ?? [];
    await update(connection, kubesphere.clusters, cluster, {
      spec: {
        connection: {
          token: cluster.spec.connection.token || randomBytes(32).toString('hex'),
          kubernetesAPIServerPort: port,
          kubesphereAPIServerPort: port + 10_000,
          kubernetesAPIEndpoint: `https://${address}:${ports.kubernetes}`,
          kubesphereAPIEndpoint: `http://${address}:${ports.kubesphere}`,
        },
      },
      status: { conditions: [...others, condition] },
    });
  }

  const queue = manager.controller({
    name: 'tower',
    async reconcile(name) {
      if (!settings.multiCluster()) return undefined;
      const cluster = clusters.get(name);
      if (cluster === undefined) {
        await ignoring(connection.delete(services, serviceOf(name), { propagationPolicy: 'Background' }), 'NOT_FOUND');
      } else if (cluster.metadata.deletionTimestamp === undefined && isNew(cluster)) {
        await initialise(cluster);
      }
      return undefined;
    },
  });
  clusters.onChange((name, { before, after }) => {
    const proxied = [before, after].some((cluster) => cluster?.spec.connection.type === 'proxy');
    if (proxied && (after === undefined || isNew(after))) queue.add(name);
  });
}

function isNew({ spec, status }: Cluster): boolean {
  const initialised = status?.conditions?.some(({ type, status: is }) => type === 'Initialized' && is === 'True');
  return spec.connection.type === 'proxy' && initialised !== true;
}
