import { describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { kubesphereNamespace, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { MigrationInput } from '../../../src/migration/input.ts';
import { memberMigration } from '../../../src/migration/member-migration.ts';
import { createWorkspace, until } from '../../../src/testing/index.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { plan, run } from '../../../src/workflow/run.ts';
import { recordWrites } from '../kit.ts';
import { all, background, blocked, during, refused, scene } from './kit.ts';

describe('a plan is blocked, and nothing is written', () => {
  test('while nothing is in the way it is not', async () => {
    using recorder = recordWrites(scene);
    const { blocked, steps } = await plan(memberMigration, all, { env: scene.env() });
    expect(blocked).toEqual([]);
    expect(steps.map(({ name }) => name)).toContain('pivot');
    // What somebody has to look after is told, and stands in nobody's way.
    const people = steps.find(({ name }) => name === 'check-people')?.forecast;
    const told = people?.effect === 'none' ? (people.out as { findings: { code: string }[] }).findings : [];
    expect(told.map(({ code }) => code)).toEqual(expect.arrayContaining(['OLD_CREDENTIALS', 'PLACEMENTS_STAY']));
    expect(recorder.writes).toEqual([]);
  });

  test('while projects are named nowhere', async () => {
    await blocked('UNCOVERED', /team-b-001.*retain or leave/s, { retain: { workspaces: ['team-a'] } });
  });

  test('while the new host lacks a manager; everything in the way is named at once', async () => {
    const input = { retain: { namespaces: ['team-a-001'] }, workspaces: { 'team-a': { manager: 'nobody' } } };
    await blocked('MANAGER', /no user "nobody", the manager of workspace "team-a".*Create the user/s, input);
    await blocked('UNCOVERED', /team-a-002, team-b-001/, input);
  });

  test('while the new host has a workspace of the same name: until it is the same, or gets another name', async () => {
    const { connection } = scene.clusters.b;
    await during(
      () => createWorkspace(connection, { name: 'team-a', manager: 'team-a-manager' }),
      () => connection.delete(kubesphere.workspaceTemplates, { name: 'team-a' }, background),
      async () => {
        await blocked('WORKSPACE_NAME', /b has a workspace "team-a" already.*existing: 'join'/s);
        const join = { retain: 'all', workspaces: { 'team-a': { existing: 'join' } } } as const;
        const isolate = (networkIsolation: boolean | null) =>
          connection.patch(
            kubesphere.workspaceTemplates,
            { name: 'team-a' },
            { type: 'merge', body: { spec: { template: { spec: { networkIsolation } } } } },
          );
        await isolate(true);
        await blocked(
          'NETWORK_ISOLATION',
          /"team-a" of b has network isolation on, workspace "team-a" of the member/,
          join,
        );
        await isolate(null);
        for (const move of [{ existing: 'join' }, { to: 'team-c' }] as const) {
          const shown = await plan(
            memberMigration,
            { retain: 'all', workspaces: { 'team-a': move } },
            { env: scene.env() },
          );
          expect(shown.blocked).toEqual([]);
        }
      },
    );
    await until('it is gone', async () => !(await connection.find(kubesphere.federatedWorkspaces, { name: 'team-a' })));
    await blocked('NOTHING_TO_JOIN', /which has none/, {
      retain: 'all',
      workspaces: { 'team-a': { existing: 'join' } },
    });
  });

  test("while the new host's jwtSecret cannot be read", async () => {
    const lift = scene.clusters.b.intercept(({ verb, resource, name }) =>
      verb === 'get' && resource === 'configmaps' && name === 'kubesphere-config'
        ? {
            status: 403,
            body: {
              kind: 'Status',
              apiVersion: 'v1',
              status: 'Failure',
              reason: 'Forbidden',
              code: 403,
              message: 'no',
            },
          }
        : undefined,
    );
    try {
      await blocked('JWT_SECRET', /jwtSecret of b cannot be read.*kubesphere-config/s);
    } finally {
      lift();
    }
  });

  test('while controllers are down', async () => {
    const at = { namespace: kubesphereNamespace, name: 'ks-controller-manager' };
    const replicas = (availableReplicas: number) =>
      scene.clusters.m.connection.patch(
        core.deployments,
        at,
        { type: 'merge', body: { status: { availableReplicas } } },
        { subresource: 'status' },
      );
    await during(
      () => replicas(0),
      () => replicas(1),
      () => blocked('CONTROLLERS', /m: ks-controller-manager is not available/),
    );
  });

  test('while the old host is not named, or said to be gone and at work', async () => {
    const { source: _source, ...env } = scene.env();
    const without = async (input: MigrationInput) => {
      using recorder = recordWrites(scene);
      const error = await run(memberMigration, input, { env, journal: memoryJournal() }).catch(
        (thrown: unknown) => thrown,
      );
      expect(recorder.writes).toEqual([]);
      return String(error);
    };
    const unknown = await without(all);
    expect(unknown).toMatch(
      /\[SOURCE_UNKNOWN\].*bears the marks of a host.*kubesphere-config names it "m".*sourceGone: true/s,
    );
    expect(unknown).toContain('[NO_WAY]');
    expect(await without({ ...all, sourceGone: true })).toMatch(/\[SOURCE_ALIVE\].*a kubefed wrote there/s);
  });

  test('while the member is a host itself', async () => {
    const { connection } = scene.clusters.m;
    await during(
      () =>
        connection.create(kubesphere.clusters, { metadata: { name: 'own' }, spec: { connection: { type: 'direct' } } }),
      () => connection.delete(kubesphere.clusters, { name: 'own' }, background),
      () => blocked('MEMBER_IS_HOST', /itself a host, or was one: it has cluster\(s\) own.*goes on managing them\./s),
    );
  });

  test('while a host has the member under another name', async () => {
    const { connection } = scene.clusters.m;
    const at = { namespace: 'kube-federation-system', name: 'edge-1-kubesphere' };
    await during(
      () => connection.create(core.serviceAccounts, { metadata: at }),
      () => connection.delete(core.serviceAccounts, at, background),
      () => blocked('OTHER_HOST', /edge-1-kubesphere in kube-federation-system.*unbind the cluster there/s),
    );
  });

  test('while another run holds the fence', async () => {
    const { connection } = scene.clusters.m;
    const at = { namespace: kubesphereNamespace, name: 'kubesphere-federation-fence' };
    await during(
      () =>
        connection.create(core.configMaps, {
          metadata: at,
          data: { run: 'run-other', target: 'elsewhere', since: 'yesterday' },
        }),
      () => connection.delete(core.configMaps, at, background),
      async () => {
        const error = await refused(all);
        expect(error).toMatchObject({
          code: 'PLAN_BLOCKED',
          message: expect.stringMatching(
            /run run-other \(to host elsewhere, begun yesterday\).*Resume or roll back that run/s,
          ),
        });
      },
    );
  });

  test('while secrets parked by another run are there', async () => {
    const { connection } = scene.clusters.a;
    const at = { namespace: kubesphereNamespace, name: 'kubesphere-federation-parked-m' };
    await during(
      () => connection.create(core.secrets, { metadata: at, data: {} }),
      () => connection.delete(core.secrets, at, background),
      async () =>
        expect(String(await refused(all))).toMatch(
          /a: Secret kubesphere-system\/kubesphere-federation-parked-m.*parked by another run/s,
        ),
    );
  });

  test('while a shield of an earlier run is up', async () => {
    const { connection } = scene.clusters.m;
    const name = 'kubesphere-federation-move-m-namespaces';
    await during(
      () =>
        connection.create(core.validatingAdmissionPolicies, {
          metadata: { name },
          spec: { matchConstraints: { resourceRules: [] }, validations: [{ expression: 'true' }] },
        }),
      () => connection.delete(core.validatingAdmissionPolicies, { name }, background),
      () => blocked('OLD_SHIELD', new RegExp(`${name} is there from an earlier run`)),
    );
  });

  test('without the shield, while a template of its own would take its Workspace along', async () => {
    await blocked('SHIELD_NEEDED', /team-a, team-b: without the shield/, { retain: 'all', shield: false });
  });

  test('for what the projects are; the names are told', async () => {
    // Which project is what is read from labels and owners alone.
    const { connection } = scene.clusters.m;
    const set = (labels: object, ownerReferences: object[]) =>
      connection.patch(
        core.namespaces,
        { name: 'alone' },
        { type: 'merge', body: { metadata: { labels, ownerReferences } } },
      );
    const crd = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'cluster-admin' };
    const owner = (await connection.get(core.clusterRoles, { name: 'cluster-admin' })).metadata.uid;
    await during(
      () =>
        connection.create(core.namespaces, { metadata: { name: 'alone', labels: { [workspaceLabel]: 'nowhere' } } }),
      () => connection.delete(core.namespaces, { name: 'alone' }, background),
      async () => {
        await blocked('DANGLING', /alone: the workspace that the label names is not on the member/);
        await set({ 'kubesphere.io/devopsproject': 'alone' }, [{ ...crd, uid: owner, controller: true }]);
        await blocked('DEVOPS', /alone: DevOps project/);
      },
    );
    await until('it is gone', async () => !(await connection.find(core.namespaces, { name: 'alone' })));
  });
});
