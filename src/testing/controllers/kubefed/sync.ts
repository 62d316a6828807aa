import { canonical } from '../../../internal/digest.ts';
import type { KubeObject, ObjectName } from '../../../kube/objects.ts';
import { core } from '../../../kube/resources.ts';
import { finalizers, managedLabel } from '../../../kubesphere/names.ts';
import { type FederatedObject, kubesphere } from '../../../kubesphere/resources.ts';
import type { FederatedKind } from '../../kinds.ts';
import { type Informer, nameOf } from '../informer.ts';
import type { Outcome } from '../queue.ts';
import type { Manager } from '../runtime.ts';
import { addFinalizer, dropFinalizers } from '../writes.ts';
import type { FederatedCluster } from './clusters.ts';
import {
  type Copying,
  createCopy,
  deleteCopy,
  overwriteCopy,
  type PropagationStatus,
  recoverable,
  releaseCopy,
} from './dispatch.ts';
import { placed } from './placement.ts';
import { reportPropagation } from './report.ts';

/** One kind's sync controller, told of clusters by whoever watches them. */
export interface Sync {
  /** Starts to watch a cluster that became ready, and plans the first look at everything. */
  available(cluster: string, access: Manager, first: boolean): void;
}

/** Namespaces that kubefed never touches. */
const ignored = new Set(['kube-system', 'kube-public', 'default', 'kube-federation-system']);
/** Whether an object bears kubefed's mark: nothing else on a member does kubefed see. */
const isManaged = (object: KubeObject | undefined): boolean => object?.metadata.labels?.[managedLabel] === 'true';
const backoff = { firstMs: 5_000, maxMs: 60_000 };
const once = { retry: false, timeoutMs: 10_000 } as const;
/** KubeSphere's clusterUnavailableDelay, and kubefed's own small delay. */
const unavailableMs = 63_000;

/** kubefed's sync controller of one kind, on a host. Nothing here knows of KubeSphere. */
export function startSync(manager: Manager, kind: FederatedKind, clusters: () => readonly FederatedCluster[]): Sync {
  const { connection: host } = manager;
  const { federated, target } = kind;
  const ofNamespaces = target.kind === 'Namespace';
  const objects = manager.informer(federated);
  const placements = manager.informer(kubesphere.federatedNamespaces);
  const hostNamespaces = manager.informer(core.namespaces);
  /** State of each copy after kubefed's own last write, and the template it was made from. */
  const written = new Map<string, string>();

  const copies = (access: Manager): Informer<KubeObject> =>
    access.informer(target, { labelSelector: managedLabel, mortal: true });
  /** The copy that kubefed knows of: what bears its mark. */
  const copyIn = (access: Manager, at: ObjectName): KubeObject | undefined => {
    const found = copies(access).get(at);
    return isManaged(found) ? found : undefined;
  };
  const targetOf = (key: string): ObjectName => (ofNamespaces ? { name: nameOf(key).name } : nameOf(key));
  const federatedKey = (targetKey: string): string => (ofNamespaces ? `${targetKey}/${targetKey}` : targetKey);

  function selected(object: FederatedObject, all: readonly FederatedCluster[]): ReadonlySet<string> {
    const own = placed(object.spec.placement, all);
    const { namespace } = object.metadata;
    if (!federated.namespaced || ofNamespaces || namespace === undefined) return own;
    // Without a FederatedNamespace an object belongs nowhere, whatever its own placement says.
    const around = placements.get({ namespace, name: namespace });
    const allowed = placed(around?.spec.placement, all);
    return new Set([...own].filter((name) => allowed.has(name)));
  }

  /** The host's own namespace: kubefed lets go of it, but never deletes it. */
  const isHostNamespace = (copy: KubeObject): boolean =>
    ofNamespaces && hostNamespaces.get(copy.metadata.name)?.metadata.uid === copy.metadata.uid;

  async function place(access: Manager, copying: Copying, key: string): Promise<PropagationStatus> {
    const copy = copyIn(access, copying.at);
    const mark = `${copying.cluster} ${key}`;
    const version = (present: KubeObject): string => {
      const { generation, resourceVersion, labels, annotations } = present.metadata;
      // Where generations are counted, changes of owner references and status are no reason to write again.
      const content = generation === undefined ? resourceVersion : { generation, labels, annotations };
      return canonical({ content, spec: { ...copying.object.spec, placement: undefined } });
    };
    if (copy !== undefined && written.get(mark) === version(copy)) return '';
    const result = await (copy === undefined ? createCopy(copying) : overwriteCopy(copying, copy));
    if (typeof result === 'string') return result;
    written.set(mark, version(result));
    return '';
  }

  /** `deleted` is the federated object that goes itself; only then do the options count that it carries. */
  async function remove(access: Manager, copy: KubeObject, deleted?: FederatedObject): Promise<PropagationStatus> {
    if (copy.metadata.deletionTimestamp !== undefined) return 'WaitingForRemoval';
    if (isHostNamespace(copy)) return releaseCopy(access.connection, target, copy);
    return (await deleteCopy(access.connection, target, copy, deleted)) || 'WaitingForRemoval';
  }

  /** No federated object of that name: whatever bears kubefed's mark is let go. */
  async function release(key: string, all: readonly FederatedCluster[]): Promise<Outcome> {
    const results = all.map(async ({ access }) => {
      const copy = access === undefined ? undefined : copyIn(access, targetOf(key));
      return access === undefined || copy === undefined ? '' : releaseCopy(access.connection, target, copy);
    });
    return (await Promise.all(results)).every((status) => status === '') ? undefined : 'retry';
  }

  /** Deletes every copy first; a cluster that is not ready holds it up for ever. */
  async function finish(object: FederatedObject, key: string, all: readonly FederatedCluster[]): Promise<Outcome> {
    if (object.metadata.finalizers?.includes(finalizers.sync) !== true) return undefined;
    if (object.metadata.annotations?.['kubefed.io/orphan'] === 'true') {
      await dropFinalizers(host, federated, object, finalizers.sync);
      return release(key, all);
    }
    const left = all.map(async ({ access }): Promise<'none' | 'going' | 'unknown'> => {
      if (access === undefined) return 'unknown';
      const copy = copyIn(access, targetOf(key)) ?? (await markedIn(access, key));
      // The host's own namespace cannot go before what is in it, which is this object.
      if (copy === undefined || (isHostNamespace(copy) && copy.metadata.deletionTimestamp !== undefined)) return 'none';
      await remove(access, copy, object);
      return 'going';
    });
    const found = await Promise.all(left);
    if (found.includes('unknown')) return 'retry';
    if (found.includes('going')) return { againAfterMs: 1_000 };
    await dropFinalizers(host, federated, object, finalizers.sync);
    return undefined;
  }

  /** Asked of the cluster itself: what was written last may not be in the cache yet. */
  async function markedIn(access: Manager, key: string): Promise<KubeObject | undefined> {
    const found = await access.connection.find(target, targetOf(key), once);
    return isManaged(found) ? found : undefined;
  }

  async function reconcile(key: string): Promise<Outcome> {
    const { namespace = '', name: own } = nameOf(key);
    if (ofNamespaces && ignored.has(namespace)) return undefined;
    const all = clusters();
    if (all.some(({ access }) => access !== undefined && !copies(access).synced)) return { againAfterMs: 1_000 };
    const cached = objects.get(key);
    if (cached === undefined) return release(key, all);
    // A FederatedNamespace counts only in the namespace of its own name, and with that.
    if (ofNamespaces && (namespace !== own || hostNamespaces.get(own) === undefined)) return undefined;
    if (cached.metadata.deletionTimestamp !== undefined) return finish(cached, key, all);
    const object = await addFinalizer(host, federated, cached, finalizers.sync);
    const wanted = selected(object, all);
    const statuses = new Map<string, PropagationStatus>();
    await Promise.all(
      all.map(async ({ name, access }) => {
        if (access === undefined) {
          if (wanted.has(name)) statuses.set(name, 'ClusterNotReady');
          return;
        }
        if (wanted.has(name)) {
          const copying = { member: access.connection, resource: target, object, cluster: name, at: targetOf(key) };
          statuses.set(name, await place(access, copying, key));
          return;
        }
        const copy = copyIn(access, targetOf(key));
        if (copy !== undefined) statuses.set(name, await remove(access, copy));
      }),
    );
    const lonely =
      federated.namespaced && !ofNamespaces && placements.get({ namespace, name: namespace }) === undefined;
    const known = new Set(all.map(({ name }) => name));
    await reportPropagation(manager, federated, object, { statuses, known, lonely });
    return [...statuses.values()].some((status) => recoverable.has(status)) ? 'retry' : undefined;
  }

  const queue = manager.controller({ name: `kubefed ${target.plural}`, workers: 4, backoff, reconcile });
  /** Copies that are marked no longer as not to be managed; what was deleted in fact is not made again. */
  const unmarked = manager.controller({
    name: `kubefed ${target.plural}`,
    backoff,
    async reconcile(where) {
      const [cluster, key = ''] = where.split(' ');
      const access = clusters().find(({ name }) => name === cluster)?.access;
      const found = await access?.connection.find(target, nameOf(key), once);
      if (found !== undefined) queue.add(federatedKey(key));
      return undefined;
    },
  });
  objects.onChange((key) => queue.add(key));
  if (ofNamespaces) hostNamespaces.onChange((name) => queue.add(federatedKey(name)));
  else if (federated.namespaced) {
    placements.onChange((placement) => {
      const { namespace } = nameOf(placement);
      for (const key of objects.keys()) if (nameOf(key).namespace === namespace) queue.add(key);
    });
  }
  return {
    available(cluster, access, first) {
      // What was written to a cluster that is joined again counts for nothing.
      if (first) for (const mark of written.keys()) if (mark.startsWith(`${cluster} `)) written.delete(mark);
      copies(access).onChange((key, { before, after, initial }) => {
        if (!isManaged(before) && !isManaged(after)) {
          // What is marked as not to be managed kubefed does not watch. That it loses that mark was observed to be seen at once.
          if (before !== undefined && after === undefined)
            unmarked.addAfter(`${cluster} ${key}`, access.between(200, 400));
          return;
        }
        const going = (after ?? before)?.metadata.deletionTimestamp !== undefined;
        // What a member's watch says is looked at later; observed: 0.7-11 s, after a join 12-15 s, what was deleted after 8-10 s.
        queue.addAfter(federatedKey(key), access.between(initial || going ? 8_000 : 700, 11_000));
      });
      const lookAtAll = (): void => {
        for (const key of objects.keys()) queue.add(key);
      };
      // Observed: nothing arrives on a new member before 23 s.
      const cancel = access.clock.later(first ? access.between(23_000, 33_000) : 3_000, lookAtAll);
      const lost = (): void => {
        cancel();
        if (manager.signal.aborted) return;
        // Not asked for what it has any more: what is placed there is reported as ClusterNotReady.
        const stop = manager.clock.later(unavailableMs, lookAtAll);
        manager.signal.addEventListener('abort', stop, { once: true });
      };
      access.signal.addEventListener('abort', lost, { once: true });
    },
  };
}
