import { type ConnectClusterOptions, connectCluster } from '../kube/connect.ts';
import type { Connection } from '../kube/connection.ts';
import { nearTo } from './server/local.ts';

/** How controllers reach a cluster: without sockets where its API server is in this process, which is much faster. */
export function connectNear(options: Omit<ConnectClusterOptions, 'near'>): Promise<Connection> {
  return connectCluster({ ...options, near: nearTo });
}
