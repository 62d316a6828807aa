import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AnyMethodSpec } from './method.ts';

const top = fileURLToPath(new URL('../../..', import.meta.url));

/** The specs of all methods of all modules. */
export async function allSpecs(): Promise<readonly AnyMethodSpec[]> {
  const files: string[] = [];
  for await (const file of glob('test/modules/*/methods.ts', { cwd: top })) files.push(file);
  const all = await Promise.all(
    files.sort().map(async (file) => (await import(`${top}${file}`)) as { readonly methods: readonly AnyMethodSpec[] }),
  );
  return all.flatMap(({ methods }) => methods);
}
