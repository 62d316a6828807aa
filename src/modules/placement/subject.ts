import { FederationError } from '../../errors.ts';
import type { ObjectName, Resource } from '../../kube/objects.ts';
import {
  type FederatedObject,
  kubesphere,
  type Placement,
  type WorkspaceTemplate,
} from '../../kubesphere/resources.ts';

/** What has a placement: a workspace, or a multi-cluster project. */
export interface Subject {
  readonly kind: 'workspace' | 'project';
  readonly name: string;
  /** Of its WorkspaceTemplate or FederatedNamespace: another one of that name is not meant. */
  readonly uid: string;
}

/** The kind that holds placement of such a subject. */
export type Placed = WorkspaceTemplate | FederatedObject;

/** Where the placement of a subject stands. */
export function placedAt({ kind, name }: Pick<Subject, 'kind' | 'name'>): {
  readonly resource: Resource<Placed>;
  readonly name: ObjectName;
} {
  return kind === 'workspace'
    ? { resource: kubesphere.workspaceTemplates as Resource<Placed>, name: { name } }
    : { resource: kubesphere.federatedNamespaces as Resource<Placed>, name: { namespace: name, name } };
}

/** A subject in words. */
export const called = ({ kind, name }: Pick<Subject, 'kind' | 'name'>): string =>
  `${kind === 'workspace' ? 'workspace' : 'multi-cluster project'} "${name}"`;

/** What to do to a placement: an intent, applied to what is there at the very moment of writing. */
export type PlacementEdit =
  | { readonly add: readonly string[] }
  | { readonly remove: readonly string[] }
  | { readonly set: Placement };

/**
 * The placement after an edit. Lists are written whole, with the version that they were read at: never by an index, which means
 * another cluster once somebody else edited the list (H9).
 *
 * @throws FederationError `PLAN_BLOCKED` where single clusters are added to or taken off a selector
 */
export function applyEdit(subject: Subject, now: Placement, edit: PlacementEdit): Placement {
  if ('set' in edit) return edit.set;
  if (now.clusters === undefined && now.clusterSelector !== undefined)
    throw new FederationError(
      'PLAN_BLOCKED',
      `${called(subject)} is placed by a selector; naming one cluster would take it off all others. Nothing was changed. Give it a list of clusters first, with workspaces.setPlacement.`,
    );
  const clusters = now.clusters ?? [];
  const added = 'add' in edit ? edit.add.filter((name) => !clusters.some((one) => one.name === name)) : [];
  const kept = 'remove' in edit ? clusters.filter(({ name }) => !edit.remove.includes(name)) : clusters;
  if (added.length === 0 && kept.length === clusters.length) return now;
  return { clusters: [...kept, ...added.map((name) => ({ name }))] };
}
