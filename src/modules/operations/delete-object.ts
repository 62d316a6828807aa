import type { ObjectRef, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { toWatch } from '../rights.ts';
import { remove, waitGone } from '../work.ts';

/**
 * Deletes one very object, with what the garbage collector takes along, and waits until it is gone: what bears its name by then is
 * another's. There is no way back; it stands behind the pivot of whatever it is part of.
 */
export function deleteObject(
  cluster: KubeSphereCluster,
  resource: Resource,
  object: ObjectRef,
  timeoutMs: number,
): Operation<null, void> {
  const { name, namespace, uid } = object;
  const at = { name, ...(namespace === undefined ? {} : { namespace }) };
  const target = { cluster, resource, name: at, uid };
  return {
    async forecast({ signal }) {
      const found = await cluster.connection.find(resource, at, { signal });
      if (found?.metadata.uid !== uid) return { effect: 'none', why: 'it is gone', out: undefined };
      return {
        effect: 'change',
        changes: [{ verb: 'delete', resource: refOf(cluster.name, resource, object), before: {}, after: null }],
      };
    },
    capture: async () => null,
    async run(work) {
      cluster.dialect;
      await remove(work, { ...target, propagationPolicy: 'Background' });
    },
    needs: { verify: toWatch(cluster, resource) },
    verify: (work) => waitGone(work, target, timeoutMs),
    compensate: async () => {},
  };
}
