import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Claim, JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { failureOf } from './harness.ts';

/** One journal under test. */
export interface JournalUnderTest {
  /** A view of the same records as another process has it. */
  open(): JournalStore;
  /** Runs `work` while the time passes that claims are counted by. */
  until<T>(work: Promise<T>): Promise<T>;
  /** How long a claim lasts, in that time. */
  readonly claimMs: number;
  now(): number;
}

/** Takes a record of run "r" away, or alters what it says, behind the journal's back. */
type Spoil<J> = (journal: J, seq: number, how: 'missing' | 'altered') => Promise<void>;

const opened: Extract<JournalEntry, { readonly type: 'opened' }> = {
  at: '2026-01-01T00:00:00Z',
  driver: 'd1',
  type: 'opened',
  format: 1,
  release: '0.0.0',
  workflow: 'w',
  version: '1',
  steps: [{ kind: 'step', name: 'a', title: 'A', undo: 'restores', undoNeeds: [] }],
  fingerprint: 'f',
  identity: { m: 'uid' },
  input: { text: 'ä \u2028 "quoted"\n', list: [1, 2.5, null, true] },
  onFailure: 'rollback',
};
const driving = (driver: string): JournalEntry => ({ at: '', driver, type: 'driving' });

/** A record that no single object of an API server could hold, with characters of one to four bytes. */
function large(driver: string): JournalEntry {
  const items = Array.from({ length: 12_000 }, (_, index) => ({
    key: `项目-${index}`,
    item: { name: `p-${index}`, text: '"ä𝒳企\n'.repeat(20) },
    intends: [],
  }));
  return { at: '', driver, type: 'items-fixed', step: 'a', items };
}

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of from) list.push(one);
  return list;
}

/**
 * What every journal must do. `make` gives an empty one, whose claims last `claimMs` if that is given; without `spoil` nobody but the
 * journal itself can reach what it keeps.
 */
export function journalConformance<J extends JournalUnderTest>(
  name: string,
  make: (claimMs?: number) => Promise<J>,
  spoil?: Spoil<J>,
): void {
  describe(`${name} as a journal`, () => {
    const held: Claim[] = [];
    const keep = async (claim: Promise<Claim>): Promise<Claim> => {
      held.push(await claim);
      return claim;
    };
    afterEach(async () => {
      for (const claim of held.splice(0)) await claim[Symbol.asyncDispose]();
    });

    it('gives back what was appended, in order, to another process too', async () => {
      const { open } = await make();
      const journal = open();
      await journal.append('r', 1, opened);
      await journal.append('r', 2, driving('d1'));
      expect(await all(journal.read('r'))).toEqual([opened, driving('d1')]);
      expect(await all(open().read('r'))).toEqual([opened, driving('d1')]);
    });

    it('refuses a sequence number that is taken, and keeps what is there', async () => {
      const { open } = await make();
      await open().append('r', 1, opened);
      await open().append('r', 2, driving('d1'));
      const error = await failureOf(open().append('r', 2, driving('d2')));
      expect(error).toMatchObject({ code: 'JOURNAL_CONFLICT', message: expect.stringContaining('"r"') });
      expect((await failureOf(open().append('r', 1, opened))).code).toBe('JOURNAL_CONFLICT');
      expect(await all(open().read('r'))).toEqual([opened, driving('d1')]);
    });

    it('lets one of several win that append at once', async () => {
      const { open } = await make();
      await open().append('r', 1, opened);
      const drivers = ['d1', 'd2', 'd3', 'd4', 'd5'];
      const results = await Promise.allSettled(drivers.map((driver) => open().append('r', 2, driving(driver))));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = drivers[results.findIndex(({ status }) => status === 'fulfilled')];
      expect((await all(open().read('r'))).at(-1)).toMatchObject({ driver: winner });
    });

    it('keeps runs apart, and lists them', async () => {
      const { open } = await make();
      const journal = open();
      await journal.append('r1', 1, opened);
      await journal.append('r2', 1, { ...opened, workflow: 'other' });
      expect((await all(journal.runs())).sort()).toEqual(['r1', 'r2']);
      expect(await all(journal.read('r2'))).toEqual([{ ...opened, workflow: 'other' }]);
    });

    it('reads nothing of a run that is not there', async () => {
      const { open } = await make();
      expect(await all(open().read('none'))).toEqual([]);
      expect(await all(open().runs())).toEqual([]);
    });

    it.each(['../up', 'a/b', '.', 'UPPER', '', 'x'.repeat(64)])('refuses the run id %j', async (runId) => {
      const { open } = await make();
      const journal = open();
      expect((await failureOf(journal.append(runId, 1, opened))).code).toBe('INVALID');
      expect((await failureOf(all(journal.read(runId)))).code).toBe('INVALID');
      expect((await failureOf(journal.claim(runId, 'd'))).code).toBe('INVALID');
    });

    it('keeps a large record whole', async () => {
      const { open } = await make();
      const large = { ...opened, input: Array.from({ length: 20_000 }, (_, index) => `project-${index}`) };
      await open().append('r', 1, large);
      expect(await all(open().read('r'))).toEqual([large]);
    });

    it('keeps a record of 3 MB whole, whatever its characters are', async () => {
      const { open } = await make();
      const entry = large('d1');
      expect(Buffer.byteLength(JSON.stringify(entry))).toBeGreaterThan(3_000_000);
      await open().append('r', 1, opened);
      await open().append('r', 2, entry);
      await open().append('r', 3, driving('d1'));
      const entries = await all(open().read('r'));
      expect(entries).toHaveLength(3);
      // Compared as text: a difference of megabytes would be shown forever.
      expect(JSON.stringify(entries[1]) === JSON.stringify(entry)).toBe(true);
    });

    it('lets one of several win that append large records at once, and keeps the winner whole', async () => {
      const { open } = await make();
      await open().append('r', 1, opened);
      const entries = ['d1', 'd2', 'd3'].map(large);
      const results = await Promise.allSettled(entries.map((entry) => open().append('r', 2, entry)));
      const won = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(won).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'JOURNAL_CONFLICT' });
      const there = await all(open().read('r'));
      expect(there).toHaveLength(2);
      expect(JSON.stringify(there[1]) === JSON.stringify(entries[won[0] ?? -1])).toBe(true);
    });

    it('appends nothing for a caller who has given up', async () => {
      const { open } = await make();
      await open().append('r', 1, opened);
      const given = { signal: AbortSignal.abort() };
      expect((await failureOf(open().append('r', 2, driving('d1'), given))).code).toBe('ABORTED');
      expect(await all(open().read('r'))).toEqual([opened]);
    });

    it('keeps a record that is aborted half way wholly or not at all', async () => {
      const { open } = await make();
      await open().append('r', 1, opened);
      const controller = new AbortController();
      const append = open().append('r', 2, large('d1'), { signal: controller.signal });
      const settled = Promise.allSettled([append]);
      await turn();
      controller.abort();
      await settled;
      const kept = (await all(open().read('r'))).length;
      expect([1, 2]).toContain(kept);
      // The next driver finds the number free, or the record whole.
      const next = open().append('r', 2, driving('d2'));
      if (kept === 1) await next;
      else expect((await failureOf(next)).code).toBe('JOURNAL_CONFLICT');
      expect(await all(open().read('r'))).toHaveLength(2);
    });

    it('removes the runs that are over, and no others; their ids are free again', async () => {
      const { open } = await make();
      for (const runId of ['over', 'open']) {
        await open().append(runId, 1, opened);
        await open().append(runId, 2, driving('d1'));
        await (await open().claim(runId, 'd1'))[Symbol.asyncDispose]();
      }
      await open().append('over', 3, large('d1'));
      const seen: string[] = [];
      const removal = await open().prune?.((entries, runId) => {
        seen.push(`${runId} ${entries.length}`);
        return runId === 'over';
      });
      expect(removal).toEqual({ removed: ['over'], unreadable: [] });
      expect(seen.sort()).toEqual(['open 2', 'over 3']);
      expect(await all(open().read('over'))).toEqual([]);
      expect(await all(open().runs())).toEqual(['open']);
      expect(await all(open().read('open'))).toHaveLength(2);
      expect(await open().prune?.(() => false)).toEqual({ removed: [], unreadable: [] });
      await open().append('over', 1, opened);
      await keep(open().claim('over', 'd2'));
      expect(await all(open().read('over'))).toEqual([opened]);
    });

    it('takes no record of a driver whose run was removed meanwhile', async () => {
      const { open } = await make();
      const driver = open();
      await driver.append('r', 1, opened);
      await driver.append('r', 2, driving('d1'));
      await open().prune?.(() => true);
      await expect(driver.append('r', 3, driving('d1'))).rejects.toThrow();
      expect(await all(open().runs())).toEqual([]);
      expect(await all(open().read('r'))).toEqual([]);
    });

    it('takes nothing of the driver of a run that was removed for the one begun anew under its id', async () => {
      const { open } = await make();
      const frozen = open();
      await frozen.append('r', 1, opened);
      const old = await keep(frozen.claim('r', 'd1'));
      await frozen.append('r', 2, driving('d1'));
      await open().prune?.(() => true);
      const anew = { ...opened, at: '2026-01-02T00:00:00Z', driver: 'd2' };
      await open().append('r', 1, anew);
      const present = open();
      const claim = await keep(present.claim('r', 'd2'));
      await present.append('r', 2, driving('d2'));
      // Both have the same turn, and the same number would be next.
      expect((await failureOf(frozen.append('r', 3, driving('d1')))).code).toBe('JOURNAL_CONFLICT');
      expect((await failureOf(frozen.append('r', 7, driving('d1')))).code).toBe('JOURNAL_CONFLICT');
      expect((await failureOf(old.renew())).code).toBe('DRIVER_LOST');
      await claim.renew();
      await present.append('r', 3, driving('d2'));
      expect(await all(open().read('r'))).toEqual([anew, driving('d2'), driving('d2')]);
    });

    it('gives no claim on a run that is not there', async () => {
      const { open } = await make();
      await open().append('r', 1, opened);
      expect((await failureOf(open().claim('none', 'd1'))).code).toBe('RUN_UNKNOWN');
    });

    if (spoil !== undefined) {
      it.each(['missing', 'altered'] as const)('refuses a run of which a record is %s', async (how) => {
        const journal = await make();
        const { open } = journal;
        await open().append('r', 1, opened);
        for (const seq of [2, 3]) await open().append('r', seq, driving(`d${seq}`));
        await spoil(journal, 2, how);
        expect((await failureOf(all(open().read('r')))).code).toBe('JOURNAL_INVALID');
      });

      it('leaves a run that cannot be read, and says so', async () => {
        const journal = await make();
        const { open } = journal;
        await open().append('r', 1, opened);
        for (const seq of [2, 3]) await open().append('r', seq, driving(`d${seq}`));
        await spoil(journal, 2, 'altered');
        expect(await open().prune?.(() => true)).toEqual({ removed: [], unreadable: ['r'] });
        expect(await all(open().runs())).toEqual(['r']);
      });
    }

    it('gives a claim to the first, and refuses a second while the first renews', async () => {
      const { open, until } = await make();
      await open().append('r', 1, opened);
      const claim = await keep(open().claim('r', 'd1'));
      let waiting = true;
      const second = failureOf(open().claim('r', 'd2')).finally(() => {
        waiting = false;
      });
      const beats = (async () => {
        while (waiting) {
          await claim.renew();
          await turn();
        }
      })();
      expect((await until(second)).code).toBe('JOURNAL_CONFLICT');
      await beats;
      expect(claim.lost.aborted).toBe(false);
    });

    it('gives a claim that was given back without waiting', async () => {
      const { open } = await make(24 * 3_600_000);
      await open().append('r', 1, opened);
      const first = await open().claim('r', 'd1');
      await first[Symbol.asyncDispose]();
      const second = await keep(open().claim('r', 'd2'));
      expect(second.lost.aborted).toBe(false);
    });

    it('gives a claim that is not renewed to the next, after its time; the former holder learns that it lost', async () => {
      const { open, until, claimMs, now } = await make();
      await open().append('r', 1, opened);
      const first = await open().claim('r', 'd1');
      const before = now();
      const second = await keep(until(open().claim('r', 'd2')));
      expect(now() - before).toBeGreaterThanOrEqual(claimMs);
      expect((await failureOf(first.renew())).code).toBe('DRIVER_LOST');
      expect(first.lost.aborted).toBe(true);
      await first[Symbol.asyncDispose]();
      await second.renew();
      expect(second.lost.aborted).toBe(false);
    });

    it('lets a holder that was frozen while others came and went neither go on nor give back what it lost', async () => {
      const { open, until } = await make();
      await open().append('r', 1, opened);
      const frozen = await open().claim('r', 'd1');
      for (const driver of ['d2', 'd3']) await (await until(open().claim('r', driver)))[Symbol.asyncDispose]();
      const present = await keep(open().claim('r', 'd4'));
      expect((await failureOf(frozen.renew())).code).toBe('DRIVER_LOST');
      await frozen[Symbol.asyncDispose]();
      let waiting = true;
      const next = failureOf(open().claim('r', 'd5')).finally(() => {
        waiting = false;
      });
      const beats = (async () => {
        for (; waiting; await turn()) await present.renew();
      })();
      expect((await until(next)).code).toBe('JOURNAL_CONFLICT');
      await beats;
      expect(present.lost.aborted).toBe(false);
    });

    it('gives a claim to one of several that wait for it', async () => {
      const { open, until } = await make();
      await open().append('r', 1, opened);
      await open().claim('r', 'dead');
      const results = await until(
        Promise.allSettled(['d1', 'd2', 'd3'].map((driver) => keep(open().claim('r', driver)))),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('stops waiting for a claim when it is told to', async () => {
      const { open, until } = await make();
      await open().append('r', 1, opened);
      await keep(open().claim('r', 'd1'));
      const controller = new AbortController();
      const waiting = failureOf(open().claim('r', 'd2', { signal: controller.signal }));
      controller.abort();
      expect((await until(waiting)).code).toBe('ABORTED');
    });
  });
}
