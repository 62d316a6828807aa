import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { hostStubLabel, kubefedNamespace, managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { shrinkKeep } from '../../../src/modules/placement/shrink.ts';
import { changePlacement } from '../../../src/modules/placement-guard.ts';
import { createProjects, createWorkspace, until, untilFederated } from '../../../src/testing/index.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { rollback } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { beforePlacing, during, isThere, listOf, lookBackMs, placedOn, team, watchOver } from './scene.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterEach(() => world.calm());
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const slow = { timeout: 120_000 };
const nothingLost = (kept: number) => ({ lost: [], kept, contents: [] });
const keep = () => ({ projects: 'keep' as const, lookBackMs: lookBackMs(world) });
const losing = (list: Awaited<ReturnType<typeof listOf>>) => ({
  projects: { delete: list },
  lookBackMs: lookBackMs(world),
});
const workspaceOf = async (name: string): Promise<string | undefined> =>
  (await world.clusters.m.connection.get(core.namespaces, { name })).metadata.labels?.[workspaceLabel];

/** Of a call that halted: the id of its run. */
const haltedBy = async (calling: Promise<unknown>, code: string, message: RegExp): Promise<string> => {
  const error: unknown = await calling.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    code,
    message: expect.stringMatching(message),
    details: { runId: expect.any(String), state: 'paused' },
  });
  return FederationError.is(error) ? String((error.details as { runId: string }).runId) : '';
};
const takeBack = async (runId: string, journal: JournalStore): Promise<unknown> =>
  (await rollback(shrinkKeep, runId, { env: world.federation, journal })).settled();
const noShield = async () =>
  (await world.clusters.m.connection.list(core.validatingAdmissionPolicies).toArray()).length;

describe('projects that are kept', slow, () => {
  test.for([
    { plain: 4, federated: 0 },
    { plain: 0, federated: 2 },
    { plain: 5, federated: 3 },
  ])('$plain plain and $federated multi-cluster ones, with all that is in them, outlive the shrink', async (counts) => {
    const { clusters, federation } = world;
    const one = await team(clusters, world.fresh('team'), counts);
    const other = await team(clusters, world.fresh('team'), { plain: 2 });
    const names = [...one.plain, ...one.federated];
    const [watch, others] = [await watchOver(clusters, names), await watchOver(clusters, other.plain)];
    expect(await federation.clusters.revoke('m', [one.workspace], keep())).toMatchObject([{ outcome: 'changed' }]);
    expect(await isThere(clusters.m, one.workspace)).toBe(false);
    // Long enough for a host that puts labels back, and for whoever deletes what bears them.
    await new Promise((done) => setTimeout(done, 3 * lookBackMs(world)));
    expect(await watch()).toEqual(nothingLost(names.length));
    expect(await others()).toEqual(nothingLost(2));
    expect(await isThere(clusters.m, other.workspace)).toBe(true);
    for (const name of names) expect(await workspaceOf(name)).toBeUndefined();
    expect(await noShield()).toBe(0);
    const left = await clusters.m.connection.list(core.configMaps, { labelSelector: `${managedLabel}=true` }).toArray();
    expect(left.filter(({ metadata }) => names.includes(metadata.namespace ?? ''))).toEqual([]);
  });

  test('their apps, whose records are on the host, no longer hang on the workspace', async () => {
    const { clusters, federation } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'));
    const app = async (name: string, cluster: string) =>
      clusters.a.connection.create(kubesphere.helmReleases, {
        metadata: {
          name,
          labels: {
            [workspaceLabel]: workspace,
            'kubesphere.io/cluster': cluster,
            'kubesphere.io/namespace': plain[0] ?? '',
          },
        },
        spec: { name },
      });
    const [mine, elsewhere] = [world.fresh('app'), world.fresh('app')];
    await app(mine, 'm');
    await app(elsewhere, 'n');
    await federation.clusters.revoke('m', [workspace], keep());
    const label = async (name: string) =>
      (await clusters.a.connection.get(kubesphere.helmReleases, { name })).metadata.labels?.[workspaceLabel];
    expect([await label(mine), await label(elsewhere)]).toEqual([undefined, workspace]);
  });

  test('the host itself: its own namespaces of multi-cluster projects live on, and with them the copies on members', async () => {
    const { clusters, federation } = world;
    const made = await team(clusters, world.fresh('team'), { plain: 0, federated: 1, clusters: ['m', 'host'] });
    const [stub = ''] = made.federated;
    await until('the host binds its own', async () => {
      const { metadata } = await clusters.a.connection.get(core.namespaces, { name: stub });
      return metadata.ownerReferences?.some(({ kind }) => kind === 'Workspace');
    });
    const watch = await watchOver(clusters, made.federated);
    const { uid, labels } = (await clusters.a.connection.get(core.namespaces, { name: stub })).metadata;
    expect(labels).toHaveProperty([hostStubLabel]);
    await expect(
      federation.workspaces.setPlacement(
        made.workspace,
        { clusters: ['m'] },
        losing([{ cluster: 'host', name: stub, uid }]),
      ),
    ).rejects.toMatchObject({ code: 'PLAN_BLOCKED', message: expect.stringMatching(/copies on every member/) });
    await federation.workspaces.setPlacement(made.workspace, { clusters: ['m'] }, keep());
    await new Promise((done) => setTimeout(done, 2 * lookBackMs(world)));
    expect((await clusters.a.connection.get(core.namespaces, { name: stub })).metadata.uid).toBe(uid);
    expect(await watch()).toEqual(nothingLost(1));
  });
});

describe('a call that shrinks', slow, () => {
  test('does nothing without a word on what becomes of the projects, by list or by selector', async () => {
    const { clusters, federation } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'));
    const watch = await watchOver(clusters, plain);
    for (const placement of [{ clusters: ['n'] }, { clusterSelector: { matchLabels: { tier: 'none' } } }])
      await expect(federation.workspaces.setPlacement(workspace, placement)).rejects.toMatchObject({
        code: 'INVALID',
        details: { field: 'projects' },
        message: expect.stringMatching(/would leave m/),
      });
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
    expect(await watch()).toEqual(nothingLost(1));
  });

  test('is refused while kubefed does not reach the cluster, or has not joined it', async () => {
    const { clusters, federation } = world;
    const { workspace } = await team(clusters, world.fresh('team'), { plain: 0 });
    const host = clusters.a.connection;
    const [joined, apart] = ['unready', 'apart'];
    await host.create(kubesphere.kubeFedClusters, {
      metadata: { namespace: kubefedNamespace, name: joined },
      spec: { apiEndpoint: 'https://127.0.0.1:1', secretRef: { name: 'none' } },
    });
    await host.create(kubesphere.clusters, {
      metadata: { name: apart },
      spec: { joinFederation: false, connection: { type: 'direct' } },
    });
    const body = { spec: { placement: { clusters: [{ name: 'm' }, { name: joined }, { name: apart }] } } };
    await host.patch(kubesphere.workspaceTemplates, { name: workspace }, { type: 'merge', body });
    for (const [name, why] of [
      [joined, /KubeFedCluster is not Ready/],
      [apart, /KubeFedCluster is not there/],
    ] as const) {
      const clustersLeft = ['m', joined, apart].filter((one) => one !== name);
      await expect(
        federation.workspaces.setPlacement(workspace, { clusters: clustersLeft }, keep()),
      ).rejects.toMatchObject({ code: 'UNREACHABLE', message: expect.stringMatching(why) });
    }
    expect(await placedOn(clusters, workspace)).toEqual(['m', joined, apart]);
    await host.delete(
      kubesphere.kubeFedClusters,
      { namespace: kubefedNamespace, name: joined },
      { propagationPolicy: 'Background' },
    );
    await host.delete(kubesphere.clusters, { name: apart }, { propagationPolicy: 'Background' });
  });

  test('is refused where the cluster that goes cannot be listed', async () => {
    const { clusters, federation, proxies } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'));
    const watch = await watchOver(clusters, plain);
    const list = await listOf(clusters, plain);
    for (const shrink of [keep(), losing(list)])
      for (const [mishap, code] of [
        [{ status: 403, reason: 'Forbidden' }, 'FORBIDDEN'],
        ['refused', 'UNREACHABLE'],
      ] as const) {
        proxies.m.hinder(({ path }) => (path === '/api/v1/namespaces' ? mishap : undefined));
        const calling = federation.workspaces.setPlacement(workspace, { clusters: [] }, shrink, { retry: false });
        await expect(calling).rejects.toMatchObject({ code });
      }
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
    expect(await watch()).toEqual(nothingLost(1));
  });

  test('goes by the UID of the cluster: one that messages call the same is not it', async () => {
    const { clusters, federation } = world;
    const { workspace } = await team(clusters, world.fresh('team'), { plain: 0 });
    const astray = { host: federation.host, member: async () => federation.member('n') };
    await expect(
      changePlacement(astray, { kind: 'workspace', name: workspace }, { remove: ['m'] }, keep()),
    ).rejects.toMatchObject({ code: 'ENV_CHANGED' });
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
  });

  test('is refused while the Workspace owns a namespace by way of something else', async () => {
    const { clusters, federation } = world;
    const { workspace } = await team(clusters, world.fresh('team'), { plain: 0 });
    const { connection } = clusters.m;
    const owner = (await connection.get(kubesphere.workspaces, { name: workspace })).metadata;
    const role = await connection.create(core.clusterRoles, {
      metadata: {
        name: world.fresh('owned'),
        ownerReferences: [
          { apiVersion: 'tenant.kubesphere.io/v1alpha1', kind: 'Workspace', name: workspace, uid: owner.uid },
        ],
      },
      rules: [],
    });
    const { name, uid } = role.metadata;
    const namespace = world.fresh('deep');
    await connection.create(core.namespaces, {
      metadata: {
        name: namespace,
        ownerReferences: [{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name, uid }],
      },
    });
    await expect(federation.workspaces.setPlacement(workspace, { clusters: [] }, keep())).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(`m/${namespace} would be deleted`),
    });
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
  });
});

describe('a list of what may be deleted', slow, () => {
  test('must be exactly what would be: too few, too many, and another of the same name are named', async () => {
    const { clusters, federation } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'), { plain: 2 });
    const watch = await watchOver(clusters, plain);
    const [first, second] = await listOf(clusters, plain);
    if (first === undefined || second === undefined) throw new Error('two projects');
    const wrong = [
      { list: [], named: [first.name, second.name] },
      { list: [first], named: [second.name] },
      { list: [first, second, { cluster: 'm', name: 'default', uid: 'x' }], named: ['m/default'] },
      { list: [first, { ...second, uid: 'other' }], named: [`${second.uid}`, 'UID other'] },
      { list: [first, { ...second, cluster: 'n' }], named: [`m/${second.name}`, `n/${second.name}`] },
    ];
    for (const { list, named } of wrong)
      for (const calling of [
        () => federation.workspaces.setPlacement(workspace, { clusters: [] }, losing(list)),
        () => federation.clusters.revoke('m', [workspace], losing(list)),
      ]) {
        const error: unknown = await calling().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'PLAN_BLOCKED' });
        for (const name of named) expect(String(error)).toContain(name);
      }
    expect(await watch()).toEqual(nothingLost(2));
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
  });

  test('covers all workspaces of one call, and nothing is done for the first when it is wrong for the second', async () => {
    const { clusters, federation } = world;
    const [one, two] = [await team(clusters, world.fresh('team')), await team(clusters, world.fresh('team'))];
    const [mine, theirs] = [await listOf(clusters, one.plain), await listOf(clusters, two.plain)];
    const workspaces = [one.workspace, two.workspace];
    await expect(federation.clusters.revoke('m', workspaces, losing(mine))).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      details: { unlisted: [expect.stringContaining(two.plain[0] ?? '')], untaken: [] },
    });
    expect(await placedOn(clusters, one.workspace)).toEqual(['m']);
    const done = await federation.clusters.revoke('m', workspaces, losing([...mine, ...theirs]));
    expect(done).toMatchObject([{ outcome: 'changed' }, { outcome: 'changed' }]);
  });

  test('is compared once more right before the write: a project that came since saves them all', async () => {
    const { clusters, federation } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'));
    const late = world.fresh('late');
    const watch = await watchOver(clusters, plain);
    const joins = () => createProjects(clusters.m.connection, { workspace, names: [late], creator: 'ann' });
    const shrink = losing(await listOf(clusters, plain));
    await expect(
      federation.workspaces.setPlacement(workspace, { clusters: [] }, shrink, {
        journal: during(memoryJournal(), beforePlacing, joins),
      }),
    ).rejects.toMatchObject({ code: 'KEPT_AT_RISK', message: expect.stringContaining(late) });
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
    expect(await watch()).toEqual(nothingLost(1));
    expect(await workspaceOf(late)).toBe(workspace);
  });
});

describe('what others do meanwhile', slow, () => {
  test('a project that joins after the others were unbound stops it; rolled back, all of them are bound again', async () => {
    const { clusters, federation } = world;
    const { workspace, plain, federated } = await team(clusters, world.fresh('team'), { plain: 2, federated: 1 });
    const late = world.fresh('late');
    const watch = await watchOver(clusters, [...plain, ...federated]);
    const joins = () => createProjects(clusters.m.connection, { workspace, names: [late], creator: 'ann' });
    const journal = during(memoryJournal(), beforePlacing, joins);
    const calling = federation.workspaces.setPlacement(workspace, { clusters: [] }, keep(), { journal });
    const runId = await haltedBy(calling, 'WORLD_MOVED', new RegExp(late));
    expect(await isThere(clusters.m, workspace)).toBe(true);
    expect(await noShield()).toBe(1);
    expect(await takeBack(runId, journal)).toMatchObject({ state: 'rolled-back' });
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
    for (const name of [late, ...plain, ...federated]) expect(await workspaceOf(name)).toBe(workspace);
    expect(await watch()).toEqual(nothingLost(3));
    expect(await noShield()).toBe(0);
  });

  test('one that a host labels again while it is looked back at stops it', async () => {
    const { clusters, federation } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'));
    const again = async () => {
      const body = { metadata: { labels: { [workspaceLabel]: workspace } } };
      await clusters.m.connection.patch(core.namespaces, { name: plain[0] ?? '' }, { type: 'merge', body });
    };
    const lookingBack = (entry: JournalEntry) => entry.type === 'captured' && entry.step === 'look-back';
    await expect(
      federation.workspaces.setPlacement(workspace, { clusters: [] }, keep(), {
        journal: during(memoryJournal(), lookingBack, again),
      }),
    ).rejects.toMatchObject({ code: 'WORLD_MOVED', message: expect.stringContaining(plain[0] ?? '') });
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
  });

  test('an edit of the list at the same moment: the cluster that was meant goes, the one that came stays (H9)', async () => {
    const { clusters, federation } = world;
    const { workspace } = await team(clusters, world.fresh('team'), { clusters: ['n', 'm'], plain: 1 });
    // Whoever goes by an index would now take off another one.
    const reorder = async () => {
      const body = { spec: { placement: { clusters: [{ name: 'm' }, { name: 'host' }, { name: 'n' }] } } };
      await clusters.a.connection.patch(kubesphere.workspaceTemplates, { name: workspace }, { type: 'merge', body });
    };
    await federation.workspaces.placement(workspace);
    await changePlacement(federation, { kind: 'workspace', name: workspace }, { remove: ['m'] }, keep(), {
      journal: during(memoryJournal(), beforePlacing, reorder),
    });
    expect(await placedOn(clusters, workspace)).toEqual(['host', 'n']);
    expect(await isThere(clusters.n, workspace)).toBe(true);
  });

  test('a cluster that somebody adds is not taken off by a list that does not know it', async () => {
    const { clusters, federation } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'));
    const watch = await watchOver(clusters, plain);
    const adds = () => createWorkspace(clusters.a.connection, { name: workspace, manager: 'ann', clusters: ['n'] });
    const journal = during(memoryJournal(), beforePlacing, adds);
    const calling = federation.workspaces.setPlacement(workspace, { clusters: [] }, keep(), { journal });
    const runId = await haltedBy(calling, 'KEPT_AT_RISK', /off n, which was not foreseen/);
    await untilFederated(clusters.a.connection, { name: 'n', workspaces: [workspace] });
    // The placement is what somebody else made of it: that is left, and everything else is as before.
    const outcome = await takeBack(runId, journal);
    expect(outcome).toMatchObject({ state: 'rollback-incomplete', residue: [{ step: 'place', code: 'WORLD_MOVED' }] });
    expect(await placedOn(clusters, workspace)).toEqual(['m', 'n']);
    expect(await watch()).toEqual(nothingLost(1));
    expect(await workspaceOf(plain[0] ?? '')).toBe(workspace);
  });
});

describe('a project that is named for deletion, and protected', slow, () => {
  const protectedTeam = async () => {
    const { clusters, federation } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'), { plain: 1 });
    const list = await listOf(clusters, plain);
    const protection = () => federation.namespaces.protect({ cluster: 'm', names: [...plain] });
    return { workspace, plain, list, protection };
  };

  test('stands against it before anything is written: else the placement shrinks, and the rest waits for ever', async () => {
    const { workspace, list, protection } = await protectedTeam();
    await protection();
    const { clusters } = world.federation;
    const revoking = clusters.revoke('m', [workspace], losing(list)).catch((error: { readonly cause?: unknown }) => {
      throw error.cause;
    });
    await expect(revoking).rejects.toMatchObject({
      code: 'PLAN_BLOCKED',
      message: expect.stringMatching(/named for deletion, and protected/),
    });
    expect(await isThere(world.clusters.m, workspace)).toBe(true);
  });

  test('at the last moment, too', async () => {
    const { workspace, list, protection } = await protectedTeam();
    const journal = during(memoryJournal(), beforePlacing, protection);
    const revoking = world.federation.clusters.revoke('m', [workspace], losing(list), { journal });
    await expect(
      revoking.catch((error: { readonly cause?: unknown }) => Promise.reject(error.cause)),
    ).rejects.toMatchObject({ code: 'KEPT_AT_RISK' });
    expect(await isThere(world.clusters.m, workspace)).toBe(true);
  });
});
