import { parentPort, workerData } from 'node:worker_threads';
import { type MigrationShare, newReached, searchAlone } from '../../migration/crash/search.ts';
import { newTally } from './hunt.ts';
import { type Share, searchShare } from './share.ts';

const tally = newTally();
// The parent made it what this says.
const { share, migration } = workerData as { readonly share: Share & MigrationShare; readonly migration: boolean };
const reached = newReached();
const tell = (found: string): void => parentPort?.postMessage({ found });
const onProgress = (): void => parentPort?.postMessage({ reached });
if (migration) await searchAlone(share, tally, { reached, tell, onProgress });
else {
  const found = await searchShare(share, tally);
  if (found !== undefined) tell(found);
}
parentPort?.postMessage({ tally, ...(migration && { reached }) });
