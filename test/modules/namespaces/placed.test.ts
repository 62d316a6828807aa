import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { openCluster } from '../../../src/kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { bindProject, unbindProject } from '../../../src/modules/operations/bind-project.ts';
import { createProject } from '../../../src/modules/operations/create-project.ts';
import { leaveWorkspace } from '../../../src/modules/operations/leave-workspace.ts';
import { transferProject } from '../../../src/modules/operations/transfer-project.ts';
import { unbindFrom } from '../../../src/modules/placement/unbind-from.ts';
import type { Work } from '../../../src/modules/work.ts';
import { methodWorkflows } from '../../../src/modules/workflows.ts';
import { createWorkspace, untilFederated } from '../../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { rollback } from '../../../src/workflow/run.ts';
import { mortal } from '../../migration/kit.ts';
import { type Scene, startScene } from '../users/scene.ts';

/** Workspaces of M, by what became of them on the host while its kubefed did nothing. */
const workspaces = [
  ...['sound', 'selected'],
  ...['shrunk', 'unselected', 'template-going', 'template-gone'],
  ...['lagging', 'federated-going', 'federated-gone'],
  'own',
] as const;
type Name = (typeof workspaces)[number];
const doomed = [
  ['shrunk', /WorkspaceTemplate "shrunk" does not place it on m/],
  ['unselected', /WorkspaceTemplate "unselected" does not place it on m/],
  ['template-going', /WorkspaceTemplate "template-going" is being deleted/],
  ['template-gone', /WorkspaceTemplate "template-gone" is not there/],
  ['lagging', /FederatedWorkspace "lagging" does not place it on m/],
  ['federated-going', /FederatedWorkspace "federated-going" is being deleted/],
  ['federated-gone', /FederatedWorkspace "federated-gone" is not there/],
] as const;

let scene: Scene;
const host = () => scene.sandbox.clusters.a.connection;
const m = () => scene.sandbox.clusters.m.connection;
const kinds = [kubesphere.workspaceTemplates, kubesphere.federatedWorkspaces] as const;
type Kind = (typeof kinds)[number];

/** The whole placement is another one: what it does not say goes. */
const place = (kind: Kind, name: Name, placement: object) =>
  host().patch(
    kind as never,
    { name },
    {
      type: 'merge',
      body: { spec: { placement: { clusters: null, clusterSelector: null, ...placement } } },
    },
  );
const remove = (kind: Kind, name: Name, finalizers: readonly string[]) =>
  host()
    .patch(kind as never, { name }, { type: 'merge', body: { metadata: { finalizers } } })
    .then(() => host().delete(kind as never, { name }, { propagationPolicy: 'Orphan' }));

beforeAll(async () => {
  scene = await startScene();
  for (const name of workspaces) await createWorkspace(host(), { name, manager: 'ann', clusters: ['m'] });
  await untilFederated(host(), { name: 'm', workspaces });
  // Nobody does anything about it: so it is on M for as long as M is away, and for 40 s after (8.2).
  await scene.sandbox.faults.add({ cluster: 'a', fault: { controller: ['kubefed', 'workspacetemplate'], down: true } });
  const labels = { tier: 'one' };
  for (const [kind, at] of [
    [kubesphere.clusters, { name: 'm' }],
    [kubesphere.kubeFedClusters, { namespace: 'kube-federation-system', name: 'm' }],
  ] as const)
    await host().patch(kind as never, at, { type: 'merge', body: { metadata: { labels } } });
  for (const kind of kinds) {
    await place(kind, 'selected', { clusterSelector: { matchLabels: labels } });
    await place(kind, 'own', { clusters: [] });
  }
  await place(kubesphere.workspaceTemplates, 'shrunk', { clusters: [{ name: 'n' }] });
  await place(kubesphere.workspaceTemplates, 'unselected', { clusterSelector: { matchLabels: { tier: 'two' } } });
  await place(kubesphere.federatedWorkspaces, 'lagging', { clusters: [] });
  await remove(kubesphere.workspaceTemplates, 'template-going', ['example.com/mine']);
  await remove(kubesphere.workspaceTemplates, 'template-gone', []);
  await remove(kubesphere.federatedWorkspaces, 'federated-going', ['example.com/mine']);
  await remove(kubesphere.federatedWorkspaces, 'federated-gone', []);
  const body = { metadata: { labels: { [managedLabel]: null } } };
  await m().patch(kubesphere.workspaces, { name: 'own' }, { type: 'merge', body });
}, 120_000);
afterAll(() => scene?.[Symbol.asyncDispose](), 60_000);

let counted = 0;
async function project(workspace?: Name) {
  counted += 1;
  const name = `project-${counted}`;
  const labels = workspace === undefined ? {} : { [workspaceLabel]: workspace };
  const { metadata } = await m().create(core.namespaces, { metadata: { name, labels } });
  return { name, uid: metadata.uid };
}
const workspaceOf = async (name: string) =>
  (await m().get(core.namespaces, { name })).metadata.labels?.[workspaceLabel];

describe('a Workspace of a member that its host does not place there', { timeout: 60_000 }, () => {
  test.each(doomed)('takes no project: %s', async (workspace, why) => {
    const { namespaces } = scene.federation;
    const [loose, bound] = [(await project()).name, (await project('sound')).name];
    const fresh = `fresh-${workspace}`;
    const message = expect.stringMatching(
      new RegExp(`m: Workspace "${workspace}" is about to be deleted.*${why.source}.*workspaces\\.setPlacement`),
    );
    for (const dryRun of [true, false])
      for (const calling of [
        () => namespaces.bind({ cluster: 'm', name: loose, workspace }, { dryRun }),
        () => namespaces.transfer({ cluster: 'm', name: bound, workspace }, { dryRun }),
        () => namespaces.create({ cluster: 'm', name: fresh, workspace }, { dryRun }),
      ])
        if (dryRun)
          expect(await calling()).toMatchObject({ forecast: { effect: 'blocked', why: expect.stringMatching(why) } });
        else await expect(calling()).rejects.toMatchObject({ code: 'PLAN_BLOCKED', message });
    expect([await workspaceOf(loose), await workspaceOf(bound)]).toEqual([undefined, 'sound']);
    expect(await m().find(core.namespaces, { name: fresh })).toBeUndefined();
  });

  test.each(doomed)('is told where a project is in it already: %s', async (workspace, why) => {
    const { namespaces } = scene.federation;
    const { name } = await project(workspace);
    const move = { cluster: 'm', name, workspace };
    for (const calling of [() => namespaces.bind(move), () => namespaces.transfer(move), () => namespaces.create(move)])
      await expect(calling()).rejects.toMatchObject({
        code: 'PLAN_BLOCKED',
        message: expect.stringMatching(new RegExp(`is about to be deleted.*${why.source}.*namespaces\\.unbind`)),
      });
  });

  test('takes some where it is placed by its labels, and where kubefed does not have it', async () => {
    const { namespaces } = scene.federation;
    for (const workspace of ['selected', 'own'] as const) {
      const { name } = await project();
      expect(await namespaces.bind({ cluster: 'm', name, workspace })).toMatchObject({ outcome: 'changed' });
      expect(await namespaces.transfer({ cluster: 'm', name, workspace: 'sound' })).toMatchObject({
        outcome: 'changed',
      });
      const fresh = `fresh-${workspace}`;
      expect(await namespaces.create({ cluster: 'm', name: fresh, workspace })).toMatchObject({ outcome: 'changed' });
    }
  });

  test('takes none on the host either, unless no kubefed has it', async () => {
    const { namespaces } = scene.federation;
    for (const [name, labels] of [
      ['hosts-lost', { [managedLabel]: 'true' }],
      ['hosts-own', {}],
    ] as const) {
      await host().create(kubesphere.workspaces, { metadata: { name, labels }, spec: {} });
      await host().create(core.namespaces, { metadata: { name } });
    }
    await expect(namespaces.bind({ cluster: 'a', name: 'hosts-lost', workspace: 'hosts-lost' })).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(
        /"hosts-lost" is about to be deleted.*WorkspaceTemplate "hosts-lost" is not there/,
      ),
    });
    expect(await namespaces.bind({ cluster: 'a', name: 'hosts-own', workspace: 'hosts-own' })).toMatchObject({
      outcome: 'changed',
    });
  });
});

describe('right before the write it is asked once more', { timeout: 60_000 }, () => {
  const work: Work = {
    signal: new AbortController().signal,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    runId: 'run-1',
    confirmDriver: async () => {},
  };
  const refused = (message: RegExp) => ({ code: 'KEPT_AT_RISK', message: expect.stringMatching(message) });

  test('by binding, transferring and creating, and by the ways back into it; where there is no host to ask, by none', async () => {
    const at = { ...(await openCluster(m())), name: 'm' };
    const a = scene.federation.host;
    const [loose, bound] = [await project(), await project('sound')];
    const nothing = refused(/"shrunk" is about to be deleted.*Nothing was bound/);
    await expect(bindProject(at, loose, 'shrunk', a).run(work, { note: null })).rejects.toMatchObject(nothing);
    await expect(transferProject(at, bound, 'shrunk', a).run(work, { workspace: 'sound' })).rejects.toMatchObject(
      nothing,
    );
    const fresh = { name: 'fresh', workspace: 'shrunk', annotations: {} };
    await expect(createProject(at, a, fresh).run(work, null)).rejects.toMatchObject(nothing);
    expect(await m().find(core.namespaces, { name: 'fresh' })).toBeUndefined();
    await expect(
      transferProject(at, bound, 'sound', a).compensate(work, { workspace: 'shrunk' }, undefined),
    ).rejects.toMatchObject(refused(/"shrunk", which .* was in, is about to be deleted.*was left in "sound"/));
    const { uid } = (await m().get(kubesphere.workspaces, { name: 'shrunk' })).metadata;
    const unbinding = unbindFrom(a, at, { ...loose, cluster: 'm', workspace: { name: 'shrunk', uid } });
    for (const back of [unbinding, unbindProject(at, loose, a), leaveWorkspace(at, loose, a)])
      await expect(back.compensate(work, { workspace: 'shrunk' }, undefined)).rejects.toMatchObject(nothing);
    expect([await workspaceOf(loose.name), await workspaceOf(bound.name)]).toEqual([undefined, 'sound']);
    // A host that does not have the cluster deletes nothing there.
    await unbindProject({ ...at, name: 'nobody' }, loose, a).compensate(work, { workspace: 'shrunk' }, undefined);
    expect(await workspaceOf(loose.name)).toBe('shrunk');
    // It is in there already, by somebody else's hand: there is nothing to refuse.
    await unbindProject(at, loose, a).compensate(work, { workspace: 'shrunk' }, undefined);
    await bindProject(at, loose, 'shrunk').run(work, { note: null });
    expect(await workspaceOf(loose.name)).toBe('shrunk');
  });
});

describe('a run whose driver dies once the project is out is not taken back into it', { timeout: 60_000 }, () => {
  const done = (step: string) => (entry: JournalEntry) =>
    (entry.type === 'items-done' || entry.type === 'done') && entry.step === step ? ('after' as const) : undefined;

  test.each([
    [
      'namespaces.move',
      done('project'),
      (name: string, journal: JournalStore) =>
        scene.federation.namespaces.unbind({ cluster: 'm', name }, { apps: 'follow', journal }),
    ],
    [
      'workspaces.delete',
      done('unbind'),
      (_name: string, journal: JournalStore) =>
        scene.federation.workspaces.delete('shrunk', { projects: 'keep', apps: 'keep' }, { journal }),
    ],
  ] as const)('%s', async (workflow, death, call) => {
    const { name, uid } = await project('shrunk');
    const app = `app-of-${name}`;
    const labels = {
      [workspaceLabel]: 'shrunk',
      'kubesphere.io/namespace': name,
      'kubesphere.io/cluster': 'm',
    };
    await host().create(kubesphere.helmReleases, { metadata: { name: app, labels }, spec: { name: app } });
    const journal = memoryJournal();
    await expect(call(name, mortal(journal, death))).rejects.toMatchObject({ code: 'JOURNAL_INVALID' });
    expect(await workspaceOf(name)).toBeUndefined();
    for await (const runId of journal.runs()) {
      const taking = await rollback(methodWorkflows[workflow] as never, runId, { env: scene.federation, journal });
      expect(await taking.settled()).toMatchObject({
        state: 'rollback-incomplete',
        residue: expect.arrayContaining([
          expect.objectContaining({
            resource: expect.objectContaining({ uid }),
            code: 'KEPT_AT_RISK',
            why: expect.stringMatching(/"shrunk" is about to be deleted/),
            remedy: expect.stringMatching(/namespaces\.bind/),
          }),
        ]),
      });
    }
    expect(await m().get(core.namespaces, { name })).toMatchObject({ metadata: { uid } });
    expect(await workspaceOf(name)).toBeUndefined();
  });
});
