import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { systemWorkspace } from '../../kubesphere/names.ts';
import { kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import {
  checkFlag,
  checkName,
  checkNames,
  checkObjectName,
  checkOneOf,
  checkText,
  invalid,
} from '../../kubesphere/validation.ts';
import { defineItemStep, defineStep } from '../../workflow/step.ts';
import { askClusters, askEveryCluster } from '../across.ts';
import { assertUser } from '../assert-user.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { composeMethod, performAll } from '../method.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { type PlacedBefore, placeWorkspace } from '../operations/place-workspace.ts';
import { createWorkspace as creating, type NewWorkspace, placedOn } from '../operations/workspace-template.ts';
import { checkArgument, checkOptions, type FieldsOf } from '../options.ts';
import { operates, operatesOnEach } from '../steps.ts';
import type { Obstacle } from './delete-plan.ts';
import { inTheWay } from './in-the-way.ts';
import { aliasAnnotation, descriptionAnnotation } from './info.ts';

/** A workspace to create, with where it is to live. */
export interface WorkspaceToCreate extends NewWorkspace {
  /** Clusters to place it on, by the host's names of them. @defaultValue none: it can be placed later */
  readonly clusters?: readonly string[];
  /** `accept`: members that do not answer are not asked whether they have a workspace of that name. @defaultValue they stand against it */
  readonly unread?: 'accept';
  /** What the console shows instead of the name. */
  readonly alias?: string;
  readonly description?: string;
}

const newWorkspaceFields: FieldsOf<WorkspaceToCreate> = {
  ...{ name: true, manager: true, networkIsolation: true, annotations: true, existing: true },
  ...{ clusters: true, unread: true, alias: true, description: true },
};

interface Input extends NewWorkspace {
  readonly clusters: readonly string[];
  readonly unread?: 'accept';
}
interface Begun {
  readonly input: Input;
}

/** What is in its way, on every cluster that it comes near: its roles go to all members, wherever it is placed. */
async function strangers(
  env: FederationEnv,
  { name, clusters, unread }: Input,
  placed: readonly string[],
  known: boolean,
  signal: AbortSignal,
): Promise<readonly Obstacle[]> {
  for (const cluster of clusters) await clusterByName(env)(cluster, { signal });
  const look = (cluster: KubeSphereCluster) =>
    placed.includes(cluster.name) || (known && !clusters.includes(cluster.name))
      ? []
      : inTheWay(cluster, name, { known, placed: clusters.includes(cluster.name) }, signal);
  if (unread === 'accept') {
    const answers = await askClusters(env, async (cluster) => look(cluster), { signal });
    return answers.flatMap((one) => (one.answered ? one.value : []));
  }
  const what = `Whether a cluster has a workspace "${name}" of its own`;
  return [...(await askEveryCluster(env, what, async (cluster) => look(cluster), { signal })).values()].flat();
}

/** Joining a workspace writes nothing on it: what was asked of it otherwise would be dropped without a word. */
function otherwise(
  { name, manager, networkIsolation }: Input,
  { spec }: WorkspaceTemplate,
  host: string,
): readonly Obstacle[] {
  const now = spec.template.spec ?? {};
  const differences = [
    ...(now.manager === manager ? [] : [`is managed by ${now.manager ?? 'nobody'}, not by ${manager}`]),
    ...(networkIsolation === undefined || (now.networkIsolation ?? false) === networkIsolation
      ? []
      : [`has networkIsolation ${now.networkIsolation ?? false}, not ${networkIsolation}`]),
  ];
  return differences.map((what) => ({
    why: `Workspace "${name}" of ${host} ${what}.`,
    remedy: 'Change that there first (federation.workspaces.update), or say what it is.',
  }));
}

const check = defineStep<Begun, FederationEnv>()({
  name: 'check',
  title: 'See that its manager is there, and that nothing is in the way',
  readOnly: true,
  forecast: async ({ state: { input }, env, signal }) => {
    const { host } = env;
    const { name, manager, existing } = input;
    const obstacles: Obstacle[] = [];
    const there = await host.connection.find(kubesphere.workspaceTemplates, { name }, { signal });
    const known = there !== undefined && existing === 'join';
    if (there === undefined || known) {
      const looks = await strangers(env, input, known ? (placedOn(there) ?? []) : [], known, signal);
      obstacles.push(...looks, ...(known ? otherwise(input, there, host.name) : []));
    }
    if (obstacles.length === 0 && there === undefined) await assertUser(host, manager, { signal });
    if (obstacles.length === 0) return { effect: 'none', why: 'nothing is in the way', out: null };
    const all = (key: keyof Obstacle): string => obstacles.map((one) => one[key]).join(' ');
    return { effect: 'blocked', why: all('why'), remedy: all('remedy') };
  },
  run: async () => null,
});

const create = defineStep<Begun, FederationEnv>()({
  name: 'create',
  title: 'The host gets the workspace, placed nowhere yet',
  ...operates<Begun, null, void>(async ({ state: { input }, env }) => creating(env.host, input)),
});

const place = defineItemStep<Begun, FederationEnv>()({
  name: 'place',
  title: 'Placed on its clusters: the Workspace arrives there',
  ...operatesOnEach<Begun, string, PlacedBefore>(
    async ({ state: { input } }) => input.clusters.map((item) => ({ key: item, item })),
    async ({ state: { input }, env, signal }, cluster) =>
      placeWorkspace(env.host, input.name, cluster, await clusterByName(env)(cluster, { signal })),
  ),
  // Each writes the whole list.
  concurrency: 1,
});

/** Creates a workspace and places it: inert first, so that a create that arrives late harms nobody. */
export const createWorkspaceWorkflow = composeMethod<Input>('workspaces.create')
  .step(check)
  .step(create)
  .each(place)
  .returns(() => undefined);

/** {@link Workspaces.create}, with its input checked. */
export async function createWorkspace(
  env: FederationEnv,
  workspace: WorkspaceToCreate,
  options?: WriteOptions,
): Promise<Written<void>> {
  checkOptions(options);
  checkArgument('workspace', workspace, newWorkspaceFields);
  const {
    name,
    manager,
    networkIsolation,
    annotations = {},
    existing,
    clusters = [],
    alias,
    description,
    unread,
  } = workspace;
  checkName('name', name);
  if (name === systemWorkspace) throw invalid('name', `is ${systemWorkspace}, which every cluster has.`);
  checkObjectName('manager', manager);
  checkNames('clusters', clusters, { emptyToo: true });
  if (existing !== undefined) checkOneOf('existing', existing, ['join']);
  if (networkIsolation !== undefined) checkFlag('networkIsolation', networkIsolation);
  if (alias !== undefined) checkText('alias', alias);
  if (description !== undefined) checkText('description', description);
  if (unread !== undefined) checkOneOf('unread', unread, ['accept']);
  const notes = {
    ...annotations,
    ...(alias !== undefined && { [aliasAnnotation]: alias }),
    ...(description !== undefined && { [descriptionAnnotation]: description }),
  };
  const input: Input = {
    ...{ name, manager, clusters },
    ...(Object.keys(notes).length > 0 && { annotations: notes }),
    ...(networkIsolation !== undefined && { networkIsolation }),
    ...(existing !== undefined && { existing }),
    ...(unread !== undefined && { unread }),
  };
  return performAll(createWorkspaceWorkflow, input, env, `create workspace "${name}"`, options);
}
