import { FederationError } from '../errors.ts';
import type { Clock } from './clock.ts';
import type { KubeSphere } from './kubesphere.ts';
import type { ApiServer } from './server/server.ts';

/** Everything that the clusters of one sandbox kept at a time, for {@link Sandbox.rewind}. It costs little: objects are shared. */
export interface Moment {
  /** When it was taken, by the sandbox's clock: ISO 8601. */
  readonly at: string;
}

type Capture = ReturnType<ApiServer['capture']>;
type Cluster = Pick<ApiServer, 'name' | 'capture' | 'restoreCapture'> &
  Pick<KubeSphere, 'controllersRun' | 'startControllers' | 'stopControllers'>;

/** Takes and puts back moments of these clusters. */
export class Moments {
  readonly #clusters: readonly Cluster[];
  readonly #clock: Clock;
  readonly #taken = new WeakMap<Moment, ReadonlyMap<string, Capture>>();

  constructor(clusters: readonly Cluster[], clock: Clock) {
    this.#clusters = clusters;
    this.#clock = clock;
  }

  take(): Moment {
    const moment: Moment = Object.freeze({ at: new Date(this.#clock.now()).toISOString() });
    this.#taken.set(moment, new Map(this.#clusters.map(({ name, capture }) => [name, capture()])));
    return moment;
  }

  /** @throws FederationError `INVALID` for a moment of another sandbox */
  async putBack(moment: Moment): Promise<void> {
    const captures = this.#taken.get(moment);
    if (captures === undefined)
      throw new FederationError('INVALID', 'This moment was not taken in this sandbox: ask its own moment() for one.');
    const running = this.#clusters.filter(({ controllersRun }) => controllersRun());
    const stands = !this.#clock.running;
    // A controller ends with what it is doing, and that may wait for the clock.
    this.#clock.resume();
    await Promise.all(running.map((cluster) => cluster.stopControllers()));
    if (stands) this.#clock.pause();
    for (const { name, restoreCapture } of this.#clusters) {
      const capture = captures.get(name);
      if (capture !== undefined) restoreCapture(capture);
    }
    await Promise.all(running.map((cluster) => cluster.startControllers()));
    // What controllers do when they begin is done: who looks now sees the moment, and not half of something.
    await this.#clock.rest();
  }
}
