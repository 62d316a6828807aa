import type { Connection } from '../../../src/kube/connection.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';

/** The cluster as it is, but for some methods of its connection: a test plays there what happens right before a request. */
export function overriding(cluster: KubeSphereCluster, methods: Partial<Connection>): KubeSphereCluster {
  const connection = new Proxy(cluster.connection, {
    get(target, key) {
      const value: unknown = Reflect.get(key in methods ? methods : target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return new Proxy(cluster, { get: (target, key) => (key === 'connection' ? connection : Reflect.get(target, key)) });
}
