import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JournalEntry } from '../../src/workflow/journal.ts';

/** A run of the fixture as it was recorded, and the moments at which its driver may have died. */
export interface KeptJournal {
  readonly release: string;
  readonly version: string;
  /** Every object of the world, and its value, before the run. */
  readonly start: Readonly<Record<string, string>>;
  readonly entries: readonly JournalEntry[];
  /** After so many entries the world was this. */
  readonly stops: readonly { readonly after: number; readonly world: Readonly<Record<string, string>> }[];
}

/** Name and kind of each step of the migration, in order. */
export type KeptSteps = readonly { readonly name: string; readonly kind: string; readonly undo: string }[];

const folder = fileURLToPath(new URL('.', import.meta.url));
const stepsFile = 'member-migration-steps.json';
const filesFile = 'file-journal.json';
const others = [stepsFile, filesFile];

/** Every file of a directory and of those in it, by its path. */
export type Files = Readonly<Record<string, string>>;

/** Releases of which journals are kept. */
export async function keptReleases(): Promise<readonly string[]> {
  const found = await readdir(folder, { withFileTypes: true });
  return found.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** The journals of a release, by name. */
export async function keptJournals(release: string): Promise<ReadonlyMap<string, KeptJournal>> {
  const names = (await readdir(join(folder, release))).filter(
    (name) => name.endsWith('.json') && !others.includes(name),
  );
  const read = async (name: string): Promise<[string, KeptJournal]> => [
    name.replace(/\.json$/, ''),
    JSON.parse(await readFile(join(folder, release, name), 'utf8')),
  ];
  return new Map(await Promise.all(names.sort().map(read)));
}

/** The steps that the migration had in a release. */
export async function keptSteps(release: string): Promise<KeptSteps> {
  return JSON.parse(await readFile(join(folder, release, stepsFile), 'utf8'));
}

/** A directory that `fileJournal` of a release wrote. */
export async function keptFiles(release: string): Promise<Files> {
  return JSON.parse(await readFile(join(folder, release, filesFile), 'utf8'));
}

/** Whether a release has journals already. */
export function isKept(release: string): boolean {
  return existsSync(join(folder, release));
}

/** Writes what is kept of a release, one line per record. */
export async function keep(
  release: string,
  journals: ReadonlyMap<string, KeptJournal>,
  steps: KeptSteps,
  files: Files,
): Promise<void> {
  await mkdir(join(folder, release), { recursive: true });
  for (const [name, { entries, stops, ...head }] of journals) {
    const lines = (list: readonly unknown[]): string => `[\n${list.map((one) => JSON.stringify(one)).join(',\n')}\n]`;
    const text = `{${JSON.stringify(head).slice(1, -1)},\n"entries": ${lines(entries)},\n"stops": ${lines(stops)}}\n`;
    await writeFile(join(folder, release, `${name}.json`), text);
  }
  await writeFile(join(folder, release, filesFile), `${JSON.stringify(files, null, 1)}\n`);
  await writeFile(join(folder, release, stepsFile), `[\n${steps.map((step) => JSON.stringify(step)).join(',\n')}\n]\n`);
}
