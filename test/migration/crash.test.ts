import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonical } from '../../src/internal/digest.ts';
import { core } from '../../src/kube/resources.ts';
import { workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import {
  compareProjects,
  createUser,
  observeProjects,
  type ProjectsObservation,
  until,
} from '../../src/testing/index.ts';
import type { JournalEntry } from '../../src/workflow/journal.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { resume, rollback, run } from '../../src/workflow/run.ts';
import { addApp, bothWays, type Death, type FaultyCluster, mortal, type Scene, sandboxScene } from './kit.ts';
import { madeAgainToRebind, observeWorld, sample, touched, untilWorldIs, type World } from './world.ts';

let scene: Scene<FaultyCluster>;
let before: World;
let projects: ProjectsObservation;
beforeAll(async () => {
  scene = await sandboxScene();
  await addApp(scene, 'shop', 'team-a', 'team-a-001');
  await addApp(scene, 'wiki', 'team-b', 'team-b-001');
  before = await observeWorld(scene);
  projects = await observeProjects(scene.clusters.m.connection);
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

const lost = async () => {
  const { lost, contents, kept } = compareProjects(projects, await observeProjects(scene.clusters.m.connection));
  return { lost, contents: contents.lost, kept: kept.length };
};
const none = { lost: [], contents: [], kept: 5 };

/** Records that a driver writes for itself. */
const ownRecords: ReadonlySet<JournalEntry['type']> = new Set(['opened', 'driving', 'touched', 'paused']);

/** Sequence numbers of a run of both ways up to the end of bind: the driver dies there, before the pivot. */
const records = Array.from({ length: 59 }, (_, index) => index + 3);

describe('a driver that dies before the pivot', () => {
  test.for(
    sample(
      records.flatMap((record) => (['before', 'after'] as const).map((when) => ({ record, when }))),
      5,
    ),
  )(
    '$when record $record: another driver rolls back, and the three clusters are as they were',
    { timeout: 300_000 },
    async ({ record, when }) => {
      const journal = memoryJournal();
      const dying = mortal(journal, (_entry, seq) => (seq === record ? when : undefined));
      const handle = await run(memberMigration, bothWays, { env: scene.env(), journal: dying });
      expect(await handle.settled()).toMatchObject({ state: 'paused' });
      // Whoever takes over dies as well, in the middle of undoing.
      const also = mortal(journal, (entry, seq) =>
        entry.type === 'undone' && seq > record + 6 ? 'before' : undefined,
      );
      await (await rollback(memberMigration, handle.id, { env: scene.env(), journal: also })).settled();
      const outcome = await (await rollback(memberMigration, handle.id, { env: scene.env(), journal })).settled();
      expect(outcome).toMatchObject({ state: 'rolled-back' });
      expect(await lost()).toEqual(none);
      await untilWorldIs(scene, before, madeAgainToRebind);
      expect(touched(await observeWorld(scene))).toEqual([]);
    },
  );
});

test('drivers that die before and after every single record: the next ones finish, and nothing is lost', {
  timeout: 300_000,
}, async () => {
  const journal = memoryJournal();
  const seen = new Map<string, number>();
  let deaths = 0;
  const death: Death = ({ at: _at, driver: _driver, ...entry }) => {
    if (ownRecords.has(entry.type)) return undefined;
    // The same record of two drives: once it is lost before it is durable, once the driver is lost right after.
    const key = canonical(
      'step' in entry
        ? {
            type: entry.type,
            step: entry.step,
            keys: 'keys' in entry ? [...entry.keys].sort() : 'items' in entry ? entry.items.map(({ key }) => key) : [],
          }
        : entry.type,
    );
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    if (times > 2) return undefined;
    deaths += 1;
    return times === 1 ? 'before' : 'after';
  };
  const options = () => ({ env: scene.env(), journal: mortal(journal, death) });
  const first = await run(memberMigration, bothWays, options());
  let outcome = await first.settled();
  let drives = 1;
  for (; outcome.state === 'paused' && drives < 400; drives += 1) {
    expect(outcome.error?.message).toMatch(/The driver died/);
    outcome = await (await resume(memberMigration, first.id, options())).settled();
  }
  expect(outcome).toMatchObject({
    state: 'completed',
    output: { contents: { missing: [] }, apps: ['HelmRelease shop', 'HelmRelease wiki'] },
  });
  expect(deaths).toBeGreaterThan(2 * memberMigration.steps.length);
  expect(drives).toBeGreaterThan(deaths);

  expect(await lost()).toEqual(none);
  const { b, m } = scene.clusters;
  const uid = (name: string) => before[`m tenant.kubesphere.io/v1alpha1 Workspace ${name}`]?.uid;
  const workspaces = new Map(
    (await m.connection.list(kubesphere.workspaces).toArray()).map(({ metadata }) => [metadata.name, metadata.uid]),
  );
  expect(workspaces.get('team-a')).toBe(uid('team-a'));
  expect(workspaces.get('team-b')).not.toBe(uid('team-b'));
  for (const { metadata } of await m.connection.list(core.namespaces, { labelSelector: workspaceLabel }).toArray()) {
    const workspace = metadata.labels?.[workspaceLabel] ?? '';
    if (workspace.startsWith('team-'))
      expect(metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([workspaces.get(workspace)]);
  }
  expect(touched(await observeWorld(scene))).toEqual([]);
  expect((await m.connection.list(core.validatingAdmissionPolicies).toArray()).length).toBe(0);
  expect(
    (await m.connection.list(kubesphere.workspaceTemplates).toArray()).map(({ metadata }) => metadata.name),
  ).toEqual(['system-workspace']);
  expect(
    (await m.connection.list(kubesphere.helmReleases).toArray()).map(({ metadata }) => metadata.name).sort(),
  ).toEqual(['shop', 'wiki']);
  await createUser(b.connection, { name: 'newcomer' });
  await until('the newcomer arrived', async () => await m.connection.find(kubesphere.users, { name: 'newcomer' }));
});
