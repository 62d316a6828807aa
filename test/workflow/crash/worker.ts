import { parentPort, workerData } from 'node:worker_threads';
import { type MigrationShare, newReached, searchAlone } from '../../migration/crash/search.ts';
import { newTally } from './hunt.ts';
import { type Share, searchShare } from './share.ts';

const tally = newTally();
// The parent made it what this says.
const { share, migration } = workerData as { readonly share: Share & MigrationShare; readonly migration: boolean };
const reached = newReached();
const found = await (migration ? searchAlone(share, tally, reached) : searchShare(share, tally));
parentPort?.postMessage({ tally, ...(migration && { reached }), ...(found !== undefined && { found }) });
