import type { Placement } from '../../../kubesphere/resources.ts';
import { structuredSelector } from '../../server/selectors.ts';
import type { FederatedCluster } from './clusters.ts';

/** Names of the clusters that a placement selects. A list wins over a selector, even when empty; no selector means none. */
export function placed(placement: Placement | undefined, clusters: readonly FederatedCluster[]): ReadonlySet<string> {
  const names = clusters.map(({ name }) => name);
  if (placement?.clusters !== undefined) {
    const listed = placement.clusters.map(({ name }) => name);
    return new Set(names.filter((name) => listed.includes(name)));
  }
  const selector = placement?.clusterSelector;
  if (selector === undefined) return new Set();
  const selects = structuredSelector(selector);
  return new Set(clusters.filter(({ labels }) => selects(labels)).map(({ name }) => name));
}
