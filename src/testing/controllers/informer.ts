import type { WatchEvent } from '../../kube/connection.ts';
import type { KubeObject, ObjectName } from '../../kube/objects.ts';

/** One change of one object in an {@link Informer}: created without `before`, gone without `after`. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
  /** Whether it was there already when the informer started. */
  readonly initial: boolean;
}

/** Key of an object in queues and caches: `name`, or `namespace/name`. */
function keyOf({ namespace, name }: ObjectName): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The reverse of {@link keyOf}. */
export function nameOf(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** What a watch last said of one kind: reads cost nothing and may be stale, as in every controller. */
export class Informer<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #listeners: ((key: string, change: Change<T>) => void)[] = [];
  #synced = false;

  get synced(): boolean {
    return this.#synced;
  }
  get(name: ObjectName | string): T | undefined {
    return this.#objects.get(typeof name === 'string' ? name : keyOf(name));
  }
  list(selected: (object: T) => boolean = () => true): T[] {
    return [...this.#objects.values()].filter(selected);
  }
  keys(): string[] {
    return [...this.#objects.keys()];
  }
  /** Calls `listener` for every change from now on, and at once for what is there already, as real informers do. */
  onChange(listener: (key: string, change: Change<T>) => void): void {
    this.#listeners.push(listener);
    for (const [key, after] of this.#objects) listener(key, { before: undefined, after, initial: true });
  }
  apply(event: WatchEvent<T>): void {
    if (event.type !== 'synced') {
      this.#set(keyOf(event.object.metadata), event.type === 'deleted' ? undefined : event.object, false);
      return;
    }
    const there = new Map(event.objects.map((object) => [keyOf(object.metadata), object]));
    for (const key of this.keys()) if (!there.has(key)) this.#set(key, undefined, false);
    for (const [key, object] of there) this.#set(key, object, !this.#synced);
    this.#synced = true;
  }
  #set(key: string, after: T | undefined, initial: boolean): void {
    const before = this.#objects.get(key);
    if (before?.metadata.resourceVersion === after?.metadata.resourceVersion) return;
    if (after === undefined) this.#objects.delete(key);
    else this.#objects.set(key, after);
    for (const listener of this.#listeners) listener(key, { before, after, initial });
  }
}
