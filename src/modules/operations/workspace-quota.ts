import { canonical } from '../../internal/digest.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere, type WorkspaceResourceQuota } from '../../kubesphere/resources.ts';
import { findMade, refOf } from '../changes.ts';
import { some } from '../closure.ts';
import type { Operation } from '../operation.ts';
import { type RememberedMeta, rememberMeta } from '../remembered.ts';
import { toWatch } from '../rights.ts';
import { create, edit, remove, waitFor, waitGone } from '../work.ts';

const resource = kubesphere.resourceQuotas;
const limitMs = 120_000;
const field = '/spec/quota/hard';
type Hard = Readonly<Record<string, string>>;

/** Quotas of a workspace on one cluster. */
export async function quotasOf(
  { connection }: KubeSphereCluster,
  workspace: string,
  options: { readonly signal?: AbortSignal },
): Promise<readonly WorkspaceResourceQuota[]> {
  return connection.list(resource, { ...options, labelSelector: `${workspaceLabel}=${workspace}` }).toArray();
}

const hardOf = (quota: WorkspaceResourceQuota | undefined): Hard => quota?.spec?.quota?.hard ?? {};
const several = (cluster: KubeSphereCluster, workspace: string, found: readonly WorkspaceResourceQuota[]) => ({
  effect: 'blocked' as const,
  why: `${cluster.name} has several quotas of workspace "${workspace}": ${some(found.map(({ metadata }) => metadata.name))}.`,
  remedy: 'Delete all but one there; all of them count.',
});

/** What {@link setWorkspaceQuota} captures: the name of the quota, and its limits; `null`: there is none. */
export interface QuotaBefore {
  readonly name: string;
  readonly uid: string | null;
  readonly hard: Hard | null;
}

/** Sets the limits of a workspace on one cluster, all of them, and waits until the live Workspace there owns the quota. */
export function setWorkspaceQuota(
  cluster: KubeSphereCluster,
  workspace: string,
  hard: Hard,
): Operation<QuotaBefore, void> {
  const { connection } = cluster;
  const owner = (signal: AbortSignal) => connection.find(kubesphere.workspaces, { name: workspace }, { signal });
  const write = (limits: Hard) => (quota: WorkspaceResourceQuota) => {
    const now = hardOf(quota);
    if (canonical(now) === canonical(limits)) return undefined;
    // A merge patch keeps what it does not name: limits that are no longer wanted have to be named.
    const gone = Object.fromEntries(Object.keys(now).map((key) => [key, null]));
    return { type: 'merge', body: { spec: { quota: { hard: { ...gone, ...limits } } } } } as const;
  };
  return {
    async forecast({ signal }) {
      const [found, live] = await Promise.all([quotasOf(cluster, workspace, { signal }), owner(signal)]);
      if (live === undefined || live.metadata.deletionTimestamp !== undefined)
        return {
          effect: 'blocked',
          why: `Workspace "${workspace}" does not live on ${cluster.name}.`,
          remedy: 'Place it there first.',
        };
      const [quota, ...more] = found;
      if (more.length > 0) return several(cluster, workspace, found);
      if (quota === undefined)
        return {
          effect: 'change',
          changes: [
            {
              verb: 'create',
              resource: refOf(cluster.name, resource, { name: workspace }),
              before: null,
              after: { [field]: hard },
            },
          ],
        };
      if (canonical(hardOf(quota)) === canonical(hard))
        return { effect: 'none', why: 'these are its limits', out: undefined };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(cluster.name, resource, quota.metadata),
            before: { [field]: hardOf(quota) },
            after: { [field]: hard },
          },
        ],
      };
    },
    async capture({ signal }) {
      const [quota] = await quotasOf(cluster, workspace, { signal });
      return quota === undefined
        ? { name: workspace, uid: null, hard: null }
        : { name: quota.metadata.name, uid: quota.metadata.uid, hard: hardOf(quota) };
    },
    async run(work, { name, uid }) {
      cluster.dialect;
      if (uid !== null) {
        await edit(work, { cluster, resource, name: { name }, uid }, write(hard));
        return;
      }
      const selector = { [workspaceLabel]: workspace };
      await create(work, cluster, resource, {
        metadata: { name, labels: selector },
        spec: { quota: { hard }, selector },
      });
    },
    needs: { verify: toWatch(cluster, resource) },
    async verify({ signal }, { name }) {
      const live = await connection.get(kubesphere.workspaces, { name: workspace }, { signal });
      await waitFor(signal, {
        cluster,
        resource,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => {
          const quota = objects.get(name);
          const owned = quota?.metadata.ownerReferences?.some(({ uid }) => uid === live.metadata.uid) === true;
          return (owned && canonical(hardOf(quota)) === canonical(hard)) || undefined;
        },
        what: `the quota of workspace "${workspace}" to be owned by its Workspace`,
        timeoutMs: limitMs,
      });
    },
    async compensate(work, { name, uid, hard: former }) {
      if (uid !== null && former !== null) {
        await edit(work, { cluster, resource, name: { name }, uid }, write(former));
        return;
      }
      const found = await findMade(work, { cluster, resource, name: { name } });
      if (found === undefined) return;
      const target = { cluster, resource, name: { name }, uid: found.metadata.uid };
      await remove(work, { ...target, propagationPolicy: 'Background' });
      await waitGone(work, target, limitMs);
    },
  };
}

/** What {@link removeWorkspaceQuota} captures. */
export interface RemovedQuota extends RememberedMeta {
  readonly name: string;
  readonly uid: string;
  readonly hard: Hard;
}

/** Deletes the quota of a workspace on one cluster. Its way back makes it again, under a new UID. */
export function removeWorkspaceQuota(
  cluster: KubeSphereCluster,
  workspace: string,
): Operation<RemovedQuota | null, void> {
  return {
    async forecast({ signal }) {
      const found = await quotasOf(cluster, workspace, { signal });
      const [quota, ...more] = found;
      if (quota === undefined) return { effect: 'none', why: 'there is none', out: undefined };
      if (more.length > 0) return several(cluster, workspace, found);
      return {
        effect: 'change',
        changes: [{ verb: 'delete', resource: refOf(cluster.name, resource, quota.metadata), before: {}, after: null }],
      };
    },
    async capture({ signal }) {
      const [quota] = await quotasOf(cluster, workspace, { signal });
      if (quota === undefined) return null;
      return { ...rememberMeta(quota), name: quota.metadata.name, uid: quota.metadata.uid, hard: hardOf(quota) };
    },
    async run(work, before) {
      cluster.dialect;
      if (before === null) return;
      const { name, uid } = before;
      await remove(work, { cluster, resource, name: { name }, uid, propagationPolicy: 'Background' });
    },
    needs: { verify: toWatch(cluster, resource) },
    async verify(work, before) {
      if (before !== null)
        await waitGone(work, { cluster, resource, name: { name: before.name }, uid: before.uid }, limitMs);
    },
    async compensate(work, before) {
      if (before === null) return;
      const { name, labels, annotations, hard } = before;
      if ((await cluster.connection.find(resource, { name }, { signal: work.signal })) !== undefined) return;
      await create(work, cluster, resource, {
        metadata: { name, labels, annotations },
        spec: { quota: { hard }, selector: { [workspaceLabel]: workspace } },
      });
    },
  };
}
