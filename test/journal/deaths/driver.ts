/**
 * A process that begins a run, and stops dead when it is told to. Takes one argument, an {@link Order} as JSON, and prints the outcome
 * as JSON.
 */
import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { createClusterJournal } from '../../../src/journal/cluster-journal.ts';
import { createFileJournal } from '../../../src/workflow/file-journal.ts';
import type { JournalStore } from '../../../src/workflow/journal.ts';
import { systemClock } from '../../../src/workflow/time.ts';
import { drive } from './driving.ts';

/** What a driver process is to do. */
export interface Order {
  /** Directory of the world. */
  readonly world: string;
  readonly journal:
    | { readonly kind: 'file'; readonly directory: string }
    | { readonly kind: 'cluster'; readonly kubeconfig: string; readonly namespace: string };
  readonly claimMs: number;
  /** The signal it sends itself, `afterMs` after the `at`-th moment. */
  readonly fate: { readonly signal: 'SIGKILL' | 'SIGSTOP'; readonly at: number; readonly afterMs: number };
}

const { world, journal, claimMs, fate }: Order = JSON.parse(process.argv[2] ?? '');
let moments = 0;
async function moment(): Promise<void> {
  moments += 1;
  if (moments === fate.at) setTimeout(() => process.kill(process.pid, fate.signal), fate.afterMs);
  await turn();
}
async function begin(store: JournalStore): Promise<void> {
  const outcome = await drive({ verb: 'run', world, journal: store, moment });
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

if (journal.kind === 'file') await begin(createFileJournal(journal.directory, systemClock, claimMs));
else {
  // Its credentials take a second to load.
  const { connectCluster } = await import('../../../src/kube/connect.ts');
  await using connection = await connectCluster({ kubeconfig: await readFile(journal.kubeconfig, 'utf8') });
  await begin(createClusterJournal(connection, { namespace: journal.namespace }, systemClock, claimMs));
}
