/**
 * A process that drives one migration and can be killed at any moment. Takes one argument, an {@link Order} as JSON;
 * prints every event as a line of JSON, and last the outcome.
 */
import { readFile } from 'node:fs/promises';
import {
  connectMember,
  Federation,
  fileJournal,
  type MigrationEnv,
  type MigrationInput,
  memberMigration,
  resume,
  rollback,
  run,
} from '../../src/index.ts';

/** What a driver process is to do. */
export interface Order {
  readonly verb: 'run' | 'resume' | 'rollback';
  readonly runId: string;
  /** Directory of the file journal. */
  readonly journal: string;
  /** Files. */
  readonly kubeconfigs: { readonly source: string; readonly target: string; readonly member: string };
  readonly timing: NonNullable<MigrationEnv['timing']>;
  readonly input: MigrationInput;
}

async function drive({ verb, runId, journal: directory, kubeconfigs, timing, input }: Order): Promise<void> {
  const read = (file: string) => readFile(file, 'utf8');
  await using source = await Federation.connect({ kubeconfig: await read(kubeconfigs.source), name: 'source' });
  await using target = await Federation.connect({ kubeconfig: await read(kubeconfigs.target), name: 'target' });
  await using member = await connectMember({ kubeconfig: await read(kubeconfigs.member), name: 'm' });
  const options = { env: { source, target, member, timing }, journal: fileJournal(directory) };
  const handle =
    verb === 'run'
      ? await run(memberMigration, input, { ...options, runId })
      : await { resume, rollback }[verb](memberMigration, runId, options);
  for await (const event of handle) process.stdout.write(`${JSON.stringify(event)}\n`);
  process.stdout.write(`${JSON.stringify({ type: 'outcome', outcome: await handle.settled() })}\n`);
}

const order: Order = JSON.parse(process.argv[2] ?? '');
await drive(order);
