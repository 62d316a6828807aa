import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { createUser, createWorkspace, until } from '../../../src/testing/index.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  await createUser(world.clusters.m.connection, { name: 'bob' });
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 120_000 };
const m = () => world.clusters.m.connection;

/** A workspace of M's own: Bob is its manager. */
async function own() {
  const name = world.fresh('own');
  await createWorkspace(m(), { name, manager: 'bob' });
  await until('its admin is bound', () => m().find(kubesphere.workspaceRoleBindings, { name: `${name}-admin` }));
  return { name, uid: (await m().get(kubesphere.workspaces, { name })).metadata.uid };
}
async function expectOwn({ name, uid }: Awaited<ReturnType<typeof own>>): Promise<void> {
  const { metadata, spec } = await m().get(kubesphere.workspaces, { name });
  expect([metadata.uid, spec?.manager, metadata.labels?.['kubefed.io/managed']]).toEqual([uid, 'bob', undefined]);
  const { subjects } = await m().get(kubesphere.workspaceRoleBindings, { name: `${name}-admin` });
  expect(subjects?.map((one) => one.name)).toEqual(['bob']);
}

describe('a workspace that a member has of its own', patient, () => {
  test('stands against one of that name on the host, wherever that is placed: its roles would come all the same', async () => {
    const one = await own();
    const { workspaces } = world.federation;
    await expect(workspaces.create({ name: one.name, manager: 'ann', clusters: ['n'] })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(
        /m has a Workspace "own-.*its roles, and whoever has them: these go to every member/,
      ),
    });
    await expectOwn(one);
    expect(await world.clusters.a.connection.find(kubesphere.workspaceTemplates, { name: one.name })).toBeUndefined();
  });

  test('is not taken over by a placement: authorize, setPlacement, and create that joins', async () => {
    const name = world.fresh('twin');
    await createWorkspace(world.clusters.a.connection, { name, manager: 'ann', clusters: ['n'] });
    await m().create(kubesphere.workspaces, { metadata: { name }, spec: { manager: 'bob' } });
    const { uid } = (await m().get(kubesphere.workspaces, { name })).metadata;
    const { clusters, workspaces } = world.federation;
    const refusal = {
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/m has a Workspace "twin-.*existing: 'join'/),
    };
    const unbatched = clusters.authorize('m', [name]).catch((error: { readonly cause?: unknown }) => {
      throw error.cause;
    });
    await expect(unbatched).rejects.toMatchObject(refusal);
    await expect(workspaces.setPlacement(name, { clusters: ['n', 'm'] })).rejects.toMatchObject(refusal);
    await expect(workspaces.create({ name, manager: 'ann', existing: 'join', clusters: ['m'] })).rejects.toMatchObject(
      refusal,
    );
    const { metadata, spec } = await m().get(kubesphere.workspaces, { name });
    expect([metadata.uid, spec?.manager, metadata.labels?.['kubefed.io/managed']]).toEqual([uid, 'bob', undefined]);
  });

  test('keeps its roles when the host’s of that name is deleted, which had taken them over', async () => {
    const one = await own();
    const roles = ['admin', 'viewer', 'regular', 'self-provisioner'].map((role) => `${one.name}-${role}`);
    await createWorkspace(world.clusters.a.connection, { name: one.name, manager: 'ann', clusters: ['n'] });
    for (const name of roles)
      await until(`${name} is taken over`, async () => {
        const role = await m().find(kubesphere.workspaceRoles, { name });
        return role?.metadata.labels?.['kubefed.io/managed'] === 'true';
      });
    const uids = await Promise.all(
      roles.map(async (name) => (await m().get(kubesphere.workspaceRoles, { name })).metadata.uid),
    );
    const written = await world.federation.workspaces.delete(one.name, {
      projects: 'keep',
      apps: 'keep',
      lookBackMs: 250,
    });
    expect(written).toMatchObject({ outcome: 'changed', result: { foreign: ['m'] } });
    await until('the host has forgotten it', async () => {
      const found = await world.clusters.a.connection.list(kubesphere.federatedWorkspaceRoles).toArray();
      return !found.some(({ metadata }) => roles.includes(metadata.name));
    });
    const after = await Promise.all(
      roles.map(async (name) => (await m().find(kubesphere.workspaceRoles, { name }))?.metadata.uid),
    );
    expect(after).toEqual(uids);
    expect((await m().get(kubesphere.workspaces, { name: one.name })).metadata.uid).toBe(one.uid);
  });

  test('cannot be asked for while the member is silent: the host’s is refused, unless that is accepted', async () => {
    const name = world.fresh('free');
    world.proxies.n.hinder(() => 'refused');
    const { workspaces } = world.federation;
    await expect(workspaces.create({ name, manager: 'ann', clusters: ['m'] })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    const written = await workspaces.create({ name, manager: 'ann', clusters: ['m'], unread: 'accept' });
    expect(written).toMatchObject({ outcome: 'changed' });
  });
});
