import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { userLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { membershipWorkflow } from '../../../src/modules/workspaces/people.ts';
import { createUser, createWorkspace, createWorkspaceRole, inviteToWorkspace } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { mortal } from '../../migration/kit.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  for (const name of ['ben', 'cy']) await createUser(world.clusters.a.connection, { name });
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 90_000 };
const host = () => world.clusters.a.connection;

async function workspace(): Promise<string> {
  const name = world.fresh('folk');
  await createWorkspace(host(), { name, manager: 'ann', clusters: ['m'] });
  await inviteToWorkspace(host(), { workspace: name, user: 'cy', role: 'viewer' });
  return name;
}
const rolesOf = async (name: string, user: string) =>
  (await world.federation.workspaces.users(name)).flatMap((one) => (one.user === user ? [one.role] : [])).toSorted();

describe('the people of a workspace', patient, () => {
  test('a role may be named by its short or its full name, and be one of the workspace’s own', async () => {
    const name = await workspace();
    await createWorkspaceRole(host(), { workspace: name, name: 'auditor' });
    const { workspaces } = world.federation;
    await workspaces.inviteUser(name, { user: 'ben', role: `${name}-regular` });
    expect(await rolesOf(name, 'ben')).toEqual(['regular']);
    expect(await workspaces.inviteUser(name, { user: 'ben', role: 'regular' })).toMatchObject({
      outcome: 'already',
      why: expect.stringMatching(/^ben has role folk-.*-regular already$/),
    });
    await workspaces.inviteUser(name, { user: 'ben', role: 'auditor' });
    expect(await rolesOf(name, 'ben')).toEqual(['auditor']);
    expect(await rolesOf(name, 'cy')).toEqual(['viewer']);
    await expect(workspaces.inviteUser(name, { user: 'ben', role: 'king' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/has no role "king".*auditor.*regular/s),
    });
    expect(await rolesOf(name, 'ben')).toEqual(['auditor']);
  });

  test('a binding of the right name that gives another role is none: nobody is said to have what they have not', async () => {
    const name = await workspace();
    const labels = { [userLabel]: 'ben', [workspaceLabel]: name };
    await host().create(kubesphere.workspaceRoleBindings, {
      metadata: { name: `ben-${name}-regular`, labels },
      roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: `${name}-admin` },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ben' }],
    });
    await expect(world.federation.workspaces.inviteUser(name, { user: 'ben', role: 'regular' })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/gives something else \(role folk-.*-admin\)/),
    });
  });

  test('the manager’s binding stays: neither removed nor replaced, until the workspace has another', async () => {
    const name = await workspace();
    const { workspaces } = world.federation;
    const refused = { code: 'PLAN_BLOCKED', message: expect.stringMatching(/ann is the manager/) };
    await expect(workspaces.removeUser(name, 'ann')).rejects.toMatchObject(refused);
    await expect(workspaces.inviteUser(name, { user: 'ann', role: 'viewer' })).rejects.toMatchObject(refused);
    expect(await workspaces.inviteUser(name, { user: 'ann', role: 'admin' })).toMatchObject({ outcome: 'already' });
    expect(await rolesOf(name, 'ann')).toEqual(['admin']);
    await workspaces.update(name, { manager: 'ben' });
    expect(await workspaces.users(name)).toContainEqual({ user: 'ben', role: 'admin', manager: true });
    expect(await workspaces.inviteUser(name, { user: 'ann', role: 'viewer' })).toMatchObject({ outcome: 'changed' });
    expect(await rolesOf(name, 'ann')).toEqual(['viewer']);
  });

  test('a binding that others share is not taken away', async () => {
    const name = await workspace();
    const subjects = ['ben', 'cy'].map((user) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }));
    await host().create(kubesphere.workspaceRoleBindings, {
      metadata: { name: `${name}-both`, labels: { [workspaceLabel]: name, [userLabel]: 'ben' } },
      roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: `${name}-viewer` },
      subjects,
    });
    await expect(world.federation.workspaces.removeUser(name, 'ben')).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/binds others than ben/),
    });
    expect(await host().find(kubesphere.workspaceRoleBindings, { name: `${name}-both` })).toBeDefined();
  });

  test.each([
    ['taken back', ['viewer']],
    ['brought to its end', ['regular']],
  ] as const)('an invitation whose process dies between its two writes is %s', async (how, roles) => {
    const name = await workspace();
    const journal = memoryJournal();
    const dying = mortal(journal, (entry) => (entry.type === 'done' && entry.step === 'grant' ? 'after' : undefined));
    await expect(
      world.federation.workspaces.inviteUser(name, { user: 'cy', role: 'regular' }, { journal: dying }),
    ).rejects.toBeInstanceOf(FederationError);
    expect(await rolesOf(name, 'cy')).toEqual(['regular', 'viewer']);
    await using env = await world.connect();
    for await (const runId of journal.runs())
      await (await (how === 'taken back' ? rollback : resume)(membershipWorkflow, runId, { env, journal })).settled();
    expect(await rolesOf(name, 'cy')).toEqual(roles);
  });
});

describe('creating a workspace', patient, () => {
  test('is refused where its manager is no user, and where the host has one of that name', async () => {
    const name = world.fresh('new');
    const { workspaces } = world.federation;
    await expect(workspaces.create({ name, manager: 'nobody' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^a: there is no user "nobody"/),
    });
    expect(await host().find(kubesphere.workspaceTemplates, { name })).toBeUndefined();
    await workspaces.create({ name, manager: 'ann', clusters: ['m'] });
    await expect(workspaces.create({ name, manager: 'ann' })).rejects.toMatchObject({ code: 'PLAN_BLOCKED' });
    const joined = { name, manager: 'ann', existing: 'join', clusters: ['m', 'n'] } as const;
    for (const [other, said] of [
      [{ manager: 'bob' }, /is managed by ann, not by bob.*workspaces\.update/],
      [{ networkIsolation: true }, /has networkIsolation false, not true/],
    ] as const)
      await expect(world.federation.workspaces.create({ ...joined, ...other })).rejects.toMatchObject({
        code: 'PLAN_BLOCKED',
        message: expect.stringMatching(said),
      });
    expect(await workspaces.create(joined)).toMatchObject({ outcome: 'changed' });
    expect(await workspaces.create(joined)).toMatchObject({ outcome: 'already' });
    expect(await workspaces.get(name)).toMatchObject({ clusters: ['m', 'n'] });
  });

  test('is refused where a Workspace of that name would be taken over, or projects would fall into it', async () => {
    const { m } = world.clusters;
    const { workspaces } = world.federation;
    const [own, gone] = [world.fresh('own'), world.fresh('gone')];
    await m.connection.create(kubesphere.workspaces, { metadata: { name: own }, spec: { manager: 'ann' } });
    await m.connection.create(core.namespaces, { metadata: { name: `${gone}-p`, labels: { [workspaceLabel]: gone } } });
    for (const [name, message] of [
      [own, /m has a Workspace ".*" already.*adopt/],
      [gone, /m has projects with the label.*fall into this one/],
    ] as const) {
      await expect(workspaces.create({ name, manager: 'ann', clusters: ['m'] })).rejects.toMatchObject({
        code: 'PLAN_BLOCKED',
        message: expect.stringMatching(message),
      });
      expect(await host().find(kubesphere.workspaceTemplates, { name })).toBeUndefined();
    }
  });
});

describe('changing a workspace', patient, () => {
  test('clears what is null, leaves the rest, and refuses a manager who is no user', async () => {
    const name = await workspace();
    const { workspaces } = world.federation;
    await workspaces.update(name, { alias: 'Old', description: 'Stays' });
    await workspaces.update(name, { alias: null });
    expect(await workspaces.get(name)).toMatchObject({ alias: undefined, description: 'Stays', manager: 'ann' });
    await expect(workspaces.update(name, { manager: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await workspaces.get(name)).toMatchObject({ manager: 'ann' });
  });
});

describe('the quota of a workspace', patient, () => {
  test('is refused where it does not live, and where there are several', async () => {
    const name = await workspace();
    const { workspaces } = world.federation;
    await expect(workspaces.setQuota(name, { cluster: 'n', hard: { pods: '1' } })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/does not live on n/),
    });
    for (const one of ['x', 'y'])
      await world.clusters.m.connection.create(kubesphere.resourceQuotas, {
        metadata: { name: `${name}-${one}`, labels: { [workspaceLabel]: name } },
        spec: { quota: { hard: { pods: '5' } } },
      });
    const several = { code: 'PLAN_BLOCKED', message: expect.stringMatching(/has several quotas/) };
    await expect(workspaces.setQuota(name, { cluster: 'm', hard: { pods: '1' } })).rejects.toMatchObject(several);
    await expect(workspaces.removeQuota(name, 'm')).rejects.toMatchObject(several);
  });
});
