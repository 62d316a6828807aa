import { workspaceLabel } from '../../kubesphere/names.ts';
import { checkName, checkNames, refuseUndefined } from '../../kubesphere/validation.ts';
import { checkArgument } from '../options.ts';

/** Which namespaces of one cluster. */
export interface NamespaceQuery {
  readonly cluster: string;
  /** @defaultValue those of every workspace, and of none */
  readonly workspace?: string;
}

/** Which namespaces of several clusters. */
export interface NamespacesQuery {
  /** @defaultValue those of every workspace, and of none */
  readonly workspace?: string;
  /** @defaultValue all */
  readonly clusters?: readonly string[];
}

/**
 * What to select for a query. Without a workspace it means every namespace, and so nothing else may mean that.
 *
 * @throws FederationError `INVALID` naming the field
 */
export function selecting(query: NamespaceQuery): { readonly labelSelector?: string } {
  checkArgument('query', query, { cluster: true, workspace: true });
  checkName('cluster', query.cluster);
  return ofWorkspace(query);
}

/** {@link selecting} on several clusters. @throws FederationError `INVALID` naming the field */
export function selectingAcross(query: NamespacesQuery): { readonly labelSelector?: string } {
  checkArgument('query', query, { workspace: true, clusters: true });
  refuseUndefined('', query, 'clusters');
  if (query.clusters !== undefined) checkNames('clusters', query.clusters, { emptyToo: true });
  return ofWorkspace(query);
}

function ofWorkspace(query: { readonly workspace?: string }): { readonly labelSelector?: string } {
  refuseUndefined('', query, 'workspace');
  const { workspace } = query;
  if (workspace === undefined) return {};
  checkName('workspace', workspace);
  return { labelSelector: `${workspaceLabel}=${workspace}` };
}
