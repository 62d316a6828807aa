import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How a suite ended: `undefined` when it passed, else what failed first. */
type Failure = string | undefined;

/** Tests that are run against a tree. */
export interface Suite {
  readonly name: string;
  run(root: string): Promise<Failure>;
}

const limitMs = 60_000;
const search = join('test', 'workflow', 'crash', 'search.ts');
const slice = ['--slice', '--seconds', '4', '--seed', '1', '--workers', '1'];

const quick = /^(rule-|next|ledger|claiming|events|compose)/;

/** The tests of the rules: what a guard is for, each in a moment. */
export const rules: Suite = { name: 'rules', run: (root) => vitest(root, (name) => quick.test(name)) };

/** The engine's other tests, which take longer. */
export const journals: Suite = { name: 'journals', run: (root) => vitest(root, (name) => !quick.test(name)) };

/** A short slice of the crash search, always the same. */
export const crashes: Suite = {
  name: 'crash search',
  async run(root) {
    const { code, output } = await ended(root, [search, ...slice]);
    if (code === 0) return undefined;
    return code === null ? hung : (output.split('\n').find((line) => line.trim() !== '') ?? 'it failed');
  },
};

const hung = `nothing: it did not end within ${limitMs / 1000} s`;

async function vitest(root: string, chosen: (name: string) => boolean): Promise<Failure> {
  const names = await readdir(join(root, 'test', 'workflow'));
  const files = names.filter((name) => name.endsWith('.test.ts') && chosen(name));
  const { code, output } = await ended(root, [
    join('node_modules', 'vitest', 'vitest.mjs'),
    ...['run', '--config', 'test/vitest.config.ts', '--project', 'unit', '--reporter', 'json', '--outputFile', report],
    ...['--bail', '1', '--no-isolate', '--no-file-parallelism', '--testTimeout', '10000'],
    ...files.map((name) => `test/workflow/${name}`),
  ]);
  if (code === 0) return undefined;
  return code === null ? hung : (firstFailed(await readFile(join(root, report), 'utf8')) ?? firstLine(output));
}

const report = 'report.json';

/** The name of the first failed test in vitest's JSON report. */
function firstFailed(text: string): string | undefined {
  const { testResults } = JSON.parse(text) as {
    readonly testResults: readonly {
      readonly message: string;
      readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
    }[];
  };
  const failed = testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === 'failed');
  return failed?.fullName ?? testResults.map(({ message }) => firstLine(message)).find((line) => line !== '');
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

/** Runs node in `root` to its end, or to the time limit: then the code is `null`. */
function ended(root: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    // One that loops would outlive this process.
    const end = (): void => void child.kill('SIGKILL');
    process.once('exit', end);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += String(chunk);
      });
    const timer = setTimeout(end, limitMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      process.off('exit', end);
      resolve({ code, output });
    });
  });
}
