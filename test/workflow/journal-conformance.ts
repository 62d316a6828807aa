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

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of from) list.push(one);
  return list;
}

/** What every journal must do. `make` gives an empty one, whose claims last `claimMs` if that is given. */
export function journalConformance(name: string, make: (claimMs?: number) => Promise<JournalUnderTest>): void {
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
