import { type ApiObject, type Draft, deepFreeze } from './object.ts';

/** One write, as watches see it. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  readonly before: ApiObject | undefined;
  readonly after: ApiObject | undefined;
}

/** Told of every change of a table, in order, within the write. */
type ChangeListener = (change: Change) => void;

/** Name of an object inside its table. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** What a server kept at a moment: objects are frozen, so that it costs little. */
export type StoreCapture = ReadonlyMap<string, ReadonlyMap<string, ApiObject>>;

const logLimit = 20_000;

/** All objects of one resource, whatever version they were written in, with the window of changes that watches resume from. */
export class Table {
  readonly #nextRevision: () => number;
  #objects = new Map<string, ApiObject>();
  readonly #listeners = new Set<ChangeListener>();
  #log: Change[] = [];
  /** Changes up to this revision are forgotten. */
  #forgotten: number;
  #sorted: readonly ApiObject[] | undefined;

  constructor(nextRevision: () => number, since: number) {
    this.#nextRevision = nextRevision;
    this.#forgotten = since;
  }

  get size(): number {
    return this.#objects.size;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  get(key: string): ApiObject | undefined {
    return this.#objects.get(key);
  }

  /** Every object, by namespace and name. */
  all(): readonly ApiObject[] {
    this.#sorted ??= [...this.#objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    return this.#sorted;
  }

  /** Every object as it was at `revision`; `undefined` where that is forgotten. */
  at(revision: number): readonly ApiObject[] | undefined {
    if (revision < this.#forgotten) return undefined;
    const last = this.#log.at(-1);
    if (last === undefined || last.revision <= revision) return this.all();
    const past = new Map(this.#objects);
    for (let i = this.#log.length - 1; i >= 0; i--) {
      const change = this.#log[i];
      if (change === undefined || change.revision <= revision) break;
      if (change.before === undefined) past.delete(change.key);
      else past.set(change.key, change.before);
    }
    return [...past].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** The revision before the last `changes`, or the oldest one that is remembered. */
  before(changes: number): number {
    const change = changes > 0 ? this.#log.at(-changes) : undefined;
    if (change !== undefined) return change.revision - 1;
    return changes > 0
      ? Math.max(this.#forgotten, (this.#log[0]?.revision ?? 1) - 1)
      : (this.#log.at(-1)?.revision ?? this.#forgotten);
  }

  /** Changes after `revision`; `undefined` where some of them are forgotten. */
  since(revision: number): readonly Change[] | undefined {
    if (revision < this.#forgotten) return undefined;
    let start = this.#log.length;
    while (start > 0 && (this.#log[start - 1]?.revision ?? 0) > revision) start--;
    return this.#log.slice(start);
  }

  /** Every object by its key, as {@link Table.restore} takes it. */
  capture(): ReadonlyMap<string, ApiObject> {
    return new Map(this.#objects);
  }

  /** Puts back what was captured, as it was then. Nobody is told of changes, and what was before `revision` is forgotten. */
  restore(objects: ReadonlyMap<string, ApiObject>, revision: number): void {
    this.#objects = new Map(objects);
    this.#sorted = undefined;
    this.#log = [];
    this.#forgotten = revision;
  }

  /** Creates or replaces; gives the object its new resourceVersion. */
  put(key: string, draft: Draft): ApiObject {
    const revision = this.#nextRevision();
    draft.metadata.resourceVersion = String(revision);
    const after: ApiObject = deepFreeze(draft);
    const before = this.#objects.get(key);
    this.#objects.set(key, after);
    this.#record({ revision, key, before, after });
    return after;
  }

  remove(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    this.#record({ revision: this.#nextRevision(), key, before, after: undefined });
  }

  /** Calls `listener` on every change until the answer is called. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the changes up to `revision`, as etcd's compaction does. */
  compact(revision: number): void {
    this.#log = this.#log.filter((change) => change.revision > revision);
    this.#forgotten = Math.max(this.#forgotten, revision);
  }

  #record(change: Change): void {
    this.#sorted = undefined;
    this.#log.push(change);
    if (this.#log.length > logLimit) {
      const dropped = this.#log.splice(0, logLimit / 4);
      this.#forgotten = dropped.at(-1)?.revision ?? this.#forgotten;
    }
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** Everything a server keeps. All of it is synchronous: a read and a write without `await` between them are one transaction. */
export class Store {
  #revision = 1;
  readonly #tables = new Map<string, Table>();
  readonly #listeners = new Set<(storage: string, change: Change) => void>();
  readonly #restoreListeners = new Set<() => void>();

  get revision(): number {
    return this.#revision;
  }

  /** The table of `storage`, for example `deployments.apps`. */
  table(storage: string): Table {
    let table = this.#tables.get(storage);
    if (table === undefined) {
      table = new Table(() => ++this.#revision, 0);
      table.subscribe((change) => {
        for (const listener of [...this.#listeners]) listener(storage, change);
      });
      this.#tables.set(storage, table);
    }
    return table;
  }

  /** Calls `listener` on every change of every table until the answer is called. */
  subscribe(listener: (storage: string, change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All tables by their storage. */
  tables(): readonly (readonly [string, Table])[] {
    return [...this.#tables];
  }

  /** Everything there is, for {@link Store.restore}. */
  capture(): StoreCapture {
    return new Map([...this.#tables].map(([storage, table]) => [storage, table.capture()]));
  }

  /** Puts back what was captured. Revisions go on upwards; whoever follows a table must begin anew. */
  restore(capture: StoreCapture): void {
    this.#revision += 1;
    for (const storage of capture.keys()) this.table(storage);
    for (const [storage, table] of this.#tables) table.restore(capture.get(storage) ?? new Map(), this.#revision);
    for (const listener of [...this.#restoreListeners]) listener();
  }

  /** Calls `listener` after everything was put back, until the answer is called. */
  onRestore(listener: () => void): () => void {
    this.#restoreListeners.add(listener);
    return () => this.#restoreListeners.delete(listener);
  }

  /** Forgets all history before now. */
  compact(): void {
    for (const table of this.#tables.values()) table.compact(this.#revision);
  }
}
