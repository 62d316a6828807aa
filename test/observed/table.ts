/**
 * Replays what was observed on real controllers, and prints row, test, ground, outcome and delay.
 *
 *   npm run observed                 on the sandbox
 *   npm run observed -- --real       on real control planes with the sandbox's controllers attached
 *   npm run observed -- --speed 5    with the delays of the controllers divided by that instead
 *   npm run observed -- --json       for machines
 *
 * Exits with 1 when an outcome is another one, or a delay of another order.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { type Ground, sandboxGround } from '../grounds.ts';
import { realGround } from '../real/ground.ts';
import { type Entry, type Seen, titleOf } from './entry.ts';
import { observedText, otherDelays } from './order.ts';
import { scenes } from './scenes.ts';
import { startStage } from './stage.ts';

const { values } = parseArgs({
  options: {
    real: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    speed: { type: 'string' },
  },
});
const chosen = values.real ? realGround : sandboxGround;
const speed = Number(values.speed ?? chosen.speed);
const ground: Ground = { ...chosen, speed };

interface Line {
  readonly row: string;
  readonly test: string;
  readonly ground: string;
  readonly outcome: Seen['outcome'];
  readonly same: boolean;
  /** Observed and measured, in seconds of the model. */
  readonly delays: Readonly<Record<string, { readonly observed?: string; readonly here: number }>>;
  readonly note?: string;
}

function lineOf(entry: Entry, seen: Seen, test: string): Line {
  const { outcome, tookMs = {}, note } = seen;
  const delays = Object.entries(tookMs).map(([name, took]) => {
    const delay = entry.delays?.[name];
    return [name, { here: Math.round(took) / 1000, ...(delay && { observed: observedText(delay) }) }] as const;
  });
  const other = otherDelays(entry, seen, stage.lag);
  const same = isDeepStrictEqual(outcome, entry.outcome) && other.length === 0;
  return {
    row: titleOf(entry),
    test,
    ground: ground.name,
    outcome,
    same,
    delays: Object.fromEntries(delays),
    ...(note === undefined ? {} : { note }),
  };
}

function print(line: Line): void {
  if (values.json) return;
  const { row, test, outcome, same, delays, note } = line;
  const said = Object.entries(outcome).map(([name, value]) => `${name}: ${value}`);
  console.log(
    `${same ? 'same ' : 'OTHER'} | ${row} | ${test} | ${ground.name} | ${[...said, ...(note ? [note] : [])].join('; ')}`,
  );
  for (const [name, { observed, here }] of Object.entries(delays))
    console.log(`      |   ${name}: ${observed === undefined ? '' : `observed ${observed}, `}here ${here} s`);
}

const lines: Line[] = [];
await using stage = await startStage(ground);
for (const scene of scenes) {
  await stage.vacate();
  await scene.prepare?.(stage);
  const test = `${values.real ? 'test/real/observed.test.ts' : 'test/observed'} > ${scene.name}`;
  for (const entry of scene.entries) {
    const line = lineOf(entry, await entry.play(stage), test);
    lines.push(line);
    print(line);
  }
}
const others = lines.filter(({ same }) => !same).length;
if (values.json) console.log(JSON.stringify({ ground: ground.name, speed, rows: lines }));
else console.log(`${lines.length} rows on ${ground.name}, ${others} differences`);
process.exitCode = others > 0 ? 1 : 0;
