import type { Logger } from '../types.ts';
import { createCaller } from './call.ts';
import { createClient } from './client.ts';
import type { Connection } from './connection.ts';
import { createCredentials } from './credentials.ts';
import { chooseContext, type KubeconfigSource } from './kubeconfig.ts';
import { proxyFor } from './proxy.ts';
import { serviceAccountOf } from './token.ts';
import { createTransport, type FindNear } from './transport.ts';

/** How to reach one cluster. */
export interface ConnectClusterOptions {
  readonly kubeconfig: KubeconfigSource;
  /** @defaultValue the kubeconfig's current-context */
  readonly context?: string;
  /** What messages call the cluster. @defaultValue the cluster's name in the kubeconfig */
  readonly name?: string;
  /** Name recorded in managedFields. @defaultValue 'kubesphere-federation' */
  readonly fieldManager?: string;
  readonly logger?: Logger;
  /** A way to servers of the same process. */
  readonly near?: FindNear;
}

/**
 * A connection to one API server. Nothing is sent, no credential plugin is run and no connection opened before the first
 * call; files of the kubeconfig are read at once. Dispose it to close its connections.
 *
 * @throws FederationError `KUBECONFIG_INVALID`
 */
export async function connectCluster(options: ConnectClusterOptions): Promise<Connection> {
  const chosen = await chooseContext(options.kubeconfig, options.context);
  const cluster = options.name ?? chosen.cluster.name;
  const credentials = createCredentials(chosen, cluster);
  const access = chosen.user.exec || chosen.user.authProvider ? undefined : await credentials.current();
  const server = new URL(chosen.cluster.server);
  const proxy = proxyFor(server, chosen.cluster.proxyUrl, process.env);
  const transport = createTransport({ cluster, server, proxy, credentials, near: options.near });
  return createClient({
    caller: createCaller(cluster, transport, options.logger),
    server: `${server.origin}${server.pathname.replace(/\/+$/, '')}`,
    clientCertificate: Boolean(chosen.user.certData || chosen.user.certFile),
    serviceAccount: serviceAccountOf(access?.headers['authorization']?.replace(/^bearer /i, '')),
    fieldManager: options.fieldManager ?? 'kubesphere-federation',
    close: () => transport[Symbol.asyncDispose](),
  });
}
