import { parseArgs } from 'node:util';
import { type Memory, measureMemory } from './memory.ts';
import { measureOverhead, type Overhead, type Spread } from './overhead.ts';
import { measurePatches, measureSize, type Patching } from './sandbox.ts';
import { excessOf, faultsOfPatches, faultsOfSize } from './verdict.ts';

/**
 * What the engine costs: per no-op item and step against a bare loop of the same calls, and in memory over a long run; what a large
 * sandbox costs, and how fast its API server is beside a real one. Exits with 1 where the heap grows with the items done, or where a
 * large sandbox takes more than it may, lacks projects, or has an API server no faster than a real one, and says so. `--only engine` or `--only sandbox` measures one of them.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
});
const repetitions = Number(values.repeat);
const plans = [
  ['item', 'memory', 1_000],
  ['item', 'file', 1_000],
  ['step', 'memory', 1_000],
  ['step', 'file', 200],
] as const;

const [members, projects] = [300, 20] as const;
const [patches, atOnce] = [1_000, 16] as const;

const engine = values.only === 'sandbox' ? undefined : await measureEngine();
const sandbox =
  values.only === 'engine'
    ? undefined
    : {
        sizes: [await measureSize(members, projects, 'alone'), await measureSize(members, projects, 'joined')],
        patches: await measurePatches(patches, atOnce),
      };
const excess =
  sandbox === undefined ? [] : [...sandbox.sizes.flatMap(faultsOfSize), ...faultsOfPatches(sandbox.patches)];
const ok = (engine === undefined || engine.memory.flat) && excess.length === 0;

if (values.json)
  console.log(
    JSON.stringify({ ok, unit: 'microseconds', ...engine, ...(sandbox && { sandbox: { ...sandbox, excess } }) }),
  );
else {
  if (engine !== undefined) console.log([...tableOf(engine.overheads), '', ...linesOf(engine.memory)].join('\n'));
  if (sandbox !== undefined) {
    console.log('');
    for (const size of sandbox.sizes) {
      const which = `${size.members} members with ${size.projects} projects${size.joined ? ', all joined to one host' : ''}`;
      console.log(`A sandbox of ${which}: ${size.startMs} ms, at most ${size.peakMiB} MiB`);
      if (size.joined) for (const what of excessOf(size)) console.log(`  more than a start may take: ${what}`);
    }
    for (const [server, took] of Object.entries(sandbox.patches))
      console.log(`${patches} PATCHes of namespaces, ${atOnce} at once, ${server} API server: ${tookOf(took)}`);
    for (const what of excess) console.log(`FAILS: ${what}`);
  }
}
process.exitCode = ok ? 0 : 1;

async function measureEngine(): Promise<{ readonly overheads: readonly Overhead[]; readonly memory: Memory }> {
  const overheads: Overhead[] = [];
  for (const [of, journal, count] of plans) overheads.push(await measureOverhead(of, journal, count, repetitions));
  return { overheads, memory: await measureMemory(100_000) };
}

function tookOf(took: Patching): string {
  return 'ms' in took ? `${took.ms} ms` : `not measured: ${took.why}`;
}

function tableOf(all: readonly Overhead[]): readonly string[] {
  const rows = all.map(({ of, journal, count, run, appends, bare, overhead }) => [
    `${count} ${of}s, ${journal} journal`,
    spread(run),
    spread(appends),
    spread(bare),
    overhead.toFixed(1),
  ]);
  const table = [['µs each, median (min-max)', 'run', 'of it appends', 'bare loop', 'overhead'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function spread({ median, min, max }: Spread): string {
  return `${median.toFixed(1)} (${min.toFixed(1)}-${max.toFixed(1)})`;
}

function linesOf({ items, samples, bytesPerItem, limit, flat }: Memory): readonly string[] {
  const heaps = samples.map(({ heapBytes }) => (heapBytes / 2 ** 20).toFixed(1)).join(' ');
  return [
    `Heap after each tenth of ${items} items, file journal, MiB: ${heaps}`,
    `Growth in the second half: ${bytesPerItem.toFixed(2)} bytes per item, ${flat ? 'flat' : 'NOT FLAT'} (limit ${limit})`,
  ];
}
