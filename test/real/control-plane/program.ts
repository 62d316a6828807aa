import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A running program whose life ends with ours. */
export interface Program {
  /** What it is and for whom, as in `kube-apiserver of a`. */
  readonly title: string;
  /** Resolves when the process is gone, to a sentence about how it ended. Never rejects. */
  readonly ended: Promise<string>;
  /** The last lines of its log, below a line with its title and whether it still runs. */
  tail(lines: number): string;
  /** Kills it and waits until it is gone. */
  stop(): Promise<void>;
}

// A shell stands between us and each program and holds the other end of a pipe to us. When the pipe closes (by stop()
// or because this process is gone, by SIGKILL too) it kills the program, by the id of a child that it has not yet
// waited for, which therefore belongs to nobody else. SIGKILL: what they would still write is thrown away anyway.
const keeper = `
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
{ read -r _; kill -KILL "$program"; } <&3 2>/dev/null &
guard=$!
wait "$program"
code=$?
kill "$guard" 2>/dev/null
exit "$code"
`;

// Retried because whatever is being killed at the same time may still write there.
const remover = `
read -r _
tries=0
until rm -rf -- "$1" || [ "$tries" -ge 50 ]; do tries=$((tries + 1)); sleep 0.2; done
`;

const tailBytes = 512 * 1024;

/** Starts a program, with both its outputs written to the file `log`. */
export function startProgram(title: string, file: string, args: readonly string[], log: string): Program {
  const output = openSync(log, 'a');
  let ending: string | undefined;
  try {
    const shell = keep(keeper, [file, ...args], output);
    const ended = shell.ended.then((how) => (ending = how));
    return {
      title,
      ended,
      tail: (lines) => [`--- ${title} (${ending ?? 'running'})`, ...lastLines(log, lines)].join('\n'),
      stop: shell.close,
    };
  } finally {
    closeSync(output);
  }
}

/** Removes a directory with all that is in it when the returned function is called, or when this process is gone. */
export function removeAtEnd(directory: string): () => Promise<void> {
  return keep(remover, [directory], 'ignore').close;
}

function keep(
  script: string,
  args: readonly string[],
  output: number | 'ignore',
): { readonly ended: Promise<string>; close(): Promise<void> } {
  // Detached, that is in a process group of its own: Ctrl-C reaches this process only, which then stops things in order.
  const shell = spawn('/bin/sh', ['-c', script, 'sh', ...args], { detached: true, stdio: ['pipe', output, output] });
  const ended = new Promise<string>((resolve) => {
    shell.once('error', (error) => resolve(`could not be started: ${error.message}`));
    shell.once('exit', (code, signal) => resolve(signal === null ? `ended with code ${code}` : `ended by ${signal}`));
  });
  shell.stdin?.on('error', () => {}); // closing a pipe whose reader is gone is what we wanted
  return {
    ended,
    close: async () => {
      shell.stdin?.destroy();
      await ended;
    },
  };
}

function lastLines(file: string, lines: number): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return ['(its log is gone: it is removed when the control planes are stopped)'];
  }
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, read).trimEnd().split('\n').slice(-lines);
  } finally {
    closeSync(descriptor);
  }
}
