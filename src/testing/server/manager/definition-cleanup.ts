import type { Ground } from '../call.ts';
import type { ServedType } from '../catalogue.ts';
import { InternalClient } from '../internal-client.ts';
import type { Pace } from '../pace.ts';
import { definitionFinalizer } from '../rules.ts';
import { follow } from './follow.ts';
import { WorkQueue } from './work-queue.ts';

const delays = { minMs: 50, maxMs: 200, retryMs: 100, maxRetryMs: 10_000 };

/** Deletes every object of a CustomResourceDefinition that is being deleted, then lets the definition go. */
export class DefinitionCleanup {
  /** Works on `ground` from now on. */
  constructor(ground: Ground, pace: Pace, definitions: ServedType) {
    const client = new InternalClient(ground, 'customresourcedefinition-controller');
    const table = ground.store.table(definitions.storage);
    const queue = new WorkQueue(pace, 'definitions', delays, async (name) => {
      const definition = table.get(name);
      const { deletionTimestamp, finalizers = [] } = definition?.metadata ?? {};
      if (definition === undefined || deletionTimestamp === undefined || !finalizers.includes(definitionFinalizer))
        return;
      const type = ground.registry.storages().find((known) => known.storage === name);
      const left = ground.store.table(name);
      if (type !== undefined && left.size > 0) {
        const namespaces = type.namespaced
          ? new Set(left.all().map(({ metadata }) => metadata.namespace))
          : [undefined];
        for (const namespace of namespaces) await client.deleteCollection(type, namespace, {});
      }
      if (left.size > 0) throw new Error(`${left.size} objects of ${name} are left`);
      const rest = finalizers.filter((finalizer) => finalizer !== definitionFinalizer);
      await client.patch(definitions, definition, { metadata: { uid: definition.metadata.uid, finalizers: rest } });
    });
    follow(ground.store, pace, (storage, { key, after }) => {
      if (storage === definitions.storage && after?.metadata.deletionTimestamp !== undefined) queue.add(key);
    });
  }
}
