import { FederationError } from '../../errors.ts';
import type { KubeObject, ObjectRef, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { labelField, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit } from '../work.ts';

/** What {@link setLabel} captures. */
export interface Label {
  readonly value: string | null;
}

/** Which value {@link setLabel} gives to which label. */
export interface LabelTo {
  readonly label: string;
  /** `null` takes it off. */
  readonly to: string | null;
  /**
   * Whatever has the name of the object by then is meant, too, and whatever its label says: controllers go by names, and write it.
   * @defaultValue that very object alone, and no third value
   */
  readonly heirs?: true;
  /** One that is gone is `NOT_FOUND`. @defaultValue then there is nothing to do */
  readonly required?: true;
  /** Asked by the way back before the object gets this value back; throws where that must not be. */
  readonly mayReturn?: (value: string | null, signal: AbortSignal) => Promise<void>;
}

/**
 * Gives a label of one object another value: its workspace, its visibility, kubefed's mark. An object that is gone needs none. Its way
 * back is for that very object: one that was made afresh never bore the former value.
 */
export function setLabel(
  cluster: KubeSphereCluster,
  resource: Resource,
  object: ObjectRef,
  { label, to, heirs, required, mayReturn }: LabelTo,
): Operation<Label, void> {
  const { name, namespace, uid } = object;
  const at = { name, ...(namespace === undefined ? {} : { namespace }) };
  const field = labelField(label);
  const value = ({ metadata }: KubeObject): string | null => metadata.labels?.[label] ?? null;
  const find = (signal: AbortSignal): Promise<KubeObject | undefined> =>
    cluster.connection.find(resource, at, { signal });
  const own = async (signal: AbortSignal): Promise<KubeObject | undefined> => {
    const found = await find(signal);
    if (found?.metadata.uid === uid) return found;
    if (required !== true) return undefined;
    throw new FederationError(
      'NOT_FOUND',
      `${cluster.name}: ${resource.kind} "${name}" (UID ${uid}) is ${found === undefined ? 'gone' : 'another one by now'}.`,
    );
  };
  const meant = heirs === true ? find : own;
  const move = (from: string | null, wanted: string | null) => (found: KubeObject) => {
    const now = value(found);
    if (now === wanted) return undefined;
    if (now === from || heirs === true)
      return { type: 'merge', body: { metadata: { labels: { [label]: wanted } } } } as const;
    throw new FederationError(
      'WORLD_MOVED',
      `${cluster.name}: label ${label} of ${resource.kind} "${name}" is ${JSON.stringify(now)} by now, where ${JSON.stringify(from)} was found before. It was left so. Find out who changed it.`,
    );
  };
  return {
    async forecast({ signal }) {
      const found = await own(signal);
      if (found === undefined) return { effect: 'none', why: 'it is gone', out: undefined };
      const before = value(found);
      const so = to === null ? 'it does not carry the label' : `it is ${to} already`;
      if (before === to) return { effect: 'none', why: so, out: undefined };
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
      const found = await own(signal);
      return { value: found === undefined ? null : value(found) };
    },
    async run(work, before) {
      cluster.dialect;
      if ((await meant(work.signal)) === undefined) return;
      await edit(work, { cluster, resource, name: at, ...(heirs === true ? {} : { uid }) }, move(before.value, to));
    },
    async verify({ signal }) {
      const found = await meant(signal);
      if (found === undefined || value(found) === to) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: label ${label} of ${resource.kind} "${name}" was ${to === null ? 'taken off' : `set to ${JSON.stringify(to)}`}, and is ${JSON.stringify(value(found))} again. Who writes it?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      const found = await own(work.signal);
      if (found === undefined || value(found) === before.value) return;
      await mayReturn?.(before.value, work.signal);
      await edit(work, { cluster, resource, name: at, uid }, move(to, before.value));
    },
  };
}
