import { Buffer } from 'node:buffer';
import type { NewObject } from '../../kube/objects.ts';
import { hostLabel } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import type { Context } from './context.ts';
import { createUnlessThere, update } from './writes.ts';

const ownLabel = 'kubesphere.io/managed';
const encoded = (kubeconfig: string): string => Buffer.from(kubeconfig).toString('base64');

/** The Cluster object by which a host knows itself. */
export function hostCluster(name: string, kubeconfig: string): NewObject<Cluster> {
  return {
    metadata: {
      name,
      labels: { [hostLabel]: '', [ownLabel]: 'true' },
      annotations: {
        'kubesphere.io/description': 'The host itself, made by KubeSphere: keep workloads on its members.',
      },
    },
    spec: {
      joinFederation: true,
      enable: true,
      provider: 'kubesphere',
      connection: { type: 'direct', kubeconfig: encoded(kubeconfig) },
    },
  };
}

/** A host without a Cluster of its own makes one, and keeps the kubeconfig of the one it made; more than one is an error. */
export async function reconcileHostCluster({ manager, settings }: Context, kubeconfig: string): Promise<void> {
  const { connection } = manager;
  const hosts = manager
    .informer(kubesphere.clusters)
    .list(({ metadata }) => metadata.labels?.[hostLabel] !== undefined);
  const [cluster, ...others] = hosts;
  if (others.length > 0) {
    const message = `there MUST not be more than one host clusters, while there are ${hosts.length}`;
    manager.log('error', message);
  } else if (cluster === undefined) {
    await createUnlessThere(connection, kubesphere.clusters, hostCluster(settings.hostClusterName(), kubeconfig));
  } else if (
    cluster.metadata.labels?.[ownLabel] === 'true' &&
    cluster.spec.connection.kubeconfig !== encoded(kubeconfig)
  ) {
    await update(connection, kubesphere.clusters, cluster, {
      spec: { connection: { kubeconfig: encoded(kubeconfig) } },
    });
  }
}
