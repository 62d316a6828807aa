import { parentPort, workerData } from 'node:worker_threads';
import { searchMigrations } from '../../migration/crash/search.ts';
import { newTally } from './hunt.ts';
import { type Share, searchShare } from './share.ts';

const tally = newTally();
// The parent made it what this says.
const { share, migration } = workerData as { readonly share: Share; readonly migration: boolean };
const found = await (migration ? searchMigrations : searchShare)(share, tally);
parentPort?.postMessage({ tally, ...(found !== undefined && { found }) });
