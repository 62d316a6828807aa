import { FederationError } from '../errors.ts';
import { type PortableKubeconfig, portableKubeconfig } from '../kube/portable.ts';
import { clusterSecrets } from '../modules/operations/cluster-object.ts';
import { type Parked, unpark } from '../modules/parking.ts';
import type { MigrationEnv } from './env.ts';

/** Part of the names of what this run parks: one migration of a member at a time. */
export const parkedAs = ({ member }: MigrationEnv): string => member.name;

/**
 * The kubeconfig under which the new host shall reach the member: the caller's, else the one that the old host has, from
 * its Cluster object or, once that is deleted, from what was parked of it. Never journalled.
 *
 * @throws FederationError `INVALID` where there is none, `KUBECONFIG_INVALID`
 */
export async function connectionOf(
  env: MigrationEnv,
  parked: Parked | null | undefined,
  signal: AbortSignal,
): Promise<PortableKubeconfig> {
  const { connection, source, member } = env;
  if (connection !== undefined) return portableKubeconfig(connection.kubeconfig);
  const stored =
    source === undefined
      ? {}
      : parked === null || parked === undefined
        ? await clusterSecrets(source.host, member.name, signal)
        : await unpark({ signal }, source.host, parked);
  const kubeconfig = stored['kubeconfig'];
  if (kubeconfig !== undefined) return portableKubeconfig(kubeconfig);
  throw new FederationError(
    'INVALID',
    `How the new host shall reach ${member.name} is not known: ${source === undefined ? 'there is no old host to take the kubeconfig from' : `${source.host.name} holds no kubeconfig for it`}. Give env.connection { kubeconfig }.`,
  );
}
