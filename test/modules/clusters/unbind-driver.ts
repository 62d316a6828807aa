/**
 * A process that unbinds cluster m of a host, or goes on with a run that another such process left. Takes one argument, an {@link Order} as
 * JSON; prints the run's id as soon as it is known, and last the state of the run.
 */
import { readFile } from 'node:fs/promises';
import { Federation, fileJournal, resume, rollback } from '../../../src/index.ts';
import { unbindWorkflow } from '../../../src/modules/clusters/unbind.ts';

/** What the process is to do. */
export interface Order {
  /** A run to go on with; absent: a new one begins. */
  readonly goOn?: { readonly how: 'resume' | 'rollback'; readonly runId: string };
  /** Directory of the file journal. */
  readonly journal: string;
  /** Files. */
  readonly kubeconfigs: { readonly host: string; readonly member: string };
}

async function drive({ goOn, journal: directory, kubeconfigs }: Order): Promise<void> {
  const read = (file: string) => readFile(file, 'utf8');
  await using env = await Federation.connect({
    kubeconfig: await read(kubeconfigs.host),
    name: 'a',
    members: { m: { kubeconfig: await read(kubeconfigs.member) } },
  });
  const journal = fileJournal(directory);
  const say = (said: object): void => void process.stdout.write(`${JSON.stringify(said)}\n`);
  if (goOn === undefined) {
    const { outcome } = await env.clusters.unbind('m', {
      journal,
      onEvent: ({ type, runId }) => (type === 'run:started' ? say({ runId }) : undefined),
    });
    return say({ state: outcome });
  }
  const run = await { resume, rollback }[goOn.how](unbindWorkflow, goOn.runId, { env, journal });
  const { state } = await run.settled();
  say({ state });
}

const order: Order = JSON.parse(process.argv[2] ?? '');
await drive(order);
