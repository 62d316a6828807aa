import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { systemNamespaces, systemWorkspace, workspaceLabel } from '../../kubesphere/names.ts';
import type { Forecast } from '../../workflow/change.ts';
import type { BatchOptions } from '../batch.ts';
import { some } from '../closure.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { performAll } from '../method.ts';
import { type Operation, perform, type Written } from '../operation.ts';
import type { Consequence, ConsequencesOf } from './consequences.ts';
import { partOf } from './info.ts';
import { type MoveVerb, moveOperation, moveWithApps } from './move-workflow.ts';
import { type Release, releasesOf } from './releases.ts';

/** Options of `bind`, `unbind` and `transfer` of {@link Namespaces}. */
export interface MoveOptions extends BatchOptions {
  /**
   * What becomes of the project's apps of the App Store. `follow`: they get the project's new workspace, in the same call, as a run
   * with a journal. `refuse`: nothing is done while there are any of another workspace, for they are uninstalled when that workspace
   * is deleted (H1). @defaultValue `refuse`
   */
  readonly apps?: 'follow' | 'refuse';
  /** Backing namespaces of DevOps projects that are meant; any other is refused, for the DevOpsProject stays where it is. */
  readonly devops?: readonly string[];
}

/** What became of one project, or would. */
export interface Moved {
  /** `null`: it was in none. */
  readonly from: string | null;
  /** `null`: it is in none. */
  readonly to: string | null;
  /** HelmReleases that follow it, as `cluster/name`. */
  readonly apps: readonly string[];
  /** What else changes for it. */
  readonly consequences: readonly Consequence[];
}

/** One project, and where it goes. */
export interface Move {
  readonly verb: MoveVerb;
  readonly cluster: string;
  readonly name: string;
  /** Absent: whichever bears the name. */
  readonly uid?: string;
  /** `null`: into none. */
  readonly to: string | null;
}

/** @throws FederationError `INVALID` for what belongs to the installation, to kubefed, or to DevOps and was not named */
function refuse(
  { cluster, name, verb, to }: Move,
  { labels, ...metadata }: Parameters<typeof partOf>[0],
  devops: readonly string[],
): void {
  if (systemNamespaces.has(name) || labels?.[workspaceLabel] === systemWorkspace || to === systemWorkspace)
    throw new FederationError(
      'INVALID',
      `"${name}" belongs to the installation itself (${systemWorkspace}); it is neither bound nor unbound.`,
    );
  const part = partOf({ ...metadata, ...(labels === undefined ? {} : { labels }) });
  if (part === 'multi-cluster project')
    throw new FederationError(
      'INVALID',
      `${cluster}: "${name}" is a multi-cluster project; its host puts the label back. ${verb === 'unbind' ? 'Take the cluster out of its placement (namespaces.setFederatedPlacement), or detach the cluster.' : 'It is where its FederatedNamespace says. Nothing was changed.'}`,
    );
  if (part === 'DevOps project' && !devops.includes(name))
    throw new FederationError(
      'INVALID',
      `${cluster}: "${name}" is the backing namespace of a DevOps project, which does not follow it. Nothing was changed. Name it in "devops" if it is meant.`,
    );
}

function assertTheVery({ cluster, name, uid }: Move, found: string): void {
  if (uid !== undefined && uid !== found)
    throw new FederationError(
      'CONFLICT',
      `${cluster}: namespace "${name}" has UID ${found}, not ${uid}: it is another one by now. Nothing was changed. Look at what it is (namespaces.get), then give its UID or none.`,
    );
}

/** The operation with what else it changes as its result. */
function telling<Before>(operation: Operation<Before, void>, moved: Moved): Operation<Before, Moved> {
  return {
    ...operation,
    async forecast(work) {
      const forecast = await operation.forecast(work);
      return told(forecast, moved);
    },
    run: async (work, before) => {
      await operation.run(work, before);
      return moved;
    },
    verify: (work, before) => operation.verify(work, before, undefined),
    compensate: (work, before) => operation.compensate(work, before, undefined),
  };
}

function told(forecast: Forecast<unknown>, moved: Moved): Forecast<Moved> {
  if (forecast.effect === 'none') return { ...forecast, out: moved };
  return forecast.effect === 'change' ? { ...forecast, expects: moved } : forecast;
}

/** Why a project that would leave its apps behind stays where it is. */
function leaving(at: KubeSphereCluster, { name }: Move, strays: readonly Release[]) {
  const of = [...new Set(strays.map(({ workspace }) => (workspace === null ? 'none' : `"${workspace}"`)))].join(', ');
  return {
    effect: 'blocked' as const,
    why: `${at.name}: project "${name}" has ${strays.length} app(s) of workspace ${of}: ${some(strays.map((one) => `HelmRelease ${one.name} on ${one.cluster}`))}. Left there, they are uninstalled when that workspace is deleted.`,
    remedy: "Say apps: 'follow' so that they go where the project goes, or uninstall them first.",
  };
}

/** Moves one project: in one patch where it has no apps to take along, else as a run with a journal. */
export async function moveProject(
  env: FederationEnv,
  move: Move,
  options: MoveOptions,
  consequencesOf: ConsequencesOf,
): Promise<Written<Moved>> {
  const what = `${move.verb} project "${move.name}" of ${move.cluster}`;
  return inTime(options, what, (call) => moveOne(env, move, what, call, consequencesOf));
}

async function moveOne(
  env: FederationEnv,
  move: Move,
  what: string,
  { apps = 'refuse', devops = [], ...options }: MoveOptions,
  consequencesOf: ConsequencesOf,
): Promise<Written<Moved>> {
  const { verb, cluster, name, to } = move;
  const at = await clusterByName(env)(cluster, options);
  at.dialect;
  const { metadata } = await at.connection.get(core.namespaces, { name }, options);
  assertTheVery(move, metadata.uid);
  refuse(move, metadata, devops);
  const from = metadata.labels?.[workspaceLabel] ?? null;
  const strays = (await releasesOf(env, at, name, options)).filter(({ workspace }) => workspace !== to);
  const moved: Moved = {
    from,
    to,
    apps: strays.map((one) => `${one.cluster}/${one.name}`),
    consequences: await consequencesOf(at, from, to),
  };
  const project = { name, uid: metadata.uid };
  if (strays.length === 0)
    return perform(telling(moveOperation(env.host, at, verb, project, to), moved), what, options);
  if (apps === 'refuse') {
    const forecast = leaving(at, move, strays);
    if (options.dryRun === true) return { outcome: 'dry-run', forecast };
    throw new FederationError('PLAN_BLOCKED', `${what}: ${forecast.why} ${forecast.remedy}`);
  }
  const written = await performAll(moveWithApps, { verb, cluster, to, ...project }, env, what, options);
  if (written.outcome === 'dry-run') return { ...written, forecast: told(written.forecast, moved) };
  return { ...written, result: moved };
}
