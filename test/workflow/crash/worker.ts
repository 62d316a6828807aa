import { parentPort, workerData } from 'node:worker_threads';
import { newTally } from './hunt.ts';
import { type Share, searchShare } from './share.ts';

const tally = newTally();
// The parent made it what Share says.
const found = await searchShare(workerData as Share, tally);
parentPort?.postMessage({ tally, ...(found !== undefined && { found }) });
