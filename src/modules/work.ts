import { FederationError } from '../errors.ts';
import { abortError, deadline, sleep } from '../internal/signal.ts';
import type { Patch, SelectOptions } from '../kube/connection.ts';
import type { KubeObject, NewObject, ObjectName, Resource } from '../kube/objects.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { runAnnotation } from '../kubesphere/names.ts';
import type { Logger } from '../types.ts';

/** What a write needs to know of whoever drives it: an engine's step context fulfils it. */
export interface Work {
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Marks everything that is created. */
  readonly runId: string;
  /** Throws `DRIVER_LOST` where another driver took over; asked before a conflict is answered by reading again. */
  readonly confirmDriver: () => Promise<void>;
  /**
   * Throws where this driver no longer holds what it writes to; asked after an object was read and before it is written, so
   * that a driver that was frozen in between, and overtaken, finds it out.
   */
  readonly assertHeld?: () => Promise<void>;
}

/** This work, with one more look right before each write: after the object was read, in the very version that is written. */
export const looking = <W extends Pick<Work, 'assertHeld'>>(work: W, look: () => Promise<void>): W => ({
  ...work,
  assertHeld: async () => {
    await look();
    await work.assertHeld?.();
  },
});

/** The very object a write is meant for. */
export interface Target<T extends KubeObject> {
  readonly cluster: KubeSphereCluster;
  readonly resource: Resource<T>;
  readonly name: ObjectName;
  /** Another object under the same name is `CONFLICT`. */
  readonly uid?: string;
}

const attempts = 6;

function otherObject<T extends KubeObject>(
  { cluster, resource, name, uid }: Target<T>,
  found: string,
): FederationError {
  return new FederationError(
    'CONFLICT',
    `${cluster.name}: ${resource.kind} "${name.name}" is not the one that was meant (UID ${found}, expected ${uid}): somebody deleted and created it again. It was left alone.`,
  );
}

/**
 * Reads an object, lets `decide` say what to change, and writes that with the UID and resourceVersion just read. When
 * somebody was faster it reads and decides again, but only while this driver is still the driver.
 *
 * @returns the object as it is afterwards; `decide` yields `undefined` where nothing needs to change
 */
export async function edit<T extends KubeObject>(
  work: Pick<Work, 'signal' | 'confirmDriver' | 'assertHeld'>,
  target: Target<T>,
  decide: (object: T) => Patch | undefined,
): Promise<T> {
  const { cluster, resource, name, uid } = target;
  for (let attempt = 1; ; attempt += 1) {
    const object = await cluster.connection.get(resource, name, { signal: work.signal });
    if (uid !== undefined && object.metadata.uid !== uid) throw otherObject(target, object.metadata.uid);
    const patch = decide(object);
    if (patch === undefined) return object;
    await work.assertHeld?.();
    try {
      return await cluster.connection.patch(resource, name, patch, {
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
        signal: work.signal,
      });
    } catch (error) {
      if (!FederationError.is(error, 'CONFLICT') || attempt === attempts) throw error;
      await work.confirmDriver();
      await sleep(10 * 2 ** attempt, work.signal);
    }
  }
}

/**
 * Creates an object that bears this run's id. One that bears it already is taken for the first attempt's, so that
 * a repeated create is one create; any other under that name is `ALREADY_EXISTS`.
 */
export async function create<T extends KubeObject>(
  work: Work,
  cluster: KubeSphereCluster,
  resource: Resource<T>,
  object: NewObject<T> & { readonly metadata: { readonly name: string } },
): Promise<T> {
  const annotations = { ...object.metadata.annotations, [runAnnotation]: work.runId };
  await work.assertHeld?.();
  try {
    return await cluster.connection.create(
      resource,
      { ...object, metadata: { ...object.metadata, annotations } },
      { signal: work.signal },
    );
  } catch (error) {
    // An answer that was lost may hide a create that took effect.
    if (!FederationError.is(error, 'ALREADY_EXISTS', 'UNREACHABLE', 'TIMEOUT', 'SERVER_ERROR')) throw error;
    const existing = await cluster.connection.find(resource, object.metadata, { signal: work.signal });
    if (
      existing?.metadata.annotations?.[runAnnotation] === work.runId &&
      existing.metadata.deletionTimestamp === undefined
    )
      return existing;
    throw error;
  }
}

/**
 * What is to be deleted, where it is there still. An absence counts when it was seen twice: one answer may be an old one, from before
 * the object was made, and what is passed over then stays for good.
 */
export async function findSurely<T extends KubeObject>(
  { signal }: Pick<Work, 'signal'>,
  { cluster, resource, name }: Target<T>,
  isMeant: (object: T) => boolean,
): Promise<T | undefined> {
  for (let look = 1; look <= 2; look += 1) {
    const object = await cluster.connection.find(resource, name, { signal });
    if (object !== undefined && isMeant(object)) return object;
  }
  return undefined;
}

/** How {@link remove} deletes. */
export interface Removal<T extends KubeObject> extends Target<T> {
  readonly uid: string;
  readonly propagationPolicy: 'Orphan' | 'Background' | 'Foreground';
  /** Throws where the object, in the very state that is deleted, must not be deleted after all. */
  readonly still?: (object: T) => void;
}

/**
 * Deletes the object with this very UID, in the state just read; one that is gone, or replaced by another, is nobody's
 * business any more.
 */
export async function remove<T extends KubeObject>(
  work: Pick<Work, 'signal' | 'confirmDriver' | 'assertHeld'>,
  target: Removal<T>,
): Promise<void> {
  const { cluster, resource, name, uid, propagationPolicy } = target;
  for (let attempt = 1; ; attempt += 1) {
    const object = await findSurely(work, target, ({ metadata }) => metadata.uid === uid);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    target.still?.(object);
    const { resourceVersion } = object.metadata;
    await work.assertHeld?.();
    try {
      await cluster.connection.delete(resource, name, { uid, resourceVersion, propagationPolicy, signal: work.signal });
      return;
    } catch (error) {
      if (FederationError.is(error, 'NOT_FOUND')) return;
      if (!FederationError.is(error, 'CONFLICT') || attempt === attempts) throw error;
      await work.confirmDriver();
      await sleep(10 * 2 ** attempt, work.signal);
    }
  }
}

/** What {@link waitFor} waits for. */
export interface Expectation<T extends KubeObject, Result> {
  readonly cluster: KubeSphereCluster;
  readonly resource: Resource<T>;
  readonly select?: Pick<SelectOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  /** Gets every selected object by `namespace/name` or `name`; anything but `undefined` ends the wait. */
  readonly test: (objects: ReadonlyMap<string, T>) => Result | undefined;
  /** For the message: "Workspace team-a to be adopted". */
  readonly what: string;
  readonly timeoutMs: number;
}

/**
 * Follows a watch until `test` is content: success is what was seen, not what was answered.
 *
 * @throws FederationError `NOT_OBSERVED` when the time is over
 */
export async function waitFor<T extends KubeObject, Result>(
  signal: AbortSignal,
  expectation: Expectation<T, Result>,
): Promise<Result> {
  const { cluster, resource, select = {}, test, what, timeoutMs } = expectation;
  using limit = deadline({ signal, timeoutMs }, what);
  const objects = new Map<string, T>();
  const key = ({ metadata }: T): string =>
    metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  // The generator is left with an abort, so that the connection behind it closes.
  const stop = new AbortController();
  try {
    for await (const event of cluster.connection.watch(resource, {
      ...select,
      signal: AbortSignal.any([limit.signal, stop.signal]),
    })) {
      if (event.type === 'synced') {
        objects.clear();
        for (const object of event.objects) objects.set(key(object), object);
      } else if (event.type === 'deleted') objects.delete(key(event.object));
      else objects.set(key(event.object), event.object);
      const result = test(objects);
      if (result !== undefined) return result;
    }
  } catch (error) {
    if (!limit.signal.aborted) throw error;
  } finally {
    stop.abort();
  }
  if (signal.aborted) throw abortError(signal);
  throw new FederationError(
    'NOT_OBSERVED',
    `${cluster.name}: waited ${Math.round(timeoutMs / 1000)} s for ${what}, in vain. Look at the controllers of that cluster (ks-controller-manager, kubefed) and their logs.`,
  );
}

/** Waits until one object is gone, or replaced by another of the same name. */
export async function waitGone<T extends KubeObject>(
  work: Pick<Work, 'signal'>,
  target: Target<T> & { readonly uid: string },
  timeoutMs: number,
): Promise<void> {
  const { cluster, resource, name, uid } = target;
  await waitFor(work.signal, {
    cluster,
    resource,
    select: {
      fieldSelector: `metadata.name=${name.name}`,
      ...(name.namespace === undefined ? {} : { namespace: name.namespace }),
    },
    test: (objects) => ([...objects.values()].some(({ metadata }) => metadata.uid === uid) ? undefined : true),
    what: `${resource.kind} "${name.name}" to be gone`,
    timeoutMs,
  });
}
