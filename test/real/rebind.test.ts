import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createUser, observeProjects, until } from '../../src/testing/index.ts';
import { type Scene, sceneOn } from '../migration/kit.ts';
import { madeAgain, observeWorld, untilWorldIs } from '../migration/world.ts';
import { patient } from '../testing/support.ts';
import { amid, type Direction, Driving } from './driving.ts';
import { realGround } from './ground.ts';
import { everything, expectManagedBy, expectRetained, look, workspaces } from './moving.ts';

const there: Direction = { from: 'a', to: 'b' };

/** What a rollback makes again: the join as ever, and the workspaces that were cleared, with their roles. */
const renewed = new RegExp(
  `${madeAgain.source}|^m tenant\\.kubesphere\\.io/\\w+ (Workspace|WorkspaceTemplate) team-[ab]$|^m iam\\.kubesphere\\.io/v1alpha2 WorkspaceRole(Binding)? team-[ab]-`,
);

describe('a rebinding migration of 200 projects on real API servers, its drivers killed', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await sceneOn(realGround, { workspaces });
  });
  afterAll(async () => scene?.[Symbol.asyncDispose]());

  /** How many projects bear a workspace's label right now. */
  async function bound(): Promise<number> {
    const projects = Object.values(await observeProjects(scene.clusters.m.connection));
    expect(projects).toHaveLength(200);
    return projects.filter(({ labels }) => labels[workspaceLabel] !== undefined).length;
  }

  it('is rolled back by another process from the middle of binding: everything is as before, and the old host’s', async () => {
    const { a, b, m } = scene.clusters;
    const before = await observeWorld(scene);
    await using driving = await Driving.of(scene, there, 'killed-while-binding', everything('rebind'));
    await driving.die('run', { at: amid('bind') });
    expect(await b.connection.find(kubesphere.clusters, { name: 'm' })).toBeDefined();
    expect(await bound()).toBeLessThan(200);

    expect(await driving.rest('rollback')).toMatchObject({ state: 'rolled-back' });
    await untilWorldIs(scene, before, renewed, patient.timeoutMs);
    await createUser(a.connection, { name: 'newcomer' });
    const arrived = () => m.connection.find(kubesphere.users, { name: 'newcomer' });
    await until('a new user of the old host is on the member', async () => (await arrived()) !== undefined, patient);
  });

  it('is completed by a fifth process after four were killed: after the detach, while unbinding, importing and binding', async () => {
    const { a, b } = scene.clusters;
    const before = await look(scene);
    await using driving = await Driving.of(scene, there, 'killed-four-times', everything('rebind'));
    await driving.die('run', { at: (event) => event.type === 'step:completed' && event.step === 'detach' });
    expect(await a.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    expect(await bound()).toBe(200);

    await driving.die('resume', { at: amid('unbind') });
    expect(await bound()).toBeLessThan(200);

    const imported = () => b.connection.find(kubesphere.clusters, { name: 'm' });
    await driving.die('resume', {
      at: (event) => event.type === 'step:started' && event.step === 'import',
      and: () => until('host b has the cluster', async () => (await imported()) !== undefined, { everyMs: 5 }),
    });
    expect(await bound()).toBe(0);

    await driving.die('resume', { at: amid('bind') });
    expect(await bound()).toBeLessThan(200);

    const outcome = await driving.rest('resume');
    expect(outcome).toMatchObject({ state: 'completed', output: { contents: { missing: [] } } });
    await expectRetained(scene, before, 'b', 200);
    await expectManagedBy(scene, 'b');
    expect(await scene.clusters.m.connection.list(kubesphere.workspaceTemplates).toArray()).toHaveLength(1);
  });
});
