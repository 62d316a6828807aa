import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import { abortError } from '../internal/signal.ts';
import { defaultClaimMs, takeClaim } from './claiming.ts';
import { fileClaims } from './file-claims.ts';
import { isMissing, isTemporary, linkNew, removeAtOnce, removeLeftovers, syncDirectory } from './file-writing.ts';
import type { JournalEntry, JournalStore } from './journal.ts';
import { checkRunId, conflictAt } from './journal-check.ts';
import { type Clock, systemClock } from './time.ts';

const marker = 'journal.json';
const markerText = `${JSON.stringify({ kind: 'kubesphere-federation journal', format: 1 })}\n`;

/**
 * A journal in a directory of its own, which is made when first written to. Survives the process and a power cut, and may be used by
 * several processes of one machine: one file per record, complete and on disk before it gets its name, and a name that is taken is
 * the conflict. Files can be read by their owner only. Its claims last ten seconds.
 */
export function fileJournal(directory: string): JournalStore {
  return createFileJournal(directory, systemClock);
}

/** {@link fileJournal} with its own time. */
export function createFileJournal(directory: string, clock: Clock, claimMs: number = defaultClaimMs): JournalStore {
  /** Which run this journal drives under each id: one that was removed is not the one begun anew. */
  const origins = new Map<string, string | undefined>();
  const pathOf = (runId: string): string => {
    checkRunId(runId);
    return join(directory, runId);
  };
  return Object.freeze<JournalStore>({
    async append(runId, seq, entry, { signal } = {}) {
      if (signal?.aborted) throw abortError(signal);
      const path = pathOf(runId);
      const text = `${JSON.stringify({ seq, digest: digest(entry), entry })}\n`;
      if (seq === 1) {
        await makeJournal(directory);
        await mkdir(path, { recursive: true, mode: 0o700 });
        await syncDirectory(directory);
        if (!(await linkNew(path, fileOf(seq), text))) throw conflictAt(runId, seq);
        origins.set(runId, await originOf(path));
        return;
      }
      const origin = origins.get(runId) ?? (await originOf(path));
      // Whoever was frozen while its run ended and was removed may find the number free, and must not go on.
      const isNext = async (): Promise<boolean> =>
        (await originOf(path)) === origin && (await isThere(path, fileOf(seq - 1)));
      if (!(await linkNew(path, fileOf(seq), text, isNext))) throw conflictAt(runId, seq);
    },

    async *read(runId, { signal } = {}) {
      const path = pathOf(runId);
      if (await isJournal(directory)) yield* readRun(path, signal);
    },

    async *runs() {
      if (!(await isJournal(directory))) return;
      // What is wrong with a run is for its reader to find: it hides no other.
      for (const name of await runNames(directory)) if (await mayBeRun(join(directory, name))) yield name;
    },

    async prune(ended, { signal } = {}) {
      const removed: string[] = [];
      const unreadable: string[] = [];
      if (!(await isJournal(directory))) return { removed, unreadable };
      await removeLeftovers(directory);
      for (const runId of await runNames(directory)) {
        try {
          const entries: JournalEntry[] = [];
          for await (const entry of readRun(pathOf(runId), signal)) entries.push(entry);
          if (!ended(entries, runId)) continue;
        } catch (error) {
          if (FederationError.is(error, 'ABORTED')) throw error;
          unreadable.push(runId);
          continue;
        }
        await removeAtOnce(directory, runId);
        removed.push(runId);
      }
      return { removed, unreadable };
    },

    async claim(runId, driver, { signal } = {}) {
      const path = pathOf(runId);
      const origin = await originOf(path);
      if (origin === undefined)
        throw new FederationError(
          'RUN_UNKNOWN',
          `The journal at ${directory} has no run "${runId}"; see that it is the journal the run was begun with.`,
        );
      origins.set(runId, origin);
      const register = fileClaims(path, async () => (await originOf(path)) === origin);
      return takeClaim(register, { runId, driver, clock, claimMs, ...(signal && { signal }) });
    },
  });
}

/** Tells a run from another that had or gets its id: the file of its first record, and how that begins, which is its digest. */
async function originOf(path: string): Promise<string | undefined> {
  try {
    await using file = await open(join(path, fileOf(1)), 'r');
    const { ino, mtimeNs } = await file.stat({ bigint: true });
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(128), position: 0 });
    return `${ino} ${mtimeNs} ${buffer.toString('latin1', 0, bytesRead)}`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isThere(path: string, name: string): Promise<boolean> {
  try {
    await stat(join(path, name));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function* readRun(path: string, signal: AbortSignal | undefined): AsyncGenerator<JournalEntry, void, undefined> {
  for (const [index, name] of (await entryNames(path)).entries()) {
    if (signal?.aborted) throw abortError(signal);
    const seq = index + 1;
    if (name !== fileOf(seq)) throw damaged(path, `record ${seq} is missing, though later ones are there`);
    yield await readEntry(path, seq);
  }
}

/** Files beside the runs are somebody else's, such as a file manager's. */
async function runNames(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => !entry.isFile() && !isTemporary(entry.name)).map(({ name }) => name);
}

/** Whether there is anything that its reader must judge. */
async function mayBeRun(path: string): Promise<boolean> {
  try {
    return (await recordNames(path)).length > 0;
  } catch {
    return true;
  }
}

function fileOf(seq: number): string {
  return `${String(seq).padStart(8, '0')}.json`;
}

/** Whether there is a journal; refuses a directory that is something else. */
async function isJournal(directory: string): Promise<boolean> {
  const names = await namesIn(directory);
  if (names.length === 0) return false;
  if (!names.includes(marker))
    throw invalid(
      directory,
      `it is not empty and has no ${marker}, so it is no journal; give it a directory of its own`,
    );
  if ((await readFile(join(directory, marker), 'utf8')) === markerText) return true;
  throw invalid(directory, `${marker} is of a format that this release does not know; use the release that made it`);
}

async function makeJournal(directory: string): Promise<void> {
  if (await isJournal(directory)) return;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await linkNew(directory, marker, markerText);
  await syncDirectory(dirname(directory));
}

async function entryNames(path: string): Promise<string[]> {
  const names = await recordNames(path);
  const alien = names.find((name) => !/^\d{8}\.json$/.test(name));
  if (alien !== undefined) throw invalid(path, `"${alien}" is no part of a journal; take it away`);
  return names.sort();
}

async function recordNames(path: string): Promise<string[]> {
  return (await namesIn(path)).filter((name) => !/^claim-\d+\.json$/.test(name));
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !isTemporary(name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function readEntry(path: string, seq: number): Promise<JournalEntry> {
  const name = fileOf(seq);
  const text = await readFile(join(path, name), 'utf8');
  const found = parsed(text);
  if (typeof found !== 'object' || found === null || !('entry' in found) || !('digest' in found) || !('seq' in found))
    throw damaged(path, `${name} is damaged`);
  if (
    found.seq !== seq ||
    typeof found.entry !== 'object' ||
    found.entry === null ||
    digest(found.entry) !== found.digest
  )
    throw damaged(path, `${name} is not what was written there`);
  // The digest says that this is what append() was given.
  return found.entry as JournalEntry;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The refusal of the directory of one run. */
function damaged(path: string, why: string): FederationError {
  return invalid(path, why, ' To give this run up for good, and its way back with it, remove that directory.');
}

function invalid(path: string, why: string, more = ''): FederationError {
  return new FederationError(
    'JOURNAL_INVALID',
    `The journal at ${path} cannot be used: ${why}. If it was damaged, restore it from a copy.${more}`,
  );
}
