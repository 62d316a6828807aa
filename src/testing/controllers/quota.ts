import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { type Context, loop } from './context.ts';
import { isControlledBy, same, update, withController } from './writes.ts';

/** How often every quota is looked at again: its Workspace may have come, or come anew, since. */
const resyncMs = 300_000;

/** pkg/controller/quota of 3.x: a workspace quota belongs to its Workspace, and to nobody else any more. */
export function quotaController(context: Context): void {
  const { manager } = context;
  const workspaces = manager.informer(kubesphere.workspaces);
  loop(context, {
    name: 'resourcequota',
    informer: manager.informer(kubesphere.resourceQuotas),
    when: ({ before, after }) => !same(before?.spec, after?.spec) || before === undefined,
    async reconcile(quota) {
      const workspace = workspaces.get(quota.metadata.labels?.[workspaceLabel] ?? '');
      if (workspace === undefined || isControlledBy(quota, workspace)) return { againAfterMs: resyncMs };
      await update(manager.connection, kubesphere.resourceQuotas, quota, {
        metadata: { ownerReferences: withController([], kubesphere.workspaces, workspace) },
      });
      return { againAfterMs: resyncMs };
    },
  });
}
