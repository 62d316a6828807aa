import { randomUUID } from 'node:crypto';
import { link, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const temporary = '.new-';

/**
 * Makes a file that is complete and on disk before it has its name. `false` where the name is taken: of several that try at once,
 * in whatever process, one wins. `false` also where `may` says no, or the directory is gone. What `may` saw is so when the name is
 * given: a directory that was put in the place of this one after that has no file to give it to.
 */
export async function linkNew(
  directory: string,
  name: string,
  text: string,
  may?: () => Promise<boolean>,
): Promise<boolean> {
  const beside = join(directory, `${temporary}${randomUUID()}`);
  try {
    try {
      await using file = await open(beside, 'wx', 0o600);
      await file.writeFile(text);
      await file.sync();
      if (may !== undefined && !(await may())) return false;
      await link(beside, join(directory, name));
    } finally {
      await rm(beside, { force: true });
    }
    await syncDirectory(directory);
    return true;
  } catch (error) {
    if (isTaken(error) || (may !== undefined && isMissing(error))) return false;
    throw error;
  }
}

/** Takes a directory out of sight at once and whole, then removes it; what a process that died left of that, {@link removeLeftovers} does. */
export async function removeAtOnce(directory: string, name: string): Promise<void> {
  const beside = join(directory, `${temporary}${randomUUID()}`);
  await rename(join(directory, name), beside);
  await syncDirectory(directory);
  await rm(beside, { recursive: true, force: true });
}

/** Finishes removals that were cut off. */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory() && isTemporary(entry.name))
      await rm(join(directory, entry.name), { recursive: true, force: true });
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
