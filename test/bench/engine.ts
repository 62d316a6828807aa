import { parseArgs } from 'node:util';
import { type Memory, measureMemory } from './memory.ts';
import { measureOverhead, type Overhead, type Spread } from './overhead.ts';

/**
 * What the engine costs: per no-op item and step against a bare loop of the same calls, and in memory over a long run. Asserts no
 * times; exits with 1 where the heap grows with the items done.
 */
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, repeat: { type: 'string', default: '5' } },
});
const repetitions = Number(values.repeat);
const plans = [
  ['item', 'memory', 1_000],
  ['item', 'file', 1_000],
  ['step', 'memory', 1_000],
  ['step', 'file', 200],
] as const;

const overheads: Overhead[] = [];
for (const [of, journal, count] of plans) overheads.push(await measureOverhead(of, journal, count, repetitions));
const memory = await measureMemory(100_000);

if (values.json) console.log(JSON.stringify({ unit: 'microseconds', overheads, memory }));
else console.log([...tableOf(overheads), '', ...linesOf(memory)].join('\n'));
process.exitCode = memory.flat ? 0 : 1;

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
