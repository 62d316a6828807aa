import { FederationError } from '../../errors.ts';
import { connectCluster } from '../../kube/connect.ts';
import { type KubeSphereCluster, openCluster } from '../../kubesphere/cluster.ts';
import type { FederationEnv } from '../env.ts';
import { type Parked, unpark } from '../parking.ts';

/** Whether an address leads through a host: its own, or its gateway's path to a member. */
export function leadsThrough(server: string, host: string): boolean {
  const url = new URL(server);
  return /\/clusters\/[^/]+/.test(url.pathname) || new URL(host).host === url.host;
}

/** A member by name and UID; `null` where it is not known. */
interface Meant {
  readonly name: string;
  readonly uid: string | null;
}

/** @throws FederationError `ENV_CHANGED` */
function checked(host: KubeSphereCluster, { name, uid }: Meant, reached: KubeSphereCluster): KubeSphereCluster {
  if (uid === null || reached.uid === uid) return reached;
  throw new FederationError(
    'ENV_CHANGED',
    `The way to "${name}" leads to another cluster (UID ${reached.uid}) than the one that ${host.name} had (UID ${uid}). Nothing was written there.`,
  );
}

/**
 * Works with a member by a kubeconfig that was parked of it.
 *
 * @throws FederationError `ENV_CHANGED` where that leads to another cluster than the one with `uid`
 */
export async function withKubeconfig<T>(
  host: KubeSphereCluster,
  member: Meant,
  kubeconfig: string,
  signal: AbortSignal,
  use: (member: KubeSphereCluster) => Promise<T>,
): Promise<T> {
  await using connection = await connectCluster({ kubeconfig, name: member.name });
  return await use(checked(host, member, await openCluster(connection, { signal })));
}

/**
 * Works with a member by the federation's way to it; once its Cluster object is gone, by the kubeconfig that was parked of it.
 *
 * @throws FederationError `ENV_CHANGED` where that way leads to another cluster than the one with `uid`
 */
export async function withMember<T>(
  env: FederationEnv,
  member: Meant,
  parked: Parked | null | undefined,
  signal: AbortSignal,
  use: (member: KubeSphereCluster) => Promise<T>,
): Promise<T> {
  let known: KubeSphereCluster;
  try {
    known = await env.member(member.name, { signal });
  } catch (error) {
    if (!FederationError.is(error, 'NOT_FOUND') || parked === null || parked === undefined) throw error;
    const { kubeconfig = '' } = await unpark({ signal }, env.host, parked);
    if (kubeconfig === '') throw error;
    return await withKubeconfig(env.host, member, kubeconfig, signal, use);
  }
  return use(checked(env.host, member, known));
}
