import type { Untyped } from '../../kube/resources.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { extra } from '../kinds.ts';
import { recordAt } from '../server/object.ts';
import { type Context, loop } from './context.ts';
import { addFinalizer, dropFinalizers, ignoring, named, update } from './writes.ts';

/** Tells this controller to clean up after an app whose workspace is being deleted. */
export const cleanupAnnotation = 'application.kubesphere.io/app-cleanup';
const finalizer = 'helmapplication.application.kubesphere.io';
/** Label of a version: the app that it is one of. */
const appLabel = 'application.kubesphere.io/app-id';
/** Ends the name of an app's copy in the App Store. */
const storeSuffix = '-store';
const background = { propagationPolicy: 'Background' } as const;

/** Whether the App Store has or had it, as its status says. */
function isPublished(object: Untyped): boolean {
  const { state } = recordAt(object, 'status');
  return state === 'active' || state === 'suspended';
}

/**
 * pkg/controller/openpitrix/helmapplication of 3.x: an app template that was never published is deleted with its workspace,
 * whatever the orphan flag of the template said; a published one loses its drafts and its workspace. What publishes one,
 * and makes its copy in the App Store, is not modelled.
 */
export function helmApplicationController(context: Context): void {
  const { manager } = context;
  const { connection } = manager;
  const done = { metadata: { annotations: { [cleanupAnnotation]: 'done' } } };

  async function cleanUp(app: Untyped): Promise<void> {
    const { name } = app.metadata;
    if (!isPublished(app)) {
      await ignoring(connection.delete(kubesphere.helmApplications, { name }, background), 'NOT_FOUND');
      return;
    }
    for await (const one of connection.list(extra.helmApplicationVersions, { labelSelector: `${appLabel}=${name}` })) {
      if (isPublished(one)) continue;
      await ignoring(connection.delete(extra.helmApplicationVersions, named(one), background), 'NOT_FOUND');
    }
    const copy = await connection.find(kubesphere.helmApplications, { name: `${name}${storeSuffix}` });
    if (copy !== undefined) await update(connection, kubesphere.helmApplications, copy, done);
    await update(connection, kubesphere.helmApplications, app, {
      metadata: { ...done.metadata, labels: { [workspaceLabel]: '' } },
    });
  }

  loop(context, {
    name: 'helmapplication',
    informer: manager.informer(kubesphere.helmApplications),
    async reconcile(cached) {
      const { name, deletionTimestamp, finalizers } = cached.metadata;
      const isCopy = name.endsWith(storeSuffix);
      if (deletionTimestamp !== undefined) {
        if (finalizers?.includes(finalizer) !== true) return undefined;
        const copy = { name: `${name}${storeSuffix}` };
        if (!isCopy) await ignoring(connection.delete(kubesphere.helmApplications, copy, background), 'NOT_FOUND');
        await dropFinalizers(connection, kubesphere.helmApplications, cached, finalizer);
        return undefined;
      }
      const app = await addFinalizer(connection, kubesphere.helmApplications, cached, finalizer);
      if (!isCopy && app.metadata.annotations?.[cleanupAnnotation] === 'ongoing') await cleanUp(app);
      return undefined;
    },
  });
}
