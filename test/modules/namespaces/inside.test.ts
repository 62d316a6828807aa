import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { openCluster } from '../../../src/kubesphere/cluster.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { amountOf, sameAmounts, sameLimits } from '../../../src/modules/namespaces/amounts.ts';
import { inProject } from '../../../src/modules/namespaces/resources.ts';
import { setLabel } from '../../../src/modules/operations/set-label.ts';
import { transferProject } from '../../../src/modules/operations/transfer-project.ts';
import type { Work } from '../../../src/modules/work.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { appOf, projectOnM, workspaceOfApp, workspaceOnM } from './specs/start.ts';

let world: ModuleWorld;
let workspace = '';
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  workspace = await workspaceOnM(world);
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const m = () => world.clusters.m.connection;
const patient = { timeout: 60_000 };
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });
const work: Work = {
  signal: new AbortController().signal,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  runId: 'run-1',
  confirmDriver: async () => {},
};

describe('people of a project', patient, () => {
  test('a RoleBinding that gives others the role too is left alone: neither changed nor taken', async () => {
    const { name } = await projectOnM(world, workspace);
    const rbac = 'rbac.authorization.k8s.io';
    const subjects = ['ann', 'bob'].map((user) => ({ kind: 'User', apiGroup: rbac, name: user }));
    await m().create(core.roleBindings, {
      metadata: { namespace: name, name: 'both' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'viewer' },
      subjects,
    });
    const at = { cluster: 'm', name, user: 'ann' };
    const refused = refusal('PLAN_BLOCKED', /both gives ann, bob the role "viewer" at once/);
    await expect(world.federation.namespaces.removeUser(at)).rejects.toMatchObject(refused);
    await expect(world.federation.namespaces.inviteUser({ ...at, role: 'admin' })).rejects.toMatchObject(refused);
    const bindings = await m().list(core.roleBindings, { namespace: name }).toArray();
    expect(bindings.map((binding) => [binding.metadata.name, binding.subjects?.length])).toEqual([['both', 2]]);
  });

  test('roles that people made are found by listing, and a wrong one is answered with those that there are', async () => {
    const { name } = await projectOnM(world, workspace);
    await m().create(core.roles, { metadata: { namespace: name, name: 'release-manager' }, rules: [] });
    const invite = (role: string) => world.federation.namespaces.inviteUser({ cluster: 'm', name, user: 'ann', role });
    await expect(invite('owner')).rejects.toMatchObject(
      refusal('NOT_FOUND', /no role "owner"; it has admin, operator, release-manager, viewer/),
    );
    expect(await invite('release-manager')).toMatchObject({ outcome: 'changed' });
  });
});

describe('limits of a project', patient, () => {
  test('quantities are compared by what they mean, however a server writes them', () => {
    expect(['1Gi', '500m', '2e3', '0.5', '10k', '1Ki'].map(amountOf)).toEqual([2 ** 30, 0.5, 2000, 0.5, 10_000, 1024]);
    expect(['', '1 Gi', 'many', '1gi', '--1'].map(amountOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(sameAmounts({ cpu: '4000m', memory: '1024Mi' }, { cpu: '4', memory: '1Gi' })).toBe(true);
    expect(sameAmounts({ cpu: '4' }, { cpu: '4', memory: '1Gi' })).toBe(false);
    const asked = [{ type: 'Container', max: { cpu: '2' } }] as const;
    const filled = [
      { type: 'Container', max: { cpu: '2' }, default: { cpu: '2' }, defaultRequest: { cpu: '2' } },
    ] as const;
    expect(sameLimits(asked, filled)).toBe(true);
    expect(sameLimits(asked, [{ ...filled[0], default: { cpu: '1' } }])).toBe(false);
    expect(sameLimits([{ ...asked[0], type: 'Pod' }], filled)).toBe(false);
  });

  test('of two LimitRanges one must be named; the copy of a federated one is left to its host', async () => {
    const { name } = await projectOnM(world, workspace);
    const limits = [{ type: 'Container', default: { cpu: '1' } }] as const;
    for (const range of ['first', 'second'])
      await m().create(inProject.limitRanges, { metadata: { namespace: name, name: range }, spec: { limits } });
    const set = (range?: string) =>
      world.federation.namespaces.setLimitRange({
        cluster: 'm',
        name,
        limits: [{ type: 'Container', default: { cpu: '2' } }],
        ...(range !== undefined && { range }),
      });
    await expect(set()).rejects.toMatchObject({ code: 'INVALID', details: { field: 'range' } });
    expect(await set('second')).toMatchObject({ outcome: 'changed' });
    const other = await projectOnM(world, workspace);
    await m().create(inProject.quotas, {
      metadata: { namespace: other.name, name: other.name, labels: { [managedLabel]: 'true' } },
      spec: { hard: { pods: '1' } },
    });
    await expect(
      world.federation.namespaces.setQuota({ cluster: 'm', name: other.name, hard: { pods: '2' } }),
    ).rejects.toMatchObject(refusal('PLAN_BLOCKED', /copy of a federated one/));
    expect((await world.federation.namespaces.quotas(other))[0]?.hard).toEqual({ pods: '1' });
  });
});

describe('the writes of a transfer, alone', patient, () => {
  test('a project is put into a Workspace that is alive only, and back into one that is', async () => {
    const from = await workspaceOnM(world);
    const project = await projectOnM(world, from);
    const cluster = await openCluster(m());
    const label = async () =>
      (await m().get(core.namespaces, { name: project.name })).metadata.labels?.[workspaceLabel];
    await expect(transferProject(cluster, project, 'ghosts').run(work, { workspace: from })).rejects.toMatchObject(
      refusal('WORLD_MOVED', /"ghosts" is not there.*Nothing was bound/),
    );
    expect(await label()).toBe(from);
    const operation = transferProject(cluster, project, workspace);
    await operation.run(work, { workspace: from });
    await operation.verify(work, { workspace: from }, undefined);
    await expect(operation.compensate(work, { workspace: 'ghosts' }, undefined)).rejects.toMatchObject(
      refusal('WORLD_MOVED', /"ghosts".*is gone or going by now.*left in/),
    );
    expect(await label()).toBe(workspace);
    await operation.compensate(work, { workspace: from }, undefined);
    expect(await label()).toBe(from);
    const owner = await m().get(kubesphere.workspaces, { name: from });
    const { ownerReferences } = (await m().get(core.namespaces, { name: project.name })).metadata;
    expect(ownerReferences?.map(({ uid }) => uid)).toEqual([owner.metadata.uid]);
  });

  test('an app that somebody gave to a third workspace meanwhile is theirs; one made again is another one', async () => {
    const app = world.fresh('rls');
    await appOf(world, 'm', app, { workspace: 'theirs', project: 'x' });
    const { uid } = (await m().get(kubesphere.helmReleases, { name: app })).metadata;
    const cluster = await openCluster(m());
    const operation = setLabel(
      cluster,
      kubesphere.helmReleases,
      { name: app, uid },
      { label: workspaceLabel, to: workspace },
    );
    const refused = refusal('WORLD_MOVED', /is "theirs" by now/);
    await expect(operation.run(work, { value: 'former' })).rejects.toMatchObject(refused);
    await expect(operation.compensate(work, { value: 'former' }, undefined)).rejects.toMatchObject(refused);
    const former = setLabel(
      cluster,
      kubesphere.helmReleases,
      { name: app, uid: 'former' },
      { label: workspaceLabel, to: workspace },
    );
    await former.run(work, { value: 'theirs' });
    expect(await workspaceOfApp(world, 'm', app)).toBe('theirs');
  });
});
