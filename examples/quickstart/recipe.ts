import { type Connection, core, FederationError, kubesphere } from 'kubesphere-federation';
import { createWorkspace, joinCluster, until } from 'kubesphere-federation/testing';

/** A project that the reader of the page names, in steps 1 and 3. */
export interface NamedProject {
  readonly name: string;
  readonly workspace: string;
  /** What of step 1 is typed for it, in that order. @defaultValue both halves, as they stand on the page */
  readonly typed?: readonly ('label' | 'owners')[];
}

/** Whom the v3.3 page's recipe is followed for: member `m` moves from host a to host b. */
export interface Recipe {
  readonly a: Connection;
  readonly b: Connection;
  readonly m: Connection;
  /** What b reaches m by. */
  readonly kubeconfig: string;
  readonly workspaces: readonly { readonly name: string; readonly manager: string }[];
  readonly named: readonly NamedProject[];
}

/** A step of the recipe, and what the reader types for it. */
export interface RecipeStep {
  readonly name: 'before' | 'step 1' | 'step 2' | 'step 3';
  readonly title: string;
  type(recipe: Recipe): Promise<void>;
}

/** Who follows the recipe. */
export interface Reader {
  /** Types what a step says: `type` does it. */
  types(step: RecipeStep, type: () => Promise<void>): Promise<void>;
  /** Looks until the member has come to rest. */
  looks(step: RecipeStep): Promise<void>;
}

const halves = {
  label: { labels: { 'kubesphere.io/workspace': null } },
  owners: { ownerReferences: [] },
} as const;
const asOnThePage = ['label', 'owners'] as const;

/** kubectl says `NotFound` and does nothing; the reader types the next command. */
async function ifThere(command: Promise<unknown>): Promise<void> {
  await command.catch((error: unknown) => {
    if (!FederationError.is(error, 'NOT_FOUND')) throw error;
  });
}

const patch = (m: Connection, name: string, metadata: object): Promise<void> =>
  ifThere(m.patch(core.namespaces, { name }, { type: 'merge', body: { metadata } }));

/** Takes the Cluster object off host a, as one does before another host imports the member. */
async function unbindCluster({ a }: Recipe): Promise<void> {
  await ifThere(a.delete(kubesphere.clusters, { name: 'm' }, { propagationPolicy: 'Background' }));
  await until('cluster m is gone from a', async () => (await a.find(kubesphere.clusters, { name: 'm' })) === undefined);
}

/** kubectl label ns NAME kubesphere.io/workspace- && kubectl patch ns NAME -p '{"metadata":{"ownerReferences":[]}}' */
async function unbindProjects({ m, named }: Recipe): Promise<void> {
  for (const { name, typed } of named) for (const half of typed ?? asOnThePage) await patch(m, name, halves[half]);
}

/** kubectl delete workspacetemplate NAME. It answers at once; what it does, it does afterwards. */
async function clearWorkspaces({ m, workspaces }: Recipe): Promise<void> {
  for (const { name } of workspaces)
    await ifThere(m.delete(kubesphere.workspaceTemplates, { name }, { propagationPolicy: 'Background' }));
}

/** The workspaces on host b, the member in b, and kubectl label ns NAME kubesphere.io/workspace=WORKSPACE */
async function bindProjects({ b, m, kubeconfig, workspaces, named }: Recipe): Promise<void> {
  for (const { name, manager } of workspaces) await createWorkspace(b, { name, manager, clusters: ['m'] });
  await joinCluster(b, { name: 'm', kubeconfig });
  for (const { name, workspace } of named) await patch(m, name, { labels: { 'kubesphere.io/workspace': workspace } });
}

/** The page's three steps, and what comes before them. */
export const pageSteps: readonly RecipeStep[] = [
  { name: 'before', title: 'kubectl delete cluster m, on host a', type: unbindCluster },
  {
    name: 'step 1',
    title: 'kubectl label ns … kubesphere.io/workspace- && kubectl patch ns … ownerReferences: []',
    type: unbindProjects,
  },
  { name: 'step 2', title: 'kubectl delete workspacetemplate …', type: clearWorkspaces },
  {
    name: 'step 3',
    title: 'workspaces on host b, m imported into b, kubectl label ns … kubesphere.io/workspace=…',
    type: bindProjects,
  },
];

/**
 * Follows the recipe as a person does: types a step, looks what became of it, and goes on to the next. Without the look it would be a race,
 * on real servers as well: a project whose owners alone were emptied gets its Workspace back from the namespace controller, or does not,
 * if the Workspace is cleared sooner; and whether step 3 meets a project still depends on how far the garbage collector is.
 */
export async function followRecipe(recipe: Recipe, reader: Reader, steps = pageSteps): Promise<void> {
  for (const step of steps) {
    await reader.types(step, () => step.type(recipe));
    await reader.looks(step);
  }
}
