import { placeWorkspace } from '../../modules/operations/place-workspace.ts';
import { createWorkspace } from '../../modules/operations/workspace-template.ts';
import type { Forecast } from '../../workflow/change.ts';
import { defineItemStep, type Foreseen, type StepContext } from '../../workflow/step.ts';
import type { MigrationEnv } from '../env.ts';
import type { WorkspaceFound } from '../snapshot.ts';
import { foreseeAllowed, type Surveyed, writesEach } from '../writing.ts';

type Planning = StepContext<Foreseen<Surveyed>, MigrationEnv>;

/** The workspaces of one mode as items, each with what its operation would do. */
async function workspaceItems(
  ctx: Planning,
  mode: WorkspaceFound['mode'] | 'any',
  forecast: (workspace: WorkspaceFound) => Promise<Forecast<void>>,
) {
  const chosen = (ctx.state.snapshot?.workspaces ?? []).filter(
    (workspace) => mode === 'any' || workspace.mode === mode,
  );
  return Promise.all(
    chosen.map(async (workspace) => ({
      key: workspace.name,
      item: plainItem(workspace),
      forecast: await forecast(workspace),
    })),
  );
}

/** What the steps need of a workspace; the rest of the snapshot is not repeated for each. */
export interface WorkspaceItem {
  readonly name: string;
  readonly uid: string;
  readonly to: string;
}

const plainItem = ({ name, uid, to }: WorkspaceFound): WorkspaceItem => ({ name, uid, to });

function newWorkspace({ to, manager, existing, networkIsolation, annotations }: WorkspaceFound) {
  return {
    name: to,
    manager: manager ?? '',
    annotations,
    ...(networkIsolation === null ? {} : { networkIsolation }),
    ...(existing === null ? {} : { existing }),
  };
}

function found({ state }: { readonly state: Foreseen<Surveyed> }, { name }: WorkspaceItem): WorkspaceFound {
  const workspace = state.snapshot?.workspaces.find((entry) => entry.name === name);
  if (workspace === undefined) throw new TypeError(`The snapshot has no workspace "${name}".`);
  return workspace;
}

/** The workspaces, on the new host and placed nowhere: nothing happens yet. */
export const createWorkspaces = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'create-workspaces',
  title: 'Create the workspaces on the new host',
  items: (ctx: Planning) =>
    workspaceItems(ctx, 'any', (workspace) =>
      foreseeAllowed(createWorkspace(ctx.env.target.host, newWorkspace(workspace)), ctx),
    ),
  ...writesEach<Surveyed, WorkspaceItem, null>((known, item) =>
    createWorkspace(known.env.target.host, newWorkspace(found(known, item))),
  ),
  undoNeeds: ['place-adopted', 'place-rebound', 'import', 'arrivals'],
});

/** Workspaces to adopt are placed on the member before the new host knows it: otherwise the join is refused (8.4). */
export const placeAdopted = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'place-adopted',
  title: 'Place the workspaces to adopt on the member, before it comes',
  items: (ctx: Planning) =>
    workspaceItems(ctx, 'adopt', (workspace) =>
      foreseeAllowed(placeWorkspace(ctx.env.target.host, workspace.to, ctx.env.member.name), ctx),
    ),
  ...writesEach<Surveyed, WorkspaceItem, { readonly clusters: readonly string[] }>(({ env }, { to }) =>
    placeWorkspace(env.target.host, to, env.member.name),
  ),
  remedy: 'Only once the member has left the new host: take it out of the placement of that WorkspaceTemplate.',
  undoNeeds: ['import', 'arrivals'],
});

/** Workspaces to rebind are placed once the old ones are gone from the member; the new host makes them afresh there. */
export const placeRebound = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'place-rebound',
  title: 'Place the workspaces to rebind on the member',
  items: (ctx: Planning) =>
    workspaceItems(ctx, 'rebind', (workspace) =>
      foreseeAllowed(placeWorkspace(ctx.env.target.host, workspace.to, ctx.env.member.name, ctx.env.member), ctx),
    ),
  ...writesEach<Surveyed, WorkspaceItem, { readonly clusters: readonly string[] }>(({ env }, { to }) =>
    placeWorkspace(env.target.host, to, env.member.name, env.member),
  ),
  remedy:
    'See that no project is bound to that Workspace on the member, then take the member out of its placement on the new host.',
  undoNeeds: ['bind'],
});
