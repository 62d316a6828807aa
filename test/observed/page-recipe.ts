import { followRecipe, type NamedProject, type Reader, type Recipe } from '../../examples/quickstart/recipe.ts';
import { apiVersionOf } from '../../src/kube/objects.ts';
import { core } from '../../src/kube/resources.ts';
import { managedLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import {
  compareProjects,
  createProjects,
  createUser,
  createWorkspace,
  observeProjects,
  until,
  untilFederated,
} from '../../src/testing/index.ts';
import {
  background,
  createFederatedProject,
  patient,
  untilCollected,
  untilGone,
  workspaceUid,
} from '../testing/support.ts';
import type { Drawn, DrawnProject, DrawnWorkspace } from './draw.ts';
import { areGoing, project } from './kit.ts';
import type { Stage } from './stage.ts';

const creator = 'page-manager';
const owner = 'foreign-owner';
const plainOf = (projects: readonly DrawnProject[]): DrawnProject[] => projects.filter(({ shared }) => shared === 'no');

/** Names of the projects and loose namespaces that the page's recipe loses, by seed. */
type Losses = ReadonlyMap<number, readonly string[]>;

/** Puts what the seeds drew on the member of host A. */
async function settle({ a, m }: Stage, workspaces: readonly DrawnWorkspace[], loose: readonly string[]): Promise<void> {
  for (const connection of [a, m]) await createUser(connection, { name: creator });
  for (const { name, own } of workspaces) {
    if (own) await createWorkspace(m, { name, manager: creator });
    await createWorkspace(a, { name, manager: creator, clusters: ['m'] });
  }
  await untilFederated(a, { name: 'm', workspaces: workspaces.map(({ name }) => name) });
  const foreign = await m.create(core.clusterRoles, { metadata: { generateName: owner }, rules: [] });
  for (const { name: workspace, projects } of workspaces) {
    const plain = plainOf(projects);
    await createProjects(m, { workspace, names: plain.map(({ name }) => name), creator });
    for (const { name, foreign: kind } of plain) {
      if (kind === 'none') continue;
      const { ownerReferences = [] } = await project(m, name);
      const { uid, name: called } = foreign.metadata;
      const other = { apiVersion: apiVersionOf(core.clusterRoles), kind: 'ClusterRole', name: called, uid };
      const dead = { ...other, name: 'nobody', uid: '00000000-0000-4000-8000-000000000000' };
      const body = { metadata: { ownerReferences: [...ownerReferences, kind === 'live' ? other : dead] } };
      await m.patch(core.namespaces, { name }, { type: 'merge', body });
    }
    for (const { name, shared } of projects) {
      if (shared === 'no') continue;
      await createFederatedProject(a, { name, workspace, cluster: 'm' });
      const inside = async () => (await m.find(core.configMaps, { namespace: name, name: 'shared' })) !== undefined;
      await until(`${name} is on the member`, inside, patient);
    }
  }
  for (const name of loose) await m.create(core.namespaces, { metadata: { name } });
}

/** What the reader types of step 1 for each project that is named at all. */
const typedFor: Readonly<Record<Exclude<DrawnProject['typed'], 'nothing'>, NamedProject['typed'] & {}>> = {
  'label and owners': ['label', 'owners'],
  label: ['label'],
  owners: ['owners'],
  'owners, then label': ['owners', 'label'],
};

/** Every project that is named, in the page's order. */
const namedIn = (workspaces: readonly DrawnWorkspace[]): NamedProject[] =>
  workspaces.flatMap(({ name: workspace, projects }) =>
    projects.flatMap(({ name, typed }) => (typed === 'nothing' ? [] : { name, workspace, typed: typedFor[typed] })),
  );

/**
 * A reader who sees for sure that the member has come to rest, where the quickstart's looks for a while: a real garbage collector takes
 * seconds, and a controller milliseconds.
 */
async function readerOf({ b, m }: Stage, workspaces: readonly DrawnWorkspace[]): Promise<Reader> {
  const uids = new Map<string, string>();
  for (const { name } of workspaces) uids.set(name, await workspaceUid(m, name));
  const ownedBy = async (name: string, uid: string | undefined): Promise<boolean> =>
    (await project(m, name)).ownerReferences?.some((one) => one.uid === uid) === true;
  const looks: Readonly<Record<string, () => Promise<void>>> = {
    async 'step 1'() {
      for (const { name: workspace, projects } of workspaces)
        for (const { name, typed } of plainOf(projects).filter((one) => one.typed !== 'nothing'))
          await until(
            `${name} is as its controller wants it`,
            async () => (await ownedBy(name, uids.get(workspace))) === (typed === 'owners'),
            patient,
          );
    },
    async 'step 2'() {
      // On a member without a template of its own there is nothing to clear.
      for (const { name } of workspaces.filter(({ own }) => own)) {
        await untilGone(m, kubesphere.workspaceTemplates, { name });
        await untilGone(m, kubesphere.workspaces, { name });
        await untilCollected(m, { name, uid: uids.get(name) ?? '' });
      }
    },
    async 'step 3'() {
      await untilFederated(b, { name: 'm', workspaces: workspaces.map(({ name }) => name) });
      for (const { name: workspace, projects } of workspaces) {
        const uid = await workspaceUid(m, workspace);
        const unknown = async (name: string) => (await project(m, name)).labels?.[managedLabel] === undefined;
        for (const { name } of projects.filter(({ shared }) => shared === 'yes'))
          await until(`${name} is unmarked`, () => unknown(name), patient);
        const collided = projects.filter(({ shared }) => shared === 'collides').map(({ name }) => name);
        await until('what collides is going', areGoing(m, collided), patient);
        for (const { name } of projects.filter(({ typed, shared }) => typed !== 'nothing' && shared !== 'collides')) {
          const found = await m.find(core.namespaces, { name });
          if (found === undefined || found.metadata.deletionTimestamp !== undefined) continue;
          await until(`${name} is bound`, () => ownedBy(name, uid), patient);
        }
      }
    },
  };
  return { types: (_step, type) => type(), looks: async ({ name }) => looks[name]?.() };
}

/** What is at host B before the recipe begins: the person, and multi-cluster projects that bear the names of A's. */
async function settleOther({ b }: Stage, workspaces: readonly DrawnWorkspace[]): Promise<void> {
  await createUser(b, { name: creator });
  for (const { name: workspace, projects } of workspaces)
    for (const { name } of projects.filter(({ shared }) => shared === 'collides'))
      await createFederatedProject(b, { name, workspace, cluster: 'nowhere' });
}

/** Plays the page's recipe, the very one of `npm start -- --faq`, for some seeds at once: one detach, one import. */
export async function playPage(stage: Stage, seeds: readonly Drawn[]): Promise<Losses> {
  const { a, b, m } = stage;
  await stage.vacate();
  const workspaces = seeds.flatMap((drawn) => drawn.workspaces);
  await stage.joinFully(a);
  await settle(
    stage,
    workspaces,
    seeds.flatMap(({ loose }) => loose),
  );
  const namesOf = (drawn: Drawn): string[] => [
    ...drawn.workspaces.flatMap(({ projects }) => projects.map(({ name }) => name)),
    ...drawn.loose,
  ];
  const before = await observeProjects(m, seeds.flatMap(namesOf));
  await settleOther(stage, workspaces);
  // The account of A on the member stays: the page does not know of it.
  const recipe: Recipe = {
    ...{ a, b, m, kubeconfig: stage.line.kubeconfig },
    workspaces: workspaces.map(({ name }) => ({ name, manager: creator })),
    named: namedIn(workspaces),
  };
  await followRecipe(recipe, await readerOf(stage, workspaces));
  const { lost } = compareProjects(before, await observeProjects(m, seeds.flatMap(namesOf)));
  await tidy(stage, workspaces);
  return new Map(
    seeds.map((drawn) => [
      drawn.seed,
      namesOf(drawn)
        .filter((name) => lost.includes(name))
        .sort(),
    ]),
  );
}

/** Leaves nothing that the next seeds would meet. */
async function tidy(stage: Stage, workspaces: readonly DrawnWorkspace[]): Promise<void> {
  await stage.vacate();
  for (const { name } of workspaces) await stage.m.delete(kubesphere.workspaces, { name }, background);
}
