import { FederationError } from '../errors.ts';
import type { Connection } from '../kube/connection.ts';
import { core } from '../kube/resources.ts';
import { kubefedNamespace } from '../kubesphere/names.ts';
import { clusterController } from './controllers/cluster.ts';
import type { Context } from './controllers/context.ts';
import { groupControllers } from './controllers/groups.ts';
import { helmApplicationController } from './controllers/helm-application.ts';
import { helmReleaseController } from './controllers/helm-release.ts';
import { installerController } from './controllers/installer/installer.ts';
import { kubefedDeployment } from './controllers/installer/run.ts';
import { startKubefed } from './controllers/kubefed/kubefed.ts';
import { namespaceController } from './controllers/namespace.ts';
import { notificationController } from './controllers/notification.ts';
import { quotaController } from './controllers/quota.ts';
import { roleControllers } from './controllers/roles.ts';
import { Manager, type RuntimeOptions } from './controllers/runtime.ts';
import { followSettings } from './controllers/settings.ts';
import { towerController } from './controllers/tower.ts';
import { userController } from './controllers/user.ts';
import { startWebhooks } from './controllers/webhooks/webhooks.ts';
import { workspaceController } from './controllers/workspace.ts';
import { workspaceTemplateController } from './controllers/workspace-template.ts';

/** What a cluster was installed as. */
export type SandboxRole = 'standalone' | 'host' | 'member';
/** KubeSphere version lines that the sandbox knows. */
export type SandboxVersion = '3.3' | '3.4';

/** Options of {@link attachControllers}. */
export interface AttachOptions extends RuntimeOptions {
  /** What the cluster is taken for; refused where its configuration says otherwise. @defaultValue what that says */
  readonly role?: SandboxRole;
  /** KubeSphere version line. @defaultValue '3.3' */
  readonly version?: SandboxVersion;
  /**
   * How a host reaches itself: text of a kubeconfig. With it, a host makes its own Cluster object again where there is
   * none. @defaultValue none
   */
  readonly ownKubeconfig?: string;
  /** Calls the start off; controllers that run already are stopped by disposing them. @defaultValue none */
  readonly signal?: AbortSignal;
}

/**
 * Running controllers. Disposing them is what a stopped ks-controller-manager is: objects keep their finalizers, and its
 * webhooks refuse connections.
 */
export type Controllers = AsyncDisposable;

/**
 * Runs the KubeSphere 3.x controllers of one cluster as ordinary API clients of `connection`: on the sandbox's API servers
 * or on any kube-apiserver that {@link installKubeSphere} prepared. Which role the cluster has they read from its
 * configuration, now and whenever that changes; kubefed runs where it was installed, and goes on when a host becomes a
 * member. Resolves once they have seen what there is.
 *
 * @throws FederationError `INVALID` where a host is taken for something else, or the other way round; `ABORTED`
 */
export async function attachControllers(connection: Connection, options: AttachOptions = {}): Promise<Controllers> {
  const { signal, ...rest } = options;
  const manager = new Manager(connection, rest);
  const abort = (): void => manager.stop(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    await begin(manager, rest);
    return manager;
  } catch (error) {
    await manager[Symbol.asyncDispose]();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function begin(manager: Manager, { role, version = '3.3', ownKubeconfig }: AttachOptions): Promise<void> {
  const { connection, signal } = manager;
  const resyncs: (() => void)[] = [];
  const settings = followSettings(manager, () => {
    host();
    for (const resync of resyncs) resync();
  });
  const context: Context = { manager, settings, version, resyncs };
  let hosted = false;
  const host = (): void => {
    if (hosted || !settings.multiCluster()) return;
    hosted = true;
    clusterController(context, ownKubeconfig);
    towerController(context);
  };
  // Nothing may act before the role is known: a host that takes itself for standalone creates Workspaces.
  await manager.synced();
  signal.throwIfAborted();
  if (role !== undefined && (role === 'host') !== settings.multiCluster())
    throw new FederationError(
      'INVALID',
      `${connection.cluster} is ${settings.multiCluster() ? 'a' : 'no'} host by its kubesphere-config, so its controllers cannot be those of a ${role}: leave the role out, or install it as one.`,
    );
  await startWebhooks(context);
  namespaceController(context);
  workspaceController(context);
  workspaceTemplateController(context);
  userController(context);
  roleControllers(context);
  groupControllers(context);
  quotaController(context);
  helmReleaseController(context);
  helmApplicationController(context);
  notificationController(context);
  installerController(context);
  host();
  followKubefed(context);
  await manager.synced();
  // Kubefed, where it is, has asked for more meanwhile.
  await manager.synced();
  signal.throwIfAborted();
}

/** Starts kubefed once its Deployment is there. */
function followKubefed({ manager, version }: Context): void {
  let started = false;
  manager.informer(core.deployments, { namespace: kubefedNamespace }).onChange((_key, { after }) => {
    if (started || after?.metadata.name !== kubefedDeployment) return;
    started = true;
    startKubefed(manager, version);
  });
}
