import { connectCluster } from '../kube/connect.ts';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import { sandboxLabel } from '../kubesphere/names.ts';
import type { Logger } from '../types.ts';
import { attachControllers, type Controllers, type SandboxRole, type SandboxVersion } from './attach.ts';
import { installKubeSphere } from './install.ts';
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

/** A running cluster of a sandbox. */
export interface SandboxCluster extends Omit<ApiServer, 'close' | typeof Symbol.asyncDispose> {
  readonly role: SandboxRole;
  readonly version: SandboxVersion;
  /** An administrator's connection. */
  readonly connection: Connection;
  /** Stops KubeSphere's controllers of this cluster, as if ks-controller-manager (and kubefed) were down. */
  stopControllers(): Promise<void>;
  /** Starts them again. */
  startControllers(): Promise<void>;
}

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
 * await using sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'member' } }, speed: 60 });
 * await joinCluster(sandbox.clusters.a.connection, { name: 'm', kubeconfig: sandbox.clusters.m.clientCertificateKubeconfig });
 * ```
 */
export async function createSandbox<const Name extends string>(options: SandboxOptions<Name>): Promise<Sandbox<Name>> {
  const specs = Object.entries<SandboxClusterSpec>(options.clusters);
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const started = specs.map(([name, spec], index) =>
      startCluster(closers, name, spec, { ...options, seed: (options.seed ?? 1) + index }),
    );
    const clusters = await Promise.all(started).finally(() => Promise.allSettled(started));
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

type Closer = () => Promise<void>;

async function startCluster(
  closers: Closer[],
  name: string,
  { role, version = '3.3', jwtSecret, gitVersion }: SandboxClusterSpec,
  { speed = 1, seed = 1, logger }: Pick<SandboxOptions, 'speed' | 'seed' | 'logger'>,
): Promise<SandboxCluster> {
  const use = <T extends AsyncDisposable>(resource: T): T => {
    closers.push(async () => resource[Symbol.asyncDispose]());
    return resource;
  };
  const server = use(await startApiServer({ name, speed, seed, ...(gitVersion === undefined ? {} : { gitVersion }) }));
  const connection = use(await connectCluster({ kubeconfig: server.kubeconfig, name }));
  await connection.patch(
    core.namespaces,
    { name: 'kube-system' },
    { type: 'merge', body: { metadata: { labels: { [sandboxLabel]: 'true' } } } },
  );
  await installKubeSphere(connection, {
    role,
    version,
    kubeconfig: server.clientCertificateKubeconfig,
    ...(jwtSecret === undefined ? {} : { jwtSecret }),
  });
  // A connection of its own: managed fields name who wrote what.
  const own = use(await connectCluster({ kubeconfig: server.kubeconfig, name, fieldManager: 'controller-manager' }));
  let controllers: Controllers | undefined;
  const startControllers = async (): Promise<void> => {
    controllers ??= await attachControllers(own, {
      role,
      version,
      speed,
      seed,
      ...(logger === undefined ? {} : { logger }),
    });
  };
  const stopControllers = async (): Promise<void> => {
    const stopping = controllers;
    controllers = undefined;
    await stopping?.[Symbol.asyncDispose]();
  };
  closers.push(stopControllers);
  await startControllers();
  const { url, kubeconfig, clientCertificateKubeconfig, suspend, restore, intercept, compact } = server;
  return {
    name,
    url,
    kubeconfig,
    clientCertificateKubeconfig,
    suspend,
    restore,
    intercept,
    compact,
    role,
    version,
    connection,
    startControllers,
    stopControllers,
  };
}
