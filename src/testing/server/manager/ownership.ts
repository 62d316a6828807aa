import type { ServedType } from '../catalogue.ts';
import type { ApiObject } from '../object.ts';
import type { Change, Store } from '../store.ts';

/** Where an object is kept. */
export interface Place {
  readonly storage: string;
  readonly key: string;
}

/** Who owns whom, by UID, over all tables; kept up to date by every write. */
export class Ownership {
  readonly #store: Store;
  readonly #places = new Map<string, Place>();
  readonly #dependents = new Map<string, Set<string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The live object of this UID. */
  object(uid: string): ApiObject | undefined {
    const place = this.#places.get(uid);
    const object = place === undefined ? undefined : this.#store.table(place.storage).get(place.key);
    return object?.metadata.uid === uid ? object : undefined;
  }

  storage(uid: string): ServedType['storage'] | undefined {
    return this.#places.get(uid)?.storage;
  }

  /** UIDs of the objects that name `uid` as an owner. */
  dependents(uid: string): readonly string[] {
    return [...(this.#dependents.get(uid) ?? [])];
  }

  /** Takes a write in. */
  note(storage: string, { key, before, after }: Change): void {
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid) this.#places.delete(before.metadata.uid);
    if (after !== undefined) this.#places.set(after.metadata.uid, { storage, key });
    if (before?.metadata.ownerReferences === after?.metadata.ownerReferences) return;
    for (const { uid } of before?.metadata.ownerReferences ?? []) this.#forget(uid, before?.metadata.uid ?? '');
    for (const { uid } of after?.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(uid) ?? new Set();
      this.#dependents.set(uid, known.add(after?.metadata.uid ?? ''));
    }
  }

  #forget(owner: string, dependent: string): void {
    const known = this.#dependents.get(owner);
    known?.delete(dependent);
    if (known?.size === 0) this.#dependents.delete(owner);
  }
}
