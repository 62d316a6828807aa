import type { Logger } from '../types.ts';
import type { SandboxRole, SandboxVersion } from './attach.ts';
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
  readonly logger?: Logger;
}

/** A running cluster of a sandbox: its API server, and KubeSphere on it. */
export interface SandboxCluster
  extends Omit<ApiServer, 'close' | typeof Symbol.asyncDispose>,
    Omit<KubeSphere, typeof Symbol.asyncDispose> {}

/** A federation in the process. */
export interface Sandbox<Name extends string = string> extends AsyncDisposable {
  readonly clusters: Readonly<Record<Name, SandboxCluster>>;
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
  const running: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    for (let last = running.pop(); last !== undefined; last = running.pop()) await last[Symbol.asyncDispose]();
  };
  const start = async (name: string, spec: SandboxClusterSpec, seed: number): Promise<SandboxCluster> => {
    const pace = { speed: options.speed ?? 1, seed };
    const { gitVersion, ...kubeSphere } = spec;
    const server = await startApiServer({ name, ...pace, ...(gitVersion === undefined ? {} : { gitVersion }) });
    running.push(server);
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
    return { clusters: byName, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
