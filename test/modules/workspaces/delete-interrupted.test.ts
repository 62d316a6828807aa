import { describe, expect, test } from 'vitest';
import { FederationError } from '../../../src/errors.ts';
import { core } from '../../../src/kube/resources.ts';
import { workspaceLabel } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { deleteWorkspaceWorkflow } from '../../../src/modules/workspaces/delete.ts';
import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { mortal } from '../../migration/kit.ts';
import { expectGone, expectNothingLost, expectWhole, keepAll, observe, patient, team, world } from './delete-kit.ts';
import type { Team } from './team.ts';

/** The journal of a driver that something befalls. */
async function interrupted(
  seeded: Team,
  death: (entry: JournalEntry) => 'before' | 'after' | undefined,
): Promise<{ readonly journal: JournalStore; readonly runId: string }> {
  const journal = memoryJournal();
  const dying = mortal(journal, (entry) => death(entry));
  await expect(
    world.federation.workspaces.delete(seeded.workspace, keepAll, { journal: dying }),
  ).rejects.toBeInstanceOf(FederationError);
  for await (const runId of journal.runs()) return { journal, runId };
  throw new Error('Nothing was recorded.');
}
const at = (type: string, step: string) => (entry: JournalEntry) =>
  entry.type === type && 'step' in entry && entry.step === step ? ('after' as const) : undefined;

describe('a deletion whose process dies', patient, () => {
  test.each([
    ['items-done', 'detach-apps'],
    ['items-captured', 'release-contents'],
    ['items-captured', 'release'],
    ['items-done', 'unbind'],
    ['done', 'confirm'],
  ])('at %s of %s is taken back by another driver', async (type, step) => {
    const seeded = await team();
    const before = await observe(seeded);
    const { journal, runId } = await interrupted(seeded, at(type, step));
    await using other = await world.connect();
    const run = await rollback(deleteWorkspaceWorkflow, runId, { env: other, journal });
    expect(await run.settled()).toMatchObject({ state: 'rolled-back' });
    await expectNothingLost(before, seeded);
    await expectWhole(seeded);
  });

  test.each([
    ['items-captured', 'unbind'],
    ['captured', 'remove'],
    ['done', 'remove'],
    ['items-captured', 'quotas'],
    ['items-done', 'quotas'],
  ])('at %s of %s is brought to its end by another driver', async (type, step) => {
    const seeded = await team();
    const before = await observe(seeded);
    const { journal, runId } = await interrupted(seeded, at(type, step));
    await using other = await world.connect();
    const run = await resume(deleteWorkspaceWorkflow, runId, { env: other, journal });
    expect(await run.settled()).toMatchObject({ state: 'completed' });
    await expectNothingLost(before, seeded);
    await expectGone(seeded);
  });

  test('behind the pivot is not taken back', async () => {
    const seeded = await team();
    const { journal, runId } = await interrupted(seeded, at('captured', 'remove'));
    await using other = await world.connect();
    await expect(rollback(deleteWorkspaceWorkflow, runId, { env: other, journal })).rejects.toMatchObject({
      code: 'PAST_PIVOT',
    });
    await (await resume(deleteWorkspaceWorkflow, runId, { env: other, journal })).result();
    await expectGone(seeded);
  });
});

/** Does something once the record is written: what other people do meanwhile. */
function meanwhile(when: (entry: JournalEntry) => unknown, act: () => Promise<unknown>): JournalStore {
  const journal = memoryJournal();
  return {
    ...journal,
    async append(runId, seq, entry, options) {
      await journal.append(runId, seq, entry, options);
      if (when(entry)) await act();
    },
  };
}

/** Whoever was told that the run halted decides to take it back. */
async function takeBack(journal: JournalStore): Promise<void> {
  await using other = await world.connect();
  for await (const runId of journal.runs()) {
    const run = await rollback(deleteWorkspaceWorkflow, runId, { env: other, journal });
    expect(await run.settled()).toMatchObject({ state: 'rolled-back' });
  }
}

describe('what happens meanwhile', patient, () => {
  test('a project that joins once they were counted: nothing is deleted, and all can be put back', async () => {
    const seeded = await team();
    const { m } = world.clusters;
    const late = `${seeded.workspace}-late`;
    const labels = { [workspaceLabel]: seeded.workspace };
    const journal = meanwhile(at('done', 'unbind'), () =>
      m.connection.create(core.namespaces, { metadata: { name: late, labels } }),
    );
    const before = await observe(seeded);
    await expect(world.federation.workspaces.delete(seeded.workspace, keepAll, { journal })).rejects.toMatchObject({
      code: 'WORLD_MOVED',
      message: expect.stringMatching(new RegExp(`m/${late}`)),
    });
    await takeBack(journal);
    await expectNothingLost(before, seeded);
    await expectWhole(seeded);
    expect(await m.connection.find(core.namespaces, { name: late })).toBeDefined();
  });

  test('an app that comes once they were counted is not uninstalled', async () => {
    const seeded = await team();
    const { a } = world.clusters;
    const late = { name: `${seeded.workspace}-late`, labels: { [workspaceLabel]: seeded.workspace } };
    const journal = meanwhile(at('done', 'unbind'), () =>
      a.connection.create(kubesphere.helmReleases, { metadata: late, spec: { name: late.name } }),
    );
    await expect(
      world.federation.workspaces.delete(seeded.workspace, { ...keepAll, apps: 'uninstall' }, { journal }),
    ).rejects.toMatchObject({ code: 'KEPT_AT_RISK', message: expect.stringMatching(new RegExp(late.name)) });
    expect(await a.connection.find(kubesphere.helmReleases, late)).toBeDefined();
    await a.connection.delete(kubesphere.helmReleases, late, { propagationPolicy: 'Background' });
    await expect.poll(() => a.connection.find(kubesphere.helmReleases, late), { timeout: 20_000 }).toBeUndefined();
    await takeBack(journal);
    await expectWhole(seeded);
  });

  test('a kept project that somebody deletes: the workspace stays', async () => {
    const seeded = await team();
    const { n } = world.clusters;
    const name = `${seeded.workspace}-n`;
    const journal = meanwhile(at('done', 'unbind'), () =>
      n.connection.delete(core.namespaces, { name }, { propagationPolicy: 'Background' }),
    );
    await expect(world.federation.workspaces.delete(seeded.workspace, keepAll, { journal })).rejects.toMatchObject({
      code: 'KEPT_AT_RISK',
      message: expect.stringMatching(new RegExp(`n/${name}`)),
    });
    expect(
      (await world.clusters.a.connection.get(kubesphere.workspaceTemplates, { name: seeded.workspace })).metadata
        .deletionTimestamp,
    ).toBeUndefined();
  });

  test('a member that falls silent: nothing is deleted', async () => {
    const seeded = await team();
    const journal = meanwhile(at('done', 'unbind'), async () => world.proxies.n.hinder(() => 'refused'));
    await expect(world.federation.workspaces.delete(seeded.workspace, keepAll, { journal })).rejects.toBeInstanceOf(
      FederationError,
    );
    expect(
      (await world.clusters.a.connection.get(kubesphere.workspaceTemplates, { name: seeded.workspace })).metadata
        .deletionTimestamp,
    ).toBeUndefined();
    world.calm();
    await takeBack(journal);
    await expectWhole(seeded);
  });
});
