import { sleep } from '../../internal/signal.ts';
import { core } from '../../kube/resources.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { labelField, refOf } from '../../modules/changes.ts';
import { type Bound, bindProject, type Unbound, unbindProject } from '../../modules/operations/bind-project.ts';
import { removeWorkspace, type WorkspaceBefore } from '../../modules/operations/remove-workspace.ts';
import { toWatch } from '../../modules/rights.ts';
import type { Forecast } from '../../workflow/change.ts';
import { defineItemStep, defineStep, type Foreseen, type StepContext } from '../../workflow/step.ts';
import { type MigrationEnv, timingOf } from '../env.ts';
import type { ProjectFound, Snapshot } from '../snapshot.ts';
import { assertKept, foreseeAllowed, ifGranted, type Surveyed, writesEach } from '../writing.ts';
import { workspaceLabelled } from './verify.ts';

/** A project, and where it goes. */
interface Moving {
  readonly name: string;
  readonly uid: string;
  /** Workspace on the new host; `null` where it is left in none. */
  readonly to: string | null;
}

type Planning = StepContext<Foreseen<Surveyed>, MigrationEnv>;

/** Projects that are unbound: those of workspaces to rebind, and those to leave. */
function moving({ workspaces, kept, left }: Snapshot): (Moving & { readonly from: string })[] {
  const rebound = new Map(workspaces.filter(({ mode }) => mode === 'rebind').map(({ name, to }) => [name, to]));
  const item = (to: string | null, { name, uid, workspace }: ProjectFound) => ({ name, uid, to, from: workspace });
  return [
    ...kept.flatMap((project) => {
      const to = rebound.get(project.workspace);
      return to === undefined ? [] : [item(to, project)];
    }),
    ...left.map((project) => item(null, project)),
  ];
}

/** Projects are taken out of their workspaces; each keeps a note of where it was. */
export const unbind = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'unbind',
  title: 'Unbind the projects of workspaces to rebind',
  items: async (ctx: Planning) => {
    const { snapshot } = ctx.state;
    const items = snapshot === undefined ? [] : moving(snapshot);
    return Promise.all(
      items.map(async ({ from, ...item }, index) => ({
        key: item.name,
        item,
        forecast: await onceGranted(ctx, index, labelChange(ctx, item, from, null)),
      })),
    );
  },
  ...writesEach<Surveyed, Moving, Bound>(({ env }, item) => unbindProject(env.member, item)),
  concurrency: 16,
  remedy:
    'Once its Workspace is there, label the project kubesphere.io/workspace=… again; annotation kubesphere-federation/unbound-from says which.',
  undoNeeds: ['clear'],
});

/** What it takes to write a project, and to see it owned or given back to its owner: asked for once, for all of them. */
const onceGranted = async (ctx: Planning, index: number, forecast: Forecast<void>): Promise<Forecast<void>> =>
  index === 0 ? ifGranted(() => toWatch(ctx.env.member, core.namespaces), ctx, forecast) : forecast;

function labelChange(
  { env }: Pick<Planning, 'env'>,
  { name, uid }: Moving,
  before: string | null,
  after: string | null,
): Forecast<void> {
  const field = labelField(workspaceLabel);
  return {
    effect: 'change',
    changes: [
      {
        verb: 'update',
        resource: refOf(env.member.name, core.namespaces, { name, uid }),
        before: { [field]: before },
        after: { [field]: after },
      },
    ],
  };
}

/** A host that is still joined puts a label back up to 11 s later: an earlier look proves nothing (8.2). */
export const lookBack = defineStep<Surveyed, MigrationEnv>()({
  name: 'look-back',
  title: 'Look back: every unbound project stays unbound',
  readOnly: true,
  forecast: async ({ state: { snapshot } }) =>
    snapshot !== undefined && moving(snapshot).length === 0
      ? { effect: 'none', why: 'no project is unbound', out: { looked: 0 } }
      : { effect: 'unknown', why: 'it waits, then reads every project again', touches: [] },
  run: async (ctx) => {
    await sleep(timingOf(ctx.env).lookBackMs, ctx.signal);
    await assertKept(ctx);
    const items = moving(ctx.state.snapshot);
    await workspaceLabelled(
      ctx,
      items.map(({ name, uid }) => ({ name, uid, workspace: null })),
    );
    return { looked: items.length };
  },
});

/** Leftover workspaces go from the member, and nothing that was in them (the page's second step, made safe). */
export const clear = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'clear',
  title: 'Clear the workspaces to rebind from the member',
  items: async (ctx: Planning) =>
    Promise.all(
      (ctx.state.snapshot?.workspaces ?? [])
        .filter(({ mode }) => mode === 'rebind')
        .map(async ({ name, uid }) => ({
          key: name,
          item: { name, uid },
          forecast: await foreseeAllowed(removeWorkspace(ctx.env.member, name), ctx),
        })),
    ),
  ...writesEach<Surveyed, { readonly name: string; readonly uid: string }, WorkspaceBefore>(({ env }, { name }) =>
    removeWorkspace(env.member, name),
  ),
  concurrency: 1,
  remedy: 'Create the WorkspaceTemplate, or the Workspace, of that name on the member again.',
  undoNeeds: ['import', 'arrivals'],
});

/** The projects are put into the new host's workspaces, and seen to be owned by them. */
export const bind = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'bind',
  title: "Bind the projects to the new host's workspaces",
  items: async (ctx: Planning) => {
    const { snapshot } = ctx.state;
    const items = snapshot === undefined ? [] : moving(snapshot);
    return Promise.all(
      items
        .filter(({ to }) => to !== null)
        .map(async ({ from: _from, ...item }, index) => ({
          key: item.name,
          item,
          forecast: await onceGranted(ctx, index, labelChange(ctx, item, null, item.to)),
        })),
    );
  },
  ...writesEach<Surveyed, Moving, Unbound>(({ env }, { to, ...project }) => bindProject(env.member, project, to ?? '')),
  concurrency: 16,
  remedy: 'Take label kubesphere.io/workspace off that project.',
});
