import type { JournalEntry, JournalStore } from '../../../src/workflow/journal.ts';
import { mortal } from '../../migration/kit.ts';

/** Does something once a record of that step was kept. */
export function once(
  journal: JournalStore,
  type: JournalEntry['type'],
  step: string,
  act: () => Promise<void>,
): JournalStore {
  return {
    ...journal,
    async append(runId, seq, entry, options) {
      await journal.append(runId, seq, entry, options);
      if (entry.type === type && 'step' in entry && entry.step === step) await act();
    },
  };
}

/** A driver that dies once a record of that step was kept. */
export const dyingAfter = (journal: JournalStore, type: JournalEntry['type'], step: string): JournalStore =>
  mortal(journal, (entry) => (entry.type === type && 'step' in entry && entry.step === step ? 'after' : undefined));

/** The run that a call which failed has left. */
export async function runIdOf(calling: Promise<unknown>): Promise<string> {
  const [settled] = await Promise.allSettled([calling]);
  if (settled.status === 'fulfilled') throw new Error('The driver should have died.');
  return String((settled.reason as { readonly details?: { readonly runId?: string } }).details?.runId);
}
