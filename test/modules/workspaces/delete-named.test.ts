import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { deleteWorkspaceWorkflow } from '../../../src/modules/workspaces/delete.ts';
import { createProjects, createWorkspace, until } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { dyingAfter, once, runIdOf } from '../clusters/journalled.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { seedTeam } from './team.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 120_000 };
const m = () => world.clusters.m.connection;

/** A workspace with one project on M, which is named for deletion with it; and another workspace there. */
async function doomed() {
  const [old, fresh, shop] = [world.fresh('old'), world.fresh('new'), world.fresh('shop')];
  for (const name of [old, fresh]) {
    await createWorkspace(world.clusters.a.connection, { name, manager: 'ann', clusters: ['m'] });
    await until(`${name} is on m`, () => m().find(kubesphere.workspaces, { name }));
  }
  await createProjects(m(), { workspace: old, names: [shop], creator: 'ann' });
  const { uid } = (await m().get(core.namespaces, { name: shop })).metadata;
  const named = { cluster: 'm', name: shop, uid };
  const deletion = { projects: { delete: [named] }, apps: 'keep', lookBackMs: 250 } as const;
  return { old, fresh, shop, uid, named, deletion };
}
type Doomed = Awaited<ReturnType<typeof doomed>>;

const bindElsewhere = async ({ shop, fresh }: Doomed): Promise<void> => {
  await world.federation.namespaces.bind({ cluster: 'm', name: shop, workspace: fresh });
};
async function expectAlive({ shop, uid }: Doomed): Promise<void> {
  const { metadata } = await m().get(core.namespaces, { name: shop });
  expect([metadata.uid, metadata.deletionTimestamp]).toEqual([uid, undefined]);
}

describe('a project that was named for deletion with its workspace', patient, () => {
  test('and is bound elsewhere before the workspace goes: nothing is deleted', async () => {
    const one = await doomed();
    const journal = once(memoryJournal(), 'done', 'unbind', () => bindElsewhere(one));
    await expect(world.federation.workspaces.delete(one.old, one.deletion, { journal })).rejects.toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(/are others' by now.*it is in workspace "new-/),
    });
    await expectAlive(one);
    expect(await m().find(kubesphere.workspaces, { name: one.old })).toBeDefined();
  });

  test('and is bound elsewhere once the workspace is gone: it lives, and the answer says so', async () => {
    const one = await doomed();
    const journal = once(memoryJournal(), 'done', 'remove', () => bindElsewhere(one));
    expect(await world.federation.workspaces.delete(one.old, one.deletion, { journal })).toMatchObject({
      outcome: 'changed',
      result: { kept: [one.named], deleted: [] },
    });
    await expectAlive(one);
  });

  test('and is bound elsewhere after the process died: whoever resumes leaves it alone', async () => {
    const one = await doomed();
    const journal = memoryJournal();
    const calling = world.federation.workspaces.delete(one.old, one.deletion, {
      journal: dyingAfter(journal, 'done', 'remove'),
    });
    const runId = await runIdOf(calling);
    await bindElsewhere(one);
    await using env = await world.connect();
    const settled = await (await resume(deleteWorkspaceWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'completed', output: { kept: [one.named], deleted: [] } });
    await expectAlive(one);
  });

  test('and is protected: refused before anything is written', async () => {
    const one = await doomed();
    await world.federation.namespaces.protect({ cluster: 'm', names: [one.shop] });
    await expect(world.federation.workspaces.delete(one.old, one.deletion)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/named for deletion, and protected: shop-.*namespaces\.unprotect/),
    });
    await expectAlive(one);
  });

  test('and is protected at the last moment: it lives, and the workspace, too', async () => {
    const one = await doomed();
    const journal = once(memoryJournal(), 'done', 'unbind', async () => {
      await world.federation.namespaces.protect({ cluster: 'm', names: [one.shop] });
    });
    await expect(world.federation.workspaces.delete(one.old, one.deletion, { journal })).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
    });
    await expectAlive(one);
    expect(await m().find(kubesphere.workspaces, { name: one.old })).toBeDefined();
  });

  test('and owns a namespace that was not named: refused, for that one would go with it', async () => {
    const one = await doomed();
    const kept = world.fresh('kept');
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: one.shop, uid: one.uid };
    await m().create(core.namespaces, { metadata: { name: kept, ownerReferences: [owner] } });
    await expect(world.federation.workspaces.delete(one.old, one.deletion)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/would take along what is not in them: Namespace kept-/),
    });
    await expectAlive(one);
  });
});

test(
  'a copy that is placed elsewhere meanwhile is not given back to kubefed, which would delete it',
  patient,
  async () => {
    const { workspace, projects } = await seedTeam(world, world.fresh('team'));
    const both = `${workspace}-both`;
    const copy = projects.find(({ cluster, name }) => cluster === 'm' && name === both);
    const journal = memoryJournal();
    const runId = await runIdOf(
      world.federation.workspaces.delete(
        workspace,
        { projects: 'keep', apps: 'keep', lookBackMs: 250 },
        { journal: dyingAfter(journal, 'done', 'release') },
      ),
    );
    const { a } = world.clusters;
    const at = { namespace: both, name: both };
    const { spec } = await a.connection.get(kubesphere.federatedNamespaces, at);
    const clusters = (spec.placement?.clusters ?? []).filter(({ name }) => name !== 'm');
    const body = { spec: { placement: { clusters } } };
    await a.connection.patch(kubesphere.federatedNamespaces, at, { type: 'merge', body });
    await using env = await world.connect();
    const settled = await (await rollback(deleteWorkspaceWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        expect.objectContaining({ step: 'release', why: expect.stringMatching(/not placed on m any more/) }),
      ]),
    });
    const { metadata } = await m().get(core.namespaces, { name: both });
    expect([metadata.uid, metadata.deletionTimestamp]).toEqual([copy?.uid, undefined]);
  },
);
