import type { Ground } from '../call.ts';
import type { ServedType } from '../catalogue.ts';
import { judgedStatus } from '../definitions.ts';
import { failedWith, InternalClient } from '../internal-client.ts';
import { recordAt, sameJson } from '../object.ts';
import type { Pace } from '../pace.ts';
import { follow } from './follow.ts';
import { WorkQueue } from './work-queue.ts';

const delays = { minMs: 1, maxMs: 20, retryMs: 50, maxRetryMs: 10_000 };

/** Accepts the names of CustomResourceDefinitions, or says which are taken; what is accepted is served from then on. */
export class DefinitionNames {
  /** Works on `ground` from now on. */
  constructor(ground: Ground, pace: Pace, definitions: ServedType) {
    // It is the API server itself that writes these.
    const client = new InternalClient(ground, 'kube-apiserver', 'kube-apiserver');
    const table = ground.store.table(definitions.storage);
    const queue = new WorkQueue(pace, 'names of definitions', delays, async (name) => {
      const definition = table.get(name);
      if (definition === undefined || definition.metadata.deletionTimestamp !== undefined) return;
      const status = judgedStatus(definition, table.all(), ground.now());
      if (sameJson(status, recordAt(definition, 'status'))) return;
      try {
        await client.patch(definitions, definition, { metadata: { uid: definition.metadata.uid }, status }, 'status');
      } catch (error) {
        if (!failedWith(error, 404, 409)) throw error;
      }
    });
    follow(ground.store, pace, (storage, { key, before, after }) => {
      if (storage !== definitions.storage) return;
      if (after !== undefined && !sameJson(recordAt(before, 'spec', 'names'), recordAt(after, 'spec', 'names')))
        queue.add(key);
      // Names that are free again may be what another waits for.
      if (after === undefined) for (const { metadata } of table.all()) queue.add(metadata.name);
    });
  }
}
