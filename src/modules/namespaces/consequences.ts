import { FederationError } from '../../errors.ts';
import { defineResource, type Untyped } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions, Json } from '../../types.ts';

/** What a project comes under, or leaves, with its workspace. `null` where there is none. */
export interface Consequence {
  /**
   * `network-isolation`: `networkIsolation` of the Workspaces, so that other projects reach it or do not. `workspace-quota`: the
   * limits that its use counts against, by name of the quota. `ip-pool`: the pools that new pods get addresses of.
   */
  readonly kind: 'network-isolation' | 'workspace-quota' | 'ip-pool';
  readonly before: Json;
  readonly after: Json;
}

/** Asks what changes for a project of a cluster that goes from one workspace to another; each pair is asked for once. */
export type ConsequencesOf = (
  at: KubeSphereCluster,
  from: string | null,
  to: string | null,
) => Promise<readonly Consequence[]>;

const ipPools = defineResource<Untyped>({
  group: 'network.kubesphere.io',
  version: 'v1alpha1',
  kind: 'IPPool',
  plural: 'ippools',
});

type Rules = Readonly<Record<Consequence['kind'], Json>>;

/** `null` rather than an empty collection: the same for a workspace without any, and for none at all. */
const some = <T extends Json>(found: T, size: number): T | null => (size === 0 ? null : found);

async function rulesOf(
  { connection }: KubeSphereCluster,
  workspace: string | null,
  options: CallOptions,
): Promise<Rules> {
  if (workspace === null) return { 'network-isolation': null, 'workspace-quota': null, 'ip-pool': null };
  const [found, quotas, pools] = await Promise.all([
    connection.find(kubesphere.workspaces, { name: workspace }, options),
    connection.list(kubesphere.resourceQuotas, options).toArray(),
    connection
      .listMetadata(ipPools, { ...options, labelSelector: `${workspaceLabel}=${workspace}` })
      .toArray()
      .catch((error: unknown) => {
        // Only where an installation has Calico's pools is the kind served.
        if (FederationError.is(error, 'NOT_FOUND')) return [];
        throw error;
      }),
  ]);
  const limits = quotas.flatMap(({ metadata, spec }): [string, Json][] => {
    const { selector, quota } = (spec ?? {}) as {
      readonly selector?: Readonly<Record<string, string>>;
      readonly quota?: { readonly hard?: Json };
    };
    const mine = selector?.[workspaceLabel] ?? metadata.labels?.[workspaceLabel];
    return mine === workspace ? [[metadata.name, quota?.hard ?? {}]] : [];
  });
  const names = pools.map(({ metadata }) => metadata.name).sort();
  return {
    'network-isolation': found?.spec?.networkIsolation === true ? true : null,
    'workspace-quota': some(Object.fromEntries(limits.sort()), limits.length),
    'ip-pool': some(names, names.length),
  };
}

/** A {@link ConsequencesOf} that remembers what it was told: one call over many projects asks once. */
export function askConsequences(options: CallOptions): ConsequencesOf {
  const rules = new Map<string, Promise<Rules>>();
  const ask = (at: KubeSphereCluster, workspace: string | null): Promise<Rules> => {
    const key = JSON.stringify([at.uid, workspace]);
    const asked = rules.get(key) ?? rulesOf(at, workspace, options);
    rules.set(key, asked);
    return asked;
  };
  return async (at, from, to) => {
    if (from === to) return [];
    const [before, after] = await Promise.all([ask(at, from), ask(at, to)]);
    return (Object.keys(before) as Consequence['kind'][])
      .filter((kind) => JSON.stringify(before[kind]) !== JSON.stringify(after[kind]))
      .map((kind) => ({ kind, before: before[kind], after: after[kind] }));
  };
}
