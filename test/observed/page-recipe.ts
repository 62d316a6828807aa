import { FederationError } from '../../src/errors.ts';
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
import { areGoing, label, project } from './kit.ts';
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

/** Step 1, as far as the person types it; and a look that it took. */
async function unbindAsTyped({ m }: Stage, { name, typed, shared }: DrawnProject, workspace: string): Promise<void> {
  const owners = () =>
    m.patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { ownerReferences: [] } } });
  if (typed.startsWith('owners')) await owners();
  if (typed.includes('label')) await label(m, name, null);
  if (typed === 'label and owners') await owners();
  if (shared !== 'no' || typed === 'nothing') return;
  const uid = await workspaceUid(m, workspace);
  await until(
    `${name} is as its controller wants it`,
    async () => {
      const { ownerReferences = [] } = await project(m, name);
      return ownerReferences.some((one) => one.uid === uid) === (typed === 'owners');
    },
    patient,
  );
}

/** Step 2. On a member without a template of its own there is nothing to delete. */
async function clear({ m }: Stage, { name, own }: DrawnWorkspace): Promise<{ name: string; uid: string } | undefined> {
  const uid = await workspaceUid(m, name);
  try {
    await m.delete(kubesphere.workspaceTemplates, { name }, background);
  } catch (error) {
    if (own || !FederationError.is(error, 'NOT_FOUND')) throw error;
    return undefined;
  }
  await untilGone(m, kubesphere.workspaceTemplates, { name });
  return { name, uid };
}

/** Step 3: the workspaces on host B, the import, and the labels of whatever was named and is still there. */
async function bind(stage: Stage, workspaces: readonly DrawnWorkspace[]): Promise<void> {
  const { b, m } = stage;
  await createUser(b, { name: creator });
  for (const { name, projects } of workspaces) {
    await createWorkspace(b, { name, manager: creator, clusters: ['m'] });
    for (const { name: shared } of projects.filter((one) => one.shared === 'collides'))
      await createFederatedProject(b, { name: shared, workspace: name, cluster: 'nowhere' });
  }
  await stage.joinFully(
    b,
    workspaces.map(({ name }) => name),
  );
  for (const { name: workspace, projects } of workspaces) {
    const uid = await workspaceUid(m, workspace);
    const unknown = projects.filter(({ shared }) => shared === 'yes');
    for (const { name } of unknown)
      await until(
        `${name} is unmarked`,
        async () => (await project(m, name)).labels?.[managedLabel] === undefined,
        patient,
      );
    const collided = projects.filter(({ shared }) => shared === 'collides');
    await until(
      'what collides is going',
      areGoing(
        m,
        collided.map(({ name }) => name),
      ),
      patient,
    );
    for (const { name } of projects.filter(({ typed, shared }) => typed !== 'nothing' && shared !== 'collides')) {
      const found = await m.find(core.namespaces, { name });
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) continue;
      await label(m, name, workspace);
      const owned = async () => (await project(m, name)).ownerReferences?.some((one) => one.uid === uid);
      await until(`${name} is bound`, owned, patient);
    }
  }
}

/** Plays the page's recipe for some seeds at once: one detach, one import. */
export async function playPage(stage: Stage, seeds: readonly Drawn[]): Promise<Losses> {
  const { a, m } = stage;
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
  // Not the account of A on the member: the page does not know of it.
  await stage.forget(a);
  for (const { name, projects } of workspaces) for (const one of projects) await unbindAsTyped(stage, one, name);
  const cleared = [];
  for (const workspace of workspaces) cleared.push(await clear(stage, workspace));
  for (const gone of cleared) {
    if (gone === undefined) continue;
    await untilGone(m, kubesphere.workspaces, gone);
    await untilCollected(m, gone);
  }
  await bind(stage, workspaces);
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
