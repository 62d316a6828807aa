import { FederationError } from '../../errors.ts';
import type { KubeObject, Resource } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { labelField, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit } from '../work.ts';

/** What {@link dropLabel} works on. */
export interface Labelled {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
}

/** What {@link dropLabel} captures. */
export interface Label {
  readonly value: string | null;
}

/**
 * Takes one label off one object: `kubefed.io/managed`, so that no kubefed deletes it (H5); the workspace's name off a
 * HelmRelease, so that no template's deletion uninstalls it (H1).
 */
export function dropLabel(
  cluster: KubeSphereCluster,
  resource: Resource,
  object: Labelled,
  label: string,
): Operation<Label, void> {
  const { name, namespace, uid } = object;
  const at = { name, ...(namespace === undefined ? {} : { namespace }) };
  const target = { cluster, resource, name: at, uid };
  const field = labelField(label);
  const value = ({ metadata }: KubeObject): string | null => metadata.labels?.[label] ?? null;
  const set = (to: string | null) => ({ type: 'merge', body: { metadata: { labels: { [label]: to } } } }) as const;
  return {
    async forecast({ signal }) {
      const found = await cluster.connection.find(resource, at, { signal });
      if (found === undefined || found.metadata.uid !== uid)
        return { effect: 'none', why: 'it is gone', out: undefined };
      const before = value(found);
      if (before === null) return { effect: 'none', why: 'it does not carry the label', out: undefined };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(cluster.name, resource, object),
            before: { [field]: before },
            after: { [field]: null },
          },
        ],
      };
    },
    capture: async ({ signal }) => ({ value: value(await cluster.connection.get(resource, at, { signal })) }),
    async run(work) {
      cluster.dialect;
      // Whatever bears the label under this name by now is meant, too: kubefed goes by the name.
      if ((await cluster.connection.find(resource, at, { signal: work.signal })) === undefined) return;
      await edit(work, { cluster, resource, name: at }, (found) => (value(found) === null ? undefined : set(null)));
    },
    async verify({ signal }) {
      const found = await cluster.connection.find(resource, at, { signal });
      if (found === undefined || value(found) === null) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${cluster.name}: label ${label} was taken off ${resource.kind} "${name}", and is back. Who writes it?`,
        { retryable: true },
      );
    },
    async compensate(work, before) {
      // One that was made afresh meanwhile never bore it.
      if ((await cluster.connection.find(resource, at, { signal: work.signal }))?.metadata.uid !== uid) return;
      await edit(work, target, (found) => (value(found) === before.value ? undefined : set(before.value)));
    },
  };
}
