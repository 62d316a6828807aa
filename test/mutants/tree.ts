import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** One mistake: in each file, text that stands there exactly once is replaced. */
export interface Mutant {
  readonly name: string;
  readonly changes: readonly Change[];
}

/** One replacement in one file of the engine. */
interface Change {
  /** Name of a file in src/workflow. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A {@link Mutant} of one change; `and` adds another. */
export function mutant(name: string, file: string, [find, replace]: readonly [string, string]): Mutant & MoreChanges {
  return extended(name, [{ file, find, replace }]);
}

interface MoreChanges {
  and(file: string, texts: readonly [find: string, replace: string]): Mutant & MoreChanges;
}

function extended(name: string, changes: readonly Change[]): Mutant & MoreChanges {
  return { name, changes, and: (file, [find, replace]) => extended(name, [...changes, { file, find, replace }]) };
}

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const engine = join('src', 'workflow');

/** The texts of a mutant's files, mutated. Throws where a text to replace is missing or stands there more than once, or what comes out is no program. */
export async function mutated(
  { name, changes }: Mutant,
  root: string = checkout,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of changes) {
    const path = join(engine, file);
    const parts = (texts.get(path) ?? (await readFile(join(root, path), 'utf8'))).split(find);
    if (parts.length !== 2)
      throw new Error(
        `Mutant "${name}": its text occurs ${parts.length - 1} times in ${path}, not once. Bring the mutant up to date:\n${find}`,
      );
    texts.set(path, parts.join(replace));
  }
  for (const [path, text] of texts) {
    const [flaw] = ts.transpileModule(text, { reportDiagnostics: true }).diagnostics ?? [];
    if (flaw !== undefined)
      throw new Error(
        `Mutant "${name}" is no program: ${path}: ${ts.flattenDiagnosticMessageText(flaw.messageText, ' ')}`,
      );
  }
  return texts;
}

/** A copy of what the engine's tests need, in a temporary directory; gone when disposed. */
export interface Tree extends AsyncDisposable {
  readonly root: string;
  /** Puts a mutant in; the result takes it out again. */
  mutate(mutant: Mutant): Promise<() => Promise<void>>;
}

/** Copies the checkout as it stands now. */
export async function copyTree(): Promise<Tree> {
  const root = await mkdtemp(join(tmpdir(), 'kubesphere-federation-mutants-'));
  for (const part of ['src', 'test', 'package.json', 'tsconfig.json'])
    await cp(join(checkout, part), join(root, part), { recursive: true });
  // Also where a signal ends this process.
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  await symlink(join(checkout, 'node_modules'), join(root, 'node_modules'));
  return {
    root,
    async mutate(mutant) {
      const texts = await mutated(mutant, root);
      const originals = new Map<string, string>();
      for (const [path, text] of texts) {
        originals.set(path, await readFile(join(root, path), 'utf8'));
        await writeFile(join(root, path), text);
      }
      return async () => {
        for (const [path, text] of originals) await writeFile(join(root, path), text);
      };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
