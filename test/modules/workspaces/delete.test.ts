import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { deleteWorkspaceWorkflow } from '../../../src/modules/workspaces/delete.ts';
import {
  compareProjects,
  createProjects,
  createWorkspace,
  observeProjects,
  type ProjectsObservation,
} from '../../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { mortal } from '../../migration/kit.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { seedTeam, type Team } from './team.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const names = ['a', 'm', 'n'] as const;
const patient = { timeout: 180_000 };
const keepAll = { projects: 'keep', apps: 'keep', lookBackMs: 250 } as const;
const team = (): Promise<Team> => seedTeam(world, world.fresh('team'));

type Seen = Readonly<Record<(typeof names)[number], ProjectsObservation>>;
async function observe({ projects }: Team): Promise<Seen> {
  const of = (cluster: (typeof names)[number]): Promise<ProjectsObservation> =>
    observeProjects(
      world.clusters[cluster].connection,
      projects.filter((one) => one.cluster === cluster).map(({ name }) => name),
    );
  return { a: await of('a'), m: await of('m'), n: await of('n') };
}

/** Every project and everything in it is there, on every cluster, the very ones. */
async function expectNothingLost(before: Seen, seeded: Team): Promise<void> {
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
async function expectGone({ workspace }: Team): Promise<void> {
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
async function expectWhole({ workspace, projects }: Team): Promise<void> {
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

const app = ({ workspace }: Team) => ({ namespace: `${workspace}-m`, name: `${workspace}-shop` });

describe('workspaces.delete', patient, () => {
  test('keeping everything: nothing is lost on any cluster, and nothing hangs on its name any more', async () => {
    const seeded = await team();
    const before = await observe(seeded);
    expect(seeded.projects).toHaveLength(5);
    const answer = await world.federation.workspaces.delete(seeded.workspace, keepAll);
    expect(answer).toMatchObject({
      outcome: 'changed',
      result: {
        kept: seeded.projects,
        deleted: [],
        apps: { kept: [`HelmRelease ${app(seeded).name}`], uninstalled: [] },
      },
    });
    await expectNothingLost(before, seeded);
    await expectGone(seeded);
    const release = await world.clusters.a.connection.get(kubesphere.helmReleases, { name: app(seeded).name });
    expect(release.metadata.deletionTimestamp).toBeUndefined();
    expect(release.metadata.labels).not.toHaveProperty([workspaceLabel]);
    // Released for good: the copies live on when their federation goes.
    const { connection } = world.clusters.a;
    const both = `${seeded.workspace}-both`;
    await connection.delete(
      kubesphere.federatedNamespaces,
      { namespace: both, name: both },
      { propagationPolicy: 'Background' },
    );
    await expect
      .poll(() => connection.find(kubesphere.federatedNamespaces, { namespace: both, name: both }), { timeout: 20_000 })
      .toBeUndefined();
    const kept = await observe(seeded);
    for (const cluster of ['m', 'n'] as const)
      expect(compareProjects(before[cluster], kept[cluster])).toMatchObject({ lost: [], contents: { lost: [] } });
  });

  test('a dry run shows its closure: what is kept is updated, what goes is deleted', async () => {
    const seeded = await team();
    const { workspace } = seeded;
    const shown = await world.federation.workspaces.delete(workspace, keepAll, { dryRun: true });
    if (shown.outcome !== 'dry-run' || shown.forecast.effect !== 'change') throw new Error(JSON.stringify(shown));
    const of = (verb: string) =>
      shown.forecast.effect === 'change'
        ? shown.forecast.changes
            .filter((one) => one.verb === verb)
            .map(({ resource: { cluster, kind, namespace, name } }) =>
              [cluster, kind, namespace, name].filter(Boolean).join(' '),
            )
        : [];
    const both = `${workspace}-both`;
    expect(of('delete').sort()).toEqual(
      [
        `a WorkspaceTemplate ${workspace}`,
        `a FederatedWorkspace ${workspace}`,
        `m Workspace ${workspace}`,
        `n Workspace ${workspace}`,
        ...['admin', 'regular', 'self-provisioner', 'viewer'].map((role) => `a WorkspaceRole ${workspace}-${role}`),
        `a WorkspaceRoleBinding ${workspace}-admin`,
        `a WorkspaceRoleBinding ann-${workspace}-viewer`,
        `m ResourceQuota ${workspace}`,
        `n ResourceQuota ${workspace}`,
      ].sort(),
    );
    expect(of('update')).toEqual(
      expect.arrayContaining([
        `a HelmRelease ${workspace}-shop`,
        `a Namespace ${both}`,
        ...['m', 'n'].flatMap((cluster) => [
          `${cluster} Namespace ${both}`,
          `${cluster} Secret ${both} credentials`,
          `${cluster} PersistentVolumeClaim ${both} data`,
          `${cluster} Namespace ${workspace}-${cluster}`,
        ]),
      ]),
    );
    expect(of('create')).toEqual([]);
    await expectWhole(seeded);
  });

  test('deleting what was named, and exactly that: both differences are named', async () => {
    const seeded = await team();
    const { workspace, projects } = seeded;
    const [first, ...others] = projects;
    if (first === undefined) throw new Error('no project');
    const other = await team();
    const before = await observe(other);
    const wrong = { ...first, uid: 'another' };
    await expect(
      world.federation.workspaces.delete(workspace, { projects: { delete: [wrong, ...others] }, apps: 'uninstall' }),
    ).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(
        new RegExp(`would go: a/${first.name} \\(UID ${first.uid}\\).*not there: a/${first.name} \\(UID another\\)`),
      ),
    });
    await expectWhole(seeded);
    const deletion = { projects: { delete: projects }, apps: 'uninstall' } as const;
    expect(await world.federation.workspaces.delete(workspace, deletion)).toMatchObject({
      outcome: 'changed',
      result: { kept: [], deleted: projects, apps: { kept: [], uninstalled: [`HelmRelease ${app(seeded).name}`] } },
    });
    await expectGone(seeded);
    for (const { cluster, name } of projects)
      expect(await world.clusters[cluster].connection.find(core.namespaces, { name })).toBeUndefined();
    await expectNothingLost(before, other);
    await expectWhole(other);
    // Another one of that name is not the one that went.
    const again = { name: first.name };
    await world.clusters[first.cluster].connection.create(core.namespaces, { metadata: again });
    expect(await world.federation.workspaces.delete(workspace, deletion)).toMatchObject({ outcome: 'already' });
    expect(await world.clusters[first.cluster].connection.find(core.namespaces, again)).toBeDefined();
    const living = other.projects.slice(0, 1);
    await expect(
      world.federation.workspaces.delete(workspace, { ...deletion, projects: { delete: [...projects, ...living] } }),
    ).rejects.toMatchObject({ code: 'PLAN_BLOCKED', message: expect.stringContaining(living[0]?.uid ?? 'no project') });
    await expectWhole(other);
  });

  test('a list that names what is gone is refused while the workspace is there, and taken once that is gone', async () => {
    const workspace = world.fresh('team');
    const { a, m } = world.clusters;
    await createWorkspace(a.connection, { name: workspace, manager: 'ann' });
    const gone = { cluster: 'm', name: `${workspace}-gone`, uid: 'gone' };
    const named = (...projects: (typeof gone)[]) =>
      world.federation.workspaces.delete(workspace, { projects: { delete: projects }, apps: 'uninstall' });
    await expect(named(gone)).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringContaining(`Named, and not there: m/${gone.name}`),
    });
    expect(await a.connection.find(kubesphere.workspaceTemplates, { name: workspace })).toBeDefined();
    expect(await named()).toMatchObject({ outcome: 'changed' });
    const left = { name: `${workspace}-left`, labels: { [workspaceLabel]: workspace } };
    const { uid } = (await m.connection.create(core.namespaces, { metadata: left })).metadata;
    expect(await named(gone, { cluster: 'm', name: left.name, uid })).toMatchObject({ outcome: 'changed' });
    expect(await m.connection.find(core.namespaces, { name: left.name })).toBeUndefined();
  });

  test("apps: 'uninstall' takes the apps and what their charts made, and nothing else of a kept project", async () => {
    const seeded = await team();
    const deletion = { ...keepAll, apps: 'uninstall' } as const;
    const { connection } = world.clusters.m;
    expect(await connection.find(core.deployments, app(seeded))).toBeDefined();
    const shown = await world.federation.workspaces.delete(seeded.workspace, deletion, { dryRun: true });
    const uninstalled = {
      verb: 'delete',
      resource: expect.objectContaining({ kind: 'HelmRelease', name: app(seeded).name }),
    };
    expect(shown).toMatchObject({
      forecast: { changes: expect.arrayContaining([expect.objectContaining(uninstalled)]) },
    });
    await world.federation.workspaces.delete(seeded.workspace, deletion);
    await expectGone(seeded);
    await expect.poll(() => connection.find(core.deployments, app(seeded)), { timeout: 20_000 }).toBeUndefined();
    expect(await connection.find(core.deployments, { namespace: `${seeded.workspace}-m`, name: 'web' })).toBeDefined();
  });

  test('a Workspace of the same name that came from no host stays, with its projects', async () => {
    const name = world.fresh('team');
    const { n } = world.clusters;
    await n.connection.create(kubesphere.workspaces, { metadata: { name }, spec: { manager: 'ann' } });
    await createProjects(n.connection, { workspace: name, names: [`${name}-own`], creator: 'ann' });
    // As the console does, which does not look at members.
    await createWorkspace(world.clusters.a.connection, { name, manager: 'ann' });
    const { uid } = (await n.connection.get(core.namespaces, { name: `${name}-own` })).metadata;
    expect(await world.federation.workspaces.delete(name, keepAll)).toMatchObject({
      outcome: 'changed',
      result: { kept: [], foreign: ['n'] },
    });
    const left = (await n.connection.get(core.namespaces, { name: `${name}-own` })).metadata;
    expect([left.uid, left.labels?.[workspaceLabel]]).toEqual([uid, name]);
    expect(await n.connection.find(kubesphere.workspaces, { name })).toBeDefined();
  });

  test('a label of a workspace that is gone already is taken off', async () => {
    const { m } = world.clusters;
    const [name, workspace] = [world.fresh('stray'), world.fresh('gone')];
    await m.connection.create(core.namespaces, { metadata: { name, labels: { [workspaceLabel]: workspace } } });
    expect(await world.federation.workspaces.delete(workspace, keepAll)).toMatchObject({ outcome: 'changed' });
    expect((await m.connection.get(core.namespaces, { name })).metadata.labels).not.toHaveProperty([workspaceLabel]);
  });
});

/** The journal of a driver that something befalls. */
async function interrupted(
  seeded: Team,
  death: (entry: JournalEntry) => 'before' | 'after' | undefined,
): Promise<{ readonly journal: JournalStore; readonly runId: string }> {
  const journal = memoryJournal();
  const dying = mortal(journal, (entry) => death(entry));
  await expect(
    world.federation.workspaces.delete(seeded.workspace, keepAll, { journal: dying }),
  ).rejects.toBeInstanceOf(FederationError);
  for await (const runId of journal.runs()) return { journal, runId };
  throw new Error('Nothing was recorded.');
}
const at = (type: string, step: string) => (entry: JournalEntry) =>
  entry.type === type && 'step' in entry && entry.step === step ? ('after' as const) : undefined;

describe('a deletion whose process dies', patient, () => {
  test.each([
    ['items-done', 'detach-apps'],
    ['items-captured', 'release-contents'],
    ['items-captured', 'release'],
    ['items-done', 'unbind'],
    ['done', 'confirm'],
  ])('at %s of %s is taken back by another driver', async (type, step) => {
    const seeded = await team();
    const before = await observe(seeded);
    const { journal, runId } = await interrupted(seeded, at(type, step));
    await using other = await world.connect();
    const run = await rollback(deleteWorkspaceWorkflow, runId, { env: other, journal });
    expect(await run.settled()).toMatchObject({ state: 'rolled-back' });
    await expectNothingLost(before, seeded);
    await expectWhole(seeded);
  });

  test.each([
    ['items-captured', 'unbind'],
    ['captured', 'remove'],
    ['done', 'remove'],
    ['items-captured', 'quotas'],
    ['items-done', 'quotas'],
  ])('at %s of %s is brought to its end by another driver', async (type, step) => {
    const seeded = await team();
    const before = await observe(seeded);
    const { journal, runId } = await interrupted(seeded, at(type, step));
    await using other = await world.connect();
    const run = await resume(deleteWorkspaceWorkflow, runId, { env: other, journal });
    expect(await run.settled()).toMatchObject({ state: 'completed' });
    await expectNothingLost(before, seeded);
    await expectGone(seeded);
  });

  test('behind the pivot is not taken back', async () => {
    const seeded = await team();
    const { journal, runId } = await interrupted(seeded, at('captured', 'remove'));
    await using other = await world.connect();
    await expect(rollback(deleteWorkspaceWorkflow, runId, { env: other, journal })).rejects.toMatchObject({
      code: 'PAST_PIVOT',
    });
    await (await resume(deleteWorkspaceWorkflow, runId, { env: other, journal })).result();
    await expectGone(seeded);
  });
});

/** Does something once the record is written: what other people do meanwhile. */
function meanwhile(when: (entry: JournalEntry) => unknown, act: () => Promise<unknown>): JournalStore {
  const journal = memoryJournal();
  return {
    ...journal,
    async append(runId, seq, entry, options) {
      await journal.append(runId, seq, entry, options);
      if (when(entry)) await act();
    },
  };
}

/** Whoever was told that the run halted decides to take it back. */
async function takeBack(journal: JournalStore): Promise<void> {
  await using other = await world.connect();
  for await (const runId of journal.runs()) {
    const run = await rollback(deleteWorkspaceWorkflow, runId, { env: other, journal });
    expect(await run.settled()).toMatchObject({ state: 'rolled-back' });
  }
}

describe('what happens meanwhile', patient, () => {
  test('a project that joins once they were counted: nothing is deleted, and all can be put back', async () => {
    const seeded = await team();
    const { m } = world.clusters;
    const late = `${seeded.workspace}-late`;
    const labels = { [workspaceLabel]: seeded.workspace };
    const journal = meanwhile(at('done', 'unbind'), () =>
      m.connection.create(core.namespaces, { metadata: { name: late, labels } }),
    );
    const before = await observe(seeded);
    await expect(world.federation.workspaces.delete(seeded.workspace, keepAll, { journal })).rejects.toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(new RegExp(`m/${late}`)),
    });
    await takeBack(journal);
    await expectNothingLost(before, seeded);
    await expectWhole(seeded);
    expect(await m.connection.find(core.namespaces, { name: late })).toBeDefined();
  });

  test('an app that comes once they were counted is not uninstalled', async () => {
    const seeded = await team();
    const { a } = world.clusters;
    const late = { name: `${seeded.workspace}-late`, labels: { [workspaceLabel]: seeded.workspace } };
    const journal = meanwhile(at('done', 'unbind'), () =>
      a.connection.create(kubesphere.helmReleases, { metadata: late, spec: { name: late.name } }),
    );
    await expect(
      world.federation.workspaces.delete(seeded.workspace, { ...keepAll, apps: 'uninstall' }, { journal }),
    ).rejects.toMatchObject({ code: 'KEPT_AT_RISK', message: expect.stringMatching(new RegExp(late.name)) });
    expect(await a.connection.find(kubesphere.helmReleases, late)).toBeDefined();
    await a.connection.delete(kubesphere.helmReleases, late, { propagationPolicy: 'Background' });
    await expect.poll(() => a.connection.find(kubesphere.helmReleases, late), { timeout: 20_000 }).toBeUndefined();
    await takeBack(journal);
    await expectWhole(seeded);
  });

  test('a kept project that somebody deletes: the workspace stays', async () => {
    const seeded = await team();
    const { n } = world.clusters;
    const name = `${seeded.workspace}-n`;
    const journal = meanwhile(at('done', 'unbind'), () =>
      n.connection.delete(core.namespaces, { name }, { propagationPolicy: 'Background' }),
    );
    await expect(world.federation.workspaces.delete(seeded.workspace, keepAll, { journal })).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(new RegExp(`n/${name}`)),
    });
    expect(
      (await world.clusters.a.connection.get(kubesphere.workspaceTemplates, { name: seeded.workspace })).metadata
        .deletionTimestamp,
    ).toBeUndefined();
  });

  test('a member that falls silent: nothing is deleted', async () => {
    const seeded = await team();
    const journal = meanwhile(at('done', 'unbind'), async () => world.proxies.n.hinder(() => 'refused'));
    await expect(world.federation.workspaces.delete(seeded.workspace, keepAll, { journal })).rejects.toBeInstanceOf(
      FederationError,
    );
    expect(
      (await world.clusters.a.connection.get(kubesphere.workspaceTemplates, { name: seeded.workspace })).metadata
        .deletionTimestamp,
    ).toBeUndefined();
    world.calm();
    await takeBack(journal);
    await expectWhole(seeded);
  });
});
