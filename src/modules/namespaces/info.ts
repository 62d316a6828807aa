import type { ObjectMeta } from '../../kube/objects.ts';
import { devopsLabel, hostStubLabel, managedLabel, workspaceLabel } from '../../kubesphere/names.ts';

/** A namespace, and what makes it a project. */
export interface NamespaceInfo {
  readonly name: string;
  readonly uid: string;
  /** Absent: it is no project. */
  readonly workspace: string | undefined;
  /** kubefed owns it: it is the copy of a multi-cluster project. */
  readonly federated: boolean;
  readonly terminating: boolean;
}

/** A {@link NamespaceInfo} of an object's metadata. */
export function infoOf({ metadata }: { readonly metadata: ObjectMeta }): NamespaceInfo {
  return {
    name: metadata.name,
    uid: metadata.uid,
    workspace: metadata.labels?.[workspaceLabel],
    federated: metadata.labels?.[managedLabel] === 'true',
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** What a namespace is part of, besides a workspace: kubefed, or DevOps, writes its labels and expects it to be there. */
export function partOf({ labels = {} }: ObjectMeta): 'multi-cluster project' | 'DevOps project' | undefined {
  if (labels[managedLabel] === 'true' || labels[hostStubLabel] === 'true') return 'multi-cluster project';
  return devopsLabel in labels ? 'DevOps project' : undefined;
}

/** A change that `namespaces.watch` tells. */
export type NamespaceEvent =
  | { readonly type: 'synced'; readonly namespaces: readonly NamespaceInfo[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly namespace: NamespaceInfo };
