import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubectlCall } from './kubectl.ts';

/** What a call of kubectl came to. */
export interface KubectlOutcome {
  readonly command: string;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const program = 'kubectl';

/** Whether there is a kubectl on the PATH. */
export const hasKubectl: boolean = await promisify(execFile)(program, ['version', '--client']).then(
  () => true,
  () => false,
);

/** kubectl with one kubeconfig, which lies in a folder of its own as long as this lives. */
export class Kubectl implements AsyncDisposable {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  static async with(kubeconfig: string): Promise<Kubectl> {
    const home = await mkdtemp(join(tmpdir(), 'kubectl-'));
    await writeFile(join(home, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    return new Kubectl(home);
  }

  /** Runs a command to its end; with `meanwhile`, until it says `until`, and then ends it. */
  async run(
    words: readonly string[],
    {
      input = '',
      meanwhile,
      until = '',
    }: { readonly input?: string; readonly meanwhile?: () => Promise<unknown>; readonly until?: string } = {},
  ): Promise<Omit<KubectlOutcome, 'command'>> {
    const child = spawn(program, words, {
      env: { PATH: process.env['PATH'], HOME: this.#home, KUBECONFIG: join(this.#home, 'kubeconfig') },
      timeout: 200_000,
    });
    let stdout = '';
    let stderr = '';
    let during: Promise<unknown> | undefined;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (meanwhile === undefined) return;
      during ??= meanwhile();
      if (stdout.includes(until)) child.kill();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const closed = once(child, 'close');
    child.stdin.on('error', () => {}).end(input);
    await closed;
    await during;
    return { code: meanwhile !== undefined && child.killed ? 0 : child.exitCode, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#home, { recursive: true, force: true });
  }
}

/** Plays a script against one server, one call after the other. */
export async function playKubectl(kubeconfig: string, script: readonly KubectlCall[]): Promise<KubectlOutcome[]> {
  await using kubectl = await Kubectl.with(kubeconfig);
  const kept = new Map<string, string>();
  const filled = (text: string): string => {
    let result = text;
    for (const [name, value] of kept) result = result.replaceAll(`{${name}}`, value);
    return result;
  };
  const words = (command: string): string[] => command.split(' ').map(filled);
  const outcomes: KubectlOutcome[] = [];
  for (const { command, input, keep, meanwhile, says } of script) {
    const outcome = await kubectl.run(words(command), {
      ...(input === undefined ? {} : { input: filled(typeof input === 'string' ? input : JSON.stringify(input)) }),
      ...(meanwhile === undefined ? {} : { meanwhile: () => kubectl.run(words(meanwhile)), until: says }),
    });
    if (keep !== undefined) kept.set(keep, outcome.stdout);
    outcomes.push({ command, ...outcome, ...(keep === undefined ? {} : { stdout: `kept as ${keep}` }) });
  }
  return outcomes;
}
