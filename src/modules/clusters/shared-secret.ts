import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readJwtSecret } from '../../kubesphere/installation.ts';

/** The jwtSecret that a host shares with its members. @throws FederationError `INVALID` where it has none */
export async function sharedSecret(host: KubeSphereCluster, signal: AbortSignal): Promise<string> {
  const secret = await readJwtSecret(host.connection, { signal });
  if (secret !== undefined) return secret;
  throw new FederationError(
    'INVALID',
    `${host.name}: ConfigMap kubesphere-system/kubesphere-config names no authentication.jwtSecret; without it no member can trust this host. Has its installer finished?`,
  );
}
