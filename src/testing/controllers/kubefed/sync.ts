import { canonical } from '../../../internal/digest.ts';
import type { KubeObject, ObjectName } from '../../../kube/objects.ts';
import { core } from '../../../kube/resources.ts';
import { finalizers, managedLabel } from '../../../kubesphere/names.ts';
import { type FederatedObject, kubesphere } from '../../../kubesphere/resources.ts';
import type { FederatedKind } from '../../kinds.ts';
import { type Informer, nameOf } from '../informer.ts';
import type { Outcome } from '../queue.ts';
import type { Manager } from '../runtime.ts';
import { addFinalizer, dropFinalizers, named, same } from '../writes.ts';
import type { FederatedCluster } from './clusters.ts';
import { createCopy, deleteCopy, desiredOf, overwriteCopy, type PropagationStatus, releaseCopy } from './dispatch.ts';
import { placed } from './placement.ts';

/** One kind's sync controller, told of clusters by whoever watches them. */
export interface Sync {
  /** Starts to watch a cluster that became ready, and plans the first look at everything. */
  available(access: Manager, first: boolean): void;
}

/** Namespaces that kubefed never touches. */
const ignored = new Set(['kube-system', 'kube-public', 'default', 'kube-federation-system']);
const backoff = { firstMs: 5_000, maxMs: 60_000 };

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
    access.informer(target, { labelSelector: `${managedLabel}=true`, mortal: true });
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

  async function place(
    access: Manager,
    cluster: string,
    key: string,
    object: FederatedObject,
  ): Promise<PropagationStatus> {
    const desired = desiredOf(object, targetOf(key));
    const copy = copies(access).get(desired.at);
    const mark = `${cluster} ${key}`;
    const template = canonical(desired);
    if (copy !== undefined && written.get(mark) === `${copy.metadata.resourceVersion} ${template}`) return '';
    const result =
      copy === undefined
        ? await createCopy(access.connection, target, desired)
        : await overwriteCopy(access.connection, target, copy, desired);
    if (typeof result === 'string') return result;
    written.set(mark, `${result.metadata.resourceVersion} ${template}`);
    return '';
  }

  async function remove(access: Manager, copy: KubeObject, object: FederatedObject): Promise<PropagationStatus> {
    if (copy.metadata.deletionTimestamp !== undefined) return 'WaitingForRemoval';
    if (isHostNamespace(copy)) return releaseCopy(access.connection, target, copy);
    return (await deleteCopy(access.connection, target, copy, object)) || 'WaitingForRemoval';
  }

  /** No federated object of that name: whatever bears kubefed's mark is let go. */
  async function release(key: string, all: readonly FederatedCluster[]): Promise<Outcome> {
    const results = all.map(async ({ access }) => {
      const copy = access === undefined ? undefined : copies(access).get(targetOf(key));
      return access === undefined || copy === undefined ? '' : releaseCopy(access.connection, target, copy);
    });
    return (await Promise.all(results)).every((status) => status === '') ? undefined : 'retry';
  }

  /** Deletes every copy first; a cluster that is not ready holds it up for ever. */
  async function finish(object: FederatedObject, key: string, all: readonly FederatedCluster[]): Promise<Outcome> {
    if (object.metadata.finalizers?.includes(finalizers.sync) !== true) return undefined;
    const orphan = object.metadata.annotations?.['kubefed.io/orphan'] === 'true';
    const left = all.map(async ({ access }): Promise<boolean> => {
      if (access === undefined) return true;
      const copy = copies(access).get(targetOf(key));
      if (copy === undefined) return false;
      if (orphan) await releaseCopy(access.connection, target, copy);
      else await remove(access, copy, object);
      return true;
    });
    if ((await Promise.all(left)).includes(true)) return 'retry';
    await dropFinalizers(host, federated, object, finalizers.sync);
    return undefined;
  }

  async function report(
    object: FederatedObject,
    statuses: ReadonlyMap<string, PropagationStatus>,
    all: readonly FederatedCluster[],
  ): Promise<void> {
    const known = new Set(all.map(({ name }) => name));
    // Entries of clusters that were removed stay.
    const gone = (object.status?.clusters ?? []).filter(({ name }) => !known.has(name));
    const listed = [...statuses].map(([name, status]) => (status === '' ? { name } : { name, status }));
    const reason = listed.every((entry) => !('status' in entry)) ? '' : 'CheckClusters';
    const before = object.status?.conditions?.[0];
    const status = reason === '' ? 'True' : 'False';
    if (before?.status === status && same(object.status?.clusters, [...gone, ...listed])) return;
    const now = manager.timestamp();
    const conditions = [{ type: 'Propagation', status, reason, lastUpdateTime: now, lastTransitionTime: now }];
    const body = {
      status: { observedGeneration: object.metadata.generation, conditions, clusters: [...gone, ...listed] },
    };
    await host.patch(federated, named(object), { type: 'merge', body }, { subresource: 'status' });
  }

  async function reconcile(key: string): Promise<Outcome> {
    if (ignored.has(nameOf(key).namespace ?? '')) return undefined;
    const all = clusters();
    if (all.some(({ access }) => access !== undefined && !copies(access).synced)) return { againAfterMs: 1_000 };
    const cached = objects.get(key);
    if (cached === undefined) return release(key, all);
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
          statuses.set(name, await place(access, name, key, object));
          return;
        }
        const copy = copies(access).get(targetOf(key));
        if (copy !== undefined) statuses.set(name, await remove(access, copy, object));
      }),
    );
    await report(object, statuses, all);
    return [...statuses.values()].every((status) => status === '') ? undefined : 'retry';
  }

  const queue = manager.controller({ name: `kubefed ${target.plural}`, workers: 4, backoff, reconcile });
  objects.onChange((key) => queue.add(key));
  if (federated.namespaced && !ofNamespaces) {
    placements.onChange((placement) => {
      const { namespace } = nameOf(placement);
      for (const key of objects.keys()) if (nameOf(key).namespace === namespace) queue.add(key);
    });
  }
  return {
    available(access, first) {
      copies(access).onChange((key, { initial }) => {
        // What a member's watch says is looked at later; observed: 0.7-11 s, after a join 12-15 s.
        queue.addAfter(federatedKey(key), initial ? access.between(8_000, 11_000) : access.between(700, 11_000));
      });
      const lookAtAll = (): void => {
        for (const key of objects.keys()) queue.add(key);
      };
      // Observed: nothing arrives on a new member before 23 s.
      const cancel = access.clock.later(first ? access.between(23_000, 33_000) : 3_000, lookAtAll);
      access.signal.addEventListener('abort', cancel, { once: true });
    },
  };
}
