import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { adoptWorkspaceWorkflow } from '../../../src/modules/workspaces/adopt.ts';
import {
  compareProjects,
  createHelmReleases,
  createProjects,
  createUser,
  createWorkspace,
  observeProjects,
  until,
} from '../../../src/testing/index.ts';
import type { JournalEntry } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { mortal } from '../../migration/kit.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const patient = { timeout: 180_000 };

const builtIn = ['admin', 'viewer', 'regular', 'self-provisioner'];
const rolesOf = (workspace: string) =>
  Promise.all(
    builtIn.map((role) =>
      world.clusters.m.connection.find(kubesphere.workspaceRoles, { name: `${workspace}-${role}` }),
    ),
  );

/** A workspace as a former host or standalone cluster brings it: its own template, roles, an app, a project, all marked `managed=false`. */
async function former({ marked = true } = {}) {
  const name = world.fresh('own');
  const { connection } = world.clusters.m;
  await createWorkspace(connection, { name, manager: 'ann' });
  await until('its roles are there', async () => (await rolesOf(name)).every((role) => role !== undefined));
  const project = `${name}-web`;
  await createProjects(connection, { workspace: name, names: [project], creator: 'ann' });
  await createHelmReleases(connection, { workspace: name, project, names: [`${name}-shop`] });
  if (marked) {
    const body = { metadata: { labels: { [managedLabel]: 'false' } } };
    await connection.patch(kubesphere.workspaces, { name }, { type: 'merge', body });
    await connection.patch(kubesphere.workspaceRoleBindings, { name: `${name}-admin` }, { type: 'merge', body });
  }
  const { uid } = (await connection.get(kubesphere.workspaces, { name })).metadata;
  return { name, uid, project, before: await observeProjects(connection, [project]) };
}
type Former = Awaited<ReturnType<typeof former>>;

async function expectUnwritten({ project, uid, before }: Former): Promise<void> {
  const after = await observeProjects(world.clusters.m.connection, [project]);
  expect(compareProjects(before, after)).toMatchObject({
    kept: [project],
    lost: [],
    written: [],
    contents: { lost: [], changed: [] },
  });
  expect(after[project]?.ownerReferences.map((owner) => owner.uid)).toEqual([uid]);
}
const shields = async (): Promise<readonly string[]> => {
  const { connection } = world.clusters.m;
  const lists = await Promise.all(
    [core.validatingAdmissionPolicies, core.validatingAdmissionPolicyBindings].map((resource) =>
      connection.listMetadata(resource).toArray(),
    ),
  );
  return lists.flat().map(({ metadata }) => metadata.name);
};

async function expectAdopted(one: Former): Promise<void> {
  const { connection } = world.clusters.m;
  const { metadata } = await connection.get(kubesphere.workspaces, { name: one.name });
  expect([metadata.uid, metadata.labels?.[managedLabel]]).toEqual([one.uid, 'true']);
  expect(await connection.find(kubesphere.workspaceTemplates, { name: one.name })).toBeUndefined();
  const release = await connection.get(kubesphere.helmReleases, { name: `${one.name}-shop` });
  expect(release.metadata.deletionTimestamp).toBeUndefined();
  expect(await shields()).toEqual([]);
  await expectUnwritten(one);
}

async function expectAsBefore(one: Former): Promise<void> {
  const { a, m } = world.clusters;
  expect(await a.connection.find(kubesphere.workspaceTemplates, { name: one.name })).toBeUndefined();
  const { metadata } = await m.connection.get(kubesphere.workspaces, { name: one.name });
  expect([metadata.uid, metadata.labels?.[managedLabel]]).toEqual([one.uid, 'false']);
  expect(await m.connection.find(kubesphere.workspaceTemplates, { name: one.name })).toBeDefined();
  const roles = await rolesOf(one.name);
  expect(builtIn.filter((_, index) => roles[index] === undefined)).toEqual([]);
  const release = await m.connection.get(kubesphere.helmReleases, { name: `${one.name}-shop` });
  expect(release.metadata.labels).toHaveProperty([workspaceLabel], one.name);
  expect(await shields()).toEqual([]);
  await expectUnwritten(one);
}

describe('workspaces.adopt', patient, () => {
  test("a former host's workspace: same UID, no project written, apps kept, its own template gone, shield down", async () => {
    const one = await former();
    expect(await world.federation.workspaces.drift()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          cluster: 'm',
          value: expect.arrayContaining([
            expect.objectContaining({
              name: one.name,
              managed: false,
              ownTemplate: true,
              apps: [expect.objectContaining({ kind: 'HelmRelease', name: `${one.name}-shop` })],
            }),
          ]),
        }),
      ]),
    );
    expect(await world.federation.workspaces.adopt({ cluster: 'm', name: one.name })).toMatchObject({
      outcome: 'changed',
      result: { uid: one.uid, manager: 'ann', projects: [{ name: one.project }] },
    });
    await expectAdopted(one);
    // The binding that nobody could write before is the host's by now.
    await until('the binding is taken over', async () => {
      const binding = await world.clusters.m.connection.find(kubesphere.workspaceRoleBindings, {
        name: `${one.name}-admin`,
      });
      return binding?.metadata.labels?.[managedLabel] === 'true' ? true : undefined;
    });
    const drift = await world.federation.workspaces.drift();
    expect(JSON.stringify(drift)).not.toContain(`"${one.name}"`);
  });

  test('people and roles of its own are named, before and afterwards: they do not come along', async () => {
    const one = await former();
    const { connection } = world.clusters.m;
    const labels = { [workspaceLabel]: one.name };
    await connection.create(kubesphere.workspaceRoles, { metadata: { name: `${one.name}-ops`, labels } });
    for (const role of ['ops', 'viewer'])
      await connection.create(kubesphere.workspaceRoleBindings, {
        metadata: { name: `bob-${one.name}-${role}`, labels: { ...labels, 'iam.kubesphere.io/user-ref': 'bob' } },
        roleRef: { apiGroup: 'iam.kubesphere.io', kind: 'WorkspaceRole', name: `${one.name}-${role}` },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }],
      });
    const own = {
      people: expect.arrayContaining([
        { user: 'bob', role: 'ops' },
        { user: 'bob', role: 'viewer' },
      ]),
      roles: ['ops'],
    };
    const [drifted] = (await world.federation.workspaces.drift()).flatMap((answer) =>
      answer.answered ? answer.value.filter(({ name }) => name === one.name) : [],
    );
    expect(drifted).toMatchObject(own);
    const adopted = await world.federation.workspaces.adopt({ cluster: 'm', name: one.name });
    expect(adopted).toMatchObject({ result: own });
    const gone = () => connection.find(kubesphere.workspaceRoleBindings, { name: `bob-${one.name}-ops` });
    await expect.poll(gone, { timeout: 20_000 }).toBeUndefined();
    expect(await world.federation.workspaces.users(one.name)).toEqual([{ user: 'ann', role: 'admin', manager: true }]);
  });

  test('an equal name on the host is refused, and joined when it is said to be the same', async () => {
    const one = await former({ marked: false });
    await createWorkspace(world.clusters.a.connection, { name: one.name, manager: 'ann', clusters: ['n'] });
    await expect(world.federation.workspaces.adopt({ cluster: 'm', name: one.name })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/has a workspace ".*" already.*existing: 'join'/),
    });
    await expectUnwritten(one);
    await world.federation.workspaces.adopt({ cluster: 'm', name: one.name, existing: 'join' });
    await expectAdopted(one);
    const { placement } = await world.federation.workspaces.get(one.name);
    expect(placement.clusters).toEqual([{ name: 'n' }, { name: 'm' }]);
  });

  test('a manager who is no user of the host is refused; another can be named', async () => {
    const name = world.fresh('own');
    await world.clusters.m.connection.create(kubesphere.workspaces, {
      metadata: { name },
      spec: { manager: 'nobody' },
    });
    const at = { cluster: 'm', name };
    await expect(world.federation.workspaces.adopt(at)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/manager "nobody" is no user of a/),
    });
    expect(await world.federation.workspaces.adopt({ ...at, manager: 'ann' })).toMatchObject({ outcome: 'changed' });
  });
});

const at = (type: string, step: string) => (entry: JournalEntry) =>
  entry.type === type && 'step' in entry && entry.step === step ? ('after' as const) : undefined;
async function interrupted(one: Former, type: string, step: string) {
  const journal = memoryJournal();
  await expect(
    world.federation.workspaces.adopt({ cluster: 'm', name: one.name }, { journal: mortal(journal, at(type, step)) }),
  ).rejects.toBeInstanceOf(FederationError);
  for await (const runId of journal.runs()) return { journal, runId };
  throw new Error('Nothing was recorded.');
}

/** The host's kubefed has seen whatever changed on the member: what is deleted there comes back last of all (8.2). */
async function seenAll(): Promise<void> {
  const { a, m } = world.clusters;
  const name = world.fresh('seen');
  const at = () => m.connection.find(kubesphere.users, { name });
  await createUser(a.connection, { name });
  const first = await until('it arrived', at);
  await m.connection.delete(kubesphere.users, { name }, { propagationPolicy: 'Background' });
  await until('it is back', async () => {
    const now = await at();
    return now !== undefined && now.metadata.uid !== first.metadata.uid;
  });
}

describe('an adoption whose process dies', patient, () => {
  test.each([
    ['items-captured', 'labels'],
    ['captured', 'create'],
    ['done', 'create'],
    ['captured', 'place'],
    ['done', 'place'],
    ['done', 'confirm'],
  ])('at %s of %s is taken back by another driver: the Workspace is the one it was', async (type, step) => {
    const one = await former();
    const { journal, runId } = await interrupted(one, type, step);
    await using env = await world.connect();
    const settled = await (await rollback(adoptWorkspaceWorkflow, runId, { env, journal })).settled();
    expect(settled).toMatchObject({ state: 'rolled-back' });
    await expectAsBefore(one);
  });

  test('with a mark that its host no longer stands by: it is not put back, for kubefed would delete the Workspace', async () => {
    const one = await former({ marked: false });
    const { a, m } = world.clusters;
    const label = async () => (await m.connection.get(kubesphere.workspaces, { name: one.name })).metadata.labels ?? {};
    await createWorkspace(a.connection, { name: one.name, manager: 'ann', clusters: ['m'] });
    await until('the host has it', async () => (await label())[managedLabel] === 'true');
    const { journal, runId } = await interrupted(one, 'done', 'confirm');
    // Its own template's controller writes its labels over; the host places it elsewhere before kubefed has seen that.
    const body = { metadata: { labels: { [managedLabel]: null } } };
    const placeOn = (cluster: string) =>
      a.connection.patch(
        kubesphere.workspaceTemplates,
        { name: one.name },
        { type: 'merge', body: { spec: { placement: { clusters: [{ name: cluster }] } } } },
      );
    await placeOn('n');
    await m.connection.patch(kubesphere.workspaces, { name: one.name }, { type: 'merge', body });
    await using env = await world.connect();
    const settled = await (await rollback(adoptWorkspaceWorkflow, runId, { env, journal })).settled();
    await seenAll();
    await expectUnwritten(one);
    expect(await label()).not.toHaveProperty([managedLabel]);
    expect(settled).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        expect.objectContaining({
          step: 'labels',
          code: 'KEPT_AT_RISK',
          why: expect.stringMatching(/does not place it on m.*would delete Workspace/s),
        }),
      ]),
    });
    await placeOn('m');
    expect(await (await rollback(adoptWorkspaceWorkflow, runId, { env, journal })).settled()).toMatchObject({
      state: 'rolled-back',
    });
  });

  test.each([
    ['captured', 'shield-up'],
    ['captured', 'place'],
    ['captured', 'retire'],
    ['captured', 'shield-down'],
  ])('at %s of %s is brought to its end by another driver', async (type, step) => {
    const one = await former();
    const { journal, runId } = await interrupted(one, type, step);
    await using env = await world.connect();
    await (await resume(adoptWorkspaceWorkflow, runId, { env, journal })).result();
    await expectAdopted(one);
  });
});
