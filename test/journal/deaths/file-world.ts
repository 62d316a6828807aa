import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FederationError } from '../../../src/errors.ts';
import { isRecord, parseJson } from '../../../src/kube/json.ts';
import { linkNew } from '../../../src/workflow/file-writing.ts';

/** One state of an object: who brought it about, and how. */
export interface Version {
  readonly value: string;
  readonly by: number;
  readonly verb: 'made' | 'run' | 'touch' | 'undo';
}

/**
 * Objects in a directory, shared by processes. Every version of an object is a file of its own and is never changed: a write names the
 * version it has read, and of several who write upon the same one wins, as with resourceVersion.
 */
export class FileWorld {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async make(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await mkdir(join(this.directory, name), { recursive: true });
      await this.write(name, 0, 'old', 'made');
    }
  }

  async read(name: string): Promise<{ readonly version: number; readonly value: string }> {
    const history = await this.history(name);
    return { version: history.length, value: history.at(-1)?.value ?? '' };
  }

  /** Writes upon `version`; another one there is a conflict. */
  async write(name: string, version: number, value: string, verb: Version['verb']): Promise<void> {
    const text = JSON.stringify({ value, by: process.pid, verb } satisfies Version);
    if (await linkNew(join(this.directory, name), fileOf(version + 1), text)) return;
    throw new FederationError('CONFLICT', `${name} is no longer at version ${version}.`);
  }

  async history(name: string): Promise<Version[]> {
    const files = (await readdir(join(this.directory, name))).filter((file) => /^\d+$/.test(file)).sort();
    return Promise.all(files.map(async (file) => versionIn(await readFile(join(this.directory, name, file), 'utf8'))));
  }

  /** Every object's history. */
  async histories(): Promise<Readonly<Record<string, readonly Version[]>>> {
    const names = (await readdir(this.directory)).sort();
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await this.history(name)] as const)));
  }
}

const fileOf = (version: number): string => String(version).padStart(6, '0');

function versionIn(text: string): Version {
  const found = parseJson(text);
  if (!isRecord(found)) throw new Error(`no version: ${text}`);
  // Only write() puts them there.
  return found as unknown as Version;
}
