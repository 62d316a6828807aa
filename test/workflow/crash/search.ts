/**
 * Searches for a crash that a run does not survive: `npm run test:crash -- [--migration] [--json] [--seconds N] [--seed N] [--slice] [--replay SCENARIO]`.
 * All workflows of up to four elements, stopped everywhere; then, until the time is over, generated ones. With `--slice` the time is
 * shared between some of the former and generated ones. With `--migration` the workflow is the migration, on a sandbox: stopped at every
 * record and every write, and with every fault of every request, until the time is over.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { replayMigration } from '../../migration/crash/replay.ts';
import { addTally, newTally, type Tally } from './hunt.ts';
import { replay } from './replay.ts';
import { type Share, seedOfCommit } from './share.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    migration: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '270' },
    seed: { type: 'string' },
    slice: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(Math.max(1, Math.min(8, availableParallelism()))) },
    replay: { type: 'string' },
  },
});

if (values.replay === undefined) await search();
else await (values.migration ? replayMigration : replay)(JSON.parse(values.replay));

async function search(): Promise<void> {
  const began = performance.now();
  const of = Number(values.workers);
  const seed = Number(values.seed ?? seedOfCommit());
  const tally = newTally();
  const found: string[] = [];
  await Promise.all(
    Array.from({ length: of }, (_, part) => {
      const share: Share = { part, of, seed, seconds: Number(values.seconds), slice: values.slice };
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        workerData: { share, migration: values.migration },
      });
      return new Promise<void>((resolve, reject) => {
        worker.on('message', (message: { readonly tally: Tally; readonly found?: string }) => {
          addTally(tally, message.tally);
          if (message.found !== undefined) found.push(message.found);
        });
        worker.on('error', reject);
        worker.on('exit', () => resolve());
      });
    }),
  );
  const { workflows, crashPoints, byKind, faults, ends } = tally;
  const result = {
    workflows,
    crashPoints,
    byKind,
    faults,
    violations: found.length,
    seed,
    durationMs: Math.round(performance.now() - began),
    ends,
  };
  for (const text of found) console.error(`${text}\n`);
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(`${crashPoints} crash points in ${workflows} workflows, ${faults} faults, seed ${seed}`);
    console.table({ ...byKind });
    console.log(`${found.length} violations`);
  }
  if (found.length > 0) process.exitCode = 1;
}
