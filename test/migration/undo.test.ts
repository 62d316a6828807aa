import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { unboundAnnotation } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import {
  compareProjects,
  createUser,
  observeProjects,
  type ProjectsObservation,
  until,
} from '../../src/testing/index.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { run } from '../../src/workflow/run.ts';
import { addApp, around, bothWays, type FaultyCluster, type Scene, sandboxScene } from './kit.ts';
import { madeAgainToRebind, observeWorld, sample, touched, untilWorldIs, type World } from './world.ts';

/** Steps before the pivot that change something. */
const elements = memberMigration['~definition'].elements;
const steps = elements
  .slice(
    0,
    elements.findIndex(({ name }) => name === 'pivot'),
  )
  .flatMap((element) => (element.kind === 'gate' || !('compensate' in element.step) ? [] : [element.name]));
const points = steps.flatMap((step) => (['before', 'after'] as const).map((when) => ({ step, when })));
/** The hardest first; of the others a few, all with KSF_EXHAUSTIVE=1. */
const hard = ['import after', 'clear after', 'bind after'];
const chosen = [
  ...points.filter(({ step, when }) => hard.includes(`${step} ${when}`)),
  ...sample(
    points.filter(({ step, when }) => !hard.includes(`${step} ${when}`)),
    5,
  ),
];

let scene: Scene<FaultyCluster>;
let before: World;
let projects: ProjectsObservation;
beforeAll(async () => {
  scene = await sandboxScene();
  await addApp(scene, 'shop', 'team-a', 'team-a-001');
  await addApp(scene, 'wiki', 'team-b', 'team-b-001');
  before = await observeWorld(scene);
  projects = await observeProjects(scene.clusters.m.connection);
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

describe('a step that fails is undone, and everything before it: the three clusters are as they were', () => {
  test.for(chosen)('$step fails $when it took effect', { timeout: 120_000 }, async ({ step, when }) => {
    const broken = around(step, async (work) => {
      if (when === 'after') await work();
      throw new Error(`failed ${when} ${step}`);
    });
    const handle = await run(broken, bothWays, { env: scene.env(), journal: memoryJournal() });
    const outcome = await handle.settled();
    expect(outcome).toMatchObject({
      state: 'rolled-back',
      error: { message: expect.stringContaining(`failed ${when} ${step}`) },
    });

    const { kept, lost, contents } = compareProjects(projects, await observeProjects(scene.clusters.m.connection));
    expect({ lost, contents: contents.lost, kept: kept.length }).toEqual({ lost: [], contents: [], kept: 5 });
    await untilWorldIs(scene, before, madeAgainToRebind);
    expect(touched(await observeWorld(scene))).toEqual([]);
    for (const { annotations } of Object.values(await observeProjects(scene.clusters.m.connection)))
      expect(annotations).not.toHaveProperty([unboundAnnotation]);
  });

  test('and the old host manages the member again', { timeout: 120_000 }, async () => {
    const { a, m } = scene.clusters;
    await createUser(a.connection, { name: 'newcomer' });
    await until('the newcomer arrived', async () => await m.connection.find(kubesphere.users, { name: 'newcomer' }));
    const { spec } = await a.connection.get(kubesphere.clusters, { name: 'm' });
    expect(spec.joinFederation).toBe(true);
    await m.connection.get(core.configMaps, { namespace: 'team-a-001', name: 'shop-settings' });
  });
});
