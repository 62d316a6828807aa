import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { core } from '../../src/kube/resources.ts';
import { managedLabel } from '../../src/kubesphere/names.ts';
import { kubesphere, type Placement } from '../../src/kubesphere/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import {
  compareProjects,
  createUser,
  observeProjects,
  type ProjectsObservation,
  until,
} from '../../src/testing/index.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { rollback, run } from '../../src/workflow/run.ts';
import { around, type FaultyCluster, type Scene, sandboxScene } from './kit.ts';

/** A multi-cluster namespace of no workspace: nobody's project for a migration, and under no shield. */
const free = 'free';
const inFree = { namespace: free, name: 'settings' };
const federated = { namespace: free, name: free };

let scene: Scene<FaultyCluster>;
let projects: ProjectsObservation;
const a = () => scene.clusters.a.connection;
const m = () => scene.clusters.m.connection;

const placeNamespace = (clusters: readonly string[]) =>
  a().patch(kubesphere.federatedNamespaces, federated, {
    type: 'merge',
    body: { spec: { placement: { clusters: clusters.map((name) => ({ name })) } } },
  });
const placeWorkspace = (placement: object) =>
  a().patch(
    kubesphere.workspaceTemplates,
    { name: 'team-a' },
    { type: 'merge', body: { spec: { placement: { clusters: null, clusterSelector: null, ...placement } } } },
  );
const labelled = (tier: string | null) =>
  a().patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body: { metadata: { labels: { tier } } } });
const onM = { clusters: [{ name: 'm' }] };
const marked = async () => {
  const { metadata } = await m().get(core.namespaces, { name: free });
  return metadata.labels?.[managedLabel] === 'true';
};

beforeAll(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 2 } });
  await a().create(core.namespaces, { metadata: { name: free, labels: { [managedLabel]: 'false' } } });
  await a().create(kubesphere.federatedNamespaces, {
    metadata: federated,
    spec: { template: { metadata: {} }, placement: onM },
  });
  await a().create(kubesphere.federatedConfigMaps, {
    metadata: inFree,
    spec: { template: { data: { kept: 'yes' } }, placement: onM },
  });
  await until('it is on the member', async () => await m().find(core.configMaps, inFree));
  projects = await observeProjects(m(), ['team-a-001', 'team-a-002', free]);
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

/** The old host's kubefed has looked at everything on the member, twice. */
async function synced(): Promise<void> {
  for (const name of ['newcomer', 'latecomer']) {
    await createUser(a(), { name });
    await until(`${name} arrived`, async () => await m().find(kubesphere.users, { name }));
  }
  for (const name of ['newcomer', 'latecomer']) {
    await a().delete(kubesphere.users, { name }, { propagationPolicy: 'Background' });
    await until(`${name} is gone`, async () => (await m().find(kubesphere.users, { name })) === undefined);
  }
}

async function expectAlive(): Promise<void> {
  const { lost, contents } = compareProjects(projects, await observeProjects(m(), Object.keys(projects)));
  expect({ lost, contents: contents.lost }).toEqual({ lost: [], contents: [] });
  for (const name of Object.keys(projects))
    expect((await m().get(core.namespaces, { name })).metadata.deletionTimestamp).toBeUndefined();
}

/** Begins a run that fails before the import, once `happens` has come to pass, and is taken back. */
async function failing(happens: () => Promise<unknown>) {
  const journal = memoryJournal();
  const broken = around('import', async () => {
    await happens();
    throw new Error('failed');
  });
  const handle = await run(broken, { retain: 'all' }, { env: scene.env(), journal });
  return { id: handle.id, journal, outcome: await handle.settled() };
}
type Failed = Awaited<ReturnType<typeof failing>>;

async function expectUndone({ id, journal }: Pick<Failed, 'id' | 'journal'>): Promise<void> {
  const handle = await rollback(memberMigration, id, { env: scene.env(), journal });
  expect(await handle.settled()).toMatchObject({ state: 'rolled-back' });
  await expectAlive();
  await until('it is kubefed’s again', marked);
}

const residue = (step: string, why: RegExp) =>
  expect.objectContaining({ step, code: 'KEPT_AT_RISK', why: expect.stringMatching(why) });

describe('what the old host places elsewhere while it does not have the member', { timeout: 120_000 }, () => {
  test('is not given its mark back, and lives once the old host has the member again', async () => {
    const failed = await failing(async () => {
      await placeNamespace([]);
      await placeWorkspace({ clusterSelector: { matchLabels: { tier: 'gold' } } });
    });
    await synced();
    await expectAlive();
    expect(await marked()).toBe(false);
    expect(failed.outcome).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        residue('release', /FederatedNamespace "free" does not place it on m.*would delete Namespace free.*Place it/s),
        residue('release', /FederatedNamespace "free" does not place.*would delete ConfigMap free\/settings/s),
        residue('release', /WorkspaceTemplate "team-a" does not place it on m.*would delete Workspace team-a/s),
      ]),
    });

    await placeNamespace(['m']);
    await placeWorkspace(onM);
    await expectUndone(failed);
  });

  test('a selector is held against the labels that the cluster will have again', async () => {
    await labelled('gold');
    const failed = await failing(() => placeWorkspace({ clusterSelector: { matchLabels: { tier: 'gold' } } }));
    expect(failed.outcome).toMatchObject({ state: 'rolled-back' });
    await synced();
    await expectAlive();
    await placeWorkspace(onM);
    await labelled(null);
  });

  test('nothing gets its mark back while the old host does not say where it places it', async () => {
    const { connection } = scene.source.host;
    const find = connection.find.bind(connection);
    const spy = vi.spyOn(connection, 'find');
    const failed = await failing(async () => {
      spy.mockImplementation((async (resource: never, ...rest: never[]) => {
        if (resource === kubesphere.federatedNamespaces) throw new FederationError('FORBIDDEN', 'not for you');
        return find(resource, ...(rest as unknown as [never, never]));
      }) as never);
    });
    spy.mockRestore();
    expect(failed.outcome).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([expect.objectContaining({ step: 'release', code: 'FORBIDDEN' })]),
    });
    await expectUndone(failed);
  });

  test('and what it places elsewhere once the mark is back keeps it from having the member', async () => {
    const { connection } = scene.member;
    const patch = connection.patch.bind(connection);
    const spy = vi.spyOn(connection, 'patch');
    const failed = await failing(async () => {
      spy.mockImplementation((async (...args: Parameters<typeof patch>) => {
        const patched = await patch(...args);
        if ((args[1] as { name: string }).name === free && (await marked())) await placeNamespace([]);
        return patched;
      }) as never);
    });
    spy.mockRestore();
    expect(failed.outcome).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        residue(
          'detach',
          /the kubefed of a would delete .*Namespace free \(a: FederatedNamespace "free" does not place it on m/,
        ),
      ]),
    });
    expect(await marked()).toBe(true);
    expect(await a().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();
    await expectAlive();

    await placeNamespace(['m']);
    await expectUndone(failed);
  });

  test('what it would take over keeps it from having the member; nothing of it is touched', async () => {
    const name = 'team-a-001';
    const at = { namespace: name, name };
    const settings = { namespace: name, name: 'settings' };
    const kept = async () => {
      const { uid, labels, ownerReferences } = (await m().get(core.namespaces, { name })).metadata;
      const { metadata, data } = await m().get(core.configMaps, settings);
      return { uid, labels, ownerReferences, settings: { uid: metadata.uid, labels: metadata.labels, data } };
    };
    const had = await kept();
    // The labels that the cluster will have again count.
    await labelled('gold');
    const placement: Placement = { clusterSelector: { matchLabels: { tier: 'gold' } } };
    const failed = await failing(async () => {
      await a().create(core.namespaces, { metadata: { name } });
      await a().create(kubesphere.federatedNamespaces, {
        metadata: at,
        spec: { template: { metadata: {} }, placement },
      });
      await a().create(kubesphere.federatedConfigMaps, {
        metadata: settings,
        spec: { template: { data: { kept: 'no' } }, placement },
      });
    });
    expect(await kept()).toEqual(had);
    await expectAlive();
    expect(failed.outcome).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        residue('detach', /Namespace\(s\) team-a-001 are on m, and a has.*It was not joined.*roll back once more/s),
      ]),
    });
    expect(await a().find(kubesphere.clusters, { name: 'm' })).toBeUndefined();

    await a().delete(kubesphere.federatedConfigMaps, settings, { propagationPolicy: 'Background' });
    await a().delete(kubesphere.federatedNamespaces, at, { propagationPolicy: 'Background' });
    await a().delete(core.namespaces, { name }, { propagationPolicy: 'Background' });
    await until('it is gone', async () => (await a().find(kubesphere.federatedNamespaces, at)) === undefined);
    await expectUndone(failed);
    expect(await kept()).toEqual(had);
    await labelled(null);
  });

  test('a Workspace that it places elsewhere once it has the member again keeps the shield up', async () => {
    const { connection } = scene.source.host;
    const patch = connection.patch.bind(connection);
    const spy = vi.spyOn(connection, 'patch');
    const failed = await failing(async () => {
      spy.mockImplementation((async (...args: Parameters<typeof patch>) => {
        const patched = await patch(...args);
        const joins = args[0] === (kubesphere.clusters as never);
        // The join itself refuses a list without the member.
        if (joins) await placeWorkspace({ clusterSelector: { matchLabels: { tier: 'gold' } } });
        return patched;
      }) as never);
    });
    spy.mockRestore();
    await synced();
    await expectAlive();
    expect(failed.outcome).toMatchObject({
      state: 'rollback-incomplete',
      residue: expect.arrayContaining([
        residue('shield-up', /would delete Workspace team-a \(a: WorkspaceTemplate "team-a" does not place it on m/),
      ]),
    });
    await placeWorkspace(onM);
    await expectUndone(failed);
  });
});
