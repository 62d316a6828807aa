import { describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { compareProjects, createProjects, createWorkspace } from '../../../src/testing/index.ts';
import {
  app,
  expectGone,
  expectNothingLost,
  expectWhole,
  keepAll,
  observe,
  patient,
  team,
  world,
} from './delete-kit.ts';

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
