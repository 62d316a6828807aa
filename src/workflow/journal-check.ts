import { FederationError } from '../errors.ts';
import type { CallOptions } from '../types.ts';
import type { JournalEntry, JournalStore } from './journal.ts';
import { recordShapes } from './record-shapes.ts';
import { objectOf, type Shape, text } from './shape.ts';

const signature = objectOf({ at: text, driver: text });
const shapes = new Map<string, Shape>(Object.entries(recordShapes));

/**
 * All records of a run, each of a known form.
 * @throws FederationError JOURNAL_INVALID where one is not: a newer release wrote it, or somebody edited it.
 */
export async function* checkedEntries(
  journal: JournalStore,
  runId: string,
  options: CallOptions = {},
): AsyncGenerator<JournalEntry, void, undefined> {
  let seq = 0;
  for await (const entry of journal.read(runId, options)) {
    seq += 1;
    checkEntry(runId, seq, entry);
    yield entry;
  }
}

/** @throws FederationError JOURNAL_INVALID where a record is of no known form. */
export function checkEntry(runId: string, seq: number, entry: unknown): void {
  const why = flawOf(entry);
  if (why !== undefined)
    throw new FederationError(
      'JOURNAL_INVALID',
      `Record ${seq} of run "${runId}" ${why}. Drive it with the release that wrote it, or restore the journal from a copy.`,
    );
}

/** @throws FederationError INVALID for an id that journals cannot keep apart, or that would lead out of their directory. */
export function checkRunId(runId: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(runId)) return;
  throw new FederationError(
    'INVALID',
    `"${runId}" is no run id; use up to 63 lower-case letters, digits and "-", with a letter or digit at both ends.`,
  );
}

/** The refusal of a sequence number that is taken. */
export function conflictAt(runId: string, seq: number): FederationError {
  return new FederationError(
    'JOURNAL_CONFLICT',
    `Record ${seq} of run "${runId}" is taken: another driver is at work.`,
  );
}

function flawOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || !('type' in entry) || typeof entry.type !== 'string')
    return 'is no record';
  const shape = shapes.get(entry.type);
  if (shape === undefined) return `is of the unknown type "${entry.type}"`;
  if (entry.type === 'opened' && !('format' in entry && entry.format === 1))
    return 'has a format this release does not know';
  const bad = signature(entry, '') ?? shape(entry, '');
  return bad === undefined ? undefined : `("${entry.type}") has no proper "${bad}"`;
}
