import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { MigrationInput, MigrationReport, Outcome, RunEvent } from '../../src/index.ts';
import type { Name, Scene } from '../migration/kit.ts';
import type { Order } from './driver.ts';

type Ended = { readonly type: 'outcome'; readonly outcome: Outcome<MigrationReport> };
/** A member moves from one host to the other. */
export type Direction = { readonly from: 'a' | 'b'; readonly to: 'a' | 'b' };

/** When to kill a driver: at the first event that `at` is content with, once `and` has come true as well. */
export interface Death {
  readonly at: (event: RunEvent) => boolean;
  readonly and?: () => Promise<unknown>;
}

/** One run of a migration that is driven by processes of its own, one after the other. */
export class Driving implements AsyncDisposable {
  readonly #order: Omit<Order, 'verb'>;
  readonly #directory: string;

  private constructor(directory: string, order: Omit<Order, 'verb'>) {
    this.#directory = directory;
    this.#order = order;
  }

  /** Prepares kubeconfig files and an empty journal. */
  static async of(
    { clusters, timing }: Scene,
    { from, to }: Direction,
    runId: string,
    input: MigrationInput,
  ): Promise<Driving> {
    const directory = await mkdtemp(join(tmpdir(), 'kubesphere-federation-driver-'));
    const file = async (name: Name): Promise<string> => {
      const path = join(directory, `${name}.kubeconfig`);
      await writeFile(path, clusters[name].kubeconfig, { mode: 0o600 });
      return path;
    };
    const kubeconfigs = { source: await file(from), target: await file(to), member: await file('m') };
    return new Driving(directory, { runId, journal: join(directory, 'journal'), kubeconfigs, timing, input });
  }

  /** Drives until the run rests. */
  async rest(verb: Order['verb']): Promise<Outcome<MigrationReport>> {
    const outcome = await this.#drive(verb, undefined);
    if (outcome === undefined) throw new Error(`the driver ended without an outcome`);
    return outcome;
  }

  /** Drives until SIGKILL ends the process. */
  async die(verb: Order['verb'], death: Death): Promise<void> {
    const outcome = await this.#drive(verb, death);
    if (outcome !== undefined)
      throw new Error(`the run rested before its driver could be killed: ${JSON.stringify(outcome)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #drive(verb: Order['verb'], death: Death | undefined): Promise<Outcome<MigrationReport> | undefined> {
    const order: Order = { verb, ...this.#order };
    const program = fileURLToPath(new URL('driver.ts', import.meta.url));
    const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    let outcome: Outcome<MigrationReport> | undefined;
    let killing: Promise<unknown> | undefined;
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const event: RunEvent | Ended = JSON.parse(line);
        if (event.type === 'outcome') outcome = event.outcome;
        else if (killing === undefined && death?.at(event) === true) {
          killing = (death.and?.() ?? Promise.resolve()).finally(() => child.kill('SIGKILL'));
        }
      }
      await killing;
      const { code, signal } = await exited;
      if (signal === null && code !== 0) throw new Error(`the driver ended with code ${code}: ${errors}`);
      return signal === 'SIGKILL' ? undefined : outcome;
    } finally {
      child.kill('SIGKILL');
    }
  }
}

/** Some, but not all items of an item step are done. */
export function amid(step: string): Death['at'] {
  return (event) =>
    event.type === 'step:progress' &&
    event.step === step &&
    event.count !== undefined &&
    event.count.done < event.count.total;
}
