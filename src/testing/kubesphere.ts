import { FederationError } from '../errors.ts';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import { sandboxLabel } from '../kubesphere/names.ts';
import {
  type AttachOptions,
  attachControllers,
  type Controllers,
  type SandboxRole,
  type SandboxVersion,
} from './attach.ts';
import { connectNear } from './connect.ts';
import { type InstallOptions, installKubeSphere } from './install.ts';

/** Options of {@link startKubeSphere}. */
export interface KubeSphereOptions
  extends Omit<AttachOptions, 'role'>,
    Pick<InstallOptions, 'role' | 'jwtSecret' | 'adminPassword' | 'hostClusterName' | 'clusterResyncMs'> {
  /** What messages call the cluster. */
  readonly name: string;
  /** Text of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** As whom the controllers come: text of a kubeconfig that may do everything. @defaultValue `kubeconfig` */
  readonly controllersKubeconfig?: string;
  /** What a host stores in its own Cluster object. @defaultValue `kubeconfig` */
  readonly ownKubeconfig?: string;
}

/** KubeSphere on one API server. Disposing it stops the controllers and closes the connections; objects stay. */
export interface KubeSphere extends AsyncDisposable {
  /** What it was installed as; its installer can make it something else. */
  readonly role: SandboxRole;
  readonly version: SandboxVersion;
  /** An administrator's connection. */
  readonly connection: Connection;
  /** Stops KubeSphere's controllers of this cluster, as if ks-controller-manager (and kubefed) were down. */
  stopControllers(): Promise<void>;
  /** Starts them again. */
  startControllers(): Promise<void>;
  /** Whether they run. */
  controllersRun(): boolean;
}

/** Installs KubeSphere 3.x on an API server, marks the cluster as one for tests, and runs the controllers. */
export function startKubeSphere(options: KubeSphereOptions): Promise<KubeSphere> {
  return runKubeSphere(options, async (connection, install) => {
    const body = { metadata: { labels: { [sandboxLabel]: 'true' } } };
    await connection.patch(core.namespaces, { name: 'kube-system' }, { type: 'merge', body });
    await installKubeSphere(connection, install);
  });
}

/** Runs the controllers on an API server once `install` has done its part there. */
export async function runKubeSphere(
  options: KubeSphereOptions,
  install: (connection: Connection, options: InstallOptions) => Promise<void>,
): Promise<KubeSphere> {
  const { name, kubeconfig, role, version = '3.3' } = options;
  const connection = await connectNear({ kubeconfig, name });
  // A connection of their own: managed fields tell who wrote what.
  const credentials = { kubeconfig: options.controllersKubeconfig ?? kubeconfig, name };
  const own = await connectNear({ ...credentials, fieldManager: 'controller-manager' }).catch(async (error) => {
    await connection[Symbol.asyncDispose]();
    throw error;
  });
  let running: { readonly controllers: Promise<Controllers>; readonly stop: AbortController } | undefined;
  /** The end of those that were stopped last. */
  let ending: Promise<void> = Promise.resolve();
  const startControllers = async (): Promise<void> => {
    const { role: _installedAs, ...attach } = options;
    if (running === undefined) {
      const stop = new AbortController();
      const begin = () => attachControllers(own, { ownKubeconfig: kubeconfig, ...attach, signal: stop.signal });
      // Two sets of controllers at once would undo each other's work.
      running = { controllers: ending.then(begin, begin), stop };
    }
    const starting = running;
    try {
      await starting.controllers;
    } catch (error) {
      if (running === starting) running = undefined;
      throw error;
    }
  };
  const end = async ({ controllers, stop }: NonNullable<typeof running>): Promise<void> => {
    stop.abort(new FederationError('ABORTED', `The controllers of ${name} were stopped before they had begun.`));
    // Those that never began have ended by themselves, and whoever started them has been told.
    const begun = await controllers.catch(() => undefined);
    await begun?.[Symbol.asyncDispose]();
  };
  const stopControllers = (): Promise<void> => {
    if (running !== undefined) ending = end(running);
    running = undefined;
    return ending;
  };
  const controllersRun = (): boolean => running !== undefined;
  const dispose = async (): Promise<void> => {
    try {
      await stopControllers();
    } finally {
      await Promise.all([connection, own].map((one) => one[Symbol.asyncDispose]()));
    }
  };
  try {
    await install(connection, { ...options, kubeconfig: options.ownKubeconfig ?? kubeconfig });
    await startControllers();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    role,
    version,
    connection,
    startControllers,
    stopControllers,
    controllersRun,
    [Symbol.asyncDispose]: dispose,
  };
}
