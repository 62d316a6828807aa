import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { readJwtSecret } from '../../kubesphere/installation.ts';
import { runAnnotation } from '../../kubesphere/names.ts';
import { parkedRef } from '../parking.ts';
import type { Obstacle } from '../workspaces/delete-plan.ts';

/** The jwtSecret that a host shares with its members. @throws FederationError `INVALID` where it has none */
export async function sharedSecret(host: KubeSphereCluster, signal: AbortSignal): Promise<string> {
  const secret = await readJwtSecret(host.connection, { signal });
  if (secret !== undefined) return secret;
  throw new FederationError(
    'INVALID',
    `${host.name}: ConfigMap kubesphere-system/kubesphere-config names no authentication.jwtSecret; without it no member can trust this host. Has its installer finished?`,
  );
}

/** What {@link Clusters.rotateJwtSecret} parks the former secret and the new one as. */
export const parkedSecret = 'jwt-secret';

/** The run that rotates a host's jwtSecret and is not over, or died; `undefined` where there is none. */
export async function rotationUnderWay(host: KubeSphereCluster, signal: AbortSignal): Promise<string | undefined> {
  const { name, namespace = '' } = parkedRef(host, parkedSecret);
  const parked = await host.connection.find(core.secrets, { name, namespace }, { signal });
  return parked === undefined ? undefined : (parked.metadata.annotations?.[runAnnotation] ?? 'of which nobody knows');
}

/** Why nothing else may be done about secrets meanwhile. */
export const unfinished = (host: string, run: string): Obstacle => ({
  why: `${host}: run ${run} is rotating the jwtSecret, and is not over.`,
  remedy: `Finish it first: resume(methodWorkflows['rotate-jwt-secret'], '${run}', …), or rollback.`,
});
