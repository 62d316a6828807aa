import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { compareProjects, observeProjects, type ProjectsObservation } from '../../../src/testing/index.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { seedTeam, type Team } from './team.ts';

export let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const names = ['a', 'm', 'n'] as const;
export const patient = { timeout: 180_000 };
export const keepAll = { projects: 'keep', apps: 'keep', lookBackMs: 250 } as const;
export const team = (): Promise<Team> => seedTeam(world, world.fresh('team'));

type Seen = Readonly<Record<(typeof names)[number], ProjectsObservation>>;
export async function observe({ projects }: Team): Promise<Seen> {
  const of = (cluster: (typeof names)[number]): Promise<ProjectsObservation> =>
    observeProjects(
      world.clusters[cluster].connection,
      projects.filter((one) => one.cluster === cluster).map(({ name }) => name),
    );
  return { a: await of('a'), m: await of('m'), n: await of('n') };
}

/** Every project and everything in it is there, on every cluster, the very ones. */
export async function expectNothingLost(before: Seen, seeded: Team): Promise<void> {
  const after = await observe(seeded);
  for (const cluster of names) {
    const { lost, contents } = compareProjects(before[cluster], after[cluster]);
    expect({ cluster, lost, contents: contents.lost, changed: contents.changed }).toEqual({
      cluster,
      lost: [],
      contents: [],
      changed: [],
    });
  }
}

/** Nothing makes the workspace any more, and nothing hangs on its name. */
export async function expectGone({ workspace }: Team): Promise<void> {
  for (const cluster of names) {
    const { connection } = world.clusters[cluster];
    expect(await connection.find(kubesphere.workspaces, { name: workspace })).toBeUndefined();
    for (const resource of [core.namespaces, kubesphere.resourceQuotas])
      expect(
        await connection.listMetadata(resource, { labelSelector: `${workspaceLabel}=${workspace}` }).toArray(),
      ).toEqual([]);
  }
  const { connection } = world.clusters.a;
  expect(await connection.find(kubesphere.workspaceTemplates, { name: workspace })).toBeUndefined();
  expect(await connection.find(kubesphere.federatedWorkspaces, { name: workspace })).toBeUndefined();
}

/** The workspace is as it was: placed, adopted, with every project in it and everything in those as kubefed had it. */
export async function expectWhole({ workspace, projects }: Team): Promise<void> {
  const { connection } = world.clusters.a;
  expect(
    (await connection.get(kubesphere.workspaceTemplates, { name: workspace })).metadata.deletionTimestamp,
  ).toBeUndefined();
  for (const { cluster, name, uid } of projects) {
    const { metadata } = await world.clusters[cluster].connection.get(core.namespaces, { name });
    expect([metadata.uid, metadata.labels?.[workspaceLabel]], `${cluster}/${name}`).toEqual([uid, workspace]);
    if (cluster !== 'a' && name.endsWith('-both')) {
      expect(metadata.labels).toHaveProperty([managedLabel], 'true');
      const inside = await world.clusters[cluster].connection.get(core.secrets, {
        namespace: name,
        name: 'credentials',
      });
      expect(inside.metadata.labels).toHaveProperty([managedLabel], 'true');
    }
  }
  const apps = await connection
    .listMetadata(kubesphere.helmReleases, { labelSelector: `${workspaceLabel}=${workspace}` })
    .toArray();
  expect(apps).toHaveLength(1);
}

export const app = ({ workspace }: Team) => ({ namespace: `${workspace}-m`, name: `${workspace}-shop` });
