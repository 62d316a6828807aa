/**
 * Plays the page's recipe with projects drawn from seeds, on the sandbox and on real control planes, and compares what is lost.
 *
 *   npm run test:page                      20 seeds
 *   npm run test:page -- --seeds 5 --first 40
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { sandboxGround } from '../grounds.ts';
import { realGround } from '../real/ground.ts';
import { type Drawn, draw } from './draw.ts';
import { playPage } from './page-recipe.ts';
import { startStage } from './stage.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '20' }, first: { type: 'string', default: '1' } },
});
/** Seeds that go through one detach and one import together. */
const together = 5;
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => draw(Number(values.first) + index));

const count = ({ workspaces, loose }: Drawn): number =>
  workspaces.reduce((sum, { projects }) => sum + projects.length, loose.length);

await using sandbox = await startStage(sandboxGround);
await using real = await startStage(realGround);
let differences = 0;
for (let at = 0; at < seeds.length; at += together) {
  const some = seeds.slice(at, at + together);
  const [here, there] = [await playPage(sandbox, some), await playPage(real, some)];
  for (const drawn of some) {
    const [lostHere, lostThere] = [here.get(drawn.seed) ?? [], there.get(drawn.seed) ?? []];
    const same = isDeepStrictEqual(lostHere, lostThere);
    if (!same) differences += 1;
    console.log(
      `seed ${drawn.seed}: ${count(drawn)} namespaces, ${lostHere.length} lost on the sandbox, ${lostThere.length} on real control planes`,
    );
    if (!same) console.log(`  sandbox: ${lostHere.join(' ')}\n  real:    ${lostThere.join(' ')}`);
  }
}
console.log(`${seeds.length} seeds, ${differences} differences`);
console.log(`${seeds.length - differences} passed, ${differences} failed, 0 skipped`);
process.exitCode = differences > 0 ? 1 : 0;
