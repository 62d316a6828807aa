import type { Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { contentsOf } from './contents.ts';

/** Built-in roles of a project, which the namespace controller makes (domain reference, 1.7 and 2.1). */
export const builtInRoles = ['admin', 'operator', 'viewer'] as const;

/** What Kubernetes and KubeSphere put into every project by themselves, by kind; anything else somebody has put there. */
const ownContents: readonly (readonly [Resource, (name: string, creator: string | undefined) => boolean])[] = [
  [core.configMaps, (name) => ['kube-root-ca.crt', 'istio-ca-root-cert'].includes(name)],
  [core.serviceAccounts, (name) => name === 'default'],
  [core.secrets, (name) => name.startsWith('default-token-')],
  [core.roles, (name) => builtInRoles.some((role) => role === name)],
  [core.roleBindings, (name, creator) => name === `${creator}-admin`],
];
const kindOf = ({ plural, group }: Resource): string => (group === '' ? plural : `${plural}.${group}`);

/**
 * What people, or their tools, have put into a namespace: it goes with it.
 *
 * @param creator - who made it, and is its admin for that
 * @throws ApiError where any kind cannot be listed
 */
export async function othersIn(
  cluster: KubeSphereCluster,
  namespace: string,
  creator: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { objects } = await contentsOf(cluster, namespace, { signal });
  const looked = new Set(ownContents.map(([resource]) => kindOf(resource)));
  const found = Object.keys(objects).filter((kind) => !looked.has(kind));
  for (const [resource, isOwn] of ownContents)
    for await (const { metadata } of cluster.connection.listMetadata(resource, { namespace, signal }))
      if (!isOwn(metadata.name, creator)) found.push(`${resource.kind} ${metadata.name}`);
  return found;
}
