import { run } from '../../src/workflow/run.ts';
import { World, workflowOf } from '../workflow/world.ts';
import { itemElement, itemStep } from './no-op.ts';
import { journalFor } from './overhead.ts';

/** The heap at one moment of a run, after garbage was collected. */
interface Sample {
  readonly done: number;
  readonly heapBytes: number;
}

/** What a run of many items does to the heap. */
export interface Memory {
  readonly items: number;
  readonly samples: readonly Sample[];
  /** Slope over the second half of the run, when whatever is bounded has reached its bound. */
  readonly bytesPerItem: number;
  readonly limit: number;
  readonly flat: boolean;
}

/**
 * A thing that is kept per item shows as at least the two words of an entry in a set, 16 bytes; what a sample varies by (some
 * compiled code, a timer) is a tenth of that, spread over half of a run of 100,000.
 */
const limit = 16;

/** Runs `items` no-op items with a file journal, and looks at the heap ten times on the way. */
export async function measureMemory(items: number): Promise<Memory> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('Start node with --expose-gc: without it the heap says nothing.');
  await using store = await journalFor('file');
  const workflow = workflowOf(
    [itemElement(itemStep(items, { labels: { 'example.com/team': 'a' }, owners: ['uid'] }))],
    { name: 'bench' },
  );
  const samples: Sample[] = [];
  const handle = await run(workflow, {}, { env: { world: new World() }, journal: store.journal });
  handle.on('step:progress', ({ count }) => {
    if (count === undefined || count.done < ((samples.length + 1) * items) / 10) return;
    gc();
    samples.push({ done: count.done, heapBytes: process.memoryUsage().heapUsed });
  });
  const { state } = await handle.settled();
  if (state !== 'completed' || samples.length !== 10)
    throw new Error(`The run is ${state}, ${samples.length} samples.`);
  const bytesPerItem = slopeOf(samples.slice(4));
  return { items, samples, bytesPerItem, limit, flat: bytesPerItem < limit };
}

/** Of the straight line nearest to the samples. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const [x, y] = [mean(({ done }) => done), mean(({ heapBytes }) => heapBytes)];
  const up = samples.reduce((sum, { done, heapBytes }) => sum + (done - x) * (heapBytes - y), 0);
  return up / samples.reduce((sum, { done }) => sum + (done - x) ** 2, 0);
}
