import { AsyncLocalStorage } from 'node:async_hooks';
import type { Call } from './call.ts';
import { qualified, StatusError, type Subject } from './status.ts';
import type { Change } from './store.ts';

/**
 * One object that somebody wrote, or wanted to write and was refused: by rights, by what is there, by an unknown verb, for
 * credentials that are nobody's, or by a fault that answers with a status. Requests that never arrived, reads and dry runs
 * are not told. Plain JSON.
 */
export interface WriteRecord {
  readonly cluster: string;
  /** Time of day of the cluster, ISO 8601. */
  readonly at: string;
  /** Empty where nobody knows who it was: a refusal with 401. */
  readonly user: string;
  /** Field manager, else the program in the user agent. */
  readonly manager: string;
  /** create, update, patch, delete or deletecollection; a write may be of several objects, each with its record. */
  readonly verb: string;
  /** Plural, with the group where there is one: `deployments.apps`. */
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  /** Empty where a collection was refused. */
  readonly name: string;
  readonly uid?: string;
  /** resourceVersion before it; absent for what was not there. */
  readonly before?: string;
  /** resourceVersion after it; absent for what is gone. */
  readonly after?: string;
  /** What the server answered instead: then nothing was written. */
  readonly refused?: { readonly code: number; readonly reason: string };
}

/** Writes in the order in which they took effect, over all clusters that share it. */
export class History {
  readonly #limit: number;
  readonly #records: WriteRecord[] = [];

  /** Keeps the last `limit` records, and at times a quarter more. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Those that `selected` takes, oldest first. */
  records(selected: (record: WriteRecord) => boolean = () => true): WriteRecord[] {
    return this.#records.filter(selected);
  }

  add(record: WriteRecord): void {
    this.#records.push(record);
    if (this.#records.length > this.#limit * 1.25) this.#records.splice(0, this.#records.length - this.#limit);
  }
}

/** What a record tells of a request. */
interface Asked extends Pick<Call, 'user' | 'manager' | 'subresource' | 'namespace' | 'name' | 'at'> {
  readonly type: Subject;
}

interface Writing {
  readonly scribe: Scribe;
  readonly call: Call;
  readonly verb: string;
}

/** The request within which the code that asks runs. */
const current = new AsyncLocalStorage<Writing>();

/** Writes one cluster's part of a {@link History}. */
export class Scribe {
  readonly #cluster: string;
  readonly #history: History;
  readonly #told = new WeakSet<StatusError>();

  constructor(cluster: string, history: History) {
    this.#cluster = cluster;
    this.#history = history;
  }

  /** Does `work` for `call`: what it writes is told to be its doing. A refusal is recorded and thrown. */
  async writing<T>(call: Call, verb: string, work: () => Promise<T>): Promise<T> {
    if (verb === 'get' || verb === 'list') return work();
    try {
      return await current.run({ scribe: this, call, verb }, work);
    } catch (error) {
      if (error instanceof StatusError && !call.dryRun) this.refused(call, verb, error);
      throw error;
    }
  }

  /** Takes a change in. What the server itself did is nobody's doing and not recorded. */
  note({ before, after }: Change): void {
    const writing = current.getStore();
    const object = after ?? before;
    if (writing?.scribe !== this || object === undefined) return;
    const { namespace, name, uid } = object.metadata;
    this.#history.add({
      ...this.#head(writing.call, writing.verb),
      ...(namespace === undefined ? {} : { namespace }),
      name,
      uid,
      ...(before === undefined ? {} : { before: before.metadata.resourceVersion }),
      ...(after === undefined ? {} : { after: after.metadata.resourceVersion }),
    });
  }

  /** Takes a refusal in; one that was told already is told once. */
  refused(call: Asked, verb: string, error: StatusError): void {
    if (this.#told.has(error)) return;
    this.#told.add(error);
    const { namespace, name } = call;
    const { status } = error;
    this.#history.add({
      ...this.#head(call, verb),
      ...(namespace === undefined ? {} : { namespace }),
      name,
      refused: { code: status.code, reason: status.reason ?? '' },
    });
  }

  #head({ user, manager, type, subresource, at }: Asked, verb: string) {
    return {
      cluster: this.#cluster,
      at: new Date(at).toISOString(),
      user: user.name,
      manager,
      verb,
      resource: qualified(type),
      ...(subresource === undefined ? {} : { subresource }),
    };
  }
}
