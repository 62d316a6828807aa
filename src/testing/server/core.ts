import type { Clock } from '../clock.ts';
import type { Gate } from '../gate.ts';
import { Admission } from './admission/admission.ts';
import { Authenticator } from './authentication.ts';
import type { Ground } from './call.ts';
import { CertificateAuthority } from './certificate.ts';
import { createDefaults } from './defaults.ts';
import { type History, Scribe } from './history.ts';
import { startManager } from './manager/manager.ts';
import { Pace } from './pace.ts';
import { Registry } from './registry.ts';
import { Store, type StoreCapture } from './store.ts';

/** What a server is made of, before anybody can reach it. */
export interface Core {
  readonly ground: Ground;
  readonly authenticator: Authenticator;
  readonly authority: CertificateAuthority;
  /** Puts the time of day `ms` before that of the clock. */
  skew(ms: number): void;
  capture(): StoreCapture;
  /** Puts everything back as it was: controllers begin anew, revisions go on upwards, and what is under way writes nothing more. */
  restore(capture: StoreCapture): void;
  /** Does something in so many milliseconds of real clusters, unless it is stopped by then. */
  later(ms: number, work: () => void): void;
  stop(): void;
}

/** What a core is made with. */
interface CoreOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly seed: number;
  readonly history: History;
  readonly gitVersion: string;
  /** What is there from the start, in place of what every new cluster has. */
  readonly image: StoreCapture | undefined;
}

const definitions = 'customresourcedefinitions.apiextensions.k8s.io';

/** A store with the four namespaces every cluster has, admission, and the controllers that every cluster brings along. */
export async function startCore(options: CoreOptions): Promise<Core> {
  const { name, clock, gate, seed, history, gitVersion, image } = options;
  const store = new Store();
  const registry = new Registry(gitVersion);
  const scribe = new Scribe(name, history);
  let skewMs = 0;
  let age = 0;
  const ground: Ground = {
    store,
    registry,
    scribe,
    now: () => clock.now() + skewMs,
    age: () => age,
    admit: (request) => admission.admit(ground, request),
  };
  // What goes on through a restart of the controllers.
  const pace = new Pace(clock, seed, gate);
  const admission = new Admission(ground, pace);
  store.subscribe((storage, change) => {
    scribe.note(change);
    const { before, after } = change;
    if (storage !== definitions) return;
    if (after !== undefined) registry.serve(after);
    else if (before !== undefined) registry.withdraw(before);
  });
  const authenticator = new Authenticator(store);
  const authority = new CertificateAuthority(`${name}-ca`);
  const startControllers = (): Pace => {
    const own = new Pace(clock, seed, gate);
    startManager(ground, own, authenticator, authority.cert);
    return own;
  };
  const load = (capture: StoreCapture): void => {
    for (const definition of store.table(definitions).all()) registry.withdraw(definition);
    for (const definition of capture.get(definitions)?.values() ?? []) registry.serve(definition);
    store.restore(capture);
    admission.refresh();
  };
  if (image !== undefined) load(image);
  let controllers = startControllers();
  if (image === undefined) await createDefaults(ground);
  return {
    ground,
    authenticator,
    authority,
    skew(ms) {
      skewMs = ms;
    },
    capture: () => store.capture(),
    restore(capture) {
      controllers.stop();
      age += 1;
      load(capture);
      controllers = startControllers();
    },
    later: (ms, work) => void pace.later(ms, ms, work),
    stop() {
      controllers.stop();
      pace.stop();
    },
  };
}
