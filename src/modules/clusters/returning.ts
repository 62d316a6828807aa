import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { assertNothingDoomed, type Marked, type Seat } from '../placement/doomed.ts';
import { namespacesReached, takenOver } from './checks/projects.ts';

/** Where a host will have a member again. */
type FormerSeat = Required<Seat>;

/** Its own copies bear its mark; of a namespace with the label false it keeps its hands off, as before. */
async function assertNothingTaken(
  { host, cluster, labels }: FormerSeat,
  member: KubeSphereCluster,
  signal: AbortSignal,
): Promise<void> {
  const federatedNamespaces = await host.connection.list(kubesphere.federatedNamespaces, { signal }).toArray();
  const reached = await namespacesReached({ federatedNamespaces }, { name: cluster, labels }, member, signal);
  const taken = reached.filter((namespace) => !['true', 'false'].includes(namespace.labels?.[managedLabel] ?? ''));
  if (taken.length === 0) return;
  throw new FederationError(
    'KEPT_AT_RISK',
    `${takenOver(taken, cluster, host)} It was not joined. Take "${cluster}" out of their placement on ${host.name}, by a list of clusters without it, or remove them there; then roll back once more.`,
  );
}

/**
 * The last look before a host that let go of a member has it again, for its placements may have changed meanwhile: refuses where its
 * kubefed would delete what bears its mark there, or take over a namespace that does not. It takes what `toSeeNothingDoomed` names; whoever
 * lets go of a member may list all that the host has.
 *
 * @param marked - what of that which bears the mark is looked at
 * @throws FederationError `KEPT_AT_RISK` naming what
 */
export async function assertMayReturn(
  seat: FormerSeat,
  member: KubeSphereCluster,
  signal: AbortSignal,
  marked?: Marked,
): Promise<void> {
  await assertNothingDoomed(seat, member, signal, marked);
  await assertNothingTaken(seat, member, signal);
}
