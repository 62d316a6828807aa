import { core } from '../../kube/resources.ts';
import { finalizers, managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { type Context, loop } from './context.ts';
import { addFinalizer, dropFinalizers, isControlledBy, update, withController, withoutWorkspaces } from './writes.ts';

/**
 * pkg/controller/workspace of 3.x, on every cluster: takes ownership of the namespaces that carry its label. Deleting
 * it deletes no namespace: the garbage collector does that, through the owner references.
 */
export function workspaceController(context: Context): void {
  const { manager } = context;
  const { connection } = manager;
  const namespaces = manager.informer(core.namespaces);
  loop(context, {
    name: 'workspace',
    informer: manager.informer(kubesphere.workspaces),
    async reconcile(workspace) {
      if (workspace.metadata.deletionTimestamp !== undefined) {
        const mine = workspace.metadata.finalizers?.includes(finalizers.workspace) === true;
        if (mine) await dropFinalizers(connection, kubesphere.workspaces, workspace, finalizers.workspace);
        return undefined;
      }
      await addFinalizer(connection, kubesphere.workspaces, workspace, finalizers.workspace);
      const labelled = namespaces.list(({ metadata }) => metadata.labels?.[workspaceLabel] === workspace.metadata.name);
      for (const namespace of labelled) {
        const { labels, ownerReferences } = namespace.metadata;
        if (labels?.[managedLabel] === 'true' || isControlledBy(namespace, workspace)) continue;
        await update(connection, core.namespaces, namespace, {
          metadata: {
            ownerReferences: withController(withoutWorkspaces(ownerReferences), kubesphere.workspaces, workspace),
          },
        });
      }
      return undefined;
    },
  });
}
