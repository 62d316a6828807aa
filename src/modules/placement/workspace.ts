import { deadline } from '../../internal/signal.ts';
import { kubesphere, type Placement } from '../../kubesphere/resources.ts';
import { checkName } from '../../kubesphere/validation.ts';
import type { CallOptions } from '../../types.ts';
import type { FederationEnv } from '../env.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { checkOptions } from '../options.ts';
import { changePlacement } from '../placement-guard.ts';
import { placeables, refuseUnknown, resolve } from './clusters.ts';
import { type NewPlacement, placementOf, refuseSystemWorkspace, type ShrinkOptions, shrinkIn } from './input.ts';

/** Where a workspace is placed. */
export interface WorkspacePlacement {
  /** As its WorkspaceTemplate says it. A list of clusters wins over a selector, even when it is empty. */
  readonly placement: Placement;
  /** The clusters of the host that this means now, by the names of their Cluster objects. */
  readonly clusters: readonly string[];
  /** Names that the host has no cluster for: left over from one that was unbound. A cluster imported under such a name inherits it. */
  readonly unknown: readonly string[];
}

/** Reads where a workspace is placed. See `Workspaces.placement`. */
export async function readPlacement(
  { host }: FederationEnv,
  name: string,
  options: CallOptions = {},
): Promise<WorkspacePlacement> {
  checkName('name', name);
  using limit = deadline(options, `read the placement of workspace "${name}"`);
  const { signal } = limit;
  const { spec } = await host.connection.get(kubesphere.workspaceTemplates, { name }, { ...options, signal });
  const placement = spec.placement ?? {};
  const all = await placeables(host, signal);
  const named = placement.clusters?.map((cluster) => cluster.name) ?? [];
  return {
    placement,
    clusters: resolve(placement, all, 'surely'),
    unknown: named.filter((cluster) => !all.has(cluster)),
  };
}

/** Places a workspace. See `Workspaces.setPlacement`. */
export async function setPlacement(
  env: FederationEnv,
  name: string,
  placement: NewPlacement,
  given: Partial<ShrinkOptions>,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkName('name', name);
  refuseSystemWorkspace('name', name);
  const set = placementOf('placement', placement);
  const shrink = shrinkIn(env, given);
  using limit = deadline(options, `place workspace "${name}"`);
  const call = { ...options, signal: limit.signal };
  await refuseUnknown(env, { kind: 'workspace', name }, set, limit.signal);
  return changePlacement(env, { kind: 'workspace', name }, { set }, shrink, call);
}
