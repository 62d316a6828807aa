import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import type { KubeObject, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import type { FederatedObject } from '../../kubesphere/resources.ts';
import { remove, type Work, waitFor, waitGone } from '../work.ts';

/** A cluster-scoped object of a host, of which kubefed has copies; the host's own is one of them to it. */
export interface Original<T extends KubeObject> {
  readonly host: KubeSphereCluster;
  readonly resource: Resource<T>;
  readonly federated: Resource<FederatedObject>;
  readonly name: string;
  readonly uid: string;
  /** Whether an object of that name means the same as the one that goes. */
  readonly same: (object: T) => boolean;
}

const limitMs = 120_000;
/** How often the object may have been made again before that is found strange. */
const madeAgainLimit = 5;
/** How long a write of kubefed's may be under way when its federated object is gone. */
const underWayMs = 500;
/** What kubefed and KubeSphere's controllers call themselves; who comes through KubeSphere's API, or kubectl, is called otherwise. */
const controllers = 'controller-manager';

/**
 * Deletes an original for good. Deleted just as kubefed looks at everything, it is made again before the garbage collector takes its
 * federated object, and KubeSphere's controller may take what kubefed made for an original: then that goes as well. What a person made
 * meanwhile stays.
 *
 * @throws FederationError `NOT_OBSERVED` where it comes back again and again
 */
export async function removeOriginal<T extends KubeObject>(work: Work, original: Original<T>): Promise<void> {
  const { host, resource, federated, name, uid, same } = original;
  const at = { cluster: host, resource, name: { name } };
  const mayGo = (object: T): boolean => object.metadata.uid === uid || (same(object) && isMadeByControllers(object));
  const find = (): Promise<T | undefined> => host.connection.find(resource, { name }, { signal: work.signal });
  for (let again = 0; again <= madeAgainLimit; again += 1) {
    const found = await find();
    // What stands there is not that one, nor made of it: somebody's own.
    if (found !== undefined && !mayGo(found)) return;
    if (found !== undefined) {
      const target = { ...at, uid: found.metadata.uid };
      await remove(work, {
        ...target,
        propagationPolicy: 'Background',
        still(object) {
          if (mayGo(object)) return;
          throw new FederationError(
            'WORLD_MOVED',
            `${host.name}: somebody changed ${resource.kind} "${name}" as it was to be deleted again. It was left alone. Look at it.`,
          );
        },
      });
      await waitGone(work, target, limitMs);
    }
    await waitFor(work.signal, {
      cluster: host,
      resource: federated,
      select: { fieldSelector: `metadata.name=${name}` },
      test: (objects) => (objects.has(name) ? undefined : true),
      what: `what is copied of ${resource.kind} "${name}" to be gone`,
      timeoutMs: limitMs,
    });
    // What kubefed had begun to write by then arrives now.
    await sleep(underWayMs, work.signal);
    if ((await find()) === undefined) return;
  }
  throw new FederationError(
    'NOT_OBSERVED',
    `${host.name}: ${resource.kind} "${name}" was deleted ${madeAgainLimit + 1} times, and is there again. Look at the log of kubefed's controller manager: which federated object does it make that of?`,
    { retryable: true },
  );
}

/** kubefed's mark, or no writer but controllers: a person who made it, or wrote to it, is named there. */
function isMadeByControllers({ metadata }: KubeObject): boolean {
  const { labels, managedFields = [] } = metadata;
  const people = managedFields.some(({ manager }) => manager !== controllers);
  return !people && (labels?.[managedLabel] === 'true' || managedFields.length > 0);
}
