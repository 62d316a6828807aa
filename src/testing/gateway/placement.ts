import { Buffer } from 'node:buffer';
import { core } from '../../kube/resources.ts';
import { userLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { User } from '../server/call.ts';
import { isRecord, recordAt, recordsAt, text } from '../server/object.ts';
import type { GatewayContext } from './context.ts';
import { kindOf } from './entity.ts';
import { kubeClient } from './kube.ts';
import { Refusal } from './refusal.ts';

/**
 * Whether somebody may put workspaces on clusters, or take them off: public ones anybody, others who may delete the
 * Cluster, or is cluster-admin over there, which the other cluster is asked. @throws Refusal 403, or 404 for no such cluster
 */
export async function checkClusters(gate: GatewayContext, user: User, names: Iterable<string>): Promise<void> {
  for (const name of [...new Set(names)].sort()) {
    const { metadata, spec } = await gate.kube.get(kubesphere.clusters, { name });
    if (metadata.labels?.['cluster.kubesphere.io/visibility'] === 'public') continue;
    const wish = { verb: 'delete', group: 'cluster.kubesphere.io', resource: 'clusters', scope: 'Global' } as const;
    if (await gate.allowed(user, wish)) continue;
    await using upstream = await gate.members.open(Buffer.from(spec.connection.kubeconfig ?? '', 'base64').toString());
    const labelSelector = `${userLabel}=${user.name}`;
    const bindings = await kubeClient(upstream).list(core.clusterRoleBindings, { labelSelector });
    if (bindings.some(({ roleRef }) => roleRef.name === 'cluster-admin')) continue;
    throw new Refusal(
      403,
      `clusters.cluster.kubesphere.io ${JSON.stringify(name)} is forbidden: user is not allowed to use the cluster ${name}`,
    );
  }
}

/** Names of the clusters that a workspace, as a client wrote it, is placed on. */
export function placedOn(workspace: unknown): string[] {
  return recordsAt(recordAt(workspace, 'spec', 'placement'), 'clusters').map(({ name }) => text(name) ?? '');
}

/** What a patch of a workspace is about. */
export interface PatchSubject {
  /** Clusters named by values. Which ones are in fact added or removed, paths decide. */
  readonly clusters: readonly string[];
  /** Whether anything but the placement changes. */
  readonly more: boolean;
}

/**
 * Reads a patch of a workspace: always as JSON Patch, whatever the content type says. Under `/spec/placement` there are
 * `add` and `remove` alone, so that `test` cannot protect an index, and even `remove` needs a value: rights are asked for
 * the cluster that the value names, while what goes is whatever stands at the index by then.
 *
 * @throws Refusal 400 for another operation; 500 for what cannot be read (pkg/models/tenant, PatchWorkspaceTemplate)
 */
export function patchSubject(patch: unknown): PatchSubject {
  if (!Array.isArray(patch))
    throw new Refusal(500, `json: cannot unmarshal ${kindOf(patch)} into Go value of type jsonpatch.Patch`);
  const clusters: string[] = [];
  let more = false;
  for (const operation of patch) {
    const path = text(recordAt(operation)['path']);
    if (path === undefined) throw new Refusal(500, 'operation missing path field: missing value');
    if (path.startsWith('/spec/placement')) clusters.push(...clustersOf(recordAt(operation)));
    else more = true;
  }
  return { clusters, more };
}

function clustersOf({ op, value }: Record<string, unknown>): string[] {
  if (op !== 'add' && op !== 'remove') throw new Refusal(400, 'not support operation type');
  if (value === undefined || value === null) throw new Refusal(500, 'operation, missing value field: missing value');
  if (!isRecord(value))
    throw new Refusal(500, `expected a map, got '${Array.isArray(value) ? 'slice' : typeof value}'`);
  const name = text(value['name']);
  return name === undefined ? recordsAt(value, 'clusters').map((cluster) => text(cluster['name']) ?? '') : [name];
}
