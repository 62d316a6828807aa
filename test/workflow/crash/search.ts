/**
 * Searches for a crash that a run does not survive: `npm run test:crash -- [--migration [--all]] [--json] [--seconds N] [--seed N] [--slice] [--replay SCENARIO]`.
 * All workflows of up to four elements, stopped everywhere; then, until the time is over, generated ones. With `--slice` the time is
 * shared between some of the former and generated ones. With `--migration` the workflow is the migration, on a sandbox: stopped before
 * and after every record and every write, overtaken by every write, each time resumed and rolled back; with every fault of every write
 * and watch, and every fault of lists and gets in some drawn places; and with each cluster away, its certificate over, its time of day
 * off, a controller of it down or slow, for a while from drawn records on. Until all were played, which takes more than an hour on two
 * cores, or the time is over. `--all` adds every fault of every read, and pairs of stops and faults of requests: a night. How many there
 * are, how many were played, and what befell runs how often, goes to stderr.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { misfortunes } from '../../migration/crash/every.ts';
import { replayMigration } from '../../migration/crash/replay.ts';
import type { MigrationShare, Reached } from '../../migration/crash/search.ts';
import { addTally, newTally, type Tally } from './hunt.ts';
import { replay } from './replay.ts';
import { type Share, seedOfCommit } from './share.ts';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    migration: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    slice: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(Math.max(1, Math.min(8, availableParallelism()))) },
    replay: { type: 'string' },
  },
});

if (values.replay === undefined) await search();
else await (values.migration ? replayMigration : replay)(JSON.parse(values.replay));

/** What a worker says: each violation as soon as it is found, how far it is from time to time, the rest when it is done. */
interface Message {
  readonly tally?: Tally;
  /** Of migrations. */
  readonly reached?: Reached;
  readonly found?: string;
}

async function search(): Promise<void> {
  const began = performance.now();
  const of = Number(values.workers);
  const seed = Number(values.seed ?? seedOfCommit());
  const seconds = Number(values.seconds ?? (values.migration ? Number.POSITIVE_INFINITY : 270));
  const tally = newTally();
  const reached: Reached[] = [];
  const found: string[] = [];
  await Promise.all(
    Array.from({ length: of }, (_, part) => {
      const share: Share & MigrationShare = { part, of, seed, seconds, slice: values.slice, all: values.all };
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        workerData: { share, migration: values.migration },
      });
      return new Promise<void>((resolve, reject) => {
        worker.on('message', (message: Message) => {
          if (message.tally !== undefined) addTally(tally, message.tally);
          if (message.reached !== undefined) reached[part] = message.reached;
          if (message.reached !== undefined && message.tally === undefined) console.error(progressOf(reached));
          if (message.found === undefined) return;
          found.push(message.found);
          console.error(`${message.found}\n`);
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
  if (values.migration) console.error(countOf(reached));
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(`${crashPoints} crash points in ${workflows} workflows, ${faults} faults, seed ${seed}`);
    console.table({ ...byKind });
    console.log(`${found.length} violations`);
  }
  if (found.length > 0) process.exitCode = 1;
}

/** How many of all scenarios were played so far. */
function progressOf(reached: readonly (Reached | undefined)[]): string {
  const known = reached.flatMap((one) => one ?? []);
  const all = Object.values(known[0]?.all ?? {}).reduce((sum, count) => sum + count, 0);
  return `${known.reduce((sum, one) => sum + one.played, 0)} of ${all} scenarios played`;
}

/** How many scenarios there are of each input, how many were played, and what befell runs how often. */
function countOf(reached: readonly Reached[]): string {
  const all = Object.entries(reached[0]?.all ?? {}).map(([input, count]) => `${count} scenarios of "${input}"`);
  const played = reached.reduce((sum, one) => sum + one.played, 0);
  const befell = misfortunes.map((kind) => {
    const times = reached.reduce((sum, one) => sum + (one.befell.get(kind) ?? 0), 0);
    return times === 0 ? [] : [`${kind}: ${times}`];
  });
  return `${all.join(', ')}; ${played} played. ${befell.flat().join(', ')}`;
}
