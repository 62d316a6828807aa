import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core, defineResource, type Untyped } from '../../../src/kube/resources.ts';
import { devopsLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { moveOperation } from '../../../src/modules/namespaces/move-workflow.ts';
import { addForeignOwner, createFederatedProjects } from '../../../src/testing/index.ts';
import { sandboxGround } from '../../grounds.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { appOf, expectIn, projectOnM, strayOnM, workspaceOfApp, workspaceOnM } from './specs/start.ts';

let world: ModuleWorld;
let [from, to] = ['', ''];
beforeAll(async () => {
  world = await startWorld(sandboxGround);
  [from, to] = [await workspaceOnM(world), await workspaceOnM(world)];
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const m = () => world.clusters.m.connection;
const label = (name: string, labels: object) =>
  m().patch(core.namespaces, { name }, { type: 'merge', body: { metadata: { labels } } });
const labelOf = async (name: string) => (await m().get(core.namespaces, { name })).metadata.labels?.[workspaceLabel];
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

describe('what is not moved', { timeout: 60_000 }, () => {
  test('a copy of a multi-cluster project, and its stub on the host: neither bound, nor unbound, nor transferred', async () => {
    const name = world.fresh('fed');
    await createFederatedProjects(world.clusters.a.connection, { workspace: from, names: [name], clusters: ['m'] });
    const { namespaces } = world.federation;
    const refused = refusal('INVALID', /multi-cluster project; its host puts the label back\./);
    for (const cluster of ['m', 'a']) {
      await expect(namespaces.bind({ cluster, name, workspace: to })).rejects.toMatchObject(refused);
      await expect(namespaces.unbind({ cluster, name })).rejects.toMatchObject(refused);
      await expect(namespaces.transfer({ cluster, name, workspace: to })).rejects.toMatchObject(refused);
    }
    expect(await labelOf(name)).toBe(from);
  });

  test('the backing namespace of a DevOps project, unless it is named', async () => {
    const { name } = await strayOnM(world);
    await label(name, { [devopsLabel]: 'pipes' });
    const binding = (devops: string[]) =>
      world.federation.namespaces.bind({ cluster: 'm', name, workspace: to }, { devops });
    await expect(binding(['another'])).rejects.toMatchObject(refusal('INVALID', /DevOps project.*Name it in "devops"/));
    expect(await labelOf(name)).toBeUndefined();
    expect(await binding([name])).toMatchObject({ outcome: 'changed' });
  });

  test('a namespace that is in system-workspace, whatever it is called', async () => {
    const { name } = await strayOnM(world);
    await label(name, { [workspaceLabel]: 'system-workspace' });
    for (const moving of [
      world.federation.namespaces.unbind({ cluster: 'm', name }),
      world.federation.namespaces.transfer({ cluster: 'm', name, workspace: to }),
    ])
      await expect(moving).rejects.toMatchObject(refusal('INVALID', /belongs to the installation/));
    expect(await labelOf(name)).toBe('system-workspace');
  });

  test('into a Workspace that is not there, or for which it has a controller of another kind; a dry run says so', async () => {
    const { name } = await projectOnM(world, from);
    const transfer = (workspace: string, dryRun = false) =>
      world.federation.namespaces.transfer({ cluster: 'm', name, workspace }, { dryRun });
    expect(await transfer('ghosts', true)).toMatchObject({
      forecast: { effect: 'blocked', why: expect.stringMatching(/Workspace "ghosts" is not there/) },
    });
    await expect(transfer('ghosts')).rejects.toMatchObject(refusal('PLAN_BLOCKED', /"ghosts" is not there.*Place/));
    const role = await m().get(core.clusterRoles, { name: 'reader' });
    const owner = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'reader', controller: true };
    const { name: loose } = await strayOnM(world);
    const ownerReferences = [{ ...owner, uid: role.metadata.uid }];
    await m().patch(core.namespaces, { name: loose }, { type: 'merge', body: { metadata: { ownerReferences } } });
    await expect(world.federation.namespaces.bind({ cluster: 'm', name: loose, workspace: to })).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /controlled by ClusterRole "reader"/),
    );
    await expectIn(world, name, from);
  });

  test('transferred: a namespace that is in no workspace', async () => {
    const { name } = await strayOnM(world);
    await expect(world.federation.namespaces.transfer({ cluster: 'm', name, workspace: to })).rejects.toMatchObject(
      refusal('PLAN_BLOCKED', /in no workspace.*Bind it instead/),
    );
  });
});

describe('transfer', { timeout: 60_000 }, () => {
  test('keeps foreign owners, and is in one of the two workspaces at every moment', async () => {
    const { name } = await projectOnM(world, from);
    const foreign = await addForeignOwner(m(), { projects: [name], owner: 'gitops' });
    const seen = new Set<string | undefined>();
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of m().watch(core.namespaces, {
        fieldSelector: `metadata.name=${name}`,
        signal: stop.signal,
      }))
        for (const one of event.type === 'synced' ? event.objects : [event.object])
          seen.add(one.metadata.labels?.[workspaceLabel]);
    })();
    await expect.poll(() => seen.size).toBe(1);
    await world.federation.namespaces.transfer({ cluster: 'm', name, workspace: to });
    await expect.poll(() => seen.size).toBe(2);
    stop.abort();
    await watching;
    expect(seen).toEqual(new Set([from, to]));
    const { ownerReferences } = (await m().get(core.namespaces, { name })).metadata;
    const owner = await m().get(kubesphere.workspaces, { name: to });
    expect(ownerReferences?.map(({ uid }) => uid).sort()).toEqual([foreign.uid, owner.metadata.uid].sort());
  });

  test('reads again after a concurrent edit, and leaves a project to whoever put it elsewhere meanwhile', async () => {
    const third = await workspaceOnM(world);
    for (const meanwhile of [{ note: 'theirs' }, { [workspaceLabel]: third }]) {
      const { name } = await projectOnM(world, from);
      let edits = 0;
      world.proxies.m.hinder(({ method, path }) => {
        if (method !== 'PATCH' || path !== `/api/v1/namespaces/${name}` || edits > 0) return undefined;
        edits += 1;
        editing = label(name, meanwhile);
        return { status: 409, reason: 'Conflict' };
      });
      let editing: Promise<unknown> = Promise.resolve();
      const transfer = world.federation.namespaces.transfer({ cluster: 'm', name, workspace: to });
      if ('note' in meanwhile) {
        expect(await transfer).toMatchObject({ outcome: 'changed' });
        expect((await m().get(core.namespaces, { name })).metadata.labels).toMatchObject({
          ...meanwhile,
          [workspaceLabel]: to,
        });
      } else {
        await expect(transfer).rejects.toMatchObject(refusal('WORLD_MOVED', /by now/));
        expect(await labelOf(name)).toBe(third);
      }
      await editing;
      expect(edits).toBe(1);
      world.calm();
    }
  });

  test('says which isolation, quota and pools change, as data, before it is done and after', async () => {
    const [strict, free] = [await workspaceOnM(world), await workspaceOnM(world)];
    const isolated = { spec: { template: { spec: { networkIsolation: true } } } };
    await world.clusters.a.connection.patch(
      kubesphere.workspaceTemplates,
      { name: strict },
      { type: 'merge', body: isolated },
    );
    await expect
      .poll(async () => (await m().get(kubesphere.workspaces, { name: strict })).spec?.networkIsolation, {
        timeout: 20_000,
      })
      .toBe(true);
    const hard = { 'limits.cpu': '4' };
    await m().create(kubesphere.resourceQuotas, {
      metadata: { name: strict, labels: { [workspaceLabel]: strict } },
      spec: { selector: { [workspaceLabel]: strict }, quota: { hard } },
    });
    const pools = defineResource<Untyped>({
      group: 'network.kubesphere.io',
      version: 'v1alpha1',
      kind: 'IPPool',
      plural: 'ippools',
    });
    await m().create(pools, { metadata: { name: 'pool-free', labels: { [workspaceLabel]: free } }, spec: {} });
    const { name } = await projectOnM(world, strict);
    const consequences = [
      { kind: 'network-isolation', before: true, after: null },
      { kind: 'workspace-quota', before: { [strict]: hard }, after: null },
      { kind: 'ip-pool', before: null, after: ['pool-free'] },
    ];
    const moved = { from: strict, to: free, apps: [], consequences };
    const at = { cluster: 'm', name, workspace: free };
    const planned = await world.federation.namespaces.transfer(at, { dryRun: true });
    expect(planned).toMatchObject({ outcome: 'dry-run', forecast: { effect: 'change', expects: moved } });
    expect(await world.federation.namespaces.transfer(at)).toEqual({ outcome: 'changed', result: moved });
  });
});

test('whoever is unbound is in no workspace, though what a list told of it names one', {
  timeout: 60_000,
}, async () => {
  const { namespaces } = world.federation;
  const [one, listed, together] = [
    await projectOnM(world, from),
    await projectOnM(world, to),
    await projectOnM(world, to),
  ];
  const list = await (await namespaces.list({ cluster: 'm', workspace: to })).toArray();
  const told = list.filter(({ name }) => name === listed.name).map((info) => ({ cluster: 'm', ...info }));
  const inIt = { cluster: 'm', workspace: to };
  expect(await namespaces.unbind({ ...inIt, name: one.name })).toMatchObject({
    outcome: 'changed',
    result: { from, to: null },
  });
  expect(await namespaces.unbind(told)).toMatchObject([{ outcome: 'changed' }]);
  expect(await namespaces.unbind({ ...inIt, names: [together.name] })).toMatchObject([{ outcome: 'changed' }]);
  for (const { name } of [one, listed, together]) await expectIn(world, name, undefined);
});

test('another project under the name that a list told is not meant, by whatever verb; it says so beforehand', {
  timeout: 60_000,
}, async () => {
  const { namespaces } = world.federation;
  const { name, uid } = await projectOnM(world, from);
  const another = { cluster: 'm', name, uid: 'former', workspace: to };
  const moved = refusal('CONFLICT', /has UID .*, not former: it is another one by now\. Nothing was changed/);
  for (const options of [{}, { dryRun: true }]) {
    for (const verb of ['bind', 'unbind', 'transfer'] as const)
      await expect(namespaces[verb](another, options)).rejects.toMatchObject(moved);
    await expect(namespaces.unbind([another], options)).rejects.toMatchObject({ cause: moved });
  }
  await expectIn(world, name, from);
  expect(await namespaces.transfer({ ...another, uid })).toMatchObject({ outcome: 'changed' });
});

test('a workspace to go into is needed by bind and transfer; without one they unbind nothing', () => {
  const { host } = world.federation;
  for (const verb of ['bind', 'transfer'] as const)
    expect(() => moveOperation(host, host, verb, { name: 'x', uid: 'u' }, null)).toThrow(
      expect.objectContaining({ code: 'INVALID', details: { field: 'workspace' } }),
    );
});

describe('apps of a project', { timeout: 60_000 }, () => {
  test('keep it where it is, unless they are told to follow; those of other projects and clusters stay', async () => {
    const { name } = await projectOnM(world, from);
    const [mine, another, elsewhere] = [world.fresh('rls'), world.fresh('rls'), world.fresh('rls')];
    await appOf(world, 'a', mine, { workspace: from, project: name, cluster: 'm' });
    await appOf(world, 'a', another, { workspace: from, project: 'another', cluster: 'm' });
    await appOf(world, 'a', elsewhere, { workspace: from, project: name, cluster: 'n' });
    const at = { cluster: 'm', name };
    const { namespaces } = world.federation;
    for (const apps of [undefined, 'refuse'] as const) {
      const options = apps === undefined ? {} : { apps };
      const refused = refusal('PLAN_BLOCKED', new RegExp(`1 app\\(s\\).*HelmRelease ${mine} on a.*apps: 'follow'`));
      await expect(namespaces.transfer({ ...at, workspace: to }, options)).rejects.toMatchObject(refused);
      await expect(namespaces.unbind(at, options)).rejects.toMatchObject(refused);
      expect(await namespaces.unbind(at, { ...options, dryRun: true })).toMatchObject({
        forecast: { effect: 'blocked' },
      });
    }
    await expectIn(world, name, from);
    const moved = { from, to: null, apps: [`a/${mine}`] };
    expect(await namespaces.unbind(at, { apps: 'follow', dryRun: true })).toMatchObject({
      outcome: 'dry-run',
      forecast: { effect: 'change', changes: [{}, {}], expects: moved },
    });
    expect(await namespaces.unbind(at, { apps: 'follow' })).toMatchObject({ outcome: 'changed', result: moved });
    expect([await workspaceOfApp(world, 'a', mine), await labelOf(name)]).toEqual([undefined, undefined]);
    expect(await namespaces.bind({ ...at, workspace: to }, { apps: 'follow' })).toMatchObject({ outcome: 'changed' });
    await expectIn(world, name, to);
    expect(await Promise.all([mine, another, elsewhere].map((app) => workspaceOfApp(world, 'a', app)))).toEqual([
      to,
      from,
      from,
    ]);
  });

  test('are brought to the workspace of a project that is there already', async () => {
    const { name } = await projectOnM(world, to);
    const app = world.fresh('rls');
    await appOf(world, 'm', app, { workspace: from, project: name });
    const at = { cluster: 'm', name, workspace: to };
    await expect(world.federation.namespaces.bind(at)).rejects.toMatchObject({ code: 'PLAN_BLOCKED' });
    expect(await world.federation.namespaces.bind(at, { apps: 'follow' })).toMatchObject({ outcome: 'changed' });
    expect(await workspaceOfApp(world, 'm', app)).toBe(to);
    expect(await world.federation.namespaces.bind(at)).toMatchObject({ outcome: 'already' });
  });

  test('of a project on the host are those that the host keeps for itself, with its own name or with none', async () => {
    const a = world.clusters.a.connection;
    const name = world.fresh('shop');
    await a.create(core.namespaces, { metadata: { name } });
    const [named, plain, theirs] = [world.fresh('rls'), world.fresh('rls'), world.fresh('rls')];
    await appOf(world, 'a', named, { workspace: from, project: name, cluster: 'host' });
    await appOf(world, 'a', plain, { workspace: from, project: name });
    await appOf(world, 'a', theirs, { workspace: from, project: name, cluster: 'm' });
    const unbinding = world.federation.namespaces.unbind({ cluster: 'a', name }, { apps: 'follow' });
    expect(await unbinding).toMatchObject({ result: { apps: expect.arrayContaining([`a/${named}`, `a/${plain}`]) } });
    expect(await Promise.all([named, plain, theirs].map((app) => workspaceOfApp(world, 'a', app)))).toEqual([
      undefined,
      undefined,
      from,
    ]);
  });

  test('a host that is silent about them is not a host without any', async () => {
    const { name } = await projectOnM(world, from);
    world.proxies.a.hinder(({ path }) => (path.includes('helmreleases') ? 'refused' : undefined));
    await expect(world.federation.namespaces.unbind({ cluster: 'm', name }, { retry: false })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    world.calm();
    await expectIn(world, name, from);
  });
});

test('errors of bad input are FederationErrors, not rejections of another kind', async () => {
  const bad = await world.federation.namespaces
    .bind({ cluster: 'm', name: 'X', workspace: to })
    .catch((e: unknown) => e);
  expect(FederationError.is(bad, 'INVALID')).toBe(true);
});
