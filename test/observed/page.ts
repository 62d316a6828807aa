/**
 * Plays the page's recipe with projects drawn from seeds, on the sandbox and on real control planes, and compares what is lost.
 *
 *   npm run test:page                      20 seeds
 *   npm run test:page -- --seeds 5 --first 40
 */
import { parseArgs } from 'node:util';
import { type Ground, sandboxGround } from '../grounds.ts';
import { realGround } from '../real/ground.ts';
import { type Drawn, draw } from './draw.ts';
import { type Losses, playPage } from './page-recipe.ts';
import { startStage } from './stage.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '20' }, first: { type: 'string', default: '1' } },
});
/** Seeds that go through one detach and one import together. */
const together = 5;
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => draw(Number(values.first) + index));

async function lossesOn(ground: Ground): Promise<Losses> {
  const losses = new Map<number, readonly string[]>();
  await using stage = await startStage(ground);
  for (let at = 0; at < seeds.length; at += together)
    for (const [seed, lost] of await playPage(stage, seeds.slice(at, at + together))) losses.set(seed, lost);
  return losses;
}

const count = ({ workspaces, loose }: Drawn): number =>
  workspaces.reduce((sum, { projects }) => sum + projects.length, loose.length);

const sandbox = await lossesOn(sandboxGround);
const real = await lossesOn(realGround);
let differences = 0;
for (const drawn of seeds) {
  const [here, there] = [sandbox, real].map((losses) => losses.get(drawn.seed) ?? []) as [
    readonly string[],
    readonly string[],
  ];
  const same = here.join() === there.join();
  if (!same) differences += 1;
  console.log(
    `seed ${drawn.seed}: ${count(drawn)} namespaces, ${here.length} lost on the sandbox, ${there.length} on real control planes${same ? '' : ' - OTHER'}`,
  );
  if (!same) console.log(`  sandbox: ${here.join(' ')}\n  real:    ${there.join(' ')}`);
}
console.log(`${seeds.length} seeds, ${differences} differences`);
console.log(`${seeds.length - differences} passed, ${differences} failed, 0 skipped`);
process.exitCode = differences > 0 ? 1 : 0;
