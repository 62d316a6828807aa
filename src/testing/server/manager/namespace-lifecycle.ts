import type { Ground } from '../call.ts';
import type { ServedType } from '../catalogue.ts';
import { InternalClient } from '../internal-client.ts';
import { type ApiObject, recordAt, strings } from '../object.ts';
import type { Pace } from '../pace.ts';
import { namespaceFinalizer } from '../rules.ts';
import { StatusError } from '../status.ts';
import { follow } from './follow.ts';
import { conditionsOf, type Rest } from './namespace-conditions.ts';
import { WorkQueue } from './work-queue.ts';

// The real controller, too, waits five seconds before it touches a namespace that is being deleted.
const graceMs = 5000;
const delays = { minMs: 100, maxMs: 300, retryMs: 200, maxRetryMs: 10_000 };

/** Empties namespaces that are being deleted and lets them go when nothing is left, whatever its kind. */
export class NamespaceLifecycle {
  readonly #ground: Ground;
  readonly #client: InternalClient;
  readonly #queue: WorkQueue;
  readonly #namespaces: ServedType;

  /** Works on `ground` from now on. */
  constructor(ground: Ground, pace: Pace, namespaces: ServedType) {
    this.#ground = ground;
    this.#namespaces = namespaces;
    this.#client = new InternalClient(ground, 'namespace-controller');
    this.#queue = new WorkQueue(pace, 'namespace-lifecycle', delays, (name) => this.#empty(name));
    const terminating = new Set<string>();
    follow(ground.store, pace, (storage, { before, after }) => {
      if (storage === 'namespaces') {
        const name = (after ?? before)?.metadata.name ?? '';
        if (after === undefined) terminating.delete(name);
        else if (after.metadata.deletionTimestamp !== undefined && !terminating.has(name)) {
          terminating.add(name);
          pace.later(graceMs, graceMs + 500, () => this.#queue.add(name));
        }
      } else if (after === undefined && before?.metadata.namespace !== undefined) {
        const { namespace } = before.metadata;
        if (this.#isEmptied(namespace)) this.#queue.add(namespace);
      }
    });
  }

  /** Whether the contents of this namespace were asked to go before: then what goes now may have been the last of them. */
  #isEmptied(name: string): boolean {
    const conditions = recordAt(this.#ground.store.table('namespaces').get(name), 'status')['conditions'];
    return Array.isArray(conditions);
  }

  async #empty(name: string): Promise<void> {
    const namespace = this.#namespace(name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    const finalizers = strings(recordAt(namespace, 'spec')['finalizers']);
    if (!finalizers.includes(namespaceFinalizer)) return;
    const rest = await this.#deleteContents(name);
    const now = this.#namespace(name);
    if (now === undefined) return;
    await this.#client.patch(
      this.#namespaces,
      now,
      { status: { conditions: conditionsOf(now, rest, this.#ground.now()) } },
      'status',
    );
    if (rest.remaining.length > 0) throw new Error(`${rest.remaining.length} objects are left in ${name}`);
    const last = this.#namespace(name);
    if (last === undefined) return;
    const spec = { finalizers: finalizers.filter((finalizer) => finalizer !== namespaceFinalizer) };
    await this.#client.finalize(this.#namespaces, { ...last, spec });
  }

  #namespace(name: string): ApiObject | undefined {
    return this.#ground.store.table('namespaces').get(name);
  }

  async #deleteContents(namespace: string): Promise<Rest> {
    const failures: string[] = [];
    const kinds = this.#ground.registry.storages().filter((type) => type.namespaced);
    const within = (type: ServedType): readonly ApiObject[] =>
      this.#ground.store
        .table(type.storage)
        .all()
        .filter((object) => object.metadata.namespace === namespace);
    for (const type of kinds) {
      if (within(type).length === 0) continue;
      try {
        await this.#client.deleteCollection(type, namespace, { propagationPolicy: 'Background' });
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        failures.push(error.message);
      }
    }
    return { remaining: kinds.flatMap((type) => within(type).map((object) => ({ type, object }))), failures };
  }
}
