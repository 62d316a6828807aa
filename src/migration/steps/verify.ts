import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { namespacesOf, some } from '../../modules/closure.ts';
import { assertReleased } from '../../modules/operations/cluster-object.ts';
import { defineStep, type StepContext } from '../../workflow/step.ts';
import { type MigrationEnv, timingOf } from '../env.ts';
import { contentsOf, type Snapshot } from '../snapshot.ts';
import { assertKept, type Surveyed } from '../writing.ts';

type Context = Pick<StepContext<Surveyed, MigrationEnv>, 'state' | 'env' | 'signal'>;

/** What a project's label has to say. */
interface Labelled {
  readonly name: string;
  readonly uid: string;
  /** `null`: no label. */
  readonly workspace: string | null;
}

/**
 * Confirms the workspace label of each project, and where it has one that the live Workspace of that name is its owner.
 *
 * @throws FederationError `WORLD_MOVED` naming the projects: somebody else writes to them, and a person decides
 */
export async function workspaceLabelled(
  { env: { member }, signal }: Pick<Context, 'env' | 'signal'>,
  projects: readonly Labelled[],
): Promise<void> {
  const [namespaces, workspaces] = await Promise.all([
    namespacesOf(member, signal),
    member.connection.list(kubesphere.workspaces, { signal }).toArray(),
  ]);
  const uids = new Map(workspaces.map(({ metadata }) => [metadata.name, metadata.uid]));
  const wrong = projects.filter(({ name, workspace }) => {
    const now = namespaces.get(name);
    if ((now?.labels?.[workspaceLabel] ?? null) !== workspace) return true;
    const owner = workspace === null ? undefined : uids.get(workspace);
    return workspace !== null && !(now?.ownerReferences ?? []).some(({ uid }) => uid === owner);
  });
  if (wrong.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${member.name}: ${some(wrong.map(({ name, workspace }) => (workspace === null ? `${name} is bound again` : `${name} is not owned by Workspace ${workspace}`)))}. Something else writes to these projects; find it before going on.`,
  );
}

/** Where every kept project belongs once the move is done. */
function promised({ workspaces, kept, left }: Snapshot): Labelled[] {
  const to = new Map(workspaces.map(({ name, to }) => [name, to]));
  return [
    ...kept.map(({ name, uid, workspace }) => ({ name, uid, workspace: to.get(workspace) ?? workspace })),
    ...left.map(({ name, uid }) => ({ name, uid, workspace: null })),
  ];
}

/** What the new host's kubefed says of the member in each workspace; an empty word is well (types.go:75-107). */
async function assertSynced({ state: { snapshot }, env: { target, member }, signal }: Context): Promise<void> {
  const wanted = new Set(snapshot.workspaces.map(({ to }) => to));
  const federated = await target.host.connection.list(kubesphere.federatedWorkspaces, { signal }).toArray();
  const failed = federated.filter(
    ({ metadata, status }) =>
      wanted.has(metadata.name) &&
      !status?.clusters?.some(({ name, status = '' }) => name === member.name && status === ''),
  );
  const missing = [...wanted].filter((name) => !federated.some(({ metadata }) => metadata.name === name));
  if (failed.length + missing.length === 0) return;
  throw new FederationError(
    'NOT_OBSERVED',
    `${target.host.name}: kubefed does not report ${some([...failed.map(({ metadata }) => metadata.name), ...missing])} as well on ${member.name}. Look at status.clusters of these FederatedWorkspaces.`,
    { retryable: true },
  );
}

/** Confirms everything that was promised, on the member and on both hosts. @throws FederationError `KEPT_AT_RISK`, `WORLD_MOVED`, `NOT_OBSERVED` */
export async function look(ctx: Context): Promise<void> {
  const { source, target, member } = ctx.env;
  await assertReleased(ctx, source?.host, target.host, member.name);
  await assertKept(ctx);
  await workspaceLabelled(ctx, promised(ctx.state.snapshot));
  await assertSynced(ctx);
}

/** What the last look before the pivot found. */
export interface Verified {
  readonly projects: number;
  readonly contents: { readonly kept: number; readonly missing: readonly string[] };
}

/**
 * Looks at everything that was promised, waits for one resync of the new host, and looks again: a host that undoes
 * something does it by then. What is in the projects is compared with the snapshot; what users deleted meanwhile is named.
 */
export const verify = defineStep<Surveyed, MigrationEnv>()({
  name: 'verify',
  title: 'Verify every project, and once more after a resync',
  readOnly: true,
  retry: { retries: 5, minDelayMs: 1_000 },
  forecast: async () => ({ effect: 'unknown', why: 'it reads everything that was promised, twice', touches: [] }),
  run: async (ctx): Promise<Verified> => {
    const { snapshot } = ctx.state;
    await look(ctx);
    const { resyncMs, lookBackMs } = timingOf(ctx.env);
    ctx.progress(`everything is as promised; looking again in ${Math.round(Math.max(resyncMs, lookBackMs) / 1000)} s`);
    await sleep(Math.max(resyncMs, lookBackMs), ctx.signal);
    await look(ctx);
    const now = await contentsOf(ctx.env, new Set(Object.keys(snapshot.contents)), ctx.signal);
    const missing = Object.entries(snapshot.contents).flatMap(([project, objects]) => {
      const there = new Set(now[project]);
      return objects.filter((object) => !there.has(object)).map((object) => `${project}: ${object.split(' ')[0]}`);
    });
    const volumes = missing.filter((object) => object.includes(': PersistentVolumeClaim/'));
    if (volumes.length > 0)
      throw new FederationError(
        'KEPT_AT_RISK',
        `${ctx.env.member.name}: ${some(volumes)} of kept projects went during the run. The run halts before the pivot; shield and fence stay up. Find out who deleted them; if that was meant, roll back and plan again.`,
        { details: { missing: volumes } },
      );
    const all = Object.values(snapshot.contents).reduce((sum, objects) => sum + objects.length, 0);
    return { projects: snapshot.kept.length, contents: { kept: all - missing.length, missing } };
  },
});
