import { FederationError } from '../../errors.ts';
import type { KubeObject, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { labelField, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit } from '../work.ts';
import type { Label, Labelled } from './drop-label.ts';

/** Gives a label of one object, pinned by UID, another value; `null` takes it off. An object that is gone needs none. */
export function relabel(
  cluster: KubeSphereCluster,
  resource: Resource,
  object: Labelled,
  label: string,
  to: string | null,
): Operation<Label, void> {
  const { name, namespace, uid } = object;
  const at = { name, ...(namespace === undefined ? {} : { namespace }) };
  const target = { cluster, resource, name: at, uid };
  const field = labelField(label);
  const value = ({ metadata }: KubeObject): string | null => metadata.labels?.[label] ?? null;
  const set = (wanted: string | null) =>
    ({ type: 'merge', body: { metadata: { labels: { [label]: wanted } } } }) as const;
  const find = async (signal: AbortSignal): Promise<KubeObject | undefined> => {
    const found = await cluster.connection.find(resource, at, { signal });
    return found?.metadata.uid === uid ? found : undefined;
  };
  /** From one value to another, and from no third one: that is somebody else's. */
  const move = (from: string | null, wanted: string | null) => (found: KubeObject) => {
    const now = value(found);
    if (now === wanted) return undefined;
    if (now === from) return set(wanted);
    throw new FederationError(
      'WORLD_MOVED',
      `${cluster.name}: label ${label} of ${resource.kind} "${name}" is ${JSON.stringify(now)} by now, where ${JSON.stringify(from)} was found before. It was left so. Find out who changed it.`,
    );
  };
  return {
    async forecast({ signal }) {
      const found = await find(signal);
      if (found === undefined) return { effect: 'none', why: 'it is gone', out: undefined };
      const before = value(found);
      if (before === to) return { effect: 'none', why: 'its label is right already', out: undefined };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(cluster.name, resource, object),
            before: { [field]: before },
            after: { [field]: to },
          },
        ],
      };
    },
    async capture({ signal }) {
      const found = await find(signal);
      return { value: found === undefined ? null : value(found) };
    },
    async run(work, before) {
      cluster.dialect;
      if ((await find(work.signal)) !== undefined) await edit(work, target, move(before.value, to));
    },
    async verify({ signal }) {
      const found = await find(signal);
      if (found === undefined || value(found) === to) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: label ${label} of ${resource.kind} "${name}" was set to ${JSON.stringify(to)}, and is ${JSON.stringify(value(found))} again. Who writes it?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      if ((await find(work.signal)) !== undefined) await edit(work, target, move(to, before.value));
    },
  };
}
