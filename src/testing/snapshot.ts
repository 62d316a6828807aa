import { createHmac, randomBytes } from 'node:crypto';
import { canonical } from '../internal/digest.ts';
import { redact } from '../internal/redact.ts';
import type { Connection } from '../kube/connection.ts';
import type { KubeObject } from '../kube/objects.ts';
import type { Json } from '../types.ts';
import { isRecord, recordAt } from './server/object.ts';

/**
 * Everything that clusters keep, by `cluster apiVersion Kind namespace/name`. Plain JSON: it can be kept and compared elsewhere.
 * Of what a Secret keeps, and of every other text or number that looks like a credential, it holds a digest, which can be
 * compared with those of other snapshots of the same process, and with nothing else: a short secret cannot be guessed from it.
 */
export type Snapshot = Readonly<Record<string, KubeObject>>;

/** Options of {@link snapshotOf}. */
export interface SnapshotOptions {
  /** What to take in. @defaultValue everything but kinds whose objects come and go, or count, whatever anybody does: Event, Lease, Endpoints, EndpointSlice, and kubefed's PropagatedVersions */
  readonly only?: (object: KubeObject, cluster: string) => boolean;
}

/** Kinds whose objects come and go, or count, whatever anybody does. */
export const restless: ReadonlySet<string> = new Set([
  'Event',
  'Lease',
  'Endpoints',
  'EndpointSlice',
  'PropagatedVersion',
  'ClusterPropagatedVersion',
]);

/** Takes a snapshot of clusters by name: of objects at hand, or of whatever a connection may list. */
export async function snapshotOf(
  clusters: Readonly<Record<string, Iterable<KubeObject> | Connection>>,
  { only = ({ kind }) => !restless.has(kind) }: SnapshotOptions = {},
): Promise<Snapshot> {
  const entries = await Promise.all(
    Object.entries(clusters).map(async ([cluster, source]) => {
      const objects = 'resources' in source ? await everything(source) : [...source];
      return objects
        .filter((object) => only(object, cluster))
        .map((object) => [keyOf(cluster, object), withoutSecrets(object)] as const);
    }),
  );
  return Object.fromEntries(entries.flat().sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function everything(connection: Connection): Promise<KubeObject[]> {
  const lists = (await connection.resources()).map((resource) => connection.list(resource).toArray());
  return (await Promise.all(lists)).flat();
}

function keyOf(cluster: string, { apiVersion, kind, metadata: { namespace, name } }: KubeObject): string {
  return `${cluster} ${apiVersion} ${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** Known to nobody: whoever has a snapshot cannot try secrets on it. */
const salt = randomBytes(32);

/** What was made of objects that nobody can change any more: most of them are looked at again and again. */
const looked = new WeakMap<KubeObject, KubeObject>();

/** The object with a digest in place of every text and number that is taken for a secret: a change can be seen, and nothing else. */
function withoutSecrets(object: KubeObject): KubeObject {
  const known = looked.get(object);
  if (known !== undefined) return known;
  const { apiVersion, kind, metadata, ...content } = object;
  const { annotations, ...identity } = metadata;
  // What an API server keeps is JSON. Of metadata, annotations alone may hold anything.
  const outward = { kind, ...content, annotations: annotations ?? {} } as unknown as Json;
  const { annotations: safe, kind: _kind, ...shown } = recordAt(masked(outward, redact(outward)));
  const notes = Object.entries(recordAt(safe)).map(([name, value]) => [name, String(value)]);
  const result: KubeObject = {
    apiVersion,
    kind,
    metadata: annotations === undefined ? identity : { ...identity, annotations: Object.fromEntries(notes) },
    ...shown,
  };
  if (Object.isFrozen(object)) looked.set(object, result);
  return result;
}

/** `value` where `redacted` is the same, else digests. */
function masked(value: unknown, redacted: unknown): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => masked(item, Array.isArray(redacted) ? redacted[index] : undefined));
  if (isRecord(value)) {
    const shown = isRecord(redacted) ? redacted : {};
    return Object.fromEntries(Object.entries(value).map(([field, item]) => [field, masked(item, shown[field])]));
  }
  if (value === redacted || value === '' || (typeof value !== 'string' && typeof value !== 'number')) return value;
  return `hmac:${createHmac('sha256', salt).update(canonical(value)).digest('hex')}`;
}
