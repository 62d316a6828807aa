import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlPlaneAssets } from './build.ts';
import { type Prepare, type RealCluster, startCluster } from './cluster.ts';
import { findFreePorts } from './ports.ts';
import { type Program, removeAtEnd, startProgram } from './program.ts';

/** Running control planes. They live until `stop()`, and never longer than this process. */
export interface ControlPlanes<Name extends string = string> extends AsyncDisposable {
  readonly clusters: Readonly<Record<Name, RealCluster>>;
  /** The URL of the etcd of all of them. */
  readonly etcd: string;
  /** Kills every process and removes everything from the disk. May be called again. */
  stop(): Promise<void>;
  /** The last lines (40 by default) of the log of each process of a cluster, etcd's included, for a failing test. */
  tail(name: Name, lines?: number): string;
}

/** Settings of {@link startControlPlanes}. */
export interface StartOptions {
  /** Gives up starting: what was started is stopped, and the signal's reason thrown. Means nothing afterwards. */
  readonly signal?: AbortSignal;
  /**
   * Called once per cluster, all at the same time, when its API server works and its controllers are not yet started.
   * The place to create resource definitions and to wait until they are served: a garbage collector that already runs
   * looks for new kinds only every 30 s, and puts off what it met of such a kind before for up to twice as long.
   */
  readonly prepare?: Prepare;
}

const defaultTail = 40;
const readyMs = 180_000;

/**
 * Starts one real control plane per name (etcd, kube-apiserver, kube-controller-manager; no nodes, so no pods run) and
 * waits until all of them work. kube-system of each bears the label `kubesphere-federation/sandbox=true`.
 *
 * @example
 * await using planes = await startControlPlanes(['host', 'member']);
 * planes.clusters.member.kubeconfig;
 */
export async function startControlPlanes<const Name extends string>(
  names: readonly Name[],
  options: StartOptions = {},
): Promise<ControlPlanes<Name>> {
  checkNames(names);
  options.signal?.throwIfAborted();
  const assets = await controlPlaneAssets(options);
  options.signal?.throwIfAborted();
  const directory = await mkdtemp(join(tmpdir(), 'kubesphere-federation-'));
  const remove = removeAtEnd(directory);
  const programs: Program[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()));
    await remove();
  };

  const failure = new AbortController();
  const limit = setTimeout(() => failure.abort(new Error(tooSlow(programs))), readyMs);
  const signal = AbortSignal.any(options.signal === undefined ? [failure.signal] : [failure.signal, options.signal]);
  let starting = true;
  const started = (program: Program): void => {
    programs.push(program);
    void program.ended.then((how) => {
      if (starting) {
        failure.abort(
          new Error(
            `${program.title} ${how} while the control planes were being started:\n${program.tail(defaultTail)}`,
          ),
        );
      }
    });
  };
  try {
    const [clientPort = 0, peerPort = 0, ...ports] = await findFreePorts(names.length + 2);
    const etcd = `http://127.0.0.1:${clientPort}`;
    started(startEtcd({ assets, directory, client: etcd, peer: `http://127.0.0.1:${peerPort}` }));
    const clusters = await allOrNone(
      names.map((name, index) =>
        startCluster({
          name,
          assets,
          directory,
          etcd,
          port: ports[index] ?? 0,
          signal,
          started,
          prepare: options.prepare,
        }),
      ),
      failure,
    );
    return {
      clusters: Object.fromEntries(clusters.map((cluster) => [cluster.name, cluster])) as Record<Name, RealCluster>,
      etcd,
      stop,
      tail: (name, lines = defaultTail) => tailOf(programs, name, lines),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    starting = false;
    clearTimeout(limit);
  }
}

function startEtcd(setup: { assets: string; directory: string; client: string; peer: string }): Program {
  const { assets, directory, client, peer } = setup;
  const args = [
    '--name=etcd',
    `--data-dir=${join(directory, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=etcd=${peer}`,
  ];
  return startProgram('etcd', join(assets, 'etcd'), args, join(directory, 'etcd.log'));
}

/** Waits for all even when one fails, so that nothing is started behind the back of whoever then stops everything. */
async function allOrNone<T>(tasks: readonly Promise<T>[], failure: AbortController): Promise<T[]> {
  for (const task of tasks) {
    task.catch((error: unknown) => failure.abort(error));
  }
  await Promise.allSettled(tasks);
  return await Promise.all(tasks);
}

function checkNames(names: readonly string[]): void {
  // They become names of directories and of prefixes in etcd.
  const bad = names.filter(
    (name, index) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) || names.indexOf(name) < index,
  );
  if (names.length === 0 || bad.length > 0) {
    const which =
      names.length === 0 ? 'none was given' : `not so: ${bad.map((name) => JSON.stringify(name)).join(', ')}`;
    throw new TypeError(
      `startControlPlanes needs different cluster names of lower-case letters, digits and inner hyphens; ${which}`,
    );
  }
}

function tailOf(programs: readonly Program[], name: string, lines: number): string {
  const own = programs.filter(({ title }) => title === 'etcd' || title.endsWith(` of ${name}`));
  return own.map((program) => program.tail(lines)).join('\n');
}

function tooSlow(programs: readonly Program[]): string {
  const tails = programs.map((program) => program.tail(8)).join('\n');
  return `the control planes were not ready after ${readyMs / 1000} s; give the machine more room or look below:\n${tails}`;
}
