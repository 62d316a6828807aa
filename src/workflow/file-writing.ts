import { randomUUID } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const temporary = '.new-';

/**
 * Makes a file that is complete and on disk before it has its name. `false` where the name is taken: of several that try at once,
 * in whatever process, one wins.
 */
export async function linkNew(directory: string, name: string, text: string): Promise<boolean> {
  const beside = join(directory, `${temporary}${randomUUID()}`);
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await link(beside, join(directory, name));
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    await file.close();
    await rm(beside, { force: true });
  }
  await syncDirectory(directory);
  return true;
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Left behind by a process that died while writing; means nothing. */
export function isTemporary(name: string): boolean {
  return name.startsWith(temporary);
}

/** Whether a file or directory is not there. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function isTaken(error: unknown): boolean {
  return codeOf(error) === 'EEXIST';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
