import type { Logger } from '../types.ts';
import type { SandboxRole, SandboxVersion } from './attach.ts';
import { Clock } from './clock.ts';
import { type Faults, type FaultTarget, faultsOf } from './faults/faults.ts';
import type { FaultRule } from './faults/rule.ts';
import { Gate } from './gate.ts';
import { type KubeSphere, startKubeSphere } from './kubesphere.ts';
import { type ApiServer, startApiServer } from './server/server.ts';

/** One cluster of a sandbox. */
export interface SandboxClusterSpec {
  readonly role: SandboxRole;
  /** KubeSphere version line. @defaultValue '3.3' */
  readonly version?: SandboxVersion;
  /** @defaultValue a random one per cluster */
  readonly jwtSecret?: string;
  /** Version of Kubernetes that the API server says it is. */
  readonly gitVersion?: string;
}

/** Options of {@link createSandbox}. */
export interface SandboxOptions<Name extends string = string> {
  readonly clusters: Readonly<Record<Name, SandboxClusterSpec>>;
  /** Divides every delay of Kubernetes', KubeSphere's and kubefed's controllers. @defaultValue 1 */
  readonly speed?: number;
  /** Delays that vary on real clusters are drawn from it. @defaultValue 1 */
  readonly seed?: number;
  /** In force as soon as everything is installed; more of them, and their end: {@link Sandbox.faults}. @defaultValue none */
  readonly faults?: readonly FaultRule[];
  readonly logger?: Logger;
}

/** A running cluster of a sandbox: its API server, and KubeSphere on it. */
export interface SandboxCluster
  extends Omit<ApiServer, 'close' | typeof Symbol.asyncDispose>,
    Omit<KubeSphere, typeof Symbol.asyncDispose> {}

/** A federation in the process. */
export interface Sandbox<Name extends string = string> extends AsyncDisposable {
  /** The time that all its clusters live in. */
  readonly clock: Clock;
  readonly clusters: Readonly<Record<Name, SandboxCluster>>;
  /** What goes wrong. */
  readonly faults: Faults;
  close(): Promise<void>;
}

/**
 * Starts API servers on loopback, installs KubeSphere on each and runs its controllers. Members are not joined yet:
 * see `joinCluster` and `seedMember`.
 *
 * @example
 * ```ts
 * import { createSandbox, joinCluster } from 'kubesphere-federation/testing';
 *
 * await using sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 60 });
 * const { a, m } = sandbox.clusters;
 * await joinCluster(a.connection, { name: 'm', kubeconfig: m.clientCertificateKubeconfig });
 * ```
 */
export async function createSandbox<const Name extends string>(options: SandboxOptions<Name>): Promise<Sandbox<Name>> {
  const clock = new Clock(options.speed === undefined ? {} : { speed: options.speed });
  const running: AsyncDisposable[] = [];
  const targets: FaultTarget[] = [];
  const close = async (): Promise<void> => {
    for (let last = running.pop(); last !== undefined; last = running.pop()) await last[Symbol.asyncDispose]();
  };
  const start = async (name: string, spec: SandboxClusterSpec, seed: number): Promise<SandboxCluster> => {
    const gate = new Gate();
    const pace = { clock, seed, gate };
    const { gitVersion, ...kubeSphere } = spec;
    const server = await startApiServer({ name, ...pace, ...(gitVersion === undefined ? {} : { gitVersion }) });
    running.push(server);
    targets.push({ ...server, gate });
    const logger = options.logger === undefined ? {} : { logger: options.logger };
    const credentials = { kubeconfig: server.kubeconfig, ownKubeconfig: server.clientCertificateKubeconfig };
    const installed = await startKubeSphere({ name, ...credentials, ...kubeSphere, ...pace, ...logger });
    running.push(installed);
    return { ...server, ...installed };
  };
  const starting = Object.entries<SandboxClusterSpec>(options.clusters).map(([name, spec], index) =>
    start(name, spec, (options.seed ?? 1) + index),
  );
  try {
    await Promise.allSettled(starting);
    const clusters = await Promise.all(starting);
    // Every name of the specification got its cluster just above.
    const byName = Object.fromEntries(clusters.map((cluster) => [cluster.name, cluster])) as Record<
      Name,
      SandboxCluster
    >;
    const faults = faultsOf(targets, options.seed ?? 1);
    for (const rule of options.faults ?? []) await faults.add(rule);
    return { clusters: byName, clock, faults, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
