import type { OwnerReference } from '../kube/objects.ts';
import type { Dialect } from './dialect.ts';
import { finalizers, runAnnotation, unboundAnnotation, workspaceLabel } from './names.ts';

/** Whether KubeSphere itself wrote this owner: its controllers match by kind, not by group (k8sutil.go:30-50). */
function isWorkspaceOwner({ kind, apiVersion }: OwnerReference): boolean {
  return (kind === 'Workspace' || kind === 'WorkspaceTemplate') && apiVersion.startsWith('tenant.kubesphere.io/');
}

/** Owners that are none of KubeSphere's business: they stay whatever happens to the workspace. */
export function foreignOwners(owners: readonly OwnerReference[] | undefined): OwnerReference[] {
  return (owners ?? []).filter((owner) => !isWorkspaceOwner(owner));
}

/** The Workspaces that own a namespace, whatever its label says: it is deleted with each of them. */
export function workspaceOwners(owners: readonly OwnerReference[] | undefined): OwnerReference[] {
  return (owners ?? []).filter(isWorkspaceOwner);
}

/**
 * KubeSphere 3.3 and 3.4: the label decides, the namespace controller makes the Workspace owner follow it. Taking off
 * the label first and the owner later, as the v3.3 page does, leaves a moment in which it is put back (H3): one patch
 * does both.
 */
export const v3: Dialect = Object.freeze<Dialect>({
  line: '3.x',
  unbind: ({ metadata }, note) => ({
    type: 'merge',
    body: {
      metadata: {
        labels: { [workspaceLabel]: null },
        annotations: { [unboundAnnotation]: note },
        ownerReferences: foreignOwners(metadata.ownerReferences),
      },
    },
  }),
  bind: (_project, workspace) => ({
    type: 'merge',
    body: { metadata: { labels: { [workspaceLabel]: workspace }, annotations: { [unboundAnnotation]: null } } },
  }),
  // The controller writes the new owner: a reference written here to a Workspace that is deleted meanwhile would take the project with it.
  transfer: ({ metadata }, workspace) => ({
    type: 'merge',
    body: {
      metadata: {
        labels: { [workspaceLabel]: workspace },
        annotations: { [unboundAnnotation]: null },
        ownerReferences: foreignOwners(metadata.ownerReferences),
      },
    },
  }),
  keepProjects: ({ metadata }, run) =>
    metadata.finalizers?.includes(finalizers.orphan)
      ? undefined
      : {
          type: 'merge',
          body: {
            metadata: {
              annotations: { [runAnnotation]: run },
              finalizers: [...(metadata.finalizers ?? []), finalizers.orphan],
            },
          },
        },
  takeBackOrder: ({ metadata }, run) =>
    metadata.annotations?.[runAnnotation] === run
      ? {
          type: 'merge',
          body: {
            metadata: {
              annotations: { [runAnnotation]: null },
              finalizers: (metadata.finalizers ?? []).filter((finalizer) => finalizer !== finalizers.orphan),
            },
          },
        }
      : undefined,
});
