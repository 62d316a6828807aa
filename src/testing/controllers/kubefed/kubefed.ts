import type { SandboxVersion } from '../../attach.ts';
import { propagatedKinds } from '../../kinds.ts';
import type { Manager } from '../runtime.ts';
import { federatedClusters } from './clusters.ts';
import { type Sync, startSync } from './sync.ts';

/** kubefed v0.8.1 as KubeSphere 3.x configures it (adoptResources Enabled), where it is installed. */
export function startKubefed(manager: Manager, version: SandboxVersion): void {
  const syncs: Sync[] = [];
  const clusters = federatedClusters(manager, ({ name }, access, first) => {
    for (const sync of syncs) sync.available(name, access, first);
  });
  for (const kind of propagatedKinds(version)) syncs.push(startSync(manager, kind, clusters));
}
