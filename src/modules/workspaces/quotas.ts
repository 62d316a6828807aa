import { kubesphere } from '../../kubesphere/resources.ts';
import { checkName, checkText, invalid } from '../../kubesphere/validation.ts';
import type { CallOptions } from '../../types.ts';
import { askClusters, type ClusterAnswer } from '../across.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { perform, type WriteOptions, type Written } from '../operation.ts';
import { quotasOf, removeWorkspaceQuota, setWorkspaceQuota } from '../operations/workspace-quota.ts';
import { checkItem, checkOptions } from '../options.ts';

/** A quota of a workspace on one cluster: what all its projects there together may take. */
export interface WorkspaceQuota {
  readonly name: string;
  readonly uid: string;
  /** Limits as Kubernetes writes them: `{ 'limits.cpu': '10', 'requests.memory': '20Gi' }`. */
  readonly hard: Readonly<Record<string, string>>;
  /** What is taken, as the cluster's controller counted it last. */
  readonly used: Readonly<Record<string, string>>;
}

/** Limits for one cluster. */
export interface QuotaToSet {
  readonly cluster: string;
  /** All limits: those that are not named are no longer limited. */
  readonly hard: Readonly<Record<string, string>>;
}

/** A quantity of Kubernetes: `10`, `500m`, `20Gi`, `1e3`. */
const quantity = /^(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+|m|[kMGTPE]|[KMGTPE]i)?$/;

/**
 * The quotas of a workspace: one answer for each cluster; those that do not answer say so.
 *
 * @throws ApiError `NOT_FOUND` where the host has no such workspace
 */
export async function quotas(
  env: FederationEnv,
  name: string,
  options: CallOptions = {},
): Promise<readonly ClusterAnswer<readonly WorkspaceQuota[]>[]> {
  checkName('name', name);
  await env.host.connection.get(kubesphere.workspaceTemplates, { name }, options);
  return askClusters(
    env,
    async (cluster, call) =>
      (await quotasOf(cluster, name, call)).map(({ metadata, spec, status }) => ({
        name: metadata.name,
        uid: metadata.uid,
        hard: spec?.quota?.hard ?? {},
        used: status?.total?.used ?? {},
      })),
    options,
  );
}

/** {@link Workspaces.setQuota}, with its input checked. */
export async function setQuota(
  env: FederationEnv,
  name: string,
  quota: QuotaToSet,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkItem(quota);
  const { cluster, hard } = quota;
  checkName('name', name);
  checkName('cluster', cluster);
  if (typeof hard !== 'object' || hard === null || Object.keys(hard).length === 0)
    throw invalid('hard', 'must name at least one limit; removeQuota takes a quota away.');
  for (const [key, value] of Object.entries(hard)) {
    checkText(`hard.${key}`, value);
    if (!quantity.test(value))
      throw invalid(`hard.${key}`, `must be a quantity such as 10, 500m or 20Gi; it is "${value}".`);
  }
  const what = `set the quota of workspace "${name}" on ${cluster}`;
  return inTime(options, what, async (call) => {
    await env.host.connection.get(kubesphere.workspaceTemplates, { name }, call);
    const at = await clusterByName(env)(cluster, call);
    return perform(setWorkspaceQuota(at, name, hard), what, call);
  });
}

/** {@link Workspaces.removeQuota}, with its input checked. */
export async function removeQuota(
  env: FederationEnv,
  name: string,
  cluster: string,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkName('name', name);
  checkName('cluster', cluster);
  const what = `remove the quota of workspace "${name}" on ${cluster}`;
  return inTime(options, what, async (call) => {
    await env.host.connection.get(kubesphere.workspaceTemplates, { name }, call);
    const at = await clusterByName(env)(cluster, call);
    return perform(removeWorkspaceQuota(at, name), what, call);
  });
}
