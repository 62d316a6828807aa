import type { Placement, WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { placedOn } from '../operations/workspace-template.ts';

/** Annotations that the console writes on a template and shows. */
export const aliasAnnotation = 'kubesphere.io/alias-name';
/** See {@link aliasAnnotation}. */
export const descriptionAnnotation = 'kubesphere.io/description';

/** A workspace as its host defines it: its WorkspaceTemplate. */
export interface WorkspaceInfo {
  readonly name: string;
  /** UID of the WorkspaceTemplate on the host. */
  readonly uid: string;
  readonly manager: string | undefined;
  readonly placement: Placement;
  /** The clusters that its placement names; `undefined` where it places by selector. */
  readonly clusters: readonly string[] | undefined;
  /** What the console shows instead of the name. */
  readonly alias: string | undefined;
  readonly description: string | undefined;
  /** Whether projects of other workspaces are kept out by network policies. */
  readonly networkIsolation: boolean;
  readonly terminating: boolean;
}

/** A change that {@link Workspaces.watch} tells. */
export type WorkspaceEvent =
  | { readonly type: 'synced'; readonly workspaces: readonly WorkspaceInfo[] }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly workspace: WorkspaceInfo };

/** A {@link WorkspaceInfo} of a template. */
export function infoOf(template: WorkspaceTemplate): WorkspaceInfo {
  const { metadata, spec } = template;
  return {
    name: metadata.name,
    uid: metadata.uid,
    manager: spec.template.spec?.manager,
    placement: spec.placement ?? {},
    clusters: placedOn(template),
    alias: metadata.annotations?.[aliasAnnotation],
    description: metadata.annotations?.[descriptionAnnotation],
    networkIsolation: spec.template.spec?.networkIsolation === true,
    terminating: metadata.deletionTimestamp !== undefined,
  };
}
