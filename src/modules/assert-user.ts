import { FederationError } from '../errors.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import type { CallOptions } from '../types.ts';

/** Finds a person that a call names. @throws FederationError `NOT_FOUND` that ends with `remedy` */
export async function assertUser(
  { name: cluster, connection }: KubeSphereCluster,
  user: string,
  options: CallOptions,
  remedy = 'Create that user first.',
): Promise<void> {
  if ((await connection.find(kubesphere.users, { name: user }, options)) !== undefined) return;
  throw new FederationError('NOT_FOUND', `${cluster}: there is no user "${user}". Nothing was written. ${remedy}`);
}
