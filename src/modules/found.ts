import { FederationError } from '../errors.ts';
import type { SelectOptions, ServedResource } from '../kube/connection.ts';
import type { ObjectMeta, ObjectRef, Resource } from '../kube/objects.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { workspaceLabel } from '../kubesphere/names.ts';
import type { CallOptions } from '../types.ts';
import { pool } from '../workflow/pool.ts';

/** An object that was found by going through kinds; plain JSON. */
export interface FoundObject {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly uid: string;
}

/** Keeps what was found. */
export const asFound = (
  { group, version, kind, plural }: Resource,
  { name, namespace = null, uid }: Pick<ObjectMeta, 'name' | 'uid'> & { readonly namespace?: string | null },
): FoundObject => ({ group, version, kind, plural, namespace, name, uid });

/** An object that was found, in words: `Secret shop/token`. */
export const called = ({ kind, namespace, name }: Pick<FoundObject, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;

/** The kind of an object that was found. */
export const kindOf = ({ group, version, kind, plural, namespace }: Omit<FoundObject, 'name' | 'uid'>): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced: namespace !== null,
});

/** That very object. */
export const objectOf = ({ name, namespace, uid }: Omit<FoundObject, keyof Resource>): ObjectRef => ({
  name,
  ...(namespace === null ? {} : { namespace }),
  uid,
});

const atOnce = 8;

/**
 * Goes through the kinds that a cluster serves, several at once, and yields what `visit` makes of each object's metadata, in the order of
 * the kinds.
 *
 * @throws FederationError where any kind cannot be listed: what has a gap is no whole. `FORBIDDEN` names the right to list whatever there is
 */
export async function throughKinds<T>(
  { name, connection }: KubeSphereCluster,
  pick: (kind: ServedResource) => boolean,
  options: SelectOptions,
  visit: (resource: Resource, metadata: ObjectMeta) => T | undefined,
): Promise<readonly T[]> {
  const kinds = (await connection.resources(options)).filter((kind) => kind.verbs.includes('list') && pick(kind));
  const lists = new Map<Resource, readonly T[]>();
  const { failed } = await pool(
    kinds,
    atOnce,
    async (resource) => {
      const seen: T[] = [];
      for await (const { metadata } of connection.listMetadata(resource, options)) {
        const one = visit(resource, metadata);
        if (one !== undefined) seen.push(one);
      }
      lists.set(resource, seen);
    },
    (failures) => failures === 0,
  );
  for (const { error } of failed)
    throw FederationError.is(error, 'FORBIDDEN')
      ? new FederationError(
          'FORBIDDEN',
          `${error.message} Kinds are gone through one by one: that takes the right to list *.* on ${name}.`,
          { cause: error, details: { refused: [`${name}: list *.*`] } },
        )
      : error;
  return kinds.flatMap((kind) => lists.get(kind) ?? []);
}

/** Objects of a kind that bear the label of a workspace; none where the cluster does not serve the kind. */
export async function labelledOf(
  { connection }: KubeSphereCluster,
  { group, plural }: Pick<Resource, 'group' | 'plural'>,
  workspace: string,
  options: CallOptions,
): Promise<readonly ObjectMeta[]> {
  const served = await connection.resources(options);
  const resource = served.find((one) => one.group === group && one.plural === plural);
  if (resource === undefined) return [];
  const labelSelector = `${workspaceLabel}=${workspace}`;
  const list = await connection.listMetadata(resource, { ...options, labelSelector }).toArray();
  return list.map(({ metadata }) => metadata);
}
