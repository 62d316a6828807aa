/**
 * Records what each method of the modules needs the right to: `npm run rights` writes `src/modules/rights-table.ts`. Whether it still
 * is so, and whether every one of them is needed, the suite of least privilege tells.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sandboxGround } from '../grounds.ts';
import { specsByModule } from './kit/all-specs.ts';
import { joined, methodOf, type Rights, rightsToCall, rightsToConnect, without } from './kit/rights.ts';
import { startWorld } from './kit/world.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
const table = new Map<string, Rights>();
for (const { methods } of await specsByModule()) {
  await using world = await startWorld(sandboxGround);
  const connect = await rightsToConnect(world);
  table.set('connect', connect);
  for (const spec of methods) {
    console.error(spec.method);
    const rights = without(await rightsToCall(world, spec), connect);
    const known = table.get(methodOf(spec));
    table.set(methodOf(spec), known === undefined ? rights : joined(known, rights));
  }
}
const lines = [...table]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([method, rights]) => `  '${method}': ${JSON.stringify(rights)},`);
const names = [...table.keys()].filter((name) => name !== 'connect').sort();
await writeFile(
  `${top}src/modules/rights-table.ts`,
  `/** Made by \`npm run rights\` from the requests of each method; see \`requiredRules\`. */

/** A method of the modules that {@link requiredRules} knows. */
export type MethodName =
${names.map((name) => `  | '${name}'`).join('\n')};

/** Rights by the cluster on which they are needed, each as \`verb plural.group\`. */
export interface Rights {
  readonly host: readonly string[];
  readonly members: readonly string[];
}

export const rights: Readonly<Record<MethodName | 'connect', Rights>> = {
${lines.join('\n')}
};
`,
);
