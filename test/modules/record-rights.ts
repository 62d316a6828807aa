/**
 * Records what each method of the modules needs the right to: `npm run rights` writes `src/modules/rights-table.ts`. Whether it still
 * is so, and whether every one of them is needed, the suite of least privilege tells.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sandboxGround } from '../grounds.ts';
import { allSpecs } from './kit/all-specs.ts';
import { joined, methodOf, type Rights, rightsToCall, rightsToConnect, without } from './kit/rights.ts';
import { startWorld } from './kit/world.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
const table = new Map<string, Rights>();
await using world = await startWorld(sandboxGround);
const connect = await rightsToConnect(world);
table.set('connect', connect);
for (const spec of await allSpecs()) {
  console.error(spec.method);
  const rights = without(await rightsToCall(world, spec), connect);
  const known = table.get(methodOf(spec));
  table.set(methodOf(spec), known === undefined ? rights : joined(known, rights));
}
const lines = [...table]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([method, rights]) => `  '${method}': ${JSON.stringify(rights)},`);
await writeFile(
  `${top}src/modules/rights-table.ts`,
  `/** Made by \`npm run rights\` from the requests of each method; see \`requiredRules\`. */\nexport const rights = {\n${lines.join('\n')}\n} as const;\n`,
);
