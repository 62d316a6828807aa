/**
 * Records what each method of the modules needs the right to: `npm run rights` writes the files in `src/modules/required`. Whether it still
 * is so, and whether every one of them is needed, the suite of least privilege tells. What a shield is made of is another thing on a server
 * without admission policies: methods that raise one are recorded there as well.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Form } from '../../src/modules/shield-forms.ts';
import { oldSandboxGround, sandboxGround } from '../grounds.ts';
import { specsByModule } from './kit/all-specs.ts';
import {
  joined,
  methodOf,
  type Rights,
  raisesShields,
  rightsToCall,
  rightsToConnect,
  sharedBy,
  without,
} from './kit/rights.ts';
import { startWorld } from './kit/world.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
const table = new Map<string, Readonly<Record<Form, Rights>>>();
for (const { methods } of await specsByModule()) {
  await using world = await startWorld(sandboxGround);
  await using old = await startWorld(oldSandboxGround);
  const connect = await rightsToConnect(world);
  table.set('connect', { policy: connect, webhook: connect });
  for (const spec of methods) {
    console.error(spec.method);
    const rights = without(await rightsToCall(world, spec), connect);
    const onOld = raisesShields(rights) ? without(await rightsToCall(old, spec), connect) : rights;
    const known = table.get(methodOf(spec));
    const both = { policy: rights, webhook: onOld };
    table.set(
      methodOf(spec),
      known === undefined ? both : { policy: joined(known.policy, rights), webhook: joined(known.webhook, onOld) },
    );
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
export interface RightsOfForm {
  readonly host: string;
  readonly members: string;
}

/** What a method needs everywhere, and what besides where shields are made of policies, or of webhook configurations. */
export interface Rights extends RightsOfForm {
  readonly policy?: RightsOfForm;
  readonly webhook?: RightsOfForm;
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
  const none = { host: [], members: [] };
  const { policy, webhook } = table.get(name) ?? { policy: none, webhook: none };
  const shared = sharedBy(policy, webhook);
  const [ofPolicy, ofWebhook] = [without(policy, shared), without(webhook, shared)];
  const forms = {
    ...(isNone(ofPolicy) ? {} : { policy: ofPolicy }),
    ...(isNone(ofWebhook) ? {} : { webhook: ofWebhook }),
  };
  const parts = Object.entries(forms).map(([form, rights]) => `, ${form}: { ${sidesOf(rights)} }`);
  return `{ ${sidesOf(shared)}${parts.join('')} }`;
}

function isNone({ host, members }: Rights): boolean {
  return host.length + members.length === 0;
}

function sidesOf({ host, members }: Rights): string {
  return `host: '${host.join(', ')}', members: '${members.join(', ')}'`;
}
