import type { Ground } from '../call.ts';
import type { ServedType } from '../catalogue.ts';
import { failedWith, InternalClient } from '../internal-client.ts';
import type { Pace } from '../pace.ts';
import { claimFinalizer } from '../rules.ts';
import { follow } from './follow.ts';
import { WorkQueue } from './work-queue.ts';

const delays = { minMs: 10, maxMs: 100, retryMs: 50, maxRetryMs: 10_000 };

/** Lets PersistentVolumeClaims go that are being deleted: no pods run here, so none uses them. */
export class ClaimProtection {
  /** Works on `ground` from now on. */
  constructor(ground: Ground, pace: Pace, claims: ServedType) {
    const client = new InternalClient(ground, 'pvc-protection-controller');
    const table = ground.store.table(claims.storage);
    const queue = new WorkQueue(pace, 'claims', delays, async (key) => {
      const claim = table.get(key);
      const finalizers = claim?.metadata.finalizers ?? [];
      if (claim?.metadata.deletionTimestamp === undefined || !finalizers.includes(claimFinalizer)) return;
      const rest = finalizers.filter((finalizer) => finalizer !== claimFinalizer);
      try {
        await client.patch(claims, claim, { metadata: { uid: claim.metadata.uid, finalizers: rest } });
      } catch (error) {
        if (!failedWith(error, 404)) throw error;
      }
    });
    follow(ground.store, pace, (storage, { key, after }) => {
      if (storage === claims.storage && after?.metadata.deletionTimestamp !== undefined) queue.add(key);
    });
  }
}
