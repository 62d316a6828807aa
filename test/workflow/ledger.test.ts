import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { JournalEntry, JournalStore } from '../../src/workflow/journal.ts';
import { Ledger } from '../../src/workflow/ledger.ts';
import { createMemoryJournal } from '../../src/workflow/memory-journal.ts';
import { stateOf } from '../../src/workflow/state.ts';
import { failureOf } from './harness.ts';
import { virtualTime } from './virtual-time.ts';

/** A ledger over a run that was opened, and what reached its journal. */
async function opened(appends: (entry: JournalEntry) => unknown) {
  const { clock, until } = virtualTime();
  const journal = createMemoryJournal(clock);
  const at = { at: '', driver: 'd' };
  const head = {
    format: 1,
    release: '0',
    workflow: 'w',
    version: '1',
    fingerprint: '',
    identity: null,
    input: {},
  } as const;
  const first = { ...at, type: 'opened', ...head, steps: [], onFailure: 'rollback' } as const;
  await journal.append('r', 1, first);
  const state = stateOf([first]);
  if (state === undefined) throw new Error('no state');
  const watched: JournalStore = {
    ...journal,
    append: async (runId, seq, entry) => {
      await appends(entry);
      await journal.append(runId, seq, entry);
    },
  };
  const ledger = new Ledger(state, { journal: watched, runId: 'r', driver: 'd', clock }, () => undefined);
  return { journal, ledger, clock, until };
}

describe('rule 5: the only writer of a drive', () => {
  it('writes nothing more after a record that the journal did not take, for whether it is there is not known', async () => {
    const tried: string[] = [];
    const { ledger } = await opened(({ type }) => {
      tried.push(type);
      if (type === 'driving') throw new FederationError('FORBIDDEN', 'Not now.');
    });
    expect((await failureOf(ledger.append({ type: 'driving' }))).code).toBe('FORBIDDEN');
    expect((await failureOf(ledger.append({ type: 'touched' }))).code).toBe('FORBIDDEN');
    expect(tried).toEqual(['driving']);
    expect(ledger.state.seq).toBe(1);
  });

  it('writes nothing more after the run was lost', async () => {
    const tried: string[] = [];
    const { ledger, journal } = await opened(({ type }) => tried.push(type));
    await journal.append('r', 2, { at: '', driver: 'other', type: 'driving' });
    expect((await failureOf(ledger.append({ type: 'driving' }))).code).toBe('DRIVER_LOST');
    expect((await failureOf(ledger.append({ type: 'touched' }))).code).toBe('DRIVER_LOST');
    expect(tried).toEqual(['driving']);
  });

  it('says what is to be done about a journal that fails for a cause of its own, and what is in it', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const { ledger } = await opened(() => Promise.reject(full));
    const error = await failureOf(ledger.append({ type: 'driving' }));
    expect(error).toMatchObject({ code: 'JOURNAL_FAILED', cause: { message: full.message } });
    expect(error.message).toBe(
      'Record 2 ("driving") of run "r" could not be written to its journal: ENOSPC: no space left on device, write. All up to record 1 is in it. See that the journal takes records again (space on its disk, a cluster that answers, the right to write), then resume it or roll it back.',
    );
  });

  it.each([
    ['never comes', () => new Promise<never>(() => undefined)],
    ['comes too late for the journal', () => Promise.reject(new FederationError('TIMEOUT', 'It took too long.'))],
  ])('repeats a record whose answer %s, and finds it where it is there', async (_, answer) => {
    let tries = 0;
    const { ledger, journal, until } = await opened(async (entry) => {
      tries += 1;
      if (tries > 1) return;
      await journal.append('r', 2, entry);
      await answer();
    });
    await until(ledger.append({ type: 'driving' }));
    expect(tries).toBe(2);
    expect(ledger.state).toMatchObject({ seq: 2, epoch: 2 });
    await until(ledger.append({ type: 'touched' }));
    expect(ledger.state.seq).toBe(3);
  });

  it('gives up on a journal that never answers, after some minutes', async () => {
    let tries = 0;
    const { ledger, until, clock } = await opened(() => {
      tries += 1;
      return new Promise<never>(() => undefined);
    });
    expect(await failureOf(until(ledger.append({ type: 'driving' })))).toMatchObject({ code: 'TIMEOUT' });
    expect(tries).toBe(6);
    expect(clock.now()).toBeLessThan(5 * 60_000);
  });

  it('writes records one after the other, however they were asked for', async () => {
    const tried: string[] = [];
    const { ledger } = await opened(({ type }) => tried.push(type));
    await Promise.all([ledger.append({ type: 'driving' }), ledger.append({ type: 'touched' })]);
    expect(tried).toEqual(['driving', 'touched']);
    expect(ledger.state).toMatchObject({ epoch: 2, touched: 3, seq: 3 });
  });
});
