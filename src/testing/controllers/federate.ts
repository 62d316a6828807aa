import type { KubeObject, Resource } from '../../kube/objects.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import type { FederatedObject } from '../../kubesphere/resources.ts';
import { recordAt } from '../server/object.ts';
import type { Manager } from './runtime.ts';
import { createUnlessThere, same, update, withController } from './writes.ts';

/** A kind whose objects a host copies to all its members. */
export interface Federation<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly federated: Resource<FederatedObject>;
  /** The part of an object, besides its labels, that is copied. */
  readonly template: (object: T) => Readonly<Record<string, unknown>>;
}

/**
 * What 3.x hosts do with users, roles and bindings: mark the object `managed=false` and keep a federated object with
 * selector `{}`, which means every cluster. Returns the object as marked.
 */
export function federate<T extends KubeObject>(
  manager: Manager,
  { resource, federated, template }: Federation<T>,
): (object: T) => Promise<T> {
  const { connection } = manager;
  return async (cached) => {
    // Not before there is a host: only then are there federated kinds.
    const informer = manager.informer(federated);
    const object =
      cached.metadata.labels?.[managedLabel] === 'false'
        ? cached
        : await update(connection, resource, cached, { metadata: { labels: { [managedLabel]: 'false' } } });
    const { name, labels = {} } = object.metadata;
    const wanted = { metadata: { labels }, ...template(object) };
    const present = informer.synced ? informer.get(name) : await connection.find(federated, { name });
    if (present === undefined) {
      await createUnlessThere(connection, federated, {
        metadata: { name, ownerReferences: withController([], resource, object) },
        spec: { template: wanted, placement: { clusterSelector: {} } },
      });
    } else if (!same(recordAt(present, 'spec', 'template'), wanted)) {
      const { uid, resourceVersion } = present.metadata;
      const operations = [{ op: 'add', path: '/spec/template', value: wanted }] as const;
      await connection.patch(federated, { name }, { type: 'json', operations }, { uid, resourceVersion });
    }
    return object;
  };
}
