import { FederationError } from '../errors.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults/faults.ts';
import { inTurn } from './in-turn.ts';
import type { KubeSphere } from './kubesphere.ts';
import type { ApiServer } from './server/server.ts';

/** Everything that the clusters of one sandbox kept at a time, for {@link Sandbox.rewind}. It costs little: objects are shared. */
export interface Moment {
  /** When it was taken, by the sandbox's clock: ISO 8601. */
  readonly at: string;
}

type Capture = ReturnType<ApiServer['capture']>;
type Cluster = Pick<ApiServer, 'name' | 'capture' | 'restoreCapture' | 'restore'> &
  Pick<KubeSphere, 'controllersRun' | 'startControllers' | 'stopControllers'>;

/** Takes and puts back moments of these clusters. */
export class Moments {
  readonly #clusters: readonly Cluster[];
  readonly #clock: Clock;
  readonly #faults: Pick<Faults, 'clear'>;
  readonly #taken = new WeakMap<Moment, ReadonlyMap<string, Capture>>();
  #busy = false;

  constructor(clusters: readonly Cluster[], clock: Clock, faults: Pick<Faults, 'clear'>) {
    this.#clusters = clusters;
    this.#clock = clock;
    this.#faults = faults;
  }

  take(): Moment {
    const moment: Moment = Object.freeze({ at: new Date(this.#clock.now()).toISOString() });
    this.#taken.set(moment, new Map(this.#clusters.map(({ name, capture }) => [name, capture()])));
    return moment;
  }

  /**
   * @throws FederationError `INVALID` for a moment of another sandbox, or while one is being put back already, or the clock moved;
   * AggregateError with the defects that controllers came up with before, once everything is put back nevertheless
   */
  async putBack(moment: Moment): Promise<void> {
    const captures = this.#taken.get(moment);
    if (captures === undefined)
      throw new FederationError('INVALID', 'This moment was not taken in this sandbox: ask its own moment() for one.');
    if (this.#busy)
      throw new FederationError('INVALID', 'The sandbox is being put back already: await that rewind() first.');
    if (this.#clock.advancing)
      throw new FederationError('INVALID', 'The clock is being moved forward: await that advance() before the rewind.');
    this.#busy = true;
    try {
      await inTurn(this.#steps(captures), 'The sandbox was put back, but not all of it ended well.');
    } finally {
      this.#busy = false;
    }
  }

  /** Each is done even where one before it failed: half put back is no state to go on from. */
  #steps(captures: ReadonlyMap<string, Capture>): (() => unknown)[] {
    const running = this.#clusters.filter(({ controllersRun }) => controllersRun());
    const stands = !this.#clock.running;
    return [
      // Controllers that cannot reach their server would never have begun.
      () => this.#faults.clear(),
      () => allOf(this.#clusters, (cluster) => cluster.restore()),
      // A controller ends with what it is doing, and that may wait for the clock.
      () => this.#clock.resume(),
      () => allOf(running, (cluster) => cluster.stopControllers()),
      () => (stands ? this.#clock.pause() : undefined),
      ...this.#clusters.map(({ name, restoreCapture }) => () => {
        const capture = captures.get(name);
        if (capture !== undefined) restoreCapture(capture);
      }),
      () => allOf(running, (cluster) => cluster.startControllers()),
      // What controllers do when they begin is done: who looks now sees the moment, and not half of something. The clock stands
      // meanwhile: on a busy machine a fast one brings more work than gets done, and there never is a rest.
      () => this.#clock.pause(),
      () => this.#clock.rest(),
      () => (stands ? undefined : this.#clock.resume()),
    ];
  }
}

/** Waits for all, whatever becomes of some. @throws AggregateError */
async function allOf(clusters: readonly Cluster[], work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const settled = await Promise.allSettled(clusters.map(work));
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, 'Not all clusters ended well.');
}
