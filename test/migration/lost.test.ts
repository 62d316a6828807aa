import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Resource } from '../../src/kube/objects.ts';
import { core } from '../../src/kube/resources.ts';
import { kubesphereNamespace, workspaceLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import type { MigrationInput } from '../../src/migration/input.ts';
import { memberMigration } from '../../src/migration/member-migration.ts';
import { until } from '../../src/testing/index.ts';
import { memoryJournal } from '../../src/workflow/memory-journal.ts';
import { rollback, run } from '../../src/workflow/run.ts';
import { around, type FaultyCluster, type Scene, sandboxScene } from './kit.ts';

const background = { propagationPolicy: 'Background' } as const;
const fence = { namespace: kubesphereNamespace, name: 'kubesphere-federation-fence' };
const victim = { name: 'team-a-001' };

let scene: Scene<FaultyCluster>;
beforeEach(async () => {
  scene = await sandboxScene({ workspaces: { 'team-a': 2 } });
}, 120_000);
afterEach(() => scene[Symbol.asyncDispose]());
const m = () => scene.clusters.m.connection;

/** Policies without their bindings refuse nothing. */
async function takeShieldDown(resources: readonly Resource[]): Promise<void> {
  for (const resource of resources)
    for (const { metadata } of await m().list(resource).toArray()) await m().delete(resource, metadata, background);
}
/** Tried again, for a policy counts for a moment after it is gone. */
const lose = () =>
  until('it is gone', async () => {
    await m()
      .delete(core.namespaces, victim, background)
      .catch(() => undefined);
    return (await m().find(core.namespaces, victim)) === undefined;
  });

/** Something happens before a step is run; then the run is rolled back until it says that it is, twice in all. */
async function twice(step: string, input: MigrationInput, happens: () => Promise<unknown>) {
  const journal = memoryJournal();
  const broken = around(step, async (work) => {
    await happens();
    return work();
  });
  const { id, settled } = await run(broken, input, { env: scene.env(), journal });
  const back = async () => {
    const handle = await rollback(memberMigration, id, { env: scene.env(), journal });
    return handle.settled();
  };
  const halted = await settled();
  const first = halted.state === 'paused' ? await back() : halted;
  expect(await m().find(core.configMaps, fence)).toBeDefined();
  expect(await back()).toMatchObject({ state: 'rolled-back' });
  expect(await m().find(core.configMaps, fence)).toBeUndefined();
  expect(await scene.clusters.a.connection.find(kubesphere.clusters, { name: 'm' })).toBeDefined();
  if (first.state !== 'rollback-incomplete') throw new Error(`It is ${first.state}.`);
  return first.residue.filter(({ code }) => code !== 'UNDO_NEEDS');
}
const telling = (step: string, why: RegExp) => [
  expect.objectContaining({ step, code: 'KEPT_AT_RISK', why: expect.stringMatching(why) }),
];
const adopt = { retain: 'all' } as const;

describe('a kept project that is lost during a run is told by its rollback, once', { timeout: 120_000 }, () => {
  test('where somebody took half of the shield down', async () => {
    const residue = await twice('import', adopt, async () => {
      await takeShieldDown([core.validatingAdmissionPolicyBindings]);
      await lose();
    });
    expect(residue).toEqual(telling('shield-up', /m: team-a-001 is gone\..*told once keeps nothing up/));
  });

  test('where somebody took the shield down', async () => {
    const residue = await twice('import', adopt, async () => {
      await takeShieldDown([core.validatingAdmissionPolicyBindings, core.validatingAdmissionPolicies]);
      await lose();
    });
    expect(residue).toEqual(telling('fence', /m: team-a-001 is gone\./));
  });

  test('where there is none', async () => {
    const workspaces = { 'team-a': { mode: 'rebind' } } as const;
    const residue = await twice('park-source', { ...adopt, shield: false, workspaces }, lose);
    expect(residue).toEqual(telling('fence', /m: team-a-001 is gone\./));
  });

  test('where it left its workspace', async () => {
    const residue = await twice('import', adopt, async () => {
      const labels = { [workspaceLabel]: null };
      await m().patch(core.namespaces, victim, { type: 'merge', body: { metadata: { labels } } });
      throw new Error('failed');
    });
    expect(residue).toEqual(telling('shield-up', /m: team-a-001 was in workspace team-a and is in none now\./));
  });
});
