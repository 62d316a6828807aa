import type { Cluster } from '../../kubesphere/resources.ts';

/**
 * A Cluster as every list and lookup of ks-apiserver shows it: without its kubeconfig. Put back like that, the kubeconfig
 * is gone.
 */
export function withoutKubeconfig({ spec, ...cluster }: Cluster): Cluster {
  const { kubeconfig: _hidden, ...connection } = spec.connection;
  return { ...cluster, spec: { ...spec, connection } };
}
