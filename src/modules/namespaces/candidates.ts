import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import { hostLabel, systemWorkspace, workspaceLabel } from '../../kubesphere/names.ts';
import { type Cluster, kubesphere, type Placement } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { askClusters } from '../across.ts';
import type { FederationEnv } from '../env.ts';

/** A cluster that a project of a workspace can be made on: its placement names it, it is ready, and its Workspace is there. */
export interface Candidate {
  readonly cluster: string;
  readonly role: 'host' | 'member';
  /** Of all workspaces but system-workspace. */
  readonly projects: number;
}

/** {@link Candidate}s, and why each other cluster of the placement is none. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly others: readonly { readonly cluster: string; readonly why: string }[];
  /** Where the workspace has a project of the name that was asked for already. */
  readonly holding: string | undefined;
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** A label selector of Kubernetes as the text of a query. */
function selectorText({
  matchLabels = {},
  matchExpressions = [],
}: NonNullable<Placement['clusterSelector']> & { readonly matchExpressions?: readonly Expression[] }): string {
  const expression = ({ key, operator, values = [] }: Expression): string => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  };
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(expression),
  ].join(',');
}

/** The Cluster objects that a placement selects: named ones, when there is a list of names, even an empty one. */
async function placedOn(
  { host }: FederationEnv,
  placement: Placement,
  options: CallOptions,
): Promise<readonly Cluster[]> {
  const { clusters, clusterSelector } = placement;
  if (clusters === undefined && clusterSelector === undefined) return [];
  const labelSelector = clusters === undefined && clusterSelector !== undefined ? selectorText(clusterSelector) : '';
  const all = await host.connection
    .list(kubesphere.clusters, { ...options, ...(labelSelector !== '' && { labelSelector }) })
    .toArray();
  return clusters === undefined
    ? all
    : all.filter(({ metadata }) => clusters.some(({ name }) => name === metadata.name));
}

/** What one cluster says: how many projects it has, and what stands under the name. */
async function weigh(
  env: FederationEnv,
  clusters: readonly string[],
  { name, workspace }: { readonly name: string; readonly workspace: string },
  options: CallOptions,
) {
  return askClusters(
    env,
    async ({ connection }, call) => {
      const owner = await connection.find(kubesphere.workspaces, { name: workspace }, call);
      let projects = 0;
      let mine = false;
      for await (const { metadata } of connection.listMetadata(core.namespaces, {
        ...call,
        labelSelector: workspaceLabel,
      })) {
        const of = metadata.labels?.[workspaceLabel];
        if (of !== systemWorkspace) projects += 1;
        if (metadata.name === name && of === workspace) mine = true;
      }
      return { projects, mine, alive: owner !== undefined && owner.metadata.deletionTimestamp === undefined };
    },
    { ...options, clusters },
  );
}

/** Clusters of a workspace's placement that a project can be made on; the host only where it is allowed. @throws ApiError `NOT_FOUND` for no such workspace */
export async function candidatesFor(
  env: FederationEnv,
  project: { readonly name: string; readonly workspace: string },
  { allowHost, ...options }: CallOptions & { readonly allowHost: boolean },
): Promise<Candidates> {
  const { spec } = await env.host.connection.get(kubesphere.workspaceTemplates, { name: project.workspace }, options);
  const placed = await placedOn(env, spec.placement ?? {}, options);
  const others: { cluster: string; why: string }[] = [];
  const roles = new Map<string, Candidate['role']>();
  for (const { metadata, status } of placed) {
    const role = hostLabel in (metadata.labels ?? {}) ? 'host' : 'member';
    const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
    if (role === 'host' && !allowHost) others.push({ cluster: metadata.name, why: 'is the host (allowHost)' });
    else if (!ready) others.push({ cluster: metadata.name, why: 'is not ready' });
    else roles.set(metadata.name, role);
  }
  const candidates: Candidate[] = [];
  let holding: string | undefined;
  for (const answer of await weigh(env, [...roles.keys()], project, options)) {
    const { cluster } = answer;
    if (!answer.answered && answer.error.code === 'FORBIDDEN') throw answer.error;
    if (!answer.answered) others.push({ cluster, why: `does not answer (${answer.error.code})` });
    else if (!answer.value.alive) others.push({ cluster, why: 'has no such Workspace' });
    else {
      candidates.push({ cluster, role: roles.get(cluster) ?? 'member', projects: answer.value.projects });
      if (answer.value.mine) holding = cluster;
    }
  }
  return { candidates, others, holding };
}

/** The one with the fewest projects; of equals the first by name. */
export function leastLoaded(candidates: readonly Candidate[]): string {
  const [least] = [...candidates].sort(
    (one, other) => one.projects - other.projects || (one.cluster < other.cluster ? -1 : 1),
  );
  if (least === undefined) throw new FederationError('PLAN_BLOCKED', 'There is no cluster to choose from.');
  return least.cluster;
}
