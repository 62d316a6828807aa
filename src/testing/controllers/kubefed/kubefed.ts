import type { Resource } from '../../../kube/objects.ts';
import { type FederatedObject, federatedKinds } from '../../../kubesphere/resources.ts';
import type { Manager } from '../runtime.ts';
import { federatedClusters } from './clusters.ts';
import { type FederatedKind, type Sync, startSync } from './sync.ts';

/** kubefed v0.8.1 as KubeSphere 3.x configures it (adoptResources Enabled), on a host. */
export function startKubefed(manager: Manager): void {
  const syncs: Sync[] = [];
  const clusters = federatedClusters(manager, (_cluster, access, first) => {
    for (const sync of syncs) sync.available(access, first);
  });
  for (const { federated, target } of federatedKinds) {
    const kind: FederatedKind = { federated: federated as Resource<FederatedObject>, target: target as Resource };
    syncs.push(startSync(manager, kind, clusters));
  }
}
