import { describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import type { JournalStore } from '../../src/workflow/journal.ts';
import { Ledger } from '../../src/workflow/ledger.ts';
import { createMemoryJournal } from '../../src/workflow/memory-journal.ts';
import { stateOf } from '../../src/workflow/state.ts';
import { failureOf } from './harness.ts';
import { virtualTime } from './virtual-time.ts';

/** A ledger over a run that was opened, and what reached its journal. */
async function opened(appends: (entry: { readonly type: string }) => void) {
  const { clock } = virtualTime();
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
      appends(entry);
      await journal.append(runId, seq, entry);
    },
  };
  return { journal, ledger: new Ledger(state, { journal: watched, runId: 'r', driver: 'd', clock }, () => undefined) };
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

  it('writes records one after the other, however they were asked for', async () => {
    const tried: string[] = [];
    const { ledger } = await opened(({ type }) => tried.push(type));
    await Promise.all([ledger.append({ type: 'driving' }), ledger.append({ type: 'touched' })]);
    expect(tried).toEqual(['driving', 'touched']);
    expect(ledger.state).toMatchObject({ epoch: 2, touched: 3, seq: 3 });
  });
});
