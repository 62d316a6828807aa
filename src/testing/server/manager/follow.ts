import type { Pace } from '../pace.ts';
import { type Change, keyOf, type Store } from '../store.ts';

/** Told of a change; `initial` of what was there already. */
type Follower = (storage: string, change: Change, initial: boolean) => void;

/** Tells of everything that is kept, as a controller finds it when it starts, and then of every change until `pace` stops. */
export function follow(store: Store, pace: Pace, note: Follower): void {
  for (const [storage, table] of store.tables()) {
    for (const after of table.all()) {
      const key = keyOf(after.metadata.namespace, after.metadata.name);
      note(storage, { revision: Number(after.metadata.resourceVersion), key, before: undefined, after }, true);
    }
  }
  pace.onStop(store.subscribe((storage, change) => note(storage, change, false)));
}
