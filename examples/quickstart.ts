/**
 * Moves a member cluster with 200 projects from one host to another, on three clusters in this process.
 *
 *   npm start                      adopt: the new host takes the workspaces over in place, no project is written
 *   npm start -- --rebind          the v3.3 page's three steps, made safe
 *   npm start -- --faq             the page's three steps as a person types them, with five of the 200 projects named
 *   npm start -- --faq --shield    the same, with the other projects protected beforehand
 *
 * With --json it prints one JSON object and nothing else.
 */
import { parseArgs } from 'node:util';
import { migrate } from './quickstart/migrate.ts';
import { followThePage } from './quickstart/page.ts';
import { printer } from './quickstart/print.ts';
import { startWorld } from './quickstart/world.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rebind: { type: 'boolean', default: false },
    faq: { type: 'boolean', default: false },
    shield: { type: 'boolean', default: false },
  },
});

const out = printer(values.json);
const begun = performance.now();
await using world = await startWorld(out);
const result = values.faq
  ? await followThePage(world, out, values.shield)
  : await migrate(world, out, values.rebind ? 'rebind' : 'adopt');
out.result({ ...result, durationMs: Math.round(performance.now() - begun) });
process.exitCode = 'ok' in result && !result.ok ? 1 : 0;
