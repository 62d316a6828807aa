import type { OwnerReference } from '../../../kube/objects.ts';
import type { Ground } from '../call.ts';
import type { ServedType } from '../catalogue.ts';
import { failedWith, InternalClient } from '../internal-client.ts';
import { type ApiObject, sameJson } from '../object.ts';
import type { Pace } from '../pace.ts';
import { collectorFinalizers } from '../remove.ts';
import { type Change, keyOf } from '../store.ts';
import { follow } from './follow.ts';
import { Ownership } from './ownership.ts';
import { WorkQueue } from './work-queue.ts';

const delays = { minMs: 150, maxMs: 500, retryMs: 50, maxRetryMs: 60_000 };
const { orphan, foreground } = collectorFinalizers;

interface SortedOwners {
  /** Alive: they keep the object. */
  readonly solid: readonly OwnerReference[];
  readonly dangling: readonly OwnerReference[];
  /** Being deleted in the foreground: they wait for the object to go. */
  readonly waiting: readonly OwnerReference[];
}

const hasFinalizer = ({ metadata }: ApiObject, finalizer: string): boolean =>
  metadata.finalizers?.includes(finalizer) === true;
const isDeleted = ({ metadata }: ApiObject): boolean => metadata.deletionTimestamp !== undefined;

/**
 * Deletes what no owner keeps, as kube-controller-manager does: an owner counts as alive when an object of the kind,
 * name and namespace named is there under the UID named. Its deletes pass admission like anybody's; refused ones are
 * tried again for ever.
 */
export class GarbageCollector {
  readonly #ground: Ground;
  readonly #client: InternalClient;
  readonly #ownership: Ownership;
  readonly #collect: WorkQueue;
  readonly #orphan: WorkQueue;

  /** Works on `ground` from now on. */
  constructor(ground: Ground, pace: Pace) {
    this.#ground = ground;
    this.#client = new InternalClient(ground, 'generic-garbage-collector');
    this.#ownership = new Ownership(ground.store);
    this.#collect = new WorkQueue(pace, 'garbage-collector', delays, (uid) => this.#attemptToDelete(uid));
    this.#orphan = new WorkQueue(pace, 'garbage-collector', delays, (uid) => this.#attemptToOrphan(uid));
    follow(ground.store, pace, (storage, change) => this.#note(storage, change));
  }

  #note(storage: string, change: Change): void {
    const { before, after } = change;
    this.#ownership.note(storage, change);
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid) {
      for (const dependent of this.#ownership.dependents(before.metadata.uid)) this.#collect.add(dependent);
      // An owner deleted in the foreground may have waited for this one.
      for (const { uid } of before.metadata.ownerReferences ?? []) this.#collect.add(uid);
    }
    if (after === undefined) return;
    const { uid, ownerReferences } = after.metadata;
    if (!sameJson(before?.metadata.ownerReferences, ownerReferences)) {
      // Who is kept by all its owners is looked at again when one of them goes.
      if ((ownerReferences ?? []).length > 0 && !this.#isKept(after)) this.#collect.add(uid);
      for (const owner of before?.metadata.ownerReferences ?? []) this.#collect.add(owner.uid);
    }
    if (!isDeleted(after)) return;
    if (hasFinalizer(after, orphan)) this.#orphan.add(uid);
    if (
      !hasFinalizer(after, foreground) ||
      (before !== undefined && isDeleted(before) && hasFinalizer(before, foreground))
    )
      return;
    this.#collect.add(uid);
    for (const dependent of this.#ownership.dependents(uid)) this.#collect.add(dependent);
  }

  async #attemptToDelete(uid: string): Promise<void> {
    const object = this.#ownership.object(uid);
    if (object === undefined) return;
    const waits = isDeleted(object) && hasFinalizer(object, foreground);
    if (isDeleted(object) && !waits) return;
    if (waits) return this.#finishForeground(object);
    const type = this.#typeOf(uid);
    const owners = this.#sort(type, object);
    if (owners.solid.length > 0) {
      const gone = [...owners.dangling, ...owners.waiting];
      if (gone.length > 0) await this.#disown(object, gone);
      return;
    }
    if (owners.dangling.length + owners.waiting.length === 0) return;
    await this.#delete(type, object, this.#policy(object, owners));
  }

  /** What is deleted for an owner that waits is itself deleted in the foreground if it has dependents of its own. */
  #policy(object: ApiObject, { waiting }: SortedOwners): string {
    if (waiting.length > 0 && this.#ownership.dependents(object.metadata.uid).length > 0) return 'Foreground';
    return hasFinalizer(object, orphan) ? 'Orphan' : hasFinalizer(object, foreground) ? 'Foreground' : 'Background';
  }

  async #delete(type: ServedType, object: ApiObject, propagationPolicy: string): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    try {
      await this.#client.delete(type, object, {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid, resourceVersion },
        propagationPolicy,
      });
    } catch (error) {
      if (!failedWith(error, 404)) throw error;
    }
  }

  /** Lets an owner go that was deleted in the foreground, once nothing that blocks it is left. */
  async #finishForeground(object: ApiObject): Promise<void> {
    const { uid } = object.metadata;
    const blocking = this.#ownership
      .dependents(uid)
      .filter((dependent) =>
        this.#ownership
          .object(dependent)
          ?.metadata.ownerReferences?.some((ref) => ref.uid === uid && ref.blockOwnerDeletion === true),
      );
    if (blocking.length === 0) return this.#dropFinalizer(object, foreground);
    for (const dependent of blocking) this.#collect.add(dependent);
  }

  async #attemptToOrphan(uid: string): Promise<void> {
    const object = this.#ownership.object(uid);
    if (object === undefined || !isDeleted(object) || !hasFinalizer(object, orphan)) return;
    for (const dependent of this.#ownership.dependents(uid)) {
      const owned = this.#ownership.object(dependent);
      const refs = owned?.metadata.ownerReferences?.filter((ref) => ref.uid === uid) ?? [];
      if (owned !== undefined && refs.length > 0) await this.#disown(owned, refs);
    }
    const now = this.#ownership.object(uid);
    if (now !== undefined) await this.#dropFinalizer(now, orphan);
  }

  async #disown(object: ApiObject, gone: readonly OwnerReference[]): Promise<void> {
    const uids = new Set(gone.map((ref) => ref.uid));
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter((ref) => !uids.has(ref.uid));
    await this.#patch(object, { ownerReferences });
  }

  #dropFinalizer(object: ApiObject, finalizer: string): Promise<void> {
    return this.#patch(object, {
      finalizers: (object.metadata.finalizers ?? []).filter((known) => known !== finalizer),
    });
  }

  async #patch(object: ApiObject, metadata: object): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    try {
      await this.#client.patch(this.#typeOf(uid), object, { metadata: { uid, resourceVersion, ...metadata } });
    } catch (error) {
      if (!failedWith(error, 404)) throw error;
    }
  }

  #isKept(object: ApiObject): boolean {
    try {
      const { dangling, waiting } = this.#sort(this.#typeOf(object.metadata.uid), object);
      return dangling.length + waiting.length === 0;
    } catch {
      return false;
    }
  }

  #typeOf(uid: string): ServedType {
    const storage = this.#ownership.storage(uid);
    const type = this.#ground.registry.storages().find((known) => known.storage === storage);
    if (type === undefined) throw new Error(`${storage} is not served any more`);
    return type;
  }

  /** @throws Error while a kind that is named is not served: then nothing is known about its owner, and nothing deleted */
  #sort(type: ServedType, { metadata }: ApiObject): SortedOwners {
    const owners = { solid: [] as OwnerReference[], dangling: [] as OwnerReference[], waiting: [] as OwnerReference[] };
    for (const ref of metadata.ownerReferences ?? []) {
      const kind = this.#ground.registry.findKind(ref.apiVersion, ref.kind);
      if (kind === undefined) throw new Error(`${ref.apiVersion} ${ref.kind} is not served`);
      if (kind.namespaced && !type.namespaced)
        throw new Error('a cluster-scoped object cannot be owned by a namespaced one');
      const key = keyOf(kind.namespaced ? metadata.namespace : undefined, ref.name);
      const owner = this.#ground.store.table(kind.storage).get(key);
      if (owner?.metadata.uid !== ref.uid) owners.dangling.push(ref);
      else if (isDeleted(owner) && hasFinalizer(owner, foreground)) owners.waiting.push(ref);
      else owners.solid.push(ref);
    }
    return owners;
  }
}
