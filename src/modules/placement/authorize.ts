import { FederationError } from '../../errors.ts';
import { deadline } from '../../internal/signal.ts';
import { checkNames, checkObjectName } from '../../kubesphere/validation.ts';
import { type BatchOptions, type ItemOutcome, performEach } from '../batch.ts';
import type { FederationEnv } from '../env.ts';
import { batchOptions, checkOptions } from '../options.ts';
import { changePlacement, foreseeChange } from '../placement-guard.ts';
import { differences, mismatch } from './agreed.ts';
import { placedAs } from './clusters.ts';
import {
  checkFate,
  lookBackDefaultMs,
  type ProjectAt,
  type ProjectsFate,
  refuseSystemWorkspace,
  type ShrinkOptions,
  shrinkIn,
} from './input.ts';
import { type LeavingProjects, surveyLeaving } from './survey.ts';

function checkWorkspaces(cluster: unknown, workspaces: unknown): void {
  checkObjectName('cluster', cluster);
  checkNames('workspaces', workspaces);
  for (const [index, name] of workspaces.entries()) refuseSystemWorkspace(`workspaces[${index}]`, name);
}

/** Adds a cluster to the placement of workspaces. See `Clusters.authorize`. */
export async function authorize(
  env: FederationEnv,
  cluster: string,
  workspaces: readonly string[],
  options: BatchOptions = {},
): Promise<readonly ItemOutcome<string, void>[]> {
  checkOptions(options, batchOptions);
  checkWorkspaces(cluster, workspaces);
  const what = `authorize cluster "${cluster}"`;
  using limit = deadline(options, what);
  const call = { ...options, signal: limit.signal };
  const name = await placedAs(env, cluster, limit.signal);
  return performEach(
    workspaces,
    what,
    (workspace) => changePlacement(env, { kind: 'workspace', name: workspace }, { add: [name] }, {}, call),
    call,
  );
}

/** Takes a cluster off the placement of workspaces. See `Clusters.revoke`. */
export async function revoke(
  env: FederationEnv,
  cluster: string,
  workspaces: readonly string[],
  shrink: ShrinkOptions,
  options: BatchOptions = {},
): Promise<readonly ItemOutcome<string, void>[]> {
  checkOptions(options, batchOptions);
  checkWorkspaces(cluster, workspaces);
  const { projects, lookBackMs } = shrinkIn(env, shrink);
  checkFate(projects);
  const what = `revoke cluster "${cluster}"`;
  using limit = deadline(options, what);
  const call = { ...options, signal: limit.signal };
  const name = await placedAs(env, cluster, limit.signal);
  const patience = lookBackMs ?? lookBackDefaultMs;
  const fates = await fatesOf(env, name, workspaces, projects, { signal: limit.signal, lookBackMs: patience });
  return performEach(
    workspaces,
    what,
    (workspace) =>
      changePlacement(
        env,
        { kind: 'workspace', name: workspace },
        { remove: [name] },
        { projects: fates.get(workspace) ?? 'keep', lookBackMs: patience },
        call,
      ),
    call,
  );
}

/**
 * What of one list belongs to which workspace. All of it is compared before anything is done for the first: a project that no workspace
 * loses, or one that nobody named, refuses the call.
 */
async function fatesOf(
  env: FederationEnv,
  cluster: string,
  workspaces: readonly string[],
  projects: ProjectsFate,
  options: { readonly signal: AbortSignal; readonly lookBackMs: number },
): Promise<ReadonlyMap<string, ProjectsFate>> {
  if (projects === 'keep') return new Map();
  const fates = new Map<string, ProjectsFate>();
  const seen: LeavingProjects['clusters'][number][] = [];
  for (const workspace of workspaces) {
    const of = { kind: 'workspace', name: workspace } as const;
    const { subject, leaving } = await foreseeChange(env, of, { remove: [cluster] }, options.signal);
    const found = leaving.length === 0 ? { clusters: [] } : await surveyLeaving(env, subject, leaving, options);
    seen.push(...found.clusters);
    const closure = found.clusters.flatMap((one) => one.closure);
    const mine: ProjectAt[] = projects.delete.filter(({ uid }) => closure.some((one) => one.uid === uid));
    fates.set(workspace, { delete: mine });
  }
  const wrong = differences(env, { clusters: seen, apps: [] }, projects.delete);
  const why = mismatch(wrong);
  if (why === undefined) return fates;
  throw new FederationError(
    'PLAN_BLOCKED',
    `revoke cluster "${cluster}": the list is not exactly what would be deleted: ${why}. Nothing was changed. Look at each of them, then call again with a list of exactly those.`,
    { details: { unlisted: wrong.unlisted, untaken: wrong.untaken } },
  );
}
