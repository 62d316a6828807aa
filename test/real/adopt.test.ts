import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { createUser, until } from '../../src/testing/index.ts';
import type { RunEvent } from '../../src/workflow/events.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { plan, run } from '../../src/workflow/run.ts';
import { type Scene, sceneOn } from '../migration/kit.ts';
import { madeAgain, observeWorld, untilWorldIs } from '../migration/world.ts';
import { patient } from '../testing/support.ts';
import { type Direction, Driving } from './driving.ts';
import { realGround } from './ground.ts';
import { envOf, everything, expectManagedBy, expectRetained, look, stages, unplace, workspaces } from './moving.ts';

const there: Direction = { from: 'a', to: 'b' };
const back: Direction = { from: 'b', to: 'a' };

/** Plans, runs and completes a migration in this process, and says how long each stage took. */
async function move(scene: Scene, direction: Direction, mode: 'adopt' | 'rebind', existing?: 'join'): Promise<void> {
  const env = envOf(scene, direction);
  const input = everything(mode, existing);
  const shown = await plan(memberMigration, input, { env });
  expect(shown.blocked).toEqual([]);
  const handle = await run(memberMigration, input, { env, journal: memoryJournal(), plan: shown });
  const events: RunEvent[] = [];
  for await (const event of handle) events.push(event);
  console.log(stages(`${mode} of 200 projects`, events));
  const report = await handle.result();
  expect(report.projects.retained).toHaveLength(200);
  expect(report.contents.missing).toEqual([]);
}

describe('a member with 200 projects on real API servers', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await sceneOn(realGround, { workspaces });
  });
  afterAll(async () => scene?.[Symbol.asyncDispose]());

  it('is its old host’s again, as before, when the driver died right after the detach and another one rolls back', async () => {
    const { a, b, m } = scene.clusters;
    const before = await observeWorld(scene);
    await using driving = await Driving.of(scene, there, 'killed-after-detach', everything('adopt'));
    await driving.die('run', { at: (event) => event.type === 'step:completed' && event.step === 'detach' });
    expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();

    expect(await driving.rest('rollback')).toMatchObject({ state: 'rolled-back' });
    await untilWorldIs(scene, before, madeAgain, patient.timeoutMs);
    await createUser(a.connection, { name: 'newcomer' });
    const arrived = () => m.connection.find(kubesphere.users, { name: 'newcomer' });
    await until('a new user of the old host is on the member', async () => (await arrived()) !== undefined, patient);
    expect(await b.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
  });

  it('moves to the new host by adoption: 200 of 200 projects with all that is in them, not one written', async () => {
    const before = await look(scene);
    await move(scene, there, 'adopt');
    await expectRetained(scene, before, 'b', 0);
    await expectManagedBy(scene, 'b');
    expect(await scene.clusters.m.connection.list(kubesphere.workspaceTemplates).toArray()).toHaveLength(1);
  });

  it('moves back by rebinding: 200 of 200 projects, each written and owned by the live Workspace', async () => {
    await unplace(scene, 'a');
    const before = await look(scene);
    await move(scene, back, 'rebind', 'join');
    await expectRetained(scene, before, 'a', 200);
    await expectManagedBy(scene, 'a');
  });
});
