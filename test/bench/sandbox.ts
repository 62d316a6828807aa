import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectCluster } from '../../src/kube/connect.ts';
import { core } from '../../src/kube/resources.ts';
import { startControlPlanes } from '../real/control-plane/start.ts';

/** What a sandbox of that size costs. */
export interface Size {
  readonly members: number;
  /** Over all members, those that were there in the end. */
  readonly projects: number;
  /** As many were to be there. */
  readonly asked: number;
  /** Whether a host has all of them. */
  readonly joined: boolean;
  readonly startMs: number;
  /** The most that it had at once. */
  readonly peakMiB: number;
}

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts it in a process of its own, whose memory is all its. */
export async function measureSize(members: number, projects: number, which: 'joined' | 'alone'): Promise<Size> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    program('sandbox-size.ts'),
    String(members),
    String(projects),
    which,
  ]);
  return { ...JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), asked: members * projects };
}

/** How long as many PATCHes of namespaces take, in milliseconds, in the best of three rounds: whoever is first has a client that is new to it all; `why` they were not sent. */
export type Patching = { readonly ms: number } | { readonly why: string };

/** The same on both kinds of API servers. */
export type Patches = Readonly<Record<'sandbox' | 'real', Patching>>;

/** PATCHes of namespaces on an API server, each in a process that does nothing else. */
export async function measurePatches(count: number, atOnce: number): Promise<Patches> {
  return { sandbox: await onSandbox(count, atOnce), real: await onRealServer(count, atOnce) };
}

async function onSandbox(count: number, atOnce: number): Promise<Patching> {
  const child = spawn(process.execPath, [program('api-server.ts'), '--http2'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout }))
      return await patching(JSON.parse(line).kubeconfig, count, atOnce);
    return { why: 'its server did not start' };
  } finally {
    child.stdin.end();
  }
}

async function onRealServer(count: number, atOnce: number): Promise<Patching> {
  try {
    await using planes = await startControlPlanes(['bench']);
    return await patching(planes.clusters.bench.tokenKubeconfig, count, atOnce);
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

async function patching(kubeconfig: string, count: number, atOnce: number): Promise<Patching> {
  await using connection = await connectCluster({ kubeconfig, name: 'bench' });
  const names = Array.from({ length: count }, (_, index) => `bench-${index}`);
  const each = async (work: (name: string) => Promise<unknown>): Promise<void> => {
    const left = [...names];
    const worker = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  };
  await each((name) => connection.create(core.namespaces, { metadata: { name } }));
  const rounds: number[] = [];
  for (const round of ['1', '2', '3']) {
    const body = { metadata: { labels: { bench: round } } };
    const begun = performance.now();
    await each((name) => connection.patch(core.namespaces, { name }, { type: 'merge', body }));
    rounds.push(performance.now() - begun);
  }
  return { ms: Math.round(Math.min(...rounds)) };
}
