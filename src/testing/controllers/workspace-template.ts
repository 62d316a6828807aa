import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import { deleteOptionAnnotation, finalizers, managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { type FederatedObject, kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { type Context, loop } from './context.ts';
import { cleanupAnnotation } from './helm-application.ts';
import { workspaceRoles } from './workspace-roles.ts';
import { addFinalizer, createUnlessThere, dropFinalizers, exactly, ignoring, named, same, update } from './writes.ts';

/** pkg/controller/workspacetemplate of 3.x, on every cluster; what it does depends on whether the cluster is a host. */
export function workspaceTemplateController(context: Context): void {
  const { manager, settings } = context;
  const { connection } = manager;
  const workspaces = manager.informer(kubesphere.workspaces);
  // Not before there is a host: only then are there federated kinds.
  const federatedOf = async (name: string): Promise<FederatedObject | undefined> => {
    const informer = manager.informer(kubesphere.federatedWorkspaces);
    return informer.synced ? informer.get(name) : connection.find(kubesphere.federatedWorkspaces, { name });
  };
  const roles = workspaceRoles(manager);

  /** Not a host: the Workspace becomes what the template says, labels included, so kubefed's mark is lost. */
  async function syncWorkspace({ metadata: { name }, spec: { template } }: WorkspaceTemplate): Promise<void> {
    const labels = template.metadata?.labels ?? {};
    const spec = template.spec ?? {};
    const workspace = workspaces.get(name);
    if (workspace === undefined) {
      await createUnlessThere(connection, kubesphere.workspaces, { metadata: { name, labels }, spec });
    } else if (!same(workspace.spec, spec) || !same(workspace.metadata.labels, labels)) {
      await update(connection, kubesphere.workspaces, workspace, {
        metadata: { labels: exactly(workspace.metadata.labels, labels) },
        spec: { manager: null, networkIsolation: null, ...spec },
      });
    }
  }

  /** Host: the FederatedWorkspace becomes what the template says, and kubefed is told to leave the template alone. */
  async function syncFederated(cached: WorkspaceTemplate): Promise<void> {
    const template =
      cached.metadata.labels?.[managedLabel] === 'false'
        ? cached
        : await update(connection, kubesphere.workspaceTemplates, cached, {
            metadata: { labels: { [managedLabel]: 'false' } },
          });
    const { name, labels = {} } = template.metadata;
    const { spec } = template;
    const object = await federatedOf(name);
    if (object === undefined) {
      await createUnlessThere(connection, kubesphere.federatedWorkspaces, { metadata: { name, labels }, spec });
    } else if (!same(object.spec, spec) || !same(object.metadata.labels, labels)) {
      const { uid, resourceVersion } = object.metadata;
      await connection.patch(
        kubesphere.federatedWorkspaces,
        { name },
        {
          type: 'json',
          operations: [
            { op: 'add', path: '/metadata/labels', value: labels },
            { op: 'add', path: '/spec', value: spec },
          ],
        },
        { uid, resourceVersion },
      );
    }
  }

  /** Every HelmRelease and HelmRepo that bears the workspace's label goes, whatever the orphan flag says; its apps are marked. */
  async function deleteApps(workspace: string): Promise<void> {
    const labelSelector = `${workspaceLabel}=${workspace}`;
    for await (const app of connection.list(kubesphere.helmApplications, { labelSelector })) {
      if (app.metadata.annotations?.[cleanupAnnotation] !== undefined) continue;
      await update(connection, kubesphere.helmApplications, app, {
        metadata: { annotations: { [cleanupAnnotation]: 'ongoing' } },
      });
    }
    for (const kind of [kubesphere.helmReleases, kubesphere.helmRepos]) {
      for await (const object of connection.list(kind, { labelSelector })) {
        await ignoring(connection.delete(kind, named(object), { propagationPolicy: 'Background' }), 'NOT_FOUND');
      }
    }
  }

  async function deleteWorkspace({ metadata }: WorkspaceTemplate): Promise<void> {
    const { name } = metadata;
    const orphan = metadata.finalizers?.includes(finalizers.orphan) === true;
    const propagationPolicy = orphan ? 'Orphan' : 'Background';
    if (settings.multiCluster()) {
      const object = await federatedOf(name);
      // The real controller takes this for "all done" and leaves the Workspace itself behind.
      if (object === undefined) return;
      if (orphan) {
        await update(connection, kubesphere.federatedWorkspaces, object, {
          metadata: { annotations: { [deleteOptionAnnotation]: JSON.stringify({ propagationPolicy }) } },
        });
      } else {
        for await (const namespace of connection.list(core.namespaces, {
          labelSelector: `${workspaceLabel}=${name}`,
        })) {
          await connection.delete(core.namespaces, named(namespace), { propagationPolicy });
        }
      }
      await connection.delete(kubesphere.federatedWorkspaces, { name }, { propagationPolicy: 'Background' });
    }
    await connection.delete(kubesphere.workspaces, { name }, { propagationPolicy });
  }

  loop(context, {
    name: 'workspacetemplate',
    informer: manager.informer(kubesphere.workspaceTemplates),
    async reconcile(cached) {
      const { name } = cached.metadata;
      if (cached.metadata.deletionTimestamp !== undefined) {
        const present = cached.metadata.finalizers ?? [];
        if (!present.includes(finalizers.workspaceTemplate) && !present.includes(finalizers.orphan)) return undefined;
        await deleteApps(name);
        try {
          await deleteWorkspace(cached);
        } catch (error) {
          if (!FederationError.is(error, 'NOT_FOUND')) {
            // Not tried again: the template stays Terminating until something else touches it.
            manager.log('error', `workspacetemplate ${name}: its Workspace could not be deleted`, {
              error: String(error),
            });
            return undefined;
          }
        }
        await dropFinalizers(
          connection,
          kubesphere.workspaceTemplates,
          cached,
          finalizers.workspaceTemplate,
          finalizers.orphan,
        );
        return undefined;
      }
      const template = await addFinalizer(
        connection,
        kubesphere.workspaceTemplates,
        cached,
        finalizers.workspaceTemplate,
      );
      if (settings.multiCluster()) await syncFederated(template);
      else await syncWorkspace(template);
      await roles.initialise(name);
      await roles.bindManager(template);
      return undefined;
    },
  });
}
