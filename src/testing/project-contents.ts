import { digest } from '../internal/digest.ts';
import type { Connection, ServedResource } from '../kube/connection.ts';
import type { KubeObject } from '../kube/objects.ts';
import { hostLabel, namespaceLabel, releaseClusterLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';
import { restless } from './snapshot.ts';

/** One object in a project, as it was found. */
export interface ContentObservation {
  readonly uid: string;
  readonly deletionTimestamp?: string;
  /** Of everything but metadata and status: equal where the content is. */
  readonly digest: string;
}

/** Contents of a project by `Kind/name`, or `Kind.group/name` of kinds that are not Kubernetes' own. */
export type Contents = Record<string, ContentObservation>;

/** Made in every project by Kubernetes or KubeSphere, and made again when it is gone. */
const madeAgain: ReadonlySet<string> = new Set([
  'ConfigMap/kube-root-ca.crt',
  'ServiceAccount/default',
  'Role/admin',
  'Role/operator',
  'Role/viewer',
]);
/** Kinds whose objects a controller makes again where another object controls them. */
const controlled: ReadonlySet<string> = new Set(['ControllerRevision', 'Job', 'Pod', 'ReplicaSet']);

/** What is in the `wanted` namespaces of a cluster: of every kind that it serves, what people keep there, and their apps' HelmReleases. */
export async function contentsIn(
  connection: Connection,
  wanted: (namespace: string) => boolean,
): Promise<ReadonlyMap<string, Contents>> {
  const served = await connection.resources();
  const contents = new Map<string, Contents>();
  const keep = (namespace: string, resource: ServedResource, object: KubeObject): void => {
    const key = keyOf(resource, object.metadata.name);
    if (!wanted(namespace) || isMadeAgain(key, resource, object)) return;
    const found = contents.get(namespace) ?? {};
    contents.set(namespace, found);
    const { uid, deletionTimestamp } = object.metadata;
    found[key] = {
      uid,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      digest: contentDigest(object),
    };
  };
  const lists = served
    // What nobody can make, such as figures of what runs, nobody can lose.
    .filter(({ namespaced, kind, verbs }) => namespaced && !restless.has(kind) && verbs.includes('create'))
    .map(async (resource) => {
      for await (const object of connection.list(resource)) keep(object.metadata.namespace ?? '', resource, object);
    });
  await Promise.all([...lists, releases(connection, served, keep)]);
  // In an order of their own, whichever list was there first: two observations can be compared as text.
  return new Map([...contents].map(([namespace, found]) => [namespace, sorted(found)]));
}

/** A HelmRelease is cluster-wide: labels say where its app is. One for a member lies on the host. */
async function releases(
  connection: Connection,
  served: readonly ServedResource[],
  keep: (namespace: string, resource: ServedResource, object: KubeObject) => void,
): Promise<void> {
  const of = ({ group, plural }: { readonly group: string; readonly plural: string }) =>
    served.find((one) => one.group === group && one.plural === plural);
  const [resource, clusters] = [of(kubesphere.helmReleases), of(kubesphere.clusters)];
  if (resource === undefined) return;
  const known = clusters === undefined ? [] : await connection.listMetadata(clusters).toArray();
  const members = new Set(
    known.filter(({ metadata }) => metadata.labels?.[hostLabel] === undefined).map(({ metadata }) => metadata.name),
  );
  for await (const object of connection.list(resource)) {
    const { [namespaceLabel]: namespace, [releaseClusterLabel]: cluster = '' } = object.metadata.labels ?? {};
    if (namespace !== undefined && !members.has(cluster)) keep(namespace, resource, object);
  }
}

const sorted = (contents: Contents): Contents =>
  Object.fromEntries(Object.entries(contents).sort(([one], [other]) => (one < other ? -1 : 1)));

function keyOf({ group, kind }: ServedResource, name: string): string {
  const foreign = group.includes('.') && !group.endsWith('.k8s.io');
  return `${foreign ? `${kind}.${group}` : kind}/${name}`;
}

function isMadeAgain(key: string, { kind }: ServedResource, object: KubeObject): boolean {
  if (kind === 'Secret' && 'type' in object && object.type === 'kubernetes.io/service-account-token') return true;
  const owned = object.metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
  return madeAgain.has(key) || (controlled.has(kind) && owned);
}

function contentDigest(object: KubeObject): string {
  const { apiVersion, kind, metadata, ...fields } = object;
  return digest(Object.fromEntries(Object.entries(fields).filter(([field]) => field !== 'status')));
}
