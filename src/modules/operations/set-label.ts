import { FederationError } from '../../errors.ts';
import type { KubeObject, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { labelField, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit } from '../work.ts';

/** An object with a label, pinned by UID. */
export interface Labelled {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
}

/** What {@link setLabel} captures. */
export interface Label {
  readonly value: string | null;
}

/** Which value {@link setLabel} gives to which label. */
export interface LabelTo {
  readonly label: string;
  /** `null` takes it off. */
  readonly to: string | null;
  /** Whatever has the name of the object by then is meant, too: kubefed and KubeSphere go by names. @defaultValue that very object alone */
  readonly heirs?: true;
}

/**
 * Gives a label of one object another value, and no third one that somebody else set meanwhile: its workspace, its visibility. An object
 * that is gone needs none. Its way back is for that very object: one that was made afresh never bore the former value.
 */
export function setLabel(
  cluster: KubeSphereCluster,
  resource: Resource,
  object: Labelled,
  { label, to, heirs }: LabelTo,
): Operation<Label, void> {
  const { name, namespace, uid } = object;
  const at = { name, ...(namespace === undefined ? {} : { namespace }) };
  const field = labelField(label);
  const value = ({ metadata }: KubeObject): string | null => metadata.labels?.[label] ?? null;
  const find = (signal: AbortSignal): Promise<KubeObject | undefined> =>
    cluster.connection.find(resource, at, { signal });
  const own = async (signal: AbortSignal): Promise<KubeObject | undefined> => {
    const found = await find(signal);
    return found?.metadata.uid === uid ? found : undefined;
  };
  const meant = heirs === true ? find : own;
  const write = (wanted: string | null) =>
    ({ type: 'merge', body: { metadata: { labels: { [label]: wanted } } } }) as const;
  const move = (from: string | null, wanted: string | null) => (found: KubeObject) => {
    const now = value(found);
    if (now === wanted) return undefined;
    if (now === from) return write(wanted);
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
      if (heirs !== true) await edit(work, { cluster, resource, name: at, uid }, move(before.value, to));
      else await edit(work, { cluster, resource, name: at }, (found) => (value(found) === to ? undefined : write(to)));
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
      if ((await own(work.signal)) === undefined) return;
      await edit(work, { cluster, resource, name: at, uid }, move(to, before.value));
    },
  };
}
