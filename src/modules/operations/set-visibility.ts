import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { visibilityLabel } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere } from '../../kubesphere/resources.ts';
import { labelField, refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit, type Work } from '../work.ts';

/** Who may choose a cluster for a workspace: everybody, or those it was authorized for. */
export type Visibility = 'public' | 'private';

/** What {@link setVisibility} captures. */
export interface VisibilityBefore {
  readonly visibility: string | null;
}

const resource = kubesphere.clusters;
const visibilityOf = ({ metadata }: Cluster): string | null => metadata.labels?.[visibilityLabel] ?? null;

/** Labels a Cluster object; only the label, for in 3.x status is part of the object and an update would lose it. */
export function setVisibility(
  host: KubeSphereCluster,
  name: string,
  visibility: Visibility,
): Operation<VisibilityBefore, void> {
  const read = ({ signal }: Pick<Work, 'signal'>): Promise<Cluster> =>
    host.connection.get(resource, { name }, { signal });
  const set = (work: Work, to: string | null): Promise<Cluster> =>
    edit(work, { cluster: host, resource, name: { name } }, (cluster) =>
      visibilityOf(cluster) === to
        ? undefined
        : { type: 'merge', body: { metadata: { labels: { [visibilityLabel]: to } } } },
    );
  return {
    async forecast(work) {
      const cluster = await read(work);
      const before = visibilityOf(cluster);
      if (before === visibility) return { effect: 'none', why: `it is ${visibility} already`, out: undefined };
      const field = labelField(visibilityLabel);
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, cluster.metadata),
            before: { [field]: before },
            after: { [field]: visibility },
          },
        ],
      };
    },
    capture: async (work) => ({ visibility: visibilityOf(await read(work)) }),
    async run(work) {
      host.dialect;
      await set(work, visibility);
    },
    async verify(work) {
      const now = visibilityOf(await read(work));
      if (now === visibility) return;
      throw new FederationError(
        'NOT_OBSERVED',
        `${host.name}: cluster "${name}" was made ${visibility}, and is ${now ?? 'neither public nor private'} again. Who writes label ${visibilityLabel}?`,
        { retryable: true },
      );
    },
    compensate: async (work, before) => void (await set(work, before.visibility)),
  };
}
