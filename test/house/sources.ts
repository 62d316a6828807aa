import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A file of the project: its path from the top, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every file that git knows or would take in, and that exists. */
export function projectFiles(): Source[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return [...new Set(listed.split('\0'))].flatMap((path) => {
    if (path === '') return [];
    try {
      return [{ path, text: readFileSync(`${root}${path}`, 'utf8') }];
    } catch {
      return [];
    }
  });
}
