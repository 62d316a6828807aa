import type { ObjectMeta } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { managedLabel } from '../../kubesphere/names.ts';
import { pool } from '../../workflow/pool.ts';

/** An object that kubefed of some host says is its own. */
export interface ManagedObject {
  readonly kind: string;
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace' | 'uid'>;
}

const atOnce = 8;
const skipped: ReadonlySet<string> = new Set(['events', 'leases']);

/**
 * Everything on a cluster that bears `kubefed.io/managed=true`, whatever its kind: a live list of every kind that it serves.
 *
 * @throws ApiError where any kind cannot be listed: a list with a gap would look complete
 */
export async function managedObjects(
  { connection }: KubeSphereCluster,
  signal: AbortSignal,
): Promise<readonly ManagedObject[]> {
  const kinds = (await connection.resources({ signal })).filter(
    ({ plural, verbs }) => verbs.includes('list') && !skipped.has(plural),
  );
  const found = new Map<string, ManagedObject>();
  const { failed } = await pool(
    kinds,
    atOnce,
    async (resource) => {
      const options = { labelSelector: `${managedLabel}=true`, signal };
      for await (const { metadata } of connection.listMetadata(resource, options))
        found.set(metadata.uid, { kind: resource.kind, metadata });
    },
    (failures) => failures === 0,
  );
  for (const { error } of failed) throw error;
  return [...found.values()];
}

/**
 * Those of {@link managedObjects} that this host has no federated object for: another host put them there, or this one did and forgot.
 *
 * @throws ApiError where member or host cannot be read whole
 */
export const managedByOthers = async (
  host: KubeSphereCluster,
  member: KubeSphereCluster,
  signal: AbortSignal,
): Promise<readonly ManagedObject[]> => unknownTo(host, await managedObjects(member, signal), signal);

/** Those of some objects on a member that a host has no federated object for; the host is asked about no kind that is not among them. */
export async function unknownTo<T extends ManagedObject>(
  host: KubeSphereCluster,
  objects: readonly T[],
  signal: AbortSignal,
): Promise<readonly T[]> {
  const federated = (await host.connection.resources({ signal })).filter(({ group }) => group === 'types.kubefed.io');
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  const namesOf = (kind: string): Promise<ReadonlySet<string>> => {
    const asked = known.get(kind) ?? read(kind);
    known.set(kind, asked);
    return asked;
  };
  const read = async (kind: string): Promise<ReadonlySet<string>> => {
    const resource = federated.find((one) => one.kind === `Federated${kind}`);
    if (resource === undefined) return new Set();
    const objects = await host.connection.listMetadata(resource, { signal }).toArray();
    // A FederatedNamespace stands in the namespace that it is about, which itself stands in none.
    return new Set(objects.map(({ metadata }) => (kind === 'Namespace' ? metadata.name : keyOf(metadata))));
  };
  const others: T[] = [];
  for (const object of objects) if (!(await namesOf(object.kind)).has(keyOf(object.metadata))) others.push(object);
  return others;
}

/** `namespace/name`, or `name`. */
export const keyOf = ({ namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

/** For messages: `User ann`, `ConfigMap shop/settings`. */
export const shownManaged = ({ kind, metadata }: ManagedObject): string => `${kind} ${keyOf(metadata)}`;
