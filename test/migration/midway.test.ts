import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../src/kube/resources.ts';
import { kubesphereNamespace, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere, type Placement } from '../../src/kubesphere/resources.ts';
import type { MigrationInput } from '../../src/migration/input.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import {
  compareProjects,
  createWorkspace,
  joinCluster,
  observeProjects,
  type ProjectsObservation,
  until,
} from '../../src/testing/index.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { resume, rollback, run } from '../../src/workflow/run.ts';
import { around, bothWays, type FaultyCluster, mortal, recordWrites, type Scene, sandboxScene } from './kit.ts';
import { madeAgainToRebind, observeWorld, untilWorldIs, type World } from './world.ts';

const background = { propagationPolicy: 'Background' } as const;
const adoptAll = { retain: 'all' } as const;
const fence = { namespace: kubesphereNamespace, name: 'kubesphere-federation-fence' };

let scene: Scene<FaultyCluster>;
let before: World;
let projects: ProjectsObservation;
beforeAll(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 2, 'team-b': 1 } });
  before = await observeWorld(scene);
  projects = await observeProjects(scene.clusters.m.connection);
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

const lost = async () => compareProjects(projects, await observeProjects(scene.clusters.m.connection)).lost;

/** Begins a run in which `happens` comes to pass just before `step` is run. */
async function runWhen(step: string, happens: () => Promise<unknown>, input: MigrationInput = bothWays) {
  const journal = memoryJournal();
  let once = true;
  const workflow = around(step, async (work) => {
    if (once) await happens();
    once = false;
    return work();
  });
  const handle = await run(workflow, input, { env: scene.env(), journal });
  return { id: handle.id, journal, workflow, outcome: await handle.settled() };
}

/** Rolls back and sees that everything is as it was. */
async function undone({ id, journal }: { readonly id: string; readonly journal: ReturnType<typeof memoryJournal> }) {
  const handle = await rollback(memberMigration, id, { env: scene.env(), journal });
  expect(await handle.settled()).toMatchObject({ state: 'rolled-back' });
  expect(await lost()).toEqual([]);
  await untilWorldIs(scene, before, madeAgainToRebind);
}

describe('what happens while a run is under way', { timeout: 300_000 }, () => {
  test('a project that joins a workspace on the move halts the run; it is named, and stays', async () => {
    const { connection } = scene.clusters.m;
    const late = { metadata: { name: 'late', labels: { [workspaceLabel]: 'team-b' } } };
    const run = await runWhen('shut-out', () => connection.create(core.namespaces, late));
    expect(run.outcome).toMatchObject({
      state: 'paused',
      why: 'failed',
      error: {
        code: 'WORLD_MOVED',
        message: expect.stringMatching(
          /m: late joined a workspace that is on the move.*unbind it and resume, or roll back/s,
        ),
      },
    });
    expect((await connection.get(core.namespaces, { name: 'late' })).metadata.deletionTimestamp).toBeUndefined();
    await connection.delete(core.namespaces, { name: 'late' }, background);
    await until('it is gone', async () => !(await connection.find(core.namespaces, { name: 'late' })));
    await undone(run);
  });

  test('a volume claim that goes from a kept project keeps the run from passing its pivot', async () => {
    const { connection } = scene.clusters.m;
    const claim = { namespace: 'team-b-001', name: 'extra' };
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await connection.create(core.persistentVolumeClaims, { metadata: claim, spec });
    const run = await runWhen('verify', async () => {
      await connection.delete(core.persistentVolumeClaims, claim, background);
      await until('it is gone', async () => !(await connection.find(core.persistentVolumeClaims, claim)));
    });
    expect(run.outcome).toMatchObject({
      state: 'paused',
      error: {
        code: 'KEPT_AT_RISK',
        message: expect.stringMatching(
          /team-b-001: PersistentVolumeClaim\/extra of kept projects went.*before the pivot/,
        ),
      },
    });
    await undone(run);
  });

  test('another run that raised the fence first keeps it: this one halts, and is rolled back without a trace', async () => {
    const { connection } = scene.clusters.m;
    const run = await runWhen('fence', () =>
      connection.create(core.configMaps, { metadata: fence, data: { run: 'run-other' } }),
    );
    expect(run.outcome).toMatchObject({
      state: 'paused',
      error: { code: 'FENCED', message: expect.stringMatching(/run run-other/) },
    });
    const handle = await rollback(memberMigration, run.id, { env: scene.env(), journal: run.journal });
    expect(await handle.settled()).toMatchObject({ state: 'rolled-back' });
    expect((await connection.get(core.configMaps, fence)).data).toEqual({ run: 'run-other' });
    await connection.delete(core.configMaps, fence, background);
    await untilWorldIs(scene, before, madeAgainToRebind);
  });

  test('a fence that somebody took away stops the run before it writes again', async () => {
    const { connection } = scene.clusters.m;
    let recorder: ReturnType<typeof recordWrites> | undefined;
    const run = await runWhen('park-source', async () => {
      await connection.delete(core.configMaps, fence, background);
      recorder = recordWrites(scene);
    });
    expect(run.outcome).toMatchObject({
      state: 'paused',
      error: {
        code: 'FENCED',
        message: expect.stringMatching(
          /fence of run .* is gone: somebody deleted ConfigMap.*create that ConfigMap again/,
        ),
      },
    });
    expect(recorder?.writes).toEqual([]);
    recorder?.[Symbol.dispose]();
    // Put back, as it was, by whoever took it away.
    await connection.create(core.configMaps, {
      metadata: { ...fence, annotations: { 'kubesphere-federation/run': run.id } },
      data: { run: run.id, epoch: '2' },
    });
    await undone(run);
  });

  test('a member that the old host takes back meanwhile is not joined to the new one', async () => {
    const { a, m } = scene.clusters;
    const run = await runWhen(
      'import',
      () => joinCluster(a.connection, { name: 'm', kubeconfig: m.kubeconfig }),
      adoptAll,
    );
    expect(run.outcome).toMatchObject({
      state: 'paused',
      error: { code: 'KEPT_AT_RISK', message: expect.stringMatching(/a holds cluster "m".*Delete the Cluster on a/s) },
    });
    expect(await scene.clusters.b.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    await a.connection.delete(kubesphere.clusters, { name: 'm' }, background);
    await until('it is let go', async () => !(await a.connection.find(kubesphere.clusters, { name: 'm' })));
    await undone(run);
  });

  test('what the new host would take over by then keeps it from joining the member; nothing of it is touched', async () => {
    const { b, m } = scene.clusters;
    const made: (() => Promise<unknown>)[] = [];
    const federate = async (name: string, placement: Placement): Promise<void> => {
      const metadata = { namespace: name, name };
      await b.connection.create(core.namespaces, { metadata: { name } });
      await b.connection.create(kubesphere.federatedNamespaces, {
        metadata,
        spec: { template: { metadata: { labels: { from: 'b' } } }, placement },
      });
      await b.connection.create(kubesphere.federatedConfigMaps, {
        metadata: { namespace: name, name: 'settings' },
        spec: { template: { data: { kept: 'no' } }, placement },
      });
      made.push(async () => {
        await b.connection.delete(kubesphere.federatedConfigMaps, { namespace: name, name: 'settings' }, background);
        await b.connection.delete(kubesphere.federatedNamespaces, metadata, background);
        await b.connection.delete(core.namespaces, { name }, background);
      });
    };
    const settings = { namespace: 'team-a-001', name: 'settings' };
    const kept = (await m.connection.get(core.configMaps, settings)).data;
    const namespace = async () => (await m.connection.get(core.namespaces, { name: 'team-a-001' })).metadata;
    const had = await namespace();
    let met = await observeProjects(m.connection);
    const run = await runWhen(
      'import',
      async () => {
        await m.connection.create(kubesphere.workspaces, { metadata: { name: 'late' }, spec: { manager: 'admin' } });
        met = await observeProjects(m.connection);
        await federate('team-a-001', { clusterSelector: {} });
        await federate('team-b-001', { clusters: [{ name: 'm' }] });
        await createWorkspace(b.connection, { name: 'late', manager: 'team-a-manager', clusters: ['m'] });
      },
      adoptAll,
    );
    expect(run.outcome).toMatchObject({
      state: 'paused',
      why: 'failed',
      error: {
        code: 'WORLD_MOVED',
        message: expect.stringMatching(
          /Namespace\(s\) team-a-001, team-b-001 are on m, and b has.*Workspace\(s\) late are on m.*Nothing was joined.*then resume, or roll back/s,
        ),
      },
    });
    expect(await b.connection.find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    const now = await namespace();
    expect([now.uid, now.labels, now.ownerReferences]).toEqual([had.uid, had.labels, had.ownerReferences]);
    expect((await m.connection.get(core.configMaps, settings)).data).toEqual(kept);
    expect(await observeProjects(m.connection)).toEqual(met);

    for (const remove of made) await remove();
    await b.connection.delete(kubesphere.workspaceTemplates, { name: 'late' }, background);
    await m.connection.delete(kubesphere.workspaces, { name: 'late' }, background);
    await until(
      'it is gone',
      async () =>
        !(await b.connection.find(kubesphere.federatedNamespaces, { namespace: 'team-a-001', name: 'team-a-001' })),
    );
    await undone(run);
  });

  test('what the new host has sent once it joined does not keep a run from going on', async () => {
    const { b, m } = scene.clusters;
    const name = 'arriving';
    await b.connection.create(core.namespaces, { metadata: { name } });
    await b.connection.create(kubesphere.federatedNamespaces, {
      metadata: { namespace: name, name },
      spec: { template: {}, placement: { clusterSelector: {} } },
    });
    const journal = memoryJournal();
    const dying = mortal(journal, (entry) =>
      entry.type === 'done' && 'step' in entry && entry.step === 'import' ? 'before' : undefined,
    );
    const first = await run(memberMigration, adoptAll, { env: scene.env(), journal: dying });
    expect(await first.settled()).toMatchObject({ error: { code: 'JOURNAL_INVALID' } });
    await until('it has arrived', async () => await m.connection.find(core.namespaces, { name }));
    const stopped = around('verify', async () => {
      throw new Error('stopped');
    });
    const second = await (await resume(stopped, first.id, { env: scene.env(), journal })).settled();
    expect(second).toMatchObject({ state: 'rolled-back', error: { message: expect.stringContaining('stopped') } });
    await b.connection.delete(kubesphere.federatedNamespaces, { namespace: name, name }, background);
    await b.connection.delete(core.namespaces, { name }, background);
    await m.connection.delete(core.namespaces, { name }, background);
    await until('it is gone', async () => !(await m.connection.find(core.namespaces, { name })));
    await untilWorldIs(scene, before, madeAgainToRebind);
  });

  test('a member that falls silent after the detach pauses the run; once it answers, the rollback finishes', async () => {
    const { m } = scene.clusters;
    const run = await runWhen('shut-out', () => m.suspend());
    expect(run.outcome).toMatchObject({ state: 'paused', why: 'unreachable', error: { code: 'UNREACHABLE' } });
    const options = { env: scene.env(), journal: run.journal };
    for (const again of [resume, rollback])
      await expect(again(memberMigration, run.id, options)).rejects.toMatchObject({
        code: 'UNREACHABLE',
        message: expect.stringMatching(/m does not answer/),
      });
    await m.restore();
    await undone(run);
  });

  test('an owner that goes with the host’s account stops it from going, where a project is in its closure', async () => {
    const { connection } = scene.clusters.m;
    const name = 'kubefed-controller-manager:m-kubesphere';
    const { uid } = (await connection.get(core.clusterRoles, { name })).metadata;
    const { ownerReferences = [] } = (await connection.get(core.namespaces, { name: 'team-a-001' })).metadata;
    const owners = (more: object[]) =>
      connection.patch(
        core.namespaces,
        { name: 'team-a-001' },
        { type: 'merge', body: { metadata: { ownerReferences: [...ownerReferences, ...more] } } },
      );
    await owners([{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name, uid }]);
    const run = await runWhen('verify', async () => {}, adoptAll);
    expect(run.outcome).toMatchObject({
      state: 'paused',
      error: {
        code: 'KEPT_AT_RISK',
        message: expect.stringMatching(/would delete 1 namespace\(s\) with it: team-a-001.*Take that owner off/s),
      },
    });
    await owners([]);
    await undone(run);
  });

  test('silent again, it is resumed; past the pivot the old host may be silent until the end; a shield taken down keeps the templates from being retired until there is one again', async () => {
    const { m } = scene.clusters;
    const silent = await runWhen('release', () => m.suspend());
    expect(silent.outcome).toMatchObject({ state: 'paused', why: 'unreachable' });
    await m.restore();
    const options = { env: scene.env(), journal: silent.journal };
    let once = true;
    const unshielded = around('retire', async (work) => {
      if (once)
        for (const resource of [core.validatingAdmissionPolicyBindings, core.validatingAdmissionPolicies])
          for (const { metadata } of await m.connection.list(resource).toArray())
            await m.connection.delete(resource, metadata, background);
      once = false;
      await until('it is down', async () => {
        try {
          await m.connection.delete(kubesphere.workspaces, { name: 'team-a' }, { ...background, dryRun: true });
          return true;
        } catch {
          return false;
        }
      });
      return work();
    });
    const paused = await (await resume(unshielded, silent.id, options)).settled();
    expect(paused).toMatchObject({
      state: 'paused',
      why: 'failed',
      error: {
        code: 'KEPT_AT_RISK',
        message: expect.stringMatching(
          /shield does not hold Workspace "team-a"; its template was not deleted.*namespaces\.protect.*then resume/s,
        ),
      },
    });
    await expect(rollback(memberMigration, silent.id, options)).rejects.toMatchObject({
      code: 'PAST_PIVOT',
      message: expect.stringMatching(/resume/),
    });
    expect(await m.connection.find(kubesphere.workspaceTemplates, { name: 'team-a' })).toBeDefined();

    // Past the pivot the workspace is in use again.
    await m.connection.create(core.namespaces, { metadata: { name: 'fresh', labels: { [workspaceLabel]: 'team-a' } } });
    const shield = { cluster: 'm', names: [], workspaces: ['team-a'] };
    await scene.target.namespaces.protect(shield);

    // The old host is needed for the shield to come down, and for what is parked there: everything before that goes on without it.
    await scene.clusters.a.suspend();
    const last = await (await resume(memberMigration, silent.id, options)).settled();
    expect(last).toMatchObject({
      state: 'paused',
      why: 'unreachable',
      error: { message: expect.stringContaining('"shield-down"') },
    });
    expect(await m.connection.find(kubesphere.workspaceTemplates, { name: 'team-a' })).toBeUndefined();
    await scene.clusters.a.restore();
    expect(await (await resume(memberMigration, silent.id, options)).settled()).toMatchObject({ state: 'completed' });
    await scene.target.namespaces.unprotect(shield);
    expect(await lost()).toEqual([]);
    const fresh = await m.connection.get(core.namespaces, { name: 'fresh' });
    expect(fresh.metadata.ownerReferences).toMatchObject([{ kind: 'Workspace', name: 'team-a' }]);
    expect((await m.connection.list(core.validatingAdmissionPolicies).toArray()).length).toBe(0);
    expect(await m.connection.find(kubesphere.workspaceTemplates, { name: 'team-a' })).toBeUndefined();
  });
});
