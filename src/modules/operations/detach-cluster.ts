import { FederationError } from '../../errors.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { rememberMeta } from '../remembered.ts';
import { onlyFor, toPatch } from '../rights.ts';
import { waitGone } from '../work.ts';
import {
  absent,
  assertReleased,
  type ClusterBefore,
  type ClusterSecrets,
  goneLimitMs,
  holds,
  type JoinLimits,
  join,
  release,
  toRelease,
  toSeeHeld,
  waitJoined,
} from './cluster-object.ts';

const resource = kubesphere.clusters;

/** What {@link detachCluster} needs besides. */
export interface DetachSettings extends JoinLimits {
  /** Reads what was parked, for the way back. */
  readonly secrets: (signal: AbortSignal) => Promise<ClusterSecrets>;
  /** A host that must have let go of the member before this one takes it back: two hosts on one member lose everything within 40 s (8.2). */
  readonly unlessHeldBy?: KubeSphereCluster;
  /** UID of the Cluster object meant; another one of that name is left alone. */
  readonly objectUid?: string;
  /** Asked right before the way back joins the member again, under these labels; throws where that must not be. */
  readonly mayReturn?: (signal: AbortSignal, labels: ClusterBefore['labels']) => Promise<void>;
}

/**
 * Detaches a member from its host by deleting the Cluster object, the one lever that writes nothing on the member (H7).
 * What it had for labels is its result.
 * Its way back creates the object again, under a new UID, and waits for the join.
 *
 * @param memberUid - UID of the member, as the Cluster object has it; `undefined` where the host never got to know it
 */
export function detachCluster(
  host: KubeSphereCluster,
  name: string,
  memberUid: string | undefined,
  settings: DetachSettings,
): Operation<ClusterBefore, ClusterBefore['labels'] | null> {
  const read = (signal: AbortSignal) => host.connection.get(resource, { name }, { signal });
  return {
    async forecast({ signal }) {
      const found = await host.connection.find(resource, { name }, { signal });
      if (found === undefined) return { effect: 'none', why: `${host.name} has no cluster "${name}"`, out: null };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'delete',
            resource: refOf(host.name, resource, found.metadata),
            before: { '/spec/joinFederation': found.spec.joinFederation ?? null },
            after: null,
          },
        ],
      };
    },
    async capture({ signal }) {
      const cluster = await read(signal);
      const { spec } = cluster;
      const { kubeconfig: _kubeconfig, token: _token, ...connection } = spec.connection;
      return { ...rememberMeta(cluster), spec: { ...spec, connection } };
    },
    async run(work, { labels }) {
      host.dialect;
      const found = await host.connection.find(resource, { name }, { signal: work.signal });
      if (found === undefined) {
        await absent(work, host, name);
        return labels;
      }
      if (found.status?.uid !== memberUid)
        throw new FederationError(
          'WORLD_MOVED',
          `${host.name}: Cluster "${name}" stands for another cluster (UID ${found.status?.uid}) by now. It was left alone.`,
        );
      if (settings.objectUid !== undefined && found.metadata.uid !== settings.objectUid)
        throw new FederationError(
          'WORLD_MOVED',
          `${host.name}: Cluster "${name}" is another object (UID ${found.metadata.uid}) than the one meant (UID ${settings.objectUid}): it was deleted and imported again. It was left alone.`,
        );
      // Without this the object could not be made again.
      await settings.secrets(work.signal);
      await release(work, host, name, found.metadata.uid);
      return labels;
    },
    needs: {
      verify: [...toRelease(host), ...toSeeHeld(host, name)],
      compensate: [...onlyFor(name, toPatch(host, resource)), ...toSeeHeld(settings.unlessHeldBy, name)],
    },
    async verify(work) {
      if (await holds(work, host, name))
        throw new FederationError(
          'NOT_OBSERVED',
          `${host.name}: cluster "${name}" was detached and is there again. Who imported it?`,
        );
    },
    async compensate(work, before) {
      await assertReleased(work, settings.unlessHeldBy, host, name);
      // The host may still be busy letting go of it; then what kubefed had goes, too.
      const now = await host.connection.find(resource, { name }, { signal: work.signal });
      if (now?.metadata.deletionTimestamp !== undefined)
        await waitGone(work, { cluster: host, resource, name: { name }, uid: now.metadata.uid }, goneLimitMs);
      if (now === undefined || now.metadata.deletionTimestamp !== undefined) await absent(work, host, name);
      const secrets = await settings.secrets(work.signal);
      await settings.mayReturn?.(work.signal, before.labels);
      await join(work, host, name, before, secrets);
      if (before.spec.joinFederation === true && memberUid !== undefined)
        await waitJoined(work, host, name, memberUid, settings);
    },
  };
}
