import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from './play.ts';

const file = join(import.meta.dirname, 'recorded.json');

/** What the real server answered when it was last asked, by case. */
export async function readRecord(): Promise<Map<string, Outcome>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const record: Record<string, Outcome> = JSON.parse(text);
  return new Map(Object.entries(record));
}

/** Keeps what the real server answers, one line per case, for those who have no real server. */
export async function writeRecord(outcomes: ReadonlyMap<string, Outcome>): Promise<void> {
  const lines = [...outcomes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, outcome]) => `${JSON.stringify(name)}:${JSON.stringify(outcome)}`);
  await writeFile(file, `{\n${lines.join(',\n')}\n}\n`);
}
