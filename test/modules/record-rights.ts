/**
 * Records what each method of the modules needs the right to: `npm run rights` writes the files in `src/modules/required`. Whether it still
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
const made = 'Made by `npm run rights` from the requests of each method; see `requiredRules`.';
const folder = `${top}src/modules/required`;
const names = [...table.keys()].filter((name) => name !== 'connect').sort();
const modules = [...new Set(names.map((name) => name.split('.')[0] ?? name))];
await writeFile(
  `${folder}/names.ts`,
  `/** A method of the modules that {@link requiredRules} knows. ${made} */
export type MethodName =
${names.map((name) => `  | '${name}'`).join('\n')};

/** Rights by the cluster on which they are needed, each as \`verb plural.group\`, joined by commas. */
export interface Rights {
  readonly host: string;
  readonly members: string;
}

/** What connecting alone needs: members are connected once somebody asks for them. */
export const connect: Rights = ${textOf('connect')};
`,
);
for (const module of modules)
  await writeFile(
    `${folder}/${module}.ts`,
    `import type { MethodName, Rights } from './names.ts';

/** ${made} */
export const ${module}: Readonly<Record<Extract<MethodName, \`${module}.\${string}\`>, Rights>> = {
${names.flatMap((name) => (name.startsWith(`${module}.`) ? [`  '${name}': ${textOf(name)},`] : [])).join('\n')}
};
`,
  );

function textOf(name: string): string {
  const { host, members } = table.get(name) ?? { host: [], members: [] };
  return `{ host: '${host.join(', ')}', members: '${members.join(', ')}' }`;
}
