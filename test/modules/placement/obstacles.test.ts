import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import type { ObjectMeta } from '../../../src/kube/objects.ts';
import { core } from '../../../src/kube/resources.ts';
import { devopsLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import type { WriteOptions } from '../../../src/modules/operation.ts';
import { extra } from '../../../src/testing/kinds.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
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
const m = () => world.clusters.m.connection;
const ownerOf = (apiVersion: string, kind: string, { name, uid }: Pick<ObjectMeta, 'name' | 'uid'>) => ({
  ownerReferences: [{ apiVersion, kind, name, uid }],
});
const ownedBy = async (workspace: string) => {
  const { metadata } = await m().get(kubesphere.workspaces, { name: workspace });
  return ownerOf('tenant.kubesphere.io/v1alpha1', 'Workspace', metadata);
};

/** A workspace on M with one project, and every way of taking it off M. */
async function leavingM() {
  const { clusters, federation } = world;
  const { workspace, plain } = await team(clusters, world.fresh('team'));
  const [watch, list] = [await watchOver(clusters, plain), await listOf(clusters, plain)];
  const shrink = (fate: 'keep' | 'delete', more: typeof list = []) => ({
    projects: fate === 'keep' ? fate : { delete: [...list, ...more] },
    lookBackMs: lookBackMs(world),
  });
  type Options = WriteOptions & { readonly fate: 'keep' | 'delete'; readonly more?: typeof list };
  const ways = {
    setPlacement: ({ fate, more, ...options }: Options): Promise<unknown> =>
      federation.workspaces.setPlacement(workspace, { clusters: [] }, shrink(fate, more), options),
    revoke: async ({ fate, more, ...options }: Options): Promise<unknown> => {
      try {
        return (await federation.clusters.revoke('m', [workspace], shrink(fate, more), options))[0];
      } catch (error) {
        if (FederationError.is(error, 'BATCH_FAILED')) throw error.cause;
        throw error;
      }
    },
  };
  const untouched = async () => {
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
    expect(await watch()).toEqual({ lost: [], kept: plain.length, contents: [] });
    for (const name of plain)
      expect((await m().get(core.namespaces, { name })).metadata.labels).toHaveProperty([workspaceLabel], workspace);
  };
  /** Every way says so in a dry run, and is refused before anything is done. */
  const refused = async (message: RegExp, fates: readonly ('keep' | 'delete')[], more?: typeof list) => {
    for (const fate of fates)
      for (const way of Object.values(ways)) {
        const call = { fate, ...(more !== undefined && { more }) };
        const blocked = { effect: 'blocked', why: expect.stringMatching(message) };
        expect(await way({ ...call, dryRun: true })).toMatchObject({ outcome: 'dry-run', forecast: blocked });
        await expect(way(call)).rejects.toMatchObject({
          code: 'PLAN_BLOCKED',
          message: expect.stringMatching(message),
        });
        await untouched();
      }
  };
  return { workspace, plain, ways, refused, untouched };
}
const both = ['keep', 'delete'] as const;

describe('a DevOps project of the workspace', slow, () => {
  const backing = async (labels: Readonly<Record<string, string>>, owner: object = {}) => {
    const name = world.fresh('pipes');
    await m().create(core.namespaces, { metadata: { name, labels: { [devopsLabel]: name, ...labels }, ...owner } });
    return name;
  };
  const named = (workspace: string, name: string) => new RegExp(`"${workspace}" has DevOps projects \\(m: ${name}\\)`);

  test('stands against it by its own label', async () => {
    const { workspace, refused } = await leavingM();
    const name = world.fresh('pipes');
    await m().create(extra.devopsProjects, { metadata: { name, labels: { [workspaceLabel]: workspace } } });
    await refused(named(workspace, name), both);
  });

  test('stands against it where the Workspace owns it, and it the namespace behind it', async () => {
    const { workspace, refused } = await leavingM();
    const at = { name: world.fresh('pipes') };
    const { apiVersion = '', metadata } = await m().create(extra.devopsProjects, {
      metadata: { ...at, ...(await ownedBy(workspace)) },
    });
    const name = await backing({}, ownerOf(apiVersion, 'DevOpsProject', metadata));
    await refused(named(workspace, at.name), both, await listOf(world.clusters, [name]));
  });

  test('stands against it by the namespace behind it, which bears the label of the workspace', async () => {
    const { workspace, refused } = await leavingM();
    const name = await backing({ [workspaceLabel]: workspace });
    await refused(named(workspace, name), both, await listOf(world.clusters, [name]));
  });

  test.each([
    ['keep', 'WORLD_MOVED'],
    ['delete', 'KEPT_AT_RISK'],
  ] as const)('that comes at the last moment stops it, too: %s', async (fate, code) => {
    const { workspace, ways } = await leavingM();
    const name = world.fresh('pipes');
    const comes = () =>
      m().create(extra.devopsProjects, { metadata: { name, labels: { [workspaceLabel]: workspace } } });
    const journal = during(memoryJournal(), beforePlacing, comes);
    await expect(ways.setPlacement({ fate, journal })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(named(workspace, name)),
    });
    expect(await placedOn(world.clusters, workspace)).toEqual(['m']);
  });
});

describe('what the Workspace owns besides its projects', slow, () => {
  const another = async () => {
    const namespace = world.fresh('other');
    await m().create(core.namespaces, { metadata: { name: namespace } });
    return { namespace, name: 'precious' };
  };

  test('in a namespace that was not named stands against it, and lives', async () => {
    const { workspace, refused } = await leavingM();
    const at = await another();
    const { metadata } = await m().create(core.configMaps, { metadata: { ...at, ...(await ownedBy(workspace)) } });
    await refused(new RegExp(`m: ConfigMap ${at.namespace}/precious would be deleted`), both);
    expect((await m().get(core.configMaps, at)).metadata.uid).toBe(metadata.uid);
  });

  test('in no namespace stands against it where it is of no kind of KubeSphere', async () => {
    const { workspace, refused } = await leavingM();
    const name = world.fresh('owned');
    await m().create(core.clusterRoles, { metadata: { name, ...(await ownedBy(workspace)) }, rules: [] });
    await refused(new RegExp(`m: ClusterRole ${name} would be deleted`), both);
  });

  test('by way of something else, a project that bears the label included, stands against keeping it', async () => {
    const { workspace, plain, refused } = await leavingM();
    const name = world.fresh('owner');
    const role = await m().create(kubesphere.workspaceRoles, { metadata: { name, ...(await ownedBy(workspace)) } });
    const [project = ''] = plain;
    const { ownerReferences = [] } = (await m().get(core.namespaces, { name: project })).metadata;
    const owners = [
      ...ownerReferences,
      ...ownerOf(role.apiVersion ?? '', 'WorkspaceRole', role.metadata).ownerReferences,
    ];
    const body = { metadata: { ownerReferences: owners } };
    await m().patch(core.namespaces, { name: project }, { type: 'merge', body });
    await refused(new RegExp(`m/${project} would be deleted`), ['keep']);
  });

  test('that comes at the last moment stops a deletion, too', async () => {
    const { workspace, ways, untouched } = await leavingM();
    const at = await another();
    const comes = async () => m().create(core.configMaps, { metadata: { ...at, ...(await ownedBy(workspace)) } });
    const journal = during(memoryJournal(), beforePlacing, comes);
    await expect(ways.setPlacement({ fate: 'delete', journal })).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(/ConfigMap .*\/precious would be deleted as well/),
    });
    await untouched();
  });

  test('and belongs to every workspace, or is in a project that goes, goes with it', async () => {
    const { workspace, plain, ways } = await leavingM();
    const owner = await ownedBy(workspace);
    const role = world.fresh('role');
    await m().create(kubesphere.workspaceRoles, { metadata: { name: role, ...owner } });
    await m().create(kubesphere.resourceQuotas, {
      metadata: { name: workspace, labels: { [workspaceLabel]: workspace } },
      spec: { selector: { [workspaceLabel]: workspace }, quota: { hard: {} } },
    });
    await m().create(core.configMaps, { metadata: { namespace: plain[0] ?? '', name: 'inside', ...owner } });
    await m().create(core.configMaps, { metadata: { namespace: 'kube-system', name: role, ...owner } });
    expect(await ways.setPlacement({ fate: 'delete' })).toMatchObject({ outcome: 'changed' });
    expect(await isThere(world.clusters.m, workspace)).toBe(false);
  });
});
