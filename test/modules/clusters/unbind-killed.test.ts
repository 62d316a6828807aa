import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { epochAnnotation } from '../../../src/kubesphere/names.ts';
import { kubesphere } from '../../../src/kubesphere/resources.ts';
import { unbindWorkflow } from '../../../src/modules/clusters/unbind.ts';
import { memoryJournal } from '../../../src/workflow/memory-journal.ts';
import { resume, rollback } from '../../../src/workflow/run.ts';
import { type Death, mortal } from '../../migration/kit.ts';
import { runIdOf } from './journalled.ts';
import { type Field, startField, webhookOf } from './kit.ts';
import type { Order } from './unbind-driver.ts';

const patient = { timeout: 90_000 };

/** What a process of {@link Order} said, line by line, and how it ended. */
interface Ended {
  readonly said: readonly { readonly runId?: string; readonly state?: string }[];
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

let field: Field;
let directory: string;
beforeAll(async () => {
  field = await startField('3.4');
}, 120_000);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubesphere-federation-unbind-'));
});
afterEach(async () => {
  await field.rewind();
  await rm(directory, { recursive: true, force: true });
});
afterAll(() => field[Symbol.asyncDispose]());

const onA = () => field.sandbox.clusters.a.connection;
const down = () => field.sandbox.faults.add({ cluster: 'm', fault: 'unreachable' });
const isCluster = ({ verb, resource }: { readonly verb: string; readonly resource: string }): boolean =>
  verb === 'delete' && resource.startsWith('clusters.');

/** The webhook without the touch of a new driver, which stays (rule 9). */
async function looksAt() {
  const { annotations, webhooks } = await webhookOf(field);
  const { [epochAnnotation]: _touch, ...rest } = annotations;
  return { annotations: rest, webhooks };
}

/** Closed and as it was, and the Cluster gone or not, as it has to be after that way of going on. */
async function isClosed(how: 'resume' | 'rollback', before: Awaited<ReturnType<typeof looksAt>>): Promise<void> {
  expect(await looksAt()).toEqual(before);
  const cluster = await onA().find(kubesphere.clusters, { name: 'm' });
  if (how === 'resume') expect(cluster).toBeUndefined();
  else expect(cluster).toMatchObject({ metadata: { name: 'm' } });
  expect(cluster?.metadata.deletionTimestamp).toBeUndefined();
}

describe('a process that unbinds a cluster is killed while the webhook of 3.4 is open', { timeout: 240_000 }, () => {
  /** Begins a process; `ended` resolves with what it said once it is over. */
  async function begin(goOn?: Order['goOn']): Promise<{ child: ChildProcess; ended: Promise<Ended> }> {
    const { a, m } = field.sandbox.clusters;
    const file = async (name: string, kubeconfig: string): Promise<string> => {
      const path = join(directory, `${name}.kubeconfig`);
      await writeFile(path, kubeconfig, { mode: 0o600 });
      return path;
    };
    const order: Order = {
      ...(goOn && { goOn }),
      journal: join(directory, 'journal'),
      kubeconfigs: { host: await file('a', a.kubeconfig), member: await file('m', m.kubeconfig) },
    };
    const program = fileURLToPath(new URL('unbind-driver.ts', import.meta.url));
    const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [told, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (_code, signal) => {
        const lines = told.split('\n').filter((line) => line !== '');
        resolve({ said: lines.map((line) => JSON.parse(line) as Ended['said'][number]), signal, errors });
      });
    });
    return { child, ended };
  }

  test.each(['resume', 'rollback'] as const)('%s in another process closes it', async (how) => {
    const before = await looksAt();
    await down();
    let first: ChildProcess | undefined;
    // The very request that needs the open webhook never gets an answer: whoever sent it is dead.
    const lift = field.sandbox.clusters.a.intercept((request) => {
      if (!isCluster(request)) return undefined;
      first?.kill('SIGKILL');
      return 'reset-before';
    });
    const { child, ended } = await begin();
    first = child;
    const { said, signal, errors } = await ended;
    lift();
    expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
    const runId = said[0]?.runId ?? '';
    const open = await webhookOf(field);
    expect(open.annotations).toEqual({ 'kubesphere-federation/run': runId });
    expect(JSON.stringify(open.webhooks)).toContain('kubesphere-federation/opened');

    const second = await (await begin({ how, runId })).ended;
    expect(second).toEqual({
      said: [{ state: how === 'resume' ? 'completed' : 'rolled-back' }],
      signal: null,
      errors: '',
    });
    await isClosed(how, before);
  });
});

/** Moments of a run at which its webhook is open, or may be: what is in the journal then. */
const moments: readonly (readonly [string, Death])[] = (
  [
    ['open-webhook', 'captured', 'after'],
    ['open-webhook', 'done', 'before'],
    ['open-webhook', 'done', 'after'],
    ['detach', 'captured', 'after'],
    ['detach', 'done', 'before'],
    ['close-webhook', 'captured', 'after'],
    ['close-webhook', 'done', 'before'],
  ] as const
).map(([step, type, when]) => [
  `${when} ${type} of ${step} is recorded`,
  (entry) => (entry.type === type && 'step' in entry && entry.step === step ? when : undefined),
]);

describe('a driver that unbinds a cluster dies', patient, () => {
  describe.each(moments)('%s', (_moment, death) => {
    test.each(['resume', 'rollback'] as const)('%s leaves the webhook as it was', async (how) => {
      const before = await looksAt();
      const journal = memoryJournal();
      const first = await field.connect();
      const member = await down();
      const runId = await runIdOf(first.clusters.unbind('m', { journal: mortal(journal, death) }));
      const env = await field.connect();
      // Whether another host has it by now has to be known before it is imported again: it has to answer.
      if (how === 'rollback' && (await onA().find(kubesphere.clusters, { name: 'm' })) === undefined)
        await member.lift();
      const drive = how === 'resume' ? resume : rollback;
      const outcome = await (await drive(unbindWorkflow, runId, { env, journal })).settled();
      expect(outcome).toMatchObject({ state: how === 'resume' ? 'completed' : 'rolled-back' });
      await isClosed(how, before);
    });
  });
});
