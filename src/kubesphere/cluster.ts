import { FederationError } from '../errors.ts';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import { type Dialect, writingDialect } from './dialect.ts';
import { sandboxLabel } from './names.ts';
import { detectVersion, type KubeSphereVersion } from './version.ts';

/** A cluster with KubeSphere on it, host or member: its connection, its version, its identity. */
export interface KubeSphereCluster extends AsyncDisposable {
  readonly name: string;
  readonly connection: Connection;
  readonly version: KubeSphereVersion;
  /** UID of namespace kube-system: the identity of a cluster, whatever it is called. */
  readonly uid: string;
  /** Made for tests: kube-system carries the label kubesphere-federation/sandbox=true. */
  readonly sandbox: boolean;
  /** How to write to it. @throws FederationError `UNSUPPORTED` on a version line that can only be read. */
  readonly dialect: Dialect;
}

/** Asks a cluster who it is. @throws FederationError `UNSUPPORTED` where it has no KubeSphere that we know. */
export async function openCluster(connection: Connection, options?: CallOptions): Promise<KubeSphereCluster> {
  const [system, version] = await Promise.all([
    connection.get(core.namespaces, { name: 'kube-system' }, options),
    detectVersion(connection, options),
  ]);
  return {
    name: connection.cluster,
    connection,
    version,
    uid: system.metadata.uid,
    sandbox: system.metadata.labels?.[sandboxLabel] === 'true',
    get dialect() {
      return writingDialect(version, connection.cluster);
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** Refuses two names for one cluster. @throws FederationError `SAME_CLUSTER` */
export function assertDifferent(
  first: KubeSphereCluster,
  second: KubeSphereCluster,
  roles: readonly [string, string],
): void {
  if (first.uid !== second.uid) return;
  throw new FederationError(
    'SAME_CLUSTER',
    `${roles[0]} (${first.connection.server}) and ${roles[1]} (${second.connection.server}) are the same cluster: kube-system has UID ${first.uid} on both. Check the kubeconfigs.`,
  );
}
