import type { Connection } from '../kube/connection.ts';
import { clusterController } from './controllers/cluster.ts';
import type { Context } from './controllers/context.ts';
import { helmReleaseController } from './controllers/helm-release.ts';
import { installerController } from './controllers/installer.ts';
import { startKubefed } from './controllers/kubefed/kubefed.ts';
import { namespaceController } from './controllers/namespace.ts';
import { quotaController } from './controllers/quota.ts';
import { roleControllers } from './controllers/roles.ts';
import { Manager, type RuntimeOptions } from './controllers/runtime.ts';
import { followSettings } from './controllers/settings.ts';
import { userController } from './controllers/user.ts';
import { workspaceController } from './controllers/workspace.ts';
import { workspaceTemplateController } from './controllers/workspace-template.ts';

/** What a cluster was installed as. */
export type SandboxRole = 'standalone' | 'host' | 'member';
/** KubeSphere version lines that the sandbox knows. */
export type SandboxVersion = '3.3' | '3.4';

/** Options of {@link attachControllers}. */
export interface AttachOptions extends RuntimeOptions {
  /** A host runs the cluster controller and kubefed besides what every cluster runs. */
  readonly role: SandboxRole;
  /** @defaultValue '3.3' */
  readonly version?: SandboxVersion;
}

/** Running controllers. Disposing them is what a stopped ks-controller-manager is: objects keep their finalizers. */
export type Controllers = AsyncDisposable;

/**
 * Runs the KubeSphere 3.x controllers of one cluster, and on a host kubefed, as ordinary API clients of `connection`: on
 * the sandbox's API servers or on any kube-apiserver that {@link installKubeSphere} prepared. Resolves once they have
 * seen what there is.
 */
export async function attachControllers(connection: Connection, options: AttachOptions): Promise<Controllers> {
  const { role, version = '3.3', ...runtime } = options;
  const manager = new Manager(connection, runtime);
  const resyncs: (() => void)[] = [];
  const settings = followSettings(manager, () => {
    for (const resync of resyncs) resync();
  });
  // Nothing may act before the role is known: a host that takes itself for standalone creates Workspaces.
  await manager.synced();
  const context: Context = { manager, settings, version, resyncs };
  namespaceController(context);
  workspaceController(context);
  workspaceTemplateController(context);
  userController(context);
  roleControllers(context);
  quotaController(context);
  helmReleaseController(context);
  installerController(context);
  if (role === 'host') {
    clusterController(context);
    startKubefed(manager);
  }
  await manager.synced();
  return manager;
}
