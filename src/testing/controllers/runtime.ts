import { FederationError } from '../../errors.ts';
import type { Connection, SelectOptions } from '../../kube/connection.ts';
import type { KubeObject, Resource } from '../../kube/objects.ts';
import type { Logger } from '../../types.ts';
import { chance } from '../chance.ts';
import { Clock } from '../clock.ts';
import type { Gate, Passage } from '../gate.ts';
import { Informer } from './informer.ts';
import { type Outcome, Queue } from './queue.ts';

/** How fast time passes, which "random" delays are drawn, and who hears of failures. */
export interface RuntimeOptions {
  /** Divides every delay of the model. @defaultValue 1 */
  readonly speed?: number;
  /** Shared with others; its own speed counts. @defaultValue one of its own, with `speed` */
  readonly clock?: Clock;
  /** Delays that vary on real clusters are drawn from it. @defaultValue 1 */
  readonly seed?: number;
  /** Told of every failed reconcile. Without one, only defects of a controller are reported, with `process.emitWarning`. */
  readonly logger?: Logger;
  /** Where every control loop asks whether it may work. @defaultValue nothing stops any */
  readonly gate?: Gate;
}

/** One control loop: `reconcile` is never run twice at once for one key. */
export interface ControllerSpec {
  readonly name: string;
  /** Keys worked on at once. @defaultValue 1 */
  readonly workers?: number;
  /** Delay after the first failure of a key; doubles up to `maxMs`. @defaultValue 5 up to 30000, model time */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
  readonly reconcile: (key: string) => Promise<Outcome>;
}

/**
 * What controllers of one program share: the connection, one informer per kind, the clock, and an orderly end.
 * Disposing it stops the control loops, waits for what they were doing, and throws the defects that came up.
 */
export class Manager implements AsyncDisposable {
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly #options: RuntimeOptions;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  readonly #informers = new Map<string, Informer<never>>();
  readonly #following: Promise<void>[] = [];
  readonly #queues: Queue[] = [];
  readonly #defects: unknown[];
  readonly #parent: Manager | undefined;
  readonly #unsynced = new Set<Promise<void>>();
  readonly #owned: (() => Promise<void>)[] = [];

  constructor(connection: Connection, options: RuntimeOptions = {}, parent?: Manager) {
    this.connection = connection;
    this.#parent = parent;
    this.#defects = parent === undefined ? [] : parent.#defects;
    // A child ends with its parent, too, and not only when that gets round to disposing it.
    this.signal = parent === undefined ? this.#stop.signal : AbortSignal.any([parent.signal, this.#stop.signal]);
    this.#options = options;
    this.clock = options.clock ?? new Clock({ speed: options.speed ?? 1 });
    this.#random = chance(options.seed ?? 1);
  }

  /** A delay that varies on real clusters, in milliseconds there. */
  between(fromMs: number, toMs: number): number {
    return fromMs + this.#random() * (toMs - fromMs);
  }
  /** Time of day, as controllers write it into objects. */
  timestamp(): string {
    return new Date(this.clock.now()).toISOString();
  }
  /** Lets a piece of work take its time, drawn like {@link between}; rejects when the manager is disposed. */
  pause(fromMs: number, toMs: number): Promise<void> {
    return this.clock.aside(this.clock.sleep(this.between(fromMs, toMs), this.signal));
  }
  /** A manager of the same kind for another cluster; its defects are thrown by this one. */
  child(connection: Connection): Manager {
    return new Manager(
      connection,
      { ...this.#options, clock: this.clock, seed: Math.floor(this.#random() * 2 ** 32) },
      this,
    );
  }

  /** The informer of a kind; `mortal` ones end for good when the server no longer accepts the credentials. */
  informer<T extends KubeObject>(
    resource: Resource<T>,
    { mortal = false, ...select }: Omit<SelectOptions, 'timeoutMs' | 'signal'> & { readonly mortal?: boolean } = {},
  ): Informer<T> {
    const key = JSON.stringify([resource.group, resource.plural, select]);
    const known = this.#informers.get(key);
    // One key stands for one resource, and a resource for one T.
    if (known !== undefined) return known as unknown as Informer<T>;
    const informer = new Informer<T>();
    this.#informers.set(key, informer as unknown as Informer<never>);
    let ready = (): void => {};
    const synced = new Promise<void>((resolve) => {
      ready = resolve;
    });
    this.#unsynced.add(synced);
    void synced.then(() => this.#unsynced.delete(synced));
    this.#following.push(this.#follow(resource, select, informer, mortal, ready));
    return informer;
  }

  /** Starts a control loop. */
  controller({ name, workers = 1, backoff = { firstMs: 5, maxMs: 30_000 }, reconcile }: ControllerSpec): Queue {
    const pass = this.#passage(name);
    const run = async (key: string): Promise<Outcome> => {
      await pass(this.signal);
      // Real controllers, too, begin when their caches are filled: whoever misses a Workspace unbinds its projects.
      if (this.#unsynced.size > 0) await this.synced();
      if (this.signal.aborted) return undefined;
      try {
        return await this.clock.during(reconcile(key));
      } catch (error) {
        if (this.signal.aborted) return undefined;
        this.#report(`${name} of ${key}`, error);
        return 'retry';
      }
    };
    // What waits for an answer of the server's cache waits for that of this machine, which runs at its own speed.
    const first = backoff.firstMs >= 1000 ? backoff.firstMs : backoff.firstMs * this.clock.speed;
    const delay = (failures: number): number =>
      Math.min(first * 2 ** Math.min(failures, 20), Math.max(first, backoff.maxMs));
    const queue = new Queue(run, { workers, delay, clock: this.clock });
    this.#queues.push(queue);
    return queue;
  }

  /** Runs `task` as part of the control loop called `name`: now, and then every so many milliseconds of the model. */
  every(everyMs: () => number, name: string, task: () => Promise<void> | void): void {
    const pass = this.#passage(name);
    const loop = async (): Promise<void> => {
      while (!this.signal.aborted) {
        await pass(this.signal);
        if (this.signal.aborted) return;
        try {
          await task();
        } catch (error) {
          if (!this.signal.aborted) this.#report(name, error);
        }
        await this.clock.sleep(everyMs(), this.signal).catch(() => {});
      }
    };
    this.#following.push(loop());
  }

  /** Where a control loop waits until it may work: it may be made to stand still or to be slow. */
  #passage(name: string): Passage {
    return this.#options.gate?.passage([programOf(name), name], this.clock) ?? (async () => {});
  }

  /** Runs `close` when this manager is disposed, after its control loops have ended. */
  onClose(close: () => Promise<void>): void {
    this.#owned.push(close);
  }

  /** Whether a fault keeps what is called so, or its program, from doing anything. */
  isDown(name: string): boolean {
    return this.#options.gate?.blocks([programOf(name), name]) === true;
  }

  /** Says in the log what a controller logs. */
  log(level: keyof Logger, message: string, data: object = {}): void {
    this.#options.logger?.[level](message, { cluster: this.connection.cluster, ...data });
  }

  /** Resolves once every informer asked for so far has seen what there is. */
  async synced(): Promise<void> {
    await Promise.all(this.#unsynced);
  }

  /** Tells its control loops to end; disposing it waits for them. */
  stop(reason: unknown = new FederationError('ABORTED', 'The controllers were stopped.')): void {
    this.#stop.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await Promise.all([...this.#following, ...this.#queues.map((queue) => queue.close())]);
    await Promise.all(this.#owned.map((close) => close()));
    if (this.#parent === undefined && this.#defects.length > 0)
      throw new AggregateError(this.#defects, 'Controllers of the sandbox have defects.');
  }

  async #follow<T extends KubeObject>(
    resource: Resource<T>,
    select: SelectOptions,
    informer: Informer<T>,
    mortal: boolean,
    ready: () => void,
  ): Promise<void> {
    while (!this.signal.aborted) {
      try {
        for await (const event of this.connection.watch(resource, { ...select, signal: this.signal })) {
          informer.apply(event);
          if (informer.synced) ready();
        }
      } catch (error) {
        if (this.signal.aborted) break;
        this.#report(`watch of ${resource.plural}`, error);
        if (mortal && FederationError.is(error, 'UNAUTHENTICATED', 'FORBIDDEN')) break;
        await this.clock.sleep(1_000, this.signal).catch(() => {});
      }
    }
    ready();
  }

  /** What an API server answered is part of the model; anything else is a defect of ours. */
  #report(what: string, error: unknown): void {
    if (FederationError.is(error)) {
      const stale = error.code === 'CONFLICT' || error.code === 'NOT_FOUND';
      this.log(stale ? 'debug' : 'warn', `${what}: ${error.message}`, { code: error.code });
      return;
    }
    this.#defects.push(error);
    this.log('error', `${what}: ${String(error)}`);
    if (this.#options.logger === undefined) process.emitWarning(`${what}: ${String(error)}`);
  }
}

/** The program that a control loop is part of. */
function programOf(name: string): string {
  if (name.startsWith('kubefed')) return 'kubefed';
  if (name === 'installer') return 'ks-installer';
  return name === 'tower' ? 'tower' : 'ks-controller-manager';
}
