import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from '../../../src/kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { shrinkDelete, shrinkKeep } from '../../../src/modules/placement/shrink.ts';
import { foreseeChange } from '../../../src/modules/placement-guard.ts';
import type { JournalEntry } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback, run } from '../../../src/workflow/run.ts';
import { sandboxGround } from '../../grounds.ts';
import { type Death, mortal } from '../../migration/kit.ts';
import { type ModuleWorld, startWorld } from '../kit/world.ts';
import { isThere, listOf, lookBackMs, placedOn, team, watchOver } from './scene.ts';

let world: ModuleWorld;
beforeAll(async () => {
  world = await startWorld(sandboxGround);
}, 120_000);
afterAll(() => world?.[Symbol.asyncDispose](), 60_000);

const slow = { timeout: 120_000 };
const nothingLost = { lost: [], kept: 3, contents: [] };
const edit = { remove: ['m'] };

/** A workspace whose projects are to be kept, and a run that dies. */
async function begun(death: Death) {
  const { federation: env, clusters } = world;
  const made = await team(clusters, world.fresh('team'), { plain: 2, federated: 1 });
  const names = [...made.plain, ...made.federated];
  const watch = await watchOver(clusters, names);
  const of = { kind: 'workspace', name: made.workspace } as const;
  const foreseen = await foreseeChange(env, of, edit, new AbortController().signal);
  const input = { ...foreseen, edit, lookBackMs: lookBackMs(world) };
  const journal = memoryJournal();
  const driving = await run(shrinkKeep, input, { env, journal: mortal(journal, death) });
  expect(await driving.settled()).toMatchObject({ state: 'paused' });
  return { ...made, names, watch, journal, env, id: driving.id };
}

/** The moments between two effects: a process that dies there leaves the most behind. */
const moments: readonly (readonly [string, (entry: JournalEntry) => boolean, 'before' | 'after'])[] = [
  ['with the shield up', (entry) => entry.type === 'items-done' && entry.step === 'shield-up', 'before'],
  ['unbound, not yet recorded', (entry) => entry.type === 'items-done' && entry.step === 'unbind', 'before'],
  ['about to release copies', (entry) => entry.type === 'items-captured' && entry.step === 'release-copies', 'after'],
  ['released, not yet recorded', (entry) => entry.type === 'items-done' && entry.step === 'release-copies', 'before'],
  ['looked back', (entry) => entry.type === 'done' && entry.step === 'look-back', 'after'],
  ['about to shrink', (entry) => entry.type === 'captured' && entry.step === 'place', 'after'],
];
const afterShrink: typeof moments = [
  ['shrunk, not yet recorded', (entry) => entry.type === 'done' && entry.step === 'place', 'before'],
  ['past the pivot', (entry) => entry.type === 'captured' && entry.step === 'settled', 'after'],
  ['lowering the shield', (entry) => entry.type === 'items-done' && entry.step === 'shield-down', 'before'],
];
const noShield = async () =>
  (await world.clusters.m.connection.list(core.validatingAdmissionPolicies).toArray()).length;

describe('a process that dies', slow, () => {
  test.for([...moments, ...afterShrink])('%s: another one ends it, and nothing is lost', async ([, is, when]) => {
    const { watch, journal, env, id, workspace } = await begun((entry) => (is(entry) ? when : undefined));
    expect(await watch()).toEqual(nothingLost);
    expect(await (await resume(shrinkKeep, id, { env, journal })).settled()).toMatchObject({ state: 'completed' });
    expect(await placedOn(world.clusters, workspace)).toEqual([]);
    expect(await isThere(world.clusters.m, workspace)).toBe(false);
    expect(await watch()).toEqual(nothingLost);
    expect(await noShield()).toBe(0);
  });

  test.for(moments)('%s: another one takes it back, and all is as before', async ([, is, when]) => {
    const { watch, journal, env, id, ...made } = await begun((entry) => (is(entry) ? when : undefined));
    expect(await (await rollback(shrinkKeep, id, { env, journal })).settled()).toMatchObject({ state: 'rolled-back' });
    expect(await placedOn(world.clusters, made.workspace)).toEqual(['m']);
    const owner = await world.clusters.m.connection.get(kubesphere.workspaces, { name: made.workspace });
    for (const name of made.names) {
      const { metadata } = await world.clusters.m.connection.get(core.namespaces, { name });
      expect(metadata.labels).toHaveProperty([workspaceLabel], made.workspace);
      if (made.plain.includes(name)) expect(metadata.ownerReferences?.[0]?.uid).toBe(owner.metadata.uid);
      else expect(metadata.labels).toHaveProperty([managedLabel], 'true');
    }
    for (const namespace of made.federated) {
      const settings = await world.clusters.m.connection.get(core.configMaps, { namespace, name: 'settings' });
      expect(settings.metadata.labels).toHaveProperty([managedLabel], 'true');
    }
    expect(await watch()).toEqual(nothingLost);
    expect(await noShield()).toBe(0);
  });

  test('once it has shrunk, taking it back brings the workspace back; projects of one that was made again are left in none', async () => {
    const shrunk = (entry: JournalEntry) => (entry.type === 'done' && entry.step === 'place' ? 'before' : undefined);
    const { watch, journal, env, id, workspace, plain } = await begun(shrunk);
    const outcome = await (await rollback(shrinkKeep, id, { env, journal })).settled();
    expect(outcome).toMatchObject({
      state: 'rollback-incomplete',
      residue: plain.map(() => ({
        step: 'unbind',
        code: 'WORLD_MOVED',
        why: expect.stringMatching(/namespaces\.bind/),
      })),
    });
    expect(await placedOn(world.clusters, workspace)).toEqual(['m']);
    for (const name of plain) {
      const { metadata } = await world.clusters.m.connection.get(core.namespaces, { name });
      expect(metadata.labels).not.toHaveProperty([workspaceLabel]);
      await env.namespaces.bind({ cluster: 'm', name, workspace });
    }
    // Bound by hand, there is nothing left to take back.
    expect(await (await rollback(shrinkKeep, id, { env, journal })).settled()).toMatchObject({ state: 'rolled-back' });
    expect(await watch()).toEqual(nothingLost);
    expect(await noShield()).toBe(0);
  });

  test('what deletes goes only forward once it may have begun', async () => {
    const { federation: env, clusters } = world;
    const { workspace, plain } = await team(clusters, world.fresh('team'), { plain: 1 });
    const of = { kind: 'workspace', name: workspace } as const;
    const foreseen = await foreseeChange(env, of, edit, new AbortController().signal);
    const input = { ...foreseen, edit, lookBackMs: lookBackMs(world), delete: await listOf(clusters, plain) };
    const journal = memoryJournal();
    const dies: Death = (entry) => (entry.type === 'captured' && entry.step === 'place' ? 'after' : undefined);
    const driving = await run(shrinkDelete, input, { env, journal: mortal(journal, dies) });
    expect(await driving.settled()).toMatchObject({ state: 'paused' });
    await expect(rollback(shrinkDelete, driving.id, { env, journal })).rejects.toMatchObject({ code: 'PAST_PIVOT' });
    // It is compared again: a project that joined while nobody drove it is not lost.
    const late = world.fresh('late');
    await clusters.m.connection.create(core.namespaces, {
      metadata: { name: late, labels: { [workspaceLabel]: workspace } },
    });
    const resumed = await resume(shrinkDelete, driving.id, { env, journal });
    expect(await resumed.settled()).toMatchObject({ state: 'paused', error: { code: 'KEPT_AT_RISK' } });
    expect(await placedOn(clusters, workspace)).toEqual(['m']);
    await env.namespaces.unbind({ cluster: 'm', name: late });
    const ended = await (await resume(shrinkDelete, driving.id, { env, journal })).settled();
    expect(ended).toMatchObject({ state: 'completed' });
    expect(await clusters.m.connection.find(core.namespaces, { name: plain[0] ?? '' })).toBeUndefined();
    expect(await clusters.m.connection.find(core.namespaces, { name: late })).toBeDefined();
  });
});
