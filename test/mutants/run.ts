/**
 * Puts mistakes into copies of the engine, one at a time, and sees that its tests notice each.
 *
 *   npm run test:mutants
 *   npm run test:mutants -- claim pivot    only those whose name has one of these words
 *   npm run test:mutants -- --search       what the crash search notices by itself
 *
 * Prints one line for each and "N mutants, N caught" at the end; fails unless all are caught. The checkout itself is not touched.
 */
import { parseArgs } from 'node:util';
import { mutants } from './mutants.ts';
import { crashes, journals, rules } from './suites.ts';
import { copyTree, type Mutant, mutated, type Tree } from './tree.ts';

const { values, positionals: words } = parseArgs({ options: { search: { type: 'boolean' } }, allowPositionals: true });
/** In this order; the first that fails catches a mutant. */
const suites = values.search === true ? [crashes] : [rules, journals, crashes];

/** Which suite noticed, and by what; `undefined` where none did. */
async function noticed({ root }: Tree): Promise<string | undefined> {
  for (const suite of suites) {
    const failure = await suite.run(root);
    if (failure !== undefined) return `${suite.name}: ${failure}`;
  }
  return undefined;
}

async function judge(tree: Tree, mutant: Mutant): Promise<boolean> {
  const restore = await tree.mutate(mutant);
  try {
    const by = await noticed(tree);
    console.log(by === undefined ? `SURVIVED  ${mutant.name}` : `caught  ${mutant.name}  by ${by}`);
    return by !== undefined;
  } finally {
    await restore();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const chosen = mutants.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
// All of them before the first is tried: one that no longer fits must not be found after minutes.
for (const mutant of chosen) await mutated(mutant);

await using one = await copyTree();
await using other = await copyTree();
const broken = await noticed(one);
if (broken !== undefined) throw new Error(`The engine fails its tests without any mutant: ${broken}`);

const verdicts: boolean[] = [];
const waiting = chosen.values();
const work = async (tree: Tree): Promise<void> => {
  for (const mutant of waiting) verdicts.push(await judge(tree, mutant));
};
await Promise.all([work(one), work(other)]);
const caught = verdicts.filter((verdict) => verdict).length;
console.log(`${chosen.length} mutants, ${caught} caught`);
process.exitCode = chosen.length > 0 && caught === chosen.length ? 0 : 1;
