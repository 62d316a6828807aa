import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AnyMethodSpec } from './method.ts';

const top = fileURLToPath(new URL('../../..', import.meta.url));

/** The methods of one folder: they play in one world, for what they leave there is nothing to one another. */
export interface SpecsOfModule {
  readonly module: string;
  readonly methods: readonly AnyMethodSpec[];
}

/** The specs of all methods, by the folder that holds them. */
export async function specsByModule(): Promise<readonly SpecsOfModule[]> {
  const files: string[] = [];
  for await (const file of glob('test/modules/*/methods.ts', { cwd: top })) files.push(file);
  return Promise.all(
    files.sort().map(async (file) => {
      const { methods }: Pick<SpecsOfModule, 'methods'> = await import(`${top}${file}`);
      return { module: file.split('/').at(-2) ?? file, methods };
    }),
  );
}
