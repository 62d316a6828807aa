import type { Resource } from '../../../kube/objects.ts';
import type { FederatedObject } from '../../../kubesphere/resources.ts';
import { recordAt } from '../../server/object.ts';
import type { Manager } from '../runtime.ts';
import { named, same } from '../writes.ts';
import type { PropagationStatus } from './dispatch.ts';

/** What a look at all clusters found. */
interface Found {
  readonly statuses: ReadonlyMap<string, PropagationStatus>;
  /** Names of all joined clusters. */
  readonly known: ReadonlySet<string>;
  /** Namespaced, in a namespace that is not federated. */
  readonly lonely: boolean;
}

/** Writes `status` of a federated object, where something in it changed. Entries of clusters that were removed stay. */
export async function reportPropagation(
  manager: Manager,
  federated: Resource<FederatedObject>,
  object: FederatedObject,
  { statuses, known, lonely }: Found,
): Promise<void> {
  const gone = (object.status?.clusters ?? []).filter(({ name }) => !known.has(name));
  const listed = [...statuses].map(([name, status]) => (status === '' ? { name } : { name, status }));
  const clusters = [...gone, ...listed];
  const troubled = [...statuses.values()].some((status) => status !== '');
  const reason = lonely ? 'NamespaceNotFederated' : troubled ? 'CheckClusters' : '';
  const status = reason === '' ? 'True' : 'False';
  const before = object.status?.conditions?.find(({ type }) => type === 'Propagation');
  const transition = before?.status !== status || (before.reason ?? '') !== reason;
  const changed = !same(object.status?.clusters, clusters);
  const { generation } = object.metadata;
  if (!transition && !changed && recordAt(object, 'status')['observedGeneration'] === generation) return;
  const now = manager.timestamp();
  const condition = {
    type: 'Propagation',
    status,
    ...(reason === '' ? {} : { reason }),
    lastUpdateTime: transition || changed ? now : before?.lastUpdateTime,
    lastTransitionTime: transition ? now : before?.lastTransitionTime,
  };
  const body = { status: { observedGeneration: generation, conditions: [condition], clusters } };
  await manager.connection.patch(federated, named(object), { type: 'merge', body }, { subresource: 'status' });
}
