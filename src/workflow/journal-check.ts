import { FederationError } from '../errors.ts';
import type { JournalEntry, JournalStore } from './journal.ts';

type Kind = 'string' | 'object' | 'array' | 'json';

/** What each type of record must have besides `at` and `driver`. */
const fields: Readonly<Record<JournalEntry['type'], Readonly<Record<string, Kind>>>> = {
  opened: {
    release: 'string',
    workflow: 'string',
    version: 'string',
    steps: 'array',
    fingerprint: 'string',
    identity: 'json',
    input: 'json',
    onFailure: 'string',
  },
  driving: {},
  touched: {},
  captured: { step: 'string', before: 'json', intends: 'array' },
  'items-fixed': { step: 'string', items: 'array' },
  'items-captured': { step: 'string', items: 'array' },
  'items-done': { step: 'string', keys: 'array' },
  'items-undone': { step: 'string', keys: 'array' },
  done: { step: 'string', out: 'json' },
  skipped: { step: 'string', why: 'string', out: 'json' },
  approved: { gate: 'string', by: 'string', fingerprint: 'string' },
  paused: { why: 'string' },
  undoing: { why: 'string' },
  undone: { step: 'string' },
  residue: { residue: 'object' },
  closed: { outcome: 'string' },
};

/**
 * All records of a run, each of a known form.
 * @throws FederationError JOURNAL_INVALID where one is not: a newer release wrote it, or somebody edited it.
 */
export async function checkedEntries(journal: JournalStore, runId: string): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of journal.read(runId)) {
    const why = flawOf(entry);
    if (why !== undefined)
      throw new FederationError(
        'JOURNAL_INVALID',
        `Record ${entries.length + 1} of run "${runId}" ${why}. Drive it with the release that wrote it, or restore the journal from a copy.`,
      );
    entries.push(entry);
  }
  return entries;
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
  const known = Object.entries(fields).find(([type]) => type === entry.type);
  if (known === undefined) return `is of the unknown type "${entry.type}"`;
  if (entry.type === 'opened' && !('format' in entry && entry.format === 1))
    return 'has a format this release does not know';
  const values = new Map<string, unknown>(Object.entries(entry));
  const bad = Object.entries({ at: 'string', driver: 'string', ...known[1] } as const).find(
    ([name, kind]) => !isKind(values.get(name), kind),
  );
  return bad === undefined ? undefined : `("${entry.type}") has no proper "${bad[0]}"`;
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'json') return value !== undefined;
  if (kind === 'array') return Array.isArray(value);
  return kind === 'string' ? typeof value === 'string' : typeof value === 'object' && value !== null;
}
