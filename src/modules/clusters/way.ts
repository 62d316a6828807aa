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

/**
 * Works with a member by the federation's way to it; once its Cluster object is gone, by the kubeconfig that was parked of it.
 *
 * @throws FederationError `ENV_CHANGED` where that way leads to another cluster than the one with `uid`
 */
export async function withMember<T>(
  env: FederationEnv,
  member: { readonly name: string; readonly uid: string | null },
  parked: Parked | null | undefined,
  signal: AbortSignal,
  use: (member: KubeSphereCluster) => Promise<T>,
): Promise<T> {
  const checked = (reached: KubeSphereCluster): KubeSphereCluster => {
    if (member.uid === null || reached.uid === member.uid) return reached;
    throw new FederationError(
      'ENV_CHANGED',
      `The way to "${member.name}" leads to another cluster (UID ${reached.uid}) than the one that ${env.host.name} had (UID ${member.uid}). Nothing was written there.`,
    );
  };
  let known: KubeSphereCluster;
  try {
    known = await env.member(member.name, { signal });
  } catch (error) {
    if (!FederationError.is(error, 'NOT_FOUND') || parked === null || parked === undefined) throw error;
    const { kubeconfig = '' } = await unpark({ signal }, env.host, parked);
    if (kubeconfig === '') throw error;
    await using connection = await connectCluster({ kubeconfig, name: member.name });
    return await use(checked(await openCluster(connection, { signal })));
  }
  return use(checked(known));
}
