import type { KubeObject } from '../../kube/objects.ts';
import type { Change, Informer } from './informer.ts';
import type { Outcome, Queue } from './queue.ts';
import type { ControllerSpec, Manager } from './runtime.ts';
import type { Settings } from './settings.ts';

/** What every KubeSphere controller of one cluster is given. */
export interface Context {
  readonly manager: Manager;
  readonly settings: Settings;
  /** KubeSphere version line of this cluster. */
  readonly version: '3.3' | '3.4';
  /** Looks at everything again when the cluster's role changes. */
  readonly resyncs: (() => void)[];
}

/** A control loop over the objects of one kind. */
export interface LoopSpec<T extends KubeObject> extends Omit<ControllerSpec, 'reconcile'> {
  readonly informer: Informer<T>;
  /** Which changes ask for a look. @defaultValue all */
  readonly when?: (change: Change<T>) => boolean;
  readonly reconcile: (object: T) => Promise<Outcome>;
}

/** Starts a control loop that looks at an object whenever it changed. */
export function loop<T extends KubeObject>(
  { manager, resyncs }: Context,
  { informer, when = () => true, reconcile, ...spec }: LoopSpec<T>,
): Queue {
  const queue = manager.controller({
    ...spec,
    async reconcile(key) {
      const object = informer.get(key);
      return object === undefined ? undefined : reconcile(object);
    },
  });
  informer.onChange((key, change) => {
    if (when(change)) queue.add(key);
  });
  resyncs.push(() => {
    for (const key of informer.keys()) queue.add(key);
  });
  return queue;
}
